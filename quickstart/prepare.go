package quickstart

import (
	"context"
	"fmt"
	"math"

	"github.com/athanor-lm/athanor/corpus/read"
	"github.com/athanor-lm/athanor/dataset"
	"github.com/athanor-lm/athanor/examples"
	"github.com/athanor-lm/athanor/tokenizer"
	"github.com/athanor-lm/athanor/train"
)

// vocabSize is small: at a few million parameters the output layer would otherwise take most of the time.
const vocabSize = 1024

func (w *workflow) trainTokenizer(ctx context.Context) error {
	c := &w.res.Corpus
	corpus, err := read.Open(c.Inputs, c.Read)
	if err != nil {
		return err
	}
	w.tok, err = tokenizer.Train(ctx, tokenizer.TrainConfig{VocabSize: vocabSize, Workers: w.cfg.Workers, Progress: func(p tokenizer.Progress) {
		switch p.Phase {
		case "count":
			w.watch.Progress(Counting, p.Done, p.Total)
		case "merge":
			w.watch.Progress(Merging, p.Done, p.Total)
		}
	}}, func(yield func([]byte, error) bool) {
		for doc, err := range corpus.Documents(ctx) {
			if !yield(doc.Text, err) {
				return
			}
		}
	})
	if err != nil {
		return err
	}
	c.Documents, c.TextBytes = corpus.Stats().Documents, corpus.Stats().TextBytes
	w.res.Tokenizer = w.path(tokenizerDir)
	return w.tok.Save(w.res.Tokenizer)
}

func (w *workflow) buildData(ctx context.Context) error {
	c := &w.res.Corpus
	share, by := holdOut(c.Documents, c.TextBytes)
	m, err := dataset.Build(ctx, dataset.BuildConfig{
		Inputs: c.Inputs, Read: c.Read, Out: w.path(dataDir), Tokenizer: w.tok,
		ValFraction: share, SplitBy: by, AppendEOS: true,
		Workers: w.cfg.Workers, Creator: w.cfg.Creator,
		JournalEvery: -1, // a quickstart begins anew
		Progress:     func(p dataset.Progress) { w.watch.Progress(Encoding, p.ReadBytes, p.TotalBytes) },
	})
	if err != nil {
		return err
	}
	w.res.Manifest, w.res.Data = m, w.path(dataDir)
	w.watch.Built(m)
	return nil
}

// Bounds of the held-out text in bytes: below, the comparison with compressors says little, as they need text to warm
// up; above, validating takes longer than a quickstart should.
const (
	leastHeldOut = 128 << 10
	mostHeldOut  = 1 << 20
)

// holdOut chooses 1 % of the text within bounds, whole documents where there are enough of them.
func holdOut(documents, bytes int64) (share float64, by dataset.SplitBy) {
	want := min(max(float64(bytes)/100, leastHeldOut), mostHeldOut)
	share = min(want/float64(max(bytes, 1)), 0.1)
	if share*float64(documents) < 8 {
		return share, dataset.ByTail
	}
	return share, dataset.ByHash
}

// compress measures the baselines on the held-out text.
func (w *workflow) compress(ctx context.Context) error {
	set, err := dataset.Open(w.res.Data)
	if err != nil {
		return err
	}
	defer set.Close()
	texts, err := Texts(set.Split("val"), w.tok)
	if err != nil {
		return err
	}
	if w.res.Baselines, err = Baselines(ctx, texts); err != nil {
		return err
	}
	w.watch.Compressed(w.res.Baselines)
	if w.res.Corpus.prompts == nil {
		w.res.Corpus.prompts = beginnings(texts)
	}
	return nil
}

// How long steps are timed before training, and the least a training has.
const (
	timedMS    = 1500
	leastSteps = 10
)

// calibrate times a few steps, and chooses the number that fits into the time.
func (w *workflow) calibrate(ctx context.Context) (cfg *train.Config, peakGFLOPs float64, err error) {
	if cfg, err = w.recipe(leastSteps); err != nil {
		return nil, 0, err
	}
	cfg.Model.Vocab = w.tok.VocabSize()
	b, err := train.MeasureSteps(ctx, cfg, 1, 1)
	if err != nil {
		return nil, 0, err
	}
	if n := int(timedMS / b.StepMS); n > 1 { // on a slow machine one step tells enough
		b, err = train.MeasureSteps(ctx, cfg, 2, n)
	}
	if err != nil {
		return nil, 0, err
	}
	if err := ctx.Err(); err != nil {
		return nil, 0, err
	}
	c := Calibration{StepSeconds: b.StepMS / 1e3}
	c.Steps = max(leastSteps, int64(math.Round(w.cfg.Seconds/c.StepSeconds)))
	w.watch.Calibrated(c)
	cfg, err = w.recipe(c.Steps)
	return cfg, b.PeakGFLOPs, err
}

// recipe is examples/quickstart.yaml in this quickstart's directory.
func (w *workflow) recipe(steps int64) (*train.Config, error) {
	cfg, err := train.ParseConfig("examples/quickstart.yaml", examples.Quickstart, []string{
		fmt.Sprintf("steps=%d", steps), fmt.Sprintf("workers=%d", w.cfg.Workers),
	})
	if err != nil {
		return nil, fmt.Errorf("quickstart: %w", err)
	}
	cfg.Dir, cfg.Data.Sources[0].Path = w.path(runDir), w.path(dataDir)
	return cfg, nil
}
