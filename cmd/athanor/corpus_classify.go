package main

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"os"
	"slices"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/athanor-lm/athanor/corpus/classify"
	"github.com/athanor-lm/athanor/corpus/read"
)

type corpusClassifyCmd struct {
	Train corpusClassifyTrainCmd `cmd:"" help:"Train a classifier on labelled documents."`
	Score corpusClassifyScoreCmd `cmd:"" help:"Print the probability of each label for documents."`
	Eval  corpusClassifyEvalCmd  `cmd:"" help:"Compare a classifier with labelled documents."`
}

// Help is shown by athanor corpus classify --help.
func (*corpusClassifyCmd) Help() string {
	return `Examples:
  athanor corpus classify train good=books/ bad=mail.jsonl.gz -o quality.cls
  athanor corpus classify score quality.cls web.jsonl.zst > scores.jsonl`
}

// labelFlags say where documents' labels come from.
type labelFlags struct {
	Inputs     []string `arg:"" optional:"" help:"Files, directories and globs with labelled documents; LABEL=PATH gives all documents of a path one label."`
	LabelField string   `placeholder:"NAME" help:"JSON field that holds the label; dots descend."`
	Map        []string `placeholder:"LABEL=VALUE,…" sep:"none" help:"Take these values of the field for one label; documents of other values are left out. May be repeated."`
	readFlags
}

// examples yields the labelled documents, and says at the end how many --map left out.
func (l *labelFlags) examples(ctx context.Context, stderr io.Writer) (iter.Seq2[classify.Example, error], error) {
	labels := map[string]string{} // by value
	for _, m := range l.Map {
		label, values, ok := strings.Cut(m, "=")
		if !ok || label == "" || values == "" {
			return nil, fmt.Errorf("--map %s: want LABEL=VALUE,…", m)
		}
		for v := range strings.SplitSeq(values, ",") {
			labels[v] = label
		}
	}
	paths, fixed := make([]string, len(l.Inputs)), make([]string, len(l.Inputs))
	for i, in := range l.Inputs {
		paths[i] = in
		_, err := os.Stat(in) // a path may have a = of its own
		if label, path, ok := strings.Cut(in, "="); ok && label != "" && err != nil {
			fixed[i], paths[i] = label, path
		} else if l.LabelField == "" {
			return nil, fmt.Errorf("%s: whose label is it? Give --label-field, or LABEL=PATH", in)
		}
	}
	if len(paths) == 0 {
		return nil, fmt.Errorf("no inputs were given, want files, or LABEL=PATH")
	}
	return func(yield func(classify.Example, error) bool) {
		left := 0
		for i, path := range paths {
			if !l.examplesOf(ctx, stderr, path, fixed[i], labels, &left, yield) {
				return
			}
		}
		if left > 0 {
			fmt.Fprintf(stderr, "left out: %d documents whose %s is no value of --map\n", left, l.LabelField)
		}
	}, nil
}

// examplesOf yields the documents of one input, and counts those left out.
func (l *labelFlags) examplesOf(ctx context.Context, stderr io.Writer, path, fixed string, labels map[string]string, left *int, yield func(classify.Example, error) bool) bool {
	o := l.options()
	o.KeepMeta = true
	o.OnBad = func(b read.Bad) { fmt.Fprintf(stderr, "left out: %s\n", b) }
	c, err := read.Open([]string{path}, o)
	if err != nil {
		return yield(classify.Example{}, err)
	}
	for d, err := range c.Documents(ctx) {
		label := fixed
		if err == nil && label == "" {
			label = labelOf(&d, l.LabelField)
			if len(labels) > 0 {
				label = labels[label]
			} else if label == "" {
				err = fmt.Errorf("%s: document %s has no field %q that is a text or number", path, d.ID, l.LabelField)
			}
		}
		if err == nil && label == "" { // a value that --map leaves out
			*left++
			continue
		}
		if !yield(classify.Example{Text: string(d.Text), Label: label}, err) {
			return false
		}
	}
	return true
}

// labelOf reads a document's label.
func labelOf(d *read.Document, field string) string {
	switch field {
	case "lang", "language":
		return d.Lang
	case "source":
		return d.Source
	}
	switch r := gjson.GetBytes(d.Meta, field); r.Type {
	case gjson.String, gjson.Number, gjson.True, gjson.False:
		return r.String()
	}
	return ""
}

type corpusClassifyTrainCmd struct {
	labelFlags
	Out        string   `short:"o" required:"" placeholder:"FILE" help:"File for the model."`
	Bits       int      `default:"20" help:"2^bits weights a label, 10..22."`
	Words      int      `default:"2" help:"Longest n-gram of words."`
	Characters int      `default:"4" help:"Longest n-gram of characters: of Han characters and kana, or of all with --everywhere."`
	Everywhere bool     `help:"N-grams of characters in all scripts."`
	MaxBytes   int      `default:"65536" placeholder:"BYTES" help:"How much of a document is looked at, ${default}; 0 = all."`
	Epochs     int      `default:"30" help:"At most; training ends when the held-out loss no longer falls."`
	Rate       float64  `default:"0.3" help:"Learning rate of AdaGrad."`
	L2         float64  `name:"l2" default:"1e-7" help:"Weight decay."`
	NoBalance  bool     `help:"Do not weigh labels alike; each counts by its documents."`
	Validation float64  `default:"0.1" help:"Share of documents that decides when to stop, and on the calibration."`
	Test       float64  `default:"0.1" help:"Share of documents the figures are measured on."`
	Seed       uint64   `default:"1" help:"Of the split and the order of documents."`
	Memory     byteSize `default:"4GB" placeholder:"SIZE" help:"Memory of the training, ${default}."`
	JSON       bool     `name:"json" help:"Print the figures as JSON."`
}

// Help is shown by athanor corpus classify train --help.
func (*corpusClassifyTrainCmd) Help() string {
	return `The same documents in the same order give the same file, byte for byte. Copies of a text are all trained on, or all held out.

Examples:
  athanor corpus classify train mail.jsonl.gz --label-field group --map ham=easy-ham-1,hard-ham-1 --map spam=spam-1 -o spam.cls
  athanor corpus classify train clean=books/ dirty=mail.jsonl.gz -o quality.cls`
}

func (t *corpusClassifyTrainCmd) Run(c *cliContext) error {
	cfg := classify.Config{
		Options: classify.Options{Bits: t.Bits, Words: t.Words, Characters: t.Characters, Everywhere: t.Everywhere, MaxBytes: t.MaxBytes},
		Epochs:  t.Epochs, Rate: t.Rate, L2: t.L2, Balance: !t.NoBalance, Validation: t.Validation, Test: t.Test, Seed: t.Seed, Memory: int64(t.Memory) / 10 * 9, // the rest is for what is read
		Progress: func(e classify.Epoch) {
			fmt.Fprintf(c.stderr, "epoch %2d  loss %.4f  held out %.4f\n", e.N, e.Loss, e.Validation)
		},
	}
	if err := mayMakeFile(t.Out); err != nil {
		return fmt.Errorf("--out: %w", err)
	}
	examples, err := t.examples(c.ctx, c.stderr)
	if err != nil {
		return err
	}
	unlimited := limitMemory(int64(t.Memory))
	m, err := classify.Train(c.ctx, cfg, examples)
	unlimited()
	if err != nil {
		return err
	}
	if err := m.Save(t.Out); err != nil {
		return err
	}
	training := m.Training()
	if t.JSON {
		return printJSON(c.stdout, training)
	}
	part, figures := "test", training.Test
	if figures.Documents == 0 {
		part, figures = "validation", training.Validation
	}
	fmt.Fprintf(c.stdout, "%s: epoch %d of training, on the %s part:\n", t.Out, training.Epochs, part)
	return printMetrics(c.stdout, figures)
}

// printMetrics shows figures and confusion.
func printMetrics(w io.Writer, m classify.Metrics) error {
	var sums, confusion table
	sums.add("documents", "accuracy", "F1, mean", "AUC", "log loss", "calibration error")
	sums.add(fmt.Sprint(m.Documents), fmt.Sprintf("%.4f", m.Accuracy), fmt.Sprintf("%.4f", m.MacroF1), fmt.Sprintf("%.4f", m.AUC),
		fmt.Sprintf("%.4f", m.LogLoss), fmt.Sprintf("%.4f", m.CalibrationError))
	if err := sums.write(w, ""); err != nil {
		return err
	}
	confusion.add(slices.Concat([]string{"is \\ taken for"}, m.Labels, []string{"precision", "recall", "F1"})...)
	for i, label := range m.Labels {
		row := []string{label}
		for _, n := range m.Confusion[i] {
			row = append(row, fmt.Sprint(n))
		}
		confusion.add(append(row, fmt.Sprintf("%.4f", m.Precision[i]), fmt.Sprintf("%.4f", m.Recall[i]), fmt.Sprintf("%.4f", m.F1[i]))...)
	}
	fmt.Fprintln(w)
	return confusion.write(w, "")
}

type corpusClassifyEvalCmd struct {
	Model string `arg:"" help:"File of corpus classify train."`
	labelFlags
	JSON bool `name:"json" help:"Print the figures as JSON."`
}

// Help is shown by athanor corpus classify eval --help.
func (*corpusClassifyEvalCmd) Help() string {
	return `Prints how many documents get the label they have, and precision and recall of each label.

Examples:
  athanor corpus classify eval spam.cls mail.jsonl.gz --label-field group --map ham=easy-ham-2 --map spam=spam-2
  athanor corpus classify eval quality.cls clean=books/ dirty=web.jsonl.zst --json`
}

func (e *corpusClassifyEvalCmd) Run(c *cliContext) error {
	m, err := classify.Load(e.Model)
	if err != nil {
		return err
	}
	examples, err := e.examples(c.ctx, c.stderr)
	if err != nil {
		return err
	}
	scorer := m.NewScorer()
	var all [][]float64
	var truth []int
	for x, err := range examples {
		if err != nil {
			return err
		}
		label := slices.Index(m.Labels(), x.Label)
		if label < 0 {
			return fmt.Errorf("label %q, want one of the model's: %s", x.Label, strings.Join(m.Labels(), ", "))
		}
		all, truth = append(all, slices.Clone(scorer.Score(x.Text))), append(truth, label)
	}
	figures := classify.Measure(m.Labels(), all, truth)
	if e.JSON {
		return printJSON(c.stdout, figures)
	}
	return printMetrics(c.stdout, figures)
}

type corpusClassifyScoreCmd struct {
	Model  string   `arg:"" help:"File of corpus classify train."`
	Inputs []string `arg:"" help:"Files, directories and globs."`
	readFlags
}

// Help is shown by athanor corpus classify score --help.
func (*corpusClassifyScoreCmd) Help() string {
	return `Prints a line of JSON a document: {"id": …, "label": the most probable, "scores": {label: probability, …}}.

Examples:
  athanor corpus classify score quality.cls web.jsonl.zst > scores.jsonl
  athanor corpus classify score quality.cls books/ | jq -r 'select(.label == "dirty").id'`
}

func (s *corpusClassifyScoreCmd) Run(c *cliContext) error {
	m, err := classify.Load(s.Model)
	if err != nil {
		return err
	}
	o := s.options()
	o.OnBad = func(b read.Bad) { fmt.Fprintf(c.stderr, "left out: %s\n", b) }
	docs, err := read.Open(s.Inputs, o)
	if err != nil {
		return err
	}
	labels, scorer := m.Labels(), m.NewScorer()
	out := bufio.NewWriter(c.stdout)
	enc := json.NewEncoder(out)
	for d, err := range docs.Documents(c.ctx) {
		if err != nil {
			return err
		}
		p := scorer.Score(string(d.Text))
		scores, best := map[string]float64{}, 0
		for i := range p {
			scores[labels[i]] = p[i]
			if cmp.Less(p[best], p[i]) {
				best = i
			}
		}
		if err := enc.Encode(map[string]any{"id": d.ID, "label": labels[best], "scores": scores}); err != nil {
			return err
		}
	}
	return out.Flush()
}
