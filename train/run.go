package train

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/gofrs/flock"

	"github.com/athanor-lm/athanor/checkpoint"
	"github.com/athanor-lm/athanor/generate"
	"github.com/athanor-lm/athanor/internal/kernel"
	"github.com/athanor-lm/athanor/model"
	"github.com/athanor-lm/athanor/objective"
	"github.com/athanor-lm/athanor/optim"
	"github.com/athanor-lm/athanor/pretrained"
	"github.com/athanor-lm/athanor/runlog"
	"github.com/athanor-lm/athanor/tensor"
)

// peakTime is how long the machine's peak is measured before the first step.
const peakTime = 300 * time.Millisecond

// Options are the surroundings of a run.
type Options struct {
	Observer   Observer
	PeakGFLOPs float64          // of the machine in the compute type, for MFU; 0 = measure it, negative = do without
	Now        func() time.Time // nil = time.Now
	// Context, where not nil, is heard while New, Prepare and Resume verify the data, which may take minutes; Train has its own.
	Context context.Context
}

// Run is a training run in hand. Create one with New or Resume, then call Train once, then Close.
type Run struct {
	cfg      *Config
	observer Observer
	now      func() time.Time
	log      *slog.Logger
	logTo    *os.File
	lock     *flock.Flock
	plan     Plan

	pool   *kernel.Pool
	tape   *tensor.Tape
	model  model.Model
	params []*tensor.Param
	data   *data

	adam     *optim.AdamW
	schedule optim.Schedule
	scaler   *optim.LossScaler // nil unless f16

	micro           []*objective.Batch // of one step
	valBatch        *objective.Batch
	forwardBackward func()
	score           func()
	announce        func(i int) // beforeUpdate
	current         *objective.Batch
	gradScale       float32
	loss            *tensor.Loss

	metrics   *runlog.MetricsWriter
	events    *runlog.EventWriter
	saver     *checkpoint.Saver
	generator *generate.Generator

	rec      runlog.Record // of the step in hand
	step     int64         // done
	saved    int64         // step of the newest checkpoint, -1 = none
	tokens   int64         // labels learned from
	elapsed  float64
	skipped  int64
	lastLoss float64
	lastVal  *runlog.Validation
	// valExtra holds the validation loss of each source, where there are several, until the step's record is written.
	valExtra map[string]float64
	failing  map[string]bool // what could not be written the last time
}

// New begins a run in cfg.Dir, which must not hold one already. After an error cfg.Dir is what it was.
func New(cfg *Config, o Options) (*Run, error) {
	r, err := Prepare(cfg, o)
	if err != nil {
		return nil, err
	}
	if err := r.start(); err != nil {
		r.Close()
		return nil, err
	}
	return r, nil
}

// Prepare checks all that New checks, the run directory, configuration, data, memory, prompts of samples and the model to start from, but writes
// nothing and reads no weights; the Run can tell its Plan and be closed.
func Prepare(cfg *Config, o Options) (*Run, error) {
	if err := vacant(cfg.Dir); err != nil {
		return nil, err
	}
	r, err := prepare(cfg, o)
	if err != nil {
		return nil, err
	}
	if from := cfg.Model.InitFrom; from != "" {
		if err := pretrained.CheckWeights(from, r.model.Config()); err != nil {
			r.Close()
			return nil, fmt.Errorf("train: model.init_from: %w", err)
		}
	}
	return r, nil
}

// Plan says what is going to happen.
func (r *Run) Plan() Plan { return r.plan }

// Resume continues the run in dir from its newest valid checkpoint; overrides change its stored configuration.
func Resume(dir string, overrides []string, o Options) (*Run, error) {
	file := filepath.Join(dir, configFile)
	text, err := os.ReadFile(file)
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("train: %s holds no run: no %s in it", dir, configFile)
	} else if err != nil {
		return nil, fmt.Errorf("train: resume: %w", err)
	}
	cfg, err := ParseConfig(file, text, overrides)
	if err != nil {
		return nil, err
	}
	cfg.Dir = dir // the run may have been moved
	r, err := prepare(cfg, o)
	if err != nil {
		return nil, err
	}
	if err := r.resume(overrides); err != nil {
		r.Close()
		return nil, err
	}
	return r, nil
}

// prepare does everything that neither writes nor takes much memory: data, model, the prediction of memory.
func prepare(cfg *Config, o Options) (*Run, error) {
	r := &Run{cfg: cfg, observer: o.Observer, now: o.Now, valExtra: map[string]float64{}, failing: map[string]bool{}, saved: -1}
	if r.now == nil {
		r.now = time.Now
	}
	ctx := o.Context
	if ctx == nil {
		ctx = context.Background()
	}
	var err error
	if r.data, err = openData(ctx, cfg); err != nil {
		return nil, err
	}
	r.pool = kernel.NewPool(cfg.Workers)
	if err := r.prepareModel(); err != nil {
		r.Close()
		return nil, err
	}
	r.plan.Config, r.plan.Params, r.plan.TokensStep = cfg, cfg.Model.NumParams(), int64(r.tokensStep())
	r.plan.Epochs = float64(cfg.Steps) * float64(cfg.Batch.Sequences) / float64(r.data.sampler.EpochSamples())
	r.plan.Level = kernel.CurrentLevel().String()
	if r.plan.PeakGFLOPs = max(o.PeakGFLOPs, 0); o.PeakGFLOPs == 0 {
		r.plan.PeakGFLOPs = r.measurePeak()
	}
	return r, nil
}

// measurePeak measures the machine in the type products are computed in: f16 is a storage type, its products are f32.
func (r *Run) measurePeak() float64 {
	dt := computeType(r.cfg.DType)
	if dt == tensor.F16 {
		dt = tensor.F32
	}
	return kernel.MeasurePeak(r.pool, dt, peakTime)
}

func (r *Run) prepareModel() error {
	vocab := r.data.tok.VocabSize()
	switch c := &r.cfg.Model; {
	case c.Vocab == 0:
		c.Vocab = vocab
	case c.Vocab < vocab:
		return fmt.Errorf("train: model.vocab is %d, but the datasets' tokenizer has %d ids: want at least that many, or leave the key out", c.Vocab, vocab)
	}
	if err := checkLeast(r.cfg); err != nil {
		return err
	}
	var err error
	if r.model, err = model.New(r.cfg.Model.Config, model.Options{Recompute: r.cfg.Recompute}); err != nil {
		return err
	}
	r.params = r.model.Params()
	var samples int64
	if prompts, o := r.samples(); len(prompts) > 0 {
		samples = generate.CacheBytes(r.model.Config(), computeType(r.cfg.DType), r.data.tok, prompts, o)
	}
	if r.plan.Memory, err = checkMemory(r.pool, r.model, r.cfg, samples); err != nil {
		return err
	}
	return r.checkSamples()
}

// checkSamples refuses prompts that could not be continued, before anything large is made.
func (r *Run) checkSamples() error {
	prompts, o := r.samples()
	if len(prompts) == 0 {
		return nil
	}
	tape := tensor.NewTape(tensor.Options{Pool: r.pool, Compute: computeType(r.cfg.DType)})
	defer tape.Free()
	g, err := generate.New(r.model, tape, r.data.tok)
	if err == nil {
		err = g.Check(prompts, o)
	}
	if err != nil {
		return fmt.Errorf("train: samples: %w", err)
	}
	return nil
}

// start makes the first weights, and then the run directory.
func (r *Run) start() error {
	if err := r.allocate(); err != nil {
		return err
	}
	if err := r.firstWeights(); err != nil {
		return err
	}
	undo := r.undoDir()
	if err := r.claim(); err != nil {
		return err
	}
	if err := r.makeDir(); err != nil {
		return errors.Join(err, undo())
	}
	return nil
}

// firstWeights gives the weights their first values.
func (r *Run) firstWeights() error {
	from := r.cfg.Model.InitFrom
	if from == "" {
		model.Init(r.model, r.pool, r.cfg.Seed)
		return nil
	}
	if err := pretrained.LoadWeights(from, r.model, r.pool); err != nil {
		return fmt.Errorf("train: model.init_from: %w", err)
	}
	return nil
}

// resume loads the newest valid checkpoint; without one the run begins anew, from the same first weights.
func (r *Run) resume(overrides []string) error {
	if err := r.acquire(); err != nil {
		return err
	}
	if err := r.allocate(); err != nil {
		return err
	}
	ck, skipped, err := checkpoint.Load(filepath.Join(r.cfg.Dir, checkpointsDir))
	switch {
	case errors.Is(err, checkpoint.ErrNone) && len(skipped) == 0:
		if err := r.firstWeights(); err != nil {
			return err
		}
		return r.makeDir()
	case err != nil:
		return fmt.Errorf("train: resume %s: %w", r.cfg.Dir, err)
	}
	changes, err := r.restore(ck)
	if err != nil {
		return fmt.Errorf("train: resume from %s: %w", ck.Dir, err)
	}
	ownData := slices.ContainsFunc(overrides, func(s string) bool { return strings.HasPrefix(s, "data.") })
	if len(changes) > 0 && !ownData {
		return fmt.Errorf("train: resume from %s: the data has changed, so that the samples would not go on: %s; to go on with other data all the same, name it with an override of data.sources",
			ck.Dir, strings.Join(changes, "; "))
	}
	r.plan.FirstStep = r.step
	if len(overrides) > 0 {
		if err := r.keepConfig(); err != nil {
			return err
		}
	}
	if err := r.open(); err != nil {
		return err
	}
	for _, s := range skipped {
		r.message("checkpoint %s was passed over: %v", s.Dir, s.Err)
	}
	for _, change := range changes {
		r.message("other data than before: %s", change)
	}
	r.message("resumed from %s after step %d", ck.Dir, r.step)
	return nil
}

// allocate gives memory to everything a step needs, and to what samples need.
func (r *Run) allocate() error {
	r.allocateStep()
	var err error
	r.generator, err = generate.New(r.model, r.tape, r.data.tok)
	return err
}

// allocateStep gives memory to the parameters and everything an update needs.
func (r *Run) allocateStep() {
	c := r.cfg
	for _, p := range r.params {
		p.Allocate(copyType(r.model, c.DType, p), true)
	}
	r.tape = tensor.NewTape(tensor.Options{Pool: r.pool, Compute: computeType(c.DType), Seed: c.Seed})
	o, s := c.Optimizer, c.Schedule
	r.adam = optim.NewAdamW(r.params, optim.AdamWConfig{Beta1: o.Beta1, Beta2: o.Beta2, Eps: o.Eps, WeightDecay: o.WeightDecay})
	r.schedule = optim.Schedule{Kind: s.Kind, LR: o.LR, Warmup: s.Warmup, Steps: c.Steps, MinRatio: s.MinRatio, Decay: s.Decay}
	if c.DType == "f16" {
		r.scaler = optim.NewLossScaler()
	}
	for range c.Batch.Sequences / c.Batch.Micro {
		r.micro = append(r.micro, objective.NewBatch(c.Batch.Micro, c.Data.Sequence))
	}
	r.valBatch = objective.NewBatch(c.Batch.Micro, c.Data.Sequence)
	r.forwardBackward, r.score = r.makeForwardBackward(), r.makeScore(r.valBatch)
	r.announce = r.beforeUpdate
}

// smallCopies is the size up to which the copies of all matrices together are kept: the memory does not matter then, and with the
// few tokens of a small model's step packing from masters is felt.
const smallCopies = 24 << 20

// copyType is the type of the copy of p that matrix products read, f32 for none. The output projection has one: it is read several
// times a step, once for each chunk of rows. In a small model all matrices have one in bf16, which gives the same bits. Other matrices are
// converted from their masters while they are packed, which costs less than the memory of a copy would.
func copyType(m model.Model, dtype string, p *tensor.Param) tensor.DType {
	dt := computeType(dtype)
	if p == m.Head() || dt == tensor.BF16 && 2*m.Config().NumParams() <= smallCopies {
		return dt
	}
	return tensor.F32
}

// message tells the observer and the log.
func (r *Run) message(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	r.log.Info(text, "step", r.step)
	r.observer.Message(text)
}

// Close releases memory and files.
func (r *Run) Close() error {
	var errs []error
	if r.saver != nil {
		_, err := r.saver.Wait()
		errs = append(errs, err)
	}
	if r.metrics != nil {
		errs = append(errs, r.metrics.Close())
	}
	if r.events != nil {
		errs = append(errs, r.events.Close())
	}
	if r.logTo != nil {
		errs = append(errs, r.logTo.Close())
	}
	if r.lock != nil {
		errs = append(errs, r.lock.Unlock())
	}
	if r.data != nil {
		r.data.close()
	}
	if r.adam != nil {
		r.adam.Free()
	}
	for _, p := range r.params {
		p.Free()
	}
	if r.tape != nil {
		r.tape.Free()
	}
	r.pool.Close()
	return errors.Join(errs...)
}
