package main

import (
	"fmt"

	"github.com/athanor-lm/athanor/dataset"
	"github.com/athanor-lm/athanor/quickstart"
	"github.com/athanor-lm/athanor/runlog"
)

type quickstartCmd struct {
	Dir       string  `default:"quickstart-run" placeholder:"DIR" help:"Directory to make; it will hold tokenizer, data, run and hf (default quickstart-run)."`
	Corpus    string  `placeholder:"PATH" help:"Folder or file of text to learn from; default: the source of the Go toolchain (go env GOROOT)."`
	Seconds   float64 `default:"80" help:"Seconds of training; the number of steps is chosen for it."`
	Overwrite bool    `help:"Replace an earlier quickstart that stands in --dir."`
	Threads   int     `default:"0" help:"Threads, 0 = all."`
}

// Help is shown by athanor quickstart --help.
func (*quickstartCmd) Help() string {
	return `From text to a language model that writes, in under three minutes on two cores: collects a corpus, trains a
tokenizer, builds token shards, trains a small LLaMA (examples/quickstart.yaml), compares it with gzip and zstd on the
held-out text, lets it write and exports it for Hugging Face transformers.

Examples:
  athanor quickstart
  athanor quickstart --corpus ~/books --dir books-run --seconds 600`
}

func (q *quickstartCmd) Run(c *cliContext) error {
	show := &quickstartObserver{trainObserver: trainObserver{c: c, term: runlog.NewTerminal(c.stderr)}, prompt: "func main() {"}
	if q.Corpus != "" {
		show.prompt = "TEXT"
	}
	res, err := quickstart.Run(c.ctx, quickstart.Config{
		Dir: q.Dir, Overwrite: q.Overwrite, Corpus: q.Corpus, Seconds: q.Seconds, Workers: q.Threads, Creator: "athanor " + version,
	}, show)
	show.close()
	if err != nil {
		return err
	}
	return show.summarise(res)
}

// quickstartObserver shows a quickstart on the terminal.
type quickstartObserver struct {
	trainObserver
	stage    quickstart.Stage
	progress *runlog.Progress
	prompt   string // to try the model with
}

func (o *quickstartObserver) Collected(c *quickstart.Corpus) {
	o.say("corpus  %s: %d files, %s", c.Name, c.Files, runlog.Bytes(c.FileBytes))
}

func (o *quickstartObserver) Progress(s quickstart.Stage, done, total int64) {
	if s != o.stage || o.progress == nil {
		o.endStage()
		opts := runlog.ProgressOptions{Terminal: o.term, Label: string(s), Total: total}
		if s != quickstart.Merging {
			opts.Unit = runlog.ByteUnit
		}
		o.stage, o.progress = s, runlog.NewProgress(opts)
	}
	o.progress.Update(done, "")
}

func (o *quickstartObserver) endStage() {
	if o.progress != nil {
		o.progress.Close() // its error is the terminal's
		o.progress = nil
	}
}

func (o *quickstartObserver) Built(m *dataset.Manifest) {
	o.endStage()
	for _, s := range m.Splits {
		o.say("%-6s  %d documents, %s of text, %s tokens", s.Name, s.Documents, runlog.Bytes(s.Bytes), runlog.Count(float64(s.Tokens)))
	}
}

func (o *quickstartObserver) Compressed(bases []quickstart.Baseline) {
	for _, b := range bases {
		o.say("to beat %s: %.3f bits a byte on the held-out text", b.Name, b.BitsPerByte)
	}
}

func (o *quickstartObserver) Calibrated(c quickstart.Calibration) {
	o.say("a step takes %s: %d of them\n", runlog.Duration(runlog.Seconds(c.StepSeconds)), c.Steps)
}

// Wrote leaves the texts to the closing screen.
func (o *quickstartObserver) Wrote([]quickstart.Text) {}

func (o *quickstartObserver) say(format string, args ...any) {
	fmt.Fprintf(o.c.stderr, format+"\n", args...)
}

// close ends what is drawn in place.
func (o *quickstartObserver) close() {
	o.endStage()
	if o.display != nil {
		o.display.Close() // its error is the terminal's
	}
}

// summarise prints the closing screen.
func (o *quickstartObserver) summarise(r *quickstart.Result) error {
	if r.Interrupted {
		return o.interrupted(r)
	}
	w, term := o.c.stdout, runlog.NewTerminal(o.c.stdout)
	fmt.Fprintln(w)
	if err := runlog.RenderBars(term, "bits a byte on the held-out text (less is better)", bars(r)); err != nil {
		return err
	}
	fmt.Fprintln(w, "\nwhat it writes:")
	for _, t := range r.Texts {
		fmt.Fprintf(w, "\n%s\n", indent(t.Prompt+t.Text))
	}
	fmt.Fprintln(w)
	return runlog.RenderSummary(term, "", []runlog.Section{r.Training.Totals.Section(), {Title: "Made", Rows: []runlog.Row{
		{Name: "tokenizer", Value: r.Tokenizer},
		{Name: "token shards", Value: r.Data},
		{Name: "run", Value: r.Run + " (config, metrics, loss.png, checkpoint)"},
		{Name: "model", Value: r.Hub + " (for transformers: AutoModelForCausalLM.from_pretrained)"},
	}}, {Title: "Next", Rows: []runlog.Row{
		{Name: "write", Value: o.c.next("generate", r.Run, "--prompt", o.prompt), Whole: true},
		{Name: "your text", Value: o.c.next("quickstart", "--corpus", "FOLDER", "--dir", "my-run", "--seconds", "600"), Whole: true},
		{Name: "in steps", Value: o.c.self + " tokenizer train, dataset build, train; recipes are in examples/"},
	}}})
}

// bars are the model's and the compressors' bits a byte.
func bars(r *quickstart.Result) []runlog.Bar {
	out := []runlog.Bar{}
	best := r.Baselines[0].BitsPerByte // gzip
	for _, b := range r.Baselines {
		out = append(out, runlog.Bar{Name: b.Name, Value: b.BitsPerByte, Label: fmt.Sprintf("%.3f", b.BitsPerByte)})
	}
	if v := r.Training.Totals.LastVal; v != nil {
		out = append(out, runlog.Bar{Name: "the model", Value: v.BitsPerByte, Mark: true,
			Label: fmt.Sprintf("%.3f, %+.0f %% against gzip", v.BitsPerByte, 100*(v.BitsPerByte/best-1))})
	}
	return out
}

// interrupted says what was reached and how to go on.
func (o *quickstartObserver) interrupted(r *quickstart.Result) error {
	t := r.Training
	rows := []runlog.Row{{Name: "write", Value: o.c.next("generate", r.Run, "--prompt", "TEXT"), Whole: true}}
	title := fmt.Sprintf("%s: trained; interrupted before the export", r.Run)
	if t.Interrupted {
		title = fmt.Sprintf("%s: stopped after step %d of %d", r.Run, t.Step, t.Steps)
		rows = append([]runlog.Row{{Name: "go on", Value: o.c.next("train", "--resume", r.Run), Whole: true}}, rows...)
	}
	rows = append(rows, runlog.Row{Name: "export", Value: o.c.next("export", r.Run, "--out", "DIR"), Whole: true})
	return runlog.RenderSummary(runlog.NewTerminal(o.c.stdout), title, []runlog.Section{t.Totals.Section(), {Title: "Next", Rows: rows}})
}
