package pipeline

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/athanor-lm/athanor/corpus/read"
)

// task is a run of files of one input.
type task struct {
	input    int // index in Recipe.Inputs
	from, to int // files of the input's corpus
	size     int64
}

// openInputs finds the files of all inputs, but for what runs of the recipe wrote. Directories that cannot be listed are set aside where the
// recipe says so.
func openInputs(r *Recipe) (inputs []*read.Corpus, unlisted [][]read.Bad, err error) {
	unlisted = make([][]read.Bad, len(r.Inputs))
	foreign := foreignTo(r.Out)
	for i := range r.Inputs {
		in := &r.Inputs[i]
		var paths []string
		for _, p := range in.Paths {
			paths = append(paths, filepath.FromSlash(p))
		}
		o := in.readOptions()
		o.Keep = foreign
		if r.OnBadFile == badFileQuarantine {
			o.OnBadFile = func(bad read.Bad) { unlisted[i] = append(unlisted[i], bad) }
		}
		c, err := read.Open(paths, o)
		if err != nil {
			return nil, nil, fmt.Errorf("corpus: source %s: %w", in.Source, err)
		}
		inputs = append(inputs, c)
	}
	return inputs, unlisted, nil
}

func (in *Input) readOptions() read.Options {
	o := read.Options{Format: in.Format, Charset: in.Charset, Markdown: in.Markdown, TextField: in.TextField, Separator: in.Separator, MaxRecord: int(in.MaxRecord),
		Readers: 1, KeepMeta: in.Meta == nil || *in.Meta}
	for _, e := range in.Ext {
		o.Extensions = append(o.Extensions, "."+strings.TrimPrefix(e, "."))
	}
	return o
}

// cutTasks cuts the files into tasks: in order, up to size bytes a task unless one file is larger. The last of an input may be small.
func cutTasks(inputs []*read.Corpus, size int64) []task {
	var tasks []task
	for i, c := range inputs {
		t := task{input: i}
		for k, f := range c.Files() {
			if t.to > t.from && t.size+f.Size > size {
				tasks = append(tasks, t)
				t = task{input: i, from: k, to: k}
			}
			t.to, t.size = k+1, t.size+f.Size
		}
		tasks = append(tasks, t)
	}
	return tasks
}

// baseWithoutExtension is a path's last part without what follows a dot in it.
func baseWithoutExtension(path string) string {
	base := filepath.Base(path)
	if name, _, ok := strings.Cut(base, "."); ok && name != "" {
		return name
	}
	return base
}

// taskFile is the path of one of a task's files.
func (p *Pipeline) taskFile(stage, task int, ext string) string {
	return filepath.Join(p.stageDir(stage), taskName(task)+"."+ext)
}

// taskName is what the names of a task's files begin with.
func taskName(task int) string { return fmt.Sprintf("%05d", task) }

func (p *Pipeline) stageDir(stage int) string {
	return filepath.Join(p.recipe.Out, workDir, fmt.Sprintf("stage-%d", stage))
}

func (p *Pipeline) mergeDir(merge int) string {
	return filepath.Join(p.recipe.Out, workDir, fmt.Sprintf("merge-%d", merge))
}

// fileSize is a file's size in bytes, 0 where there is none: for progress.
func fileSize(path string) int64 {
	st, err := os.Stat(path)
	if err != nil {
		return 0
	}
	return st.Size()
}
