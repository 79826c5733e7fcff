package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/athanor-lm/athanor/corpus/pipeline"
	"github.com/athanor-lm/athanor/corpus/report"
	"github.com/athanor-lm/athanor/runlog"
)

type corpusReportCmd struct {
	Dir  string `arg:"" type:"existingdir" help:"What a recipe made: its out."`
	HTML string `name:"html" placeholder:"FILE" help:"Where to write the page; default: report.html in the directory."`
	Step string `placeholder:"NAME" help:"Show one step with the samples it kept."`
	JSON bool   `name:"json" help:"Print the report as JSON and write no page."`
}

// Help is shown by athanor corpus report --help.
func (*corpusReportCmd) Help() string {
	return `Prints what a recipe did to a corpus, and writes it as one HTML page with charts and samples. Samples are shown without personal data.

Examples:
  athanor corpus report data/english-web
  athanor corpus report data/english-web --step gopher-quality`
}

func (r *corpusReportCmd) Run(c *cliContext) error {
	s, t, err := pipeline.ReadReport(r.Dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%s has no report: no run of a recipe has come to its end there", r.Dir)
	case err != nil:
		return err
	case r.JSON:
		return printJSON(c.stdout, s)
	case r.Step != "":
		return printCorpusStep(c.stdout, s, r.Step)
	}
	if r.HTML == "" {
		r.HTML = filepath.Join(r.Dir, "report.html")
	}
	if err := writePage(r.HTML, s, t); err != nil {
		return err
	}
	if err := printCorpusSummary(c.stdout, r.Dir, s); err != nil {
		return err
	}
	if err := printCorpusDetails(c.stdout, s, t); err != nil {
		return err
	}
	_, err = fmt.Fprintf(c.stdout, "\nwith charts and samples: %s\n", r.HTML)
	return err
}

func writePage(file string, s *pipeline.Summary, t *pipeline.Timings) (err error) {
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	w := bufio.NewWriter(f)
	if err := report.WriteHTML(w, s, t); err != nil {
		return err
	}
	return w.Flush()
}

// printCorpusDetails prints what was dropped by which rule, what was counted, and where time went.
func printCorpusDetails(w io.Writer, s *pipeline.Summary, timings *pipeline.Timings) error {
	var drops, counts, rates table
	drops.add("dropped by", "documents", "share", "text")
	counts.add("counted", "number")
	for _, st := range s.Steps {
		for _, d := range st.Drops {
			drops.add(st.Name+": "+d.Rule, runlog.Count(float64(d.Documents)), runlog.Percent(float64(d.Documents)/float64(max(st.In.Documents, 1))), runlog.Bytes(d.Bytes))
		}
		for _, n := range st.Counts {
			counts.add(st.Name+": "+n.Name, runlog.Count(float64(n.N)))
		}
		for _, v := range st.Stats {
			counts.add(st.Name+": "+v.Name, fmt.Sprintf("%.6g", v.Value))
		}
	}
	if timings != nil {
		rates.add("one core", "MB/s")
		for _, t := range timings.Steps {
			rates.add(t.Name, fmt.Sprintf("%.0f", 1e3*float64(t.Bytes)/float64(max(t.Nanos, 1))))
		}
	}
	for _, t := range []table{drops, counts, rates} {
		if len(t.rows) > 1 {
			fmt.Fprintln(w)
			if err := t.write(w, "  "); err != nil {
				return err
			}
		}
	}
	return nil
}

// printCorpusStep prints a step with the samples it kept.
func printCorpusStep(w io.Writer, s *pipeline.Summary, name string) error {
	i := slices.IndexFunc(s.Steps, func(st pipeline.StepSummary) bool { return st.Name == name })
	if i < 0 {
		var names []string
		for _, st := range s.Steps {
			names = append(names, st.Name)
		}
		return fmt.Errorf("there is no step %q, want one of %s", name, strings.Join(names, ", "))
	}
	st := &s.Steps[i]
	fmt.Fprintf(w, "%s: %s documents in, %s out\n", st.Name, runlog.Count(float64(st.In.Documents)), runlog.Count(float64(st.Out.Documents)))
	for _, d := range st.Drops {
		fmt.Fprintf(w, "\n%s: %s documents, %s\n", d.Rule, runlog.Count(float64(d.Documents)), runlog.Bytes(d.Bytes))
		for _, sample := range d.Samples {
			fmt.Fprintf(w, "\n  %s (%s): measured %.4g, limit %.4g %s\n%s\n", sample.ID, sample.Source, sample.Value, sample.Limit, sample.Partner, indented(sample.Text))
		}
	}
	for _, e := range st.EditSamples {
		fmt.Fprintf(w, "\nchanged: %s (%s)\n%s\n  became\n%s\n", e.ID, e.Source, indented(e.Before), indented(e.After))
	}
	return nil
}

func indented(text string) string {
	return "    " + strings.ReplaceAll(strings.TrimSpace(text), "\n", "\n    ")
}
