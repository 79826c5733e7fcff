package pipeline

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"

	"github.com/athanor-lm/athanor/corpus"
	"github.com/goccy/go-yaml"
)

// formatVersion is part of every hash: a program that writes or counts otherwise does everything anew.
const formatVersion = 2

// stage is a run of filters between passes.
type stage struct {
	decide  int   // the step that is the pass whose decisions come first, -1 in stage 0
	filters []int // steps
	collect int   // the step that is the pass that is collected for, -1 in the last stage
}

// cutStages cuts the steps into stages at the passes.
func cutStages(steps []Step) []stage {
	stages := []stage{{decide: -1, collect: -1}}
	for i, s := range steps {
		last := &stages[len(stages)-1]
		if _, pass := s.Settings.(corpus.PassSettings); pass {
			last.collect = i
			stages = append(stages, stage{decide: i, collect: -1})
			continue
		}
		last.filters = append(last.filters, i)
	}
	return stages
}

// stepFiles are the files a step depends on.
func stepFiles(s corpus.Settings) []string {
	switch s := s.(type) {
	case corpus.FilterSettings:
		return s.Files()
	case corpus.PassSettings:
		return s.Files()
	}
	return nil
}

// hashes are what completion markers hold.
type hashes struct {
	tasks  [][]string // by stage and task
	merges []string
	recipe string // of all but the inputs
	finish string // of everything
}

// hasher is a hash of strings and values, each set off from the next.
type hasher struct{ hash.Hash }

func newHasher() hasher { return hasher{sha256.New()} }

func (h hasher) add(parts ...any) {
	data, err := json.Marshal(parts)
	if err != nil {
		panic(err) // strings, numbers and structs of them
	}
	fmt.Fprintf(h, "%d:", len(data))
	h.Write(data)
}

func (h hasher) sum() string { return hex.EncodeToString(h.Sum(nil)[:16]) }

// settingsText is a step's settings as YAML, defaults included.
func settingsText(s any) (string, error) {
	text, err := yaml.Marshal(s)
	return string(text), err
}

// stepHash is the hash of all that a step's outcome depends on, apart from the documents.
func (p *Pipeline) stepHash(i int) (string, error) {
	s := &p.recipe.Steps[i]
	text, err := settingsText(s.Settings)
	if err != nil {
		return "", fmt.Errorf("corpus: step %s: %w", s.Name, err)
	}
	h := newHasher()
	h.add(s.Name, s.Use, s.Sources, s.Languages, text)
	for _, f := range stepFiles(s.Settings) {
		paths, err := p.env.Glob(f)
		if err != nil {
			return "", fmt.Errorf("corpus: step %s: %w", s.Name, err)
		}
		h.add(f)
		for _, path := range paths {
			sum, err := fileSum(path)
			if err != nil {
				return "", fmt.Errorf("corpus: step %s: %w", s.Name, err)
			}
			h.add(sum)
		}
	}
	return h.sum(), nil
}

// fileSum is the SHA-256 of a file, or of the files below a directory.
func fileSum(path string) (string, error) {
	st, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	h := sha256.New()
	if st.IsDir() {
		if err := hashTree(h, os.DirFS(path)); err != nil {
			return "", err
		}
		return hex.EncodeToString(h.Sum(nil)), nil
	}
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// hashTree adds the files of a directory.
func hashTree(h io.Writer, dir fs.FS) error {
	return fs.WalkDir(dir, ".", func(name string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		data, err := fs.ReadFile(dir, name)
		if err != nil {
			return err
		}
		fmt.Fprintf(h, "%q %x\n", name, sha256.Sum256(data))
		return nil
	})
}

// hashAll computes what every marker has to hold: a chain, in which each link depends on those before it.
func (p *Pipeline) hashAll() error {
	r := p.recipe
	steps := make([]string, len(r.Steps))
	for i := range steps {
		var err error
		if steps[i], err = p.stepHash(i); err != nil {
			return err
		}
	}
	head := newHasher()
	head.add(formatVersion, p.o.Creator, r.Seed, r.OnBadFile, r.Samples)
	tokenizer, err := p.tokenizerSum()
	if err != nil {
		return err
	}
	run, before := head.sum(), make([]string, len(p.tasks))
	for t := range p.tasks {
		before[t] = p.taskInputHash(t)
	}
	merged := ""
	for _, s := range p.stages {
		now := make([]string, len(p.tasks))
		all := newHasher()
		for t := range p.tasks {
			h := newHasher()
			h.add(run, before[t], merged, len(s.filters))
			if s.collect < 0 && p.countTokens() {
				h.add(tokenizer)
			}
			for _, i := range s.filters {
				h.add(steps[i])
			}
			if s.collect >= 0 {
				h.add(steps[s.collect])
			}
			now[t] = h.sum()
			all.add(now[t])
		}
		p.hashes.tasks = append(p.hashes.tasks, now)
		before, merged = now, all.sum()
		if s.collect >= 0 {
			p.hashes.merges = append(p.hashes.merges, merged)
		}
	}
	h := newHasher()
	h.add(run, steps, p.recipe.Name, p.recipe.Mix, p.recipe.Output, tokenizer)
	p.hashes.recipe = h.sum()
	h.add(merged, p.unlisted)
	p.hashes.finish = h.sum()
	return nil
}

// taskInputHash is the hash of a task's input: options and files, whose content is taken for unchanged where size and time are.
func (p *Pipeline) taskInputHash(t int) string {
	task := p.tasks[t]
	h := newHasher()
	in := p.recipe.Inputs[task.input]
	in.Paths = nil // the files count
	h.add(in)
	for _, f := range p.inputs[task.input].Files()[task.from:task.to] {
		h.add(f.Path, f.Name, f.Size, f.Modified.UnixNano())
	}
	return h.sum()
}

// tokenizerSum is the hash of the output's tokenizer, empty where there is none.
func (p *Pipeline) tokenizerSum() (string, error) {
	path := p.recipe.Output.Tokenizer
	if path == "" {
		return "", nil
	}
	sum, err := fileSum(p.env.Path(path))
	if err != nil {
		return "", fmt.Errorf("corpus: tokenizer: %w", err)
	}
	return sum, nil
}
