package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/athanor-lm/athanor/checkpoint"
	"github.com/athanor-lm/athanor/runlog"
	"github.com/athanor-lm/athanor/train"
)

type trainCmd struct {
	Config string   `arg:"" optional:"" help:"The run's YAML file." type:"existingfile"`
	Resume string   `help:"Continue the run in this directory from its newest valid checkpoint." placeholder:"RUN"`
	Set    []string `help:"Change a key of the configuration; may be given several times." placeholder:"KEY=VALUE" sep:"none"`
	DryRun bool     `help:"Check configuration, data and memory, print what would happen, and stop."`
}

// Help is shown by athanor train --help.
func (*trainCmd) Help() string {
	return `The YAML file names model, data and how to learn; docs/config.md explains every key, examples/ holds recipes.
Ctrl-C or SIGTERM finishes the step in hand, saves a checkpoint and says how to go on; a second one stops at once.

Examples:
  athanor train examples/shakespeare-char.yaml --set steps=4000 --set optimizer.lr=0.0008
  athanor train --resume runs/shakespeare-char`
}

func (t *trainCmd) Run(c *cliContext) error {
	if (t.Config == "") == (t.Resume == "") {
		return errors.New("train: want either a configuration file or --resume RUN")
	}
	o := trainObserver{c: c, term: runlog.NewTerminal(c.stderr)}
	run, err := t.open(train.Options{Observer: &o, Context: c.ctx})
	if err != nil {
		return err
	}
	if t.DryRun {
		o.describe(run.Plan())
		return run.Close()
	}
	summary, err := run.Train(c.ctx)
	if o.display != nil {
		err = errors.Join(err, o.display.Close())
	}
	if err := errors.Join(err, run.Close()); err != nil {
		return err
	}
	return o.summarise(summary)
}

func (t *trainCmd) open(o train.Options) (*train.Run, error) {
	if t.Resume != "" {
		return train.Resume(t.Resume, t.Set, o)
	}
	cfg, err := train.LoadConfig(t.Config, t.Set)
	if err != nil {
		return nil, err
	}
	if t.DryRun {
		return train.Prepare(cfg, o)
	}
	return train.New(cfg, o)
}

// trainObserver shows a run on the terminal.
type trainObserver struct {
	c       *cliContext
	term    runlog.Terminal
	display *runlog.Display
}

func (o *trainObserver) Begin(p train.Plan) {
	o.describe(p)
	o.display = runlog.NewDisplay(runlog.DisplayOptions{Terminal: o.term, Title: filepath.Base(p.Config.Dir), Steps: p.Config.Steps, First: p.FirstStep})
}

// describe prints what is going to happen.
func (o *trainObserver) describe(p train.Plan) {
	cfg := p.Config
	peak := "not measured"
	if p.PeakGFLOPs > 0 {
		peak = fmt.Sprintf("%.0f GFLOP/s measured (%s)", p.PeakGFLOPs, p.Level)
	}
	rows := []runlog.Row{
		{Name: "model", Value: fmt.Sprintf("%s, %s parameters: %d layers of %d, %d heads, context %d, vocabulary %d", cfg.Model.Family, runlog.Count(float64(p.Params)), cfg.Model.Layers, cfg.Model.Width, cfg.Model.Heads, cfg.Model.Context, cfg.Model.Vocab)},
		{Name: "steps", Value: fmt.Sprintf("%d of %s tokens = %s tokens, %.3g passes over the data", cfg.Steps, runlog.Count(float64(p.TokensStep)), runlog.Count(float64(p.TokensStep*cfg.Steps)), p.Epochs)},
		{Name: "compute", Value: cfg.DType + ", peak " + peak},
		{Name: "memory", Value: p.Memory.String()},
	}
	if p.FirstStep > 0 {
		rows = append(rows, runlog.Row{Name: "resume", Value: fmt.Sprintf("after step %d", p.FirstStep)})
	}
	if err := runlog.RenderSummary(o.term, cfg.Dir, []runlog.Section{{Rows: rows}}); err != nil {
		fmt.Fprintln(o.c.stderr, "athanor:", err)
	}
}

func (o *trainObserver) Message(text string) {
	if o.display == nil {
		fmt.Fprintln(o.c.stderr, text)
		return
	}
	o.display.Print("%s", text)
}

func (o *trainObserver) Step(r *runlog.Record) { o.display.Update(r) }

func (o *trainObserver) Sampled(step int64, texts []train.SampleText) {
	for _, t := range texts {
		o.display.Print("sample at step %d: %s%s", step, t.Prompt, strings.TrimRight(t.Text, "\n"))
	}
}

func (o *trainObserver) Saved(s *checkpoint.Saved) {
	o.display.Print("checkpoint %s: %s in %s", filepath.Base(s.Dir), runlog.Bytes(s.Bytes), runlog.Duration(s.Duration))
}

// summarise prints the closing screen.
func (o *trainObserver) summarise(s *train.Summary) error {
	next := []runlog.Row{
		{Name: "write", Value: o.c.next("generate", s.Dir, "--prompt", "TEXT"), Whole: true},
		{Name: "export", Value: o.c.next("export", s.Dir, "--out", "DIR"), Whole: true},
		{Name: "curves", Value: "tensorboard --logdir " + shellWord(s.Dir), Whole: true},
		{Name: "picture", Value: filepath.Join(s.Dir, "loss.png"), Whole: true},
	}
	title := s.Dir + ": done"
	if s.Interrupted {
		title = fmt.Sprintf("%s: stopped after step %d of %d", s.Dir, s.Step, s.Steps)
		next = append([]runlog.Row{{Name: "go on", Value: o.c.next("train", "--resume", s.Dir), Whole: true}}, next...)
	}
	return runlog.RenderSummary(runlog.NewTerminal(o.c.stdout), title, []runlog.Section{s.Totals.Section(), {Title: "next", Rows: next}})
}
