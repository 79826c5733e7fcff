package pipeline

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/athanor-lm/athanor/corpus/mix"
	"github.com/athanor-lm/athanor/corpus/write"
	"github.com/athanor-lm/athanor/internal/durable"
)

// finish writes what is not written yet of outputs, quarantine, report and manifest. The manifest comes last, and says that all else is
// there.
func (p *Pipeline) finish(ctx context.Context) (*Summary, error) {
	if p.finished() {
		var s Summary
		return &s, errors.Join(readJSON(p.outPath(reportName), &s), p.tidy())
	}
	for k := range p.stages {
		if missing := p.missing(k); len(missing) > 0 {
			return nil, p.notYet(k, missing)
		}
	}
	plan, err := p.plan()
	if err != nil {
		return nil, err
	}
	if plan != nil && p.progress.observer != nil {
		p.progress.observer.Plan(plan)
	}
	if err := p.writeAll(ctx, plan); err != nil {
		return nil, err
	}
	written, err := p.collectOutputs(plan)
	if err != nil {
		return nil, err
	}
	if err := p.removeStale(written); err != nil {
		return nil, err
	}
	if p.recipe.Output.has(formatTokens) {
		if err := p.writeTokens(ctx, written); err != nil {
			return nil, err
		}
	}
	s, err := p.conclude(plan, written)
	return s, errors.Join(err, p.tidy())
}

// conclude writes what is told about the run.
func (p *Pipeline) conclude(plan *mix.Plan, written *written) (*Summary, error) {
	s, err := p.summarise()
	if err != nil {
		return nil, err
	}
	s.Mix, s.Outputs = plan, written.summary()
	removeAsides(p.recipe.Out, called(quarantineName, timingsName, recipeName, reportName, manifestName))
	if err := p.writeQuarantine(); err != nil {
		return nil, err
	}
	if err := writeJSON(p.outPath(timingsName), p.timings()); err != nil {
		return nil, err
	}
	if err := writeBytes(p.outPath(recipeName), p.recipe.Text); err != nil {
		return nil, err
	}
	if err := writeJSON(p.outPath(reportName), s); err != nil {
		return nil, err
	}
	if err := writeJSON(p.outPath(manifestName), p.manifest(s, written)); err != nil {
		return nil, err
	}
	return s, durable.SyncDir(p.recipe.Out)
}

func (p *Pipeline) outPath(name string) string { return filepath.Join(p.recipe.Out, name) }

// countTokens tells whether the last stage counts tokens: where a mix needs them and a tokenizer is given.
func (p *Pipeline) countTokens() bool { return p.recipe.Mix != nil && p.recipe.Output.Tokenizer != "" }

// has tells whether a format is wanted.
func (o *Output) has(format string) bool { return slices.Contains(o.Formats, format) }

// written are the files of the outputs, by format, in the order of the documents.
type written struct {
	files map[string][]write.File
	info  []OutputSummary // beside those of the files
}

// collectOutputs gathers what the write tasks wrote, and what the mix took.
func (p *Pipeline) collectOutputs(plan *mix.Plan) (*written, error) {
	w := &written{files: map[string][]write.File{}}
	for _, t := range p.writeTasks(plan) {
		var out taskOutput
		if err := readJSON(p.writeFile(t, extStats), &out); err != nil {
			return nil, err
		}
		for format, files := range out.Files {
			w.files[format] = append(w.files[format], files...)
		}
		if len(out.Taken) != len(p.finals) {
			return nil, fmt.Errorf("corpus: %s: %d sources, want %d; remove it and run again", p.writeFile(t, extStats), len(out.Taken), len(p.finals))
		}
		for i, a := range out.Taken {
			if plan != nil {
				plan.Parts[i].TakenDocuments += a.Documents
				plan.Parts[i].TakenBytes += a.Bytes
			}
		}
	}
	return w, nil
}

// summary describes the outputs.
func (w *written) summary() []OutputSummary {
	out := []OutputSummary{}
	for _, format := range []string{formatJSONL, formatParquet} {
		if files := w.files[format]; len(files) > 0 {
			s := OutputSummary{Format: format, Path: dataDir + "/" + format, Files: len(files)}
			for _, f := range files {
				s.Size += f.Size
				s.add(Amount{f.Documents, f.Bytes})
			}
			out = append(out, s)
		}
	}
	return append(out, w.info...)
}

// removeStale removes files that another recipe left among the outputs.
func (p *Pipeline) removeStale(w *written) error {
	for _, format := range []string{formatJSONL, formatParquet} {
		dir := p.outPath(filepath.Join(dataDir, format))
		entries, err := os.ReadDir(dir)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		for _, e := range entries {
			if slices.ContainsFunc(w.files[format], func(f write.File) bool { return f.Name == e.Name() }) {
				continue
			}
			if err := os.RemoveAll(filepath.Join(dir, e.Name())); err != nil {
				return err
			}
		}
		if err := durable.SyncDir(dir); err != nil {
			return err
		}
		if len(w.files[format]) == 0 {
			if err := os.Remove(dir); err != nil {
				return err
			}
		}
	}
	if !p.recipe.Output.has(formatTokens) {
		return os.RemoveAll(p.outPath(filepath.Join(dataDir, formatTokens)))
	}
	return nil
}

// writeQuarantine joins the tasks' lists of what was set aside; without any, there is no file.
func (p *Pipeline) writeQuarantine() error {
	a, err := createAside(p.outPath(quarantineName))
	if err != nil {
		return err
	}
	defer a.drop()
	for _, list := range p.unlisted {
		for _, bad := range list {
			line, err := json.Marshal(bad)
			if err != nil {
				return err
			}
			if _, err := a.Write(append(line, '\n')); err != nil {
				return err
			}
		}
	}
	for t := range p.tasks {
		data, err := os.ReadFile(p.taskFile(0, t, extQuarantine))
		if err != nil {
			return err
		}
		if _, err := a.Write(data); err != nil {
			return err
		}
	}
	if a.file.Size() > 0 {
		return a.commit()
	}
	if err := os.Remove(a.path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// writeBytes writes a file, aside.
func writeBytes(path string, data []byte) error {
	a, err := createAside(path)
	if err != nil {
		return err
	}
	defer a.drop()
	if _, err := a.Write(data); err != nil {
		return err
	}
	return a.commit()
}
