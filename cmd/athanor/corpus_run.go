package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"time"

	"github.com/athanor-lm/athanor/corpus/mix"
	"github.com/athanor-lm/athanor/corpus/pipeline"
	"github.com/athanor-lm/athanor/runlog"
	"github.com/charmbracelet/x/ansi"
)

type corpusRunCmd struct {
	Recipe  string   `arg:"" type:"existingfile" help:"The recipe, a YAML file."`
	Set     []string `help:"Change a key of the recipe outside its inputs and steps; may be given several times." placeholder:"KEY=VALUE" sep:"none"`
	Workers int      `default:"0" help:"Workers, 0 = all processors. The result does not depend on it."`
	JSON    bool     `name:"json" help:"Print the report as JSON."`

	Rank   *int          `group:"In an array of processes:" placeholder:"I" help:"Number of this process, from 0."`
	World  int           `group:"In an array of processes:" default:"1" placeholder:"N" help:"Number of processes."`
	Wait   time.Duration `group:"In an array of processes:" default:"1h" help:"How long to wait for another process of which nothing is heard."`
	Stage  *int          `group:"In an array of processes:" placeholder:"K" xor:"part" help:"Do this process's tasks of one stage, and no more."`
	Merge  *int          `group:"In an array of processes:" placeholder:"K" xor:"part" help:"Do the merge behind a stage, and no more."`
	Write  bool          `group:"In an array of processes:" xor:"part" help:"Do this process's part of writing the outputs, and no more."`
	Finish bool          `group:"In an array of processes:" xor:"part" help:"Write what is left, report and manifest, and no more."`
}

// Help is shown by athanor corpus run --help.
func (*corpusRunCmd) Help() string {
	return `Runs what of the recipe is not done yet. Ctrl-C, an error or a kill lose no more than the tasks in hand: the same command goes on
where it stopped, and ends with the same bytes. When the recipe, a model or an input has changed, what depends on it is done again.

With --rank and --world, several processes on a shared file system run one recipe, each its own tasks; they wait for each other between
stages. With --stage, --merge, --write or --finish a process does one part and waits for nobody, as a chain of jobs needs it (athanor
corpus launch slurm).

Examples:
  athanor corpus run examples/corpus-english-web.yaml
  athanor corpus run recipe.yaml --set out=/data/clean --set memory=8GiB
  athanor corpus run recipe.yaml --rank 3 --world 16`
}

func (r *corpusRunCmd) Run(c *cliContext) error {
	recipe, err := pipeline.LoadRecipe(r.Recipe, r.Set)
	if err != nil {
		return err
	}
	watch := &corpusWatch{term: runlog.NewTerminal(c.stderr)}
	p, err := pipeline.Open(recipe, pipeline.Options{Workers: r.Workers, Creator: "athanor " + version, Observer: watch})
	if err != nil {
		return err
	}
	noteReadTwice(c.stderr, p)
	s, err := r.run(c.ctx, p)
	err = errors.Join(err, watch.close())
	switch {
	case errors.Is(err, context.Canceled):
		return fmt.Errorf("interrupted; what is done is kept in %s: the same command goes on", recipe.Out)
	case err != nil:
		return err
	case s == nil:
		return nil // the report is another process's
	case r.JSON:
		return printJSON(c.stdout, s)
	}
	if err := printCorpusSummary(c.stdout, recipe.Out, s); err != nil {
		return err
	}
	return printWorkSize(c.ctx, c.stdout, recipe.Out)
}

// printWorkSize says what a run leaves beside the corpus.
func printWorkSize(ctx context.Context, w io.Writer, out string) error {
	size, err := pipeline.WorkSize(ctx, out)
	if err != nil || size == 0 {
		return err
	}
	_, err = fmt.Fprintf(w, "%s: %s, from which a changed recipe goes on; --set keep_work=false removes it\n", filepath.Join(out, "work"), runlog.Bytes(size))
	return err
}

// noteReadTwice says that documents come twice because inputs share files.
func noteReadTwice(w io.Writer, p *pipeline.Pipeline) {
	if n, first := p.ReadTwice(); n > 0 {
		fmt.Fprintf(w, "several inputs read the same file, and its documents come more than once: %s (%s)\n", first, numberOf(n, "such file"))
	}
}

// run does all of the recipe, or the part that the flags name.
func (r *corpusRunCmd) run(ctx context.Context, p *pipeline.Pipeline) (*pipeline.Summary, error) {
	share := pipeline.Share{World: r.World, Wait: r.Wait}
	if r.Rank != nil {
		share.Rank = *r.Rank
	}
	switch {
	case r.Stage != nil:
		return nil, p.RunStage(ctx, share, *r.Stage)
	case r.Merge != nil:
		return nil, p.RunMerge(ctx, *r.Merge)
	case r.Write:
		return nil, p.RunWrite(ctx, share)
	case r.Finish:
		return p.RunFinish(ctx)
	case r.Rank != nil:
		return p.RunRank(ctx, share)
	case r.World != 1:
		return nil, errors.New("--world: also say which of them this is, with --rank")
	}
	return p.Run(ctx)
}

// corpusWatch shows how far a run has come: a line for every part of it.
type corpusWatch struct {
	term runlog.Terminal
	part string
	bar  *runlog.Progress
	err  error
}

// Progress shows a state.
func (w *corpusWatch) Progress(p pipeline.Progress) {
	if w.bar == nil || p.Part != w.part {
		w.close()
		unit := runlog.Count
		if p.Bytes {
			unit = runlog.ByteUnit
		}
		w.part, w.bar = p.Part, runlog.NewProgress(runlog.ProgressOptions{Terminal: w.term, Label: w.label(p.Part), Total: p.Total, Unit: unit})
	}
	detail := ""
	if p.Tasks > 0 {
		detail = fmt.Sprintf("%d of %d tasks", p.TasksDone, p.Tasks)
	}
	w.bar.Update(p.Done, detail)
}

// figuresWidth is what bar and figures take of a line.
const figuresWidth = 26 + 60

// label cuts the name of a part so that the figures behind it can be seen on a terminal.
func (w *corpusWatch) label(part string) string {
	if !w.term.Live {
		return part
	}
	width := 80
	if w.term.Width != nil {
		width = w.term.Width()
	}
	return ansi.Truncate(part, max(width-figuresWidth, len("stage 00")), "…")
}

// Note prints a line.
func (w *corpusWatch) Note(text string) {
	w.close() // which would be drawn over it
	_, err := fmt.Fprintln(w.term.W, text)
	w.err = errors.Join(w.err, err)
}

// Plan prints the mix before it is written.
func (w *corpusWatch) Plan(p *mix.Plan) {
	w.close()
	w.err = errors.Join(w.err, printMix(w.term.W, p))
}

// close ends the line of the part that was shown last, and returns the first errors of the terminal.
func (w *corpusWatch) close() error {
	if w.bar != nil {
		w.err = errors.Join(w.err, w.bar.Close())
		w.bar = nil
	}
	return w.err
}

// printMix prints what a mix takes of each source.
func printMix(w io.Writer, p *mix.Plan) error {
	unit := "tokens"
	if p.Estimated {
		unit = "tokens (estimated)"
	}
	var t table
	written := p.Written()
	head := []string{"mix", "there are", unit, "share", "epochs", ""}
	if written > 0 {
		head = append(head, "≈ written", "share")
	}
	t.add(head...)
	for _, part := range p.Parts {
		name, limit := part.Source, ""
		if part.Synthetic {
			name += " (synthetic)"
		}
		if part.Limit != "" {
			limit = "limited by " + part.Limit
		}
		row := []string{name, runlog.Count(float64(part.Tokens)), runlog.Count(float64(part.Take)), runlog.Percent(part.Share), fmt.Sprintf("%.2f", part.Epochs), limit}
		if written > 0 {
			row = append(row, runlog.Count(float64(part.Written())), runlog.Percent(float64(part.Written())/float64(written)))
		}
		t.add(row...)
	}
	sum := []string{"", "", runlog.Count(float64(p.Tokens)), "", "", ""}
	if written > 0 {
		sum = append(sum, runlog.Count(float64(written)), "")
	}
	t.add(sum...)
	return t.write(w, "  ")
}

// printCorpusFlow prints what each step left.
func printCorpusFlow(w io.Writer, s *pipeline.Summary) error {
	var t table
	size, counted := s.BytesPerToken()
	tokens := func(bytes int64) string { return runlog.Count(math.Round(float64(bytes) / size)) }
	t.add("", "documents", "bytes", "≈ tokens", "dropped", "")
	for _, in := range s.Inputs {
		t.add(in.Source, runlog.Count(float64(in.Read.Documents)), runlog.Bytes(in.Read.TextBytes), tokens(in.Read.TextBytes), "", "")
	}
	for _, step := range s.Steps {
		why := ""
		if len(step.Drops) > 0 {
			why = fmt.Sprintf("most: %s (%s)", step.Drops[0].Rule, runlog.Count(float64(step.Drops[0].Documents)))
		}
		dropped := step.In.Documents - step.Out.Documents
		t.add("→ "+step.Name, runlog.Count(float64(step.Out.Documents)), runlog.Bytes(step.Out.Bytes), tokens(step.Out.Bytes), runlog.Count(float64(dropped)), why)
	}
	if err := t.write(w, "  "); err != nil {
		return err
	}
	if !counted {
		_, err := fmt.Fprintf(w, "  tokens: if %g bytes are one; none were counted\n", size)
		return err
	}
	_, err := fmt.Fprintf(w, "  tokens: if %.3g bytes are one, as they are in what is left\n", size)
	return err
}

// printCorpusSummary prints what a run did.
func printCorpusSummary(w io.Writer, out string, s *pipeline.Summary) error {
	if err := printCorpusFlow(w, s); err != nil {
		return err
	}
	var records, files int64
	for _, in := range s.Inputs {
		printLeftOut(w, in.Read)
		records, files = records+in.SetAside-in.BadFiles, files+in.BadFiles
	}
	if records+files > 0 {
		fmt.Fprintf(w, "set aside: %s and %s; see %s\n", numberOf(records, "record"), numberOf(files, "file"), filepath.Join(out, "quarantine.jsonl"))
	}
	if s.Mix != nil {
		if err := printMix(w, s.Mix); err != nil {
			return err
		}
	}
	for _, o := range s.Outputs {
		tokens := ""
		if o.Tokens > 0 {
			tokens = runlog.Count(float64(o.Tokens)) + " tokens, "
		}
		fmt.Fprintf(w, "%s: %s documents, %s, %s%s of %s\n", filepath.Join(out, filepath.FromSlash(o.Path)), runlog.Count(float64(o.Documents)),
			runlog.Bytes(o.Bytes), tokens, numberOf(o.Files, "file"), runlog.Bytes(o.Size))
	}
	return nil
}
