package classify

import (
	"context"
	"fmt"
	"iter"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/zeebo/xxh3"
)

// Config is how a model is trained.
type Config struct {
	Options Options
	Epochs  int     // at most; training ends earlier when the validation loss no longer falls
	Rate    float64 // of AdaGrad
	L2      float64 // weight of ½‖w‖² a document and feature
	// Balance weighs documents so that every label counts the same, instead of by its documents. Probabilities are brought back
	// to the labels' frequencies by calibration.
	Balance    bool
	Validation float64 // share of documents that decides on the epoch and the calibration
	Test       float64 // share of documents that is measured on at the end
	Seed       uint64
	// Memory bounds the bytes that Train holds, beside what the examples hold; 0 = no limit. Garbage is not included: a process that must
	// stay below a limit sets its garbage collector's too (debug.SetMemoryLimit).
	Memory   int64
	Progress func(Epoch) // called after every epoch, nil = not
}

// Epoch is one round of training.
type Epoch struct {
	N          int
	Loss       float64 // mean over the round, of training
	Validation float64 // log loss
}

// Training ends when the validation loss has not fallen by leastGain of itself for patience epochs.
const (
	patience  = 3
	leastGain = 0.01
)

// DefaultConfig are settings that do for most tasks.
func DefaultConfig() Config {
	return Config{Options: DefaultOptions(), Epochs: 30, Rate: 0.3, L2: 1e-7, Balance: true, Validation: 0.1, Test: 0.1, Seed: 1, Memory: 4 << 30}
}

// Validate refuses settings that cannot be.
func (c *Config) Validate() error {
	if err := c.Options.Validate(); err != nil {
		return err
	}
	switch {
	case c.Epochs < 1:
		return fmt.Errorf("classify: %d epochs, want at least 1", c.Epochs)
	case !(c.Rate > 0) || !finite(c.Rate):
		return fmt.Errorf("classify: a rate of %v, want more than 0", c.Rate)
	case !(c.L2 >= 0) || !finite(c.L2):
		return fmt.Errorf("classify: an L2 weight of %v, want at least 0", c.L2)
	case !(c.Validation > 0 && c.Test >= 0 && c.Validation+c.Test < 1):
		return fmt.Errorf("classify: shares of %v for validation and %v for the test, want above 0 and at least 0, below 1 together", c.Validation, c.Test)
	}
	return nil
}

// Example is a document with its label.
type Example struct {
	Text  string
	Label string
}

// part is where a document goes. It goes by a hash of the text: copies stay together.
type part int

const (
	toTrain part = iota
	toValidate
	toTest
)

// trainer is a training under way.
type trainer struct {
	Config
	parts  [3]set
	labels []string
	k      int       // outputs
	w      []float32 // [2^bits][k]
	g2     []float32 // sums of squared gradients
	b, bg2 []float64
	weigh  []float64 // by label
}

// Train trains a model. It is a function of the examples, in their order, and the settings: runs give equal bytes.
func Train(ctx context.Context, cfg Config, examples iter.Seq2[Example, error]) (*Model, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	t := &trainer{Config: cfg}
	if err := t.read(ctx, examples); err != nil {
		return nil, err
	}
	m, err := t.fit(ctx)
	if err != nil {
		return nil, err
	}
	if err := t.calibrate(m); err != nil {
		return nil, err
	}
	m.head.Training.Validation = t.measure(m, toValidate)
	m.head.Training.Test = t.measure(m, toTest)
	return m, nil
}

// read takes the features of all examples and puts the labels in order.
func (t *trainer) read(ctx context.Context, examples iter.Seq2[Example, error]) error {
	e := newExtractor(t.Options)
	number := map[string]int{}
	for x, err := range examples {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return fmt.Errorf("classify: examples: %w", err)
		}
		if _, ok := number[x.Label]; !ok {
			number[x.Label] = len(t.labels)
			t.labels = append(t.labels, x.Label)
		}
		t.parts[t.partOf(x.Text)].add(e.extract(x.Text), number[x.Label])
		if err := t.within(); err != nil {
			return err
		}
	}
	if len(t.labels) < 2 || len(t.labels) > maxLabels {
		return fmt.Errorf("classify: the examples have %d different labels, want 2..%d", len(t.labels), maxLabels)
	}
	slices.Sort(t.labels)
	rank := make([]int, len(t.labels))
	for i, l := range t.labels {
		rank[number[l]] = i
	}
	have := make([][3]int, len(rank))
	for p := range t.parts {
		for i := range t.parts[p].n {
			x := t.parts[p].at(i)
			x.label = uint32(rank[x.label])
			have[x.label][p]++
		}
	}
	for l, n := range have {
		if n[toTrain] == 0 || n[toValidate] == 0 {
			return fmt.Errorf("classify: label %q has %d documents to train on and %d for validation, want some of both", t.labels[l], n[toTrain], n[toValidate])
		}
	}
	return nil
}

func (t *trainer) partOf(text string) part {
	u := float64(xxh3.HashStringSeed(text, t.Seed)>>11) / (1 << 53)
	switch {
	case u < t.Validation:
		return toValidate
	case u < t.Validation+t.Test:
		return toTest
	}
	return toTrain
}

// fit runs the epochs and returns the model of the best one.
func (t *trainer) fit(ctx context.Context) (*Model, error) {
	train := &t.parts[toTrain]
	t.k = outputs(len(t.labels))
	size := t.k << t.Options.Bits
	t.w, t.g2 = make([]float32, size), make([]float32, size)
	t.b, t.bg2 = make([]float64, t.k), make([]float64, t.k)
	documents := make([]int, len(t.labels))
	for i := range train.n {
		documents[train.label(i)]++
	}
	t.weigh = make([]float64, len(t.labels))
	for l := range t.weigh {
		t.weigh[l] = 1
		if t.Balance {
			t.weigh[l] = float64(train.n) / float64(len(t.labels)*documents[l])
		}
	}
	order := make([]int, train.n)
	for i := range order {
		order[i] = i
	}
	rng := rand.New(rand.NewPCG(t.Seed, 0x61746861))
	best := &Model{weights: make([]float32, size)}
	best.head.Labels, best.head.Options, best.head.Scale, best.head.Shift = t.labels, t.Options, 1, make([]float64, t.k)
	lowest := math.Inf(1)
	for n := 1; n <= t.Epochs; n++ {
		rng.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
		loss, err := t.epoch(ctx, order)
		if err != nil {
			return nil, err
		}
		now := &Model{head: best.head, weights: t.w}
		now.head.Bias = t.b
		v := t.measure(now, toValidate).LogLoss
		if t.Progress != nil {
			t.Progress(Epoch{n, loss, v})
		}
		if v < lowest*(1-leastGain) {
			lowest = v
			copy(best.weights, t.w)
			best.head.Bias, best.head.Training.Epochs = slices.Clone(t.b), n
		} else if n >= best.head.Training.Epochs+patience {
			break
		}
	}
	if best.head.Bias == nil {
		return nil, fmt.Errorf("classify: train: the loss is not a number in any of %d epochs at rate %v; a smaller rate may help", t.Epochs, t.Rate)
	}
	tr := &best.head.Training
	tr.Documents, tr.Rate, tr.L2, tr.Balance, tr.Seed = documents, t.Rate, t.L2, t.Balance, t.Seed
	return best, nil
}

// epoch takes a step of AdaGrad (Duchi et al. 2011, with diagonal matrices) for every document: w ← w − η·g/√(Σ g²).
func (t *trainer) epoch(ctx context.Context, order []int) (loss float64, err error) {
	train := &t.parts[toTrain]
	z, p := make([]float64, t.k), make([]float64, len(t.labels))
	now := &Model{weights: t.w}
	now.head.Scale, now.head.Shift, now.head.Bias = 1, make([]float64, t.k), t.b
	rate, l2 := float32(t.Rate), float32(t.L2)
	const tiny = 1e-8
	for n, i := range order {
		if n%1024 == 0 && ctx.Err() != nil {
			return 0, fmt.Errorf("classify: training: %w", ctx.Err())
		}
		x, label := train.of(i), train.label(i)
		now.logits(x, z)
		now.probabilities(z, p)
		loss -= math.Log(max(p[label], 1e-15))
		for o := range t.k {
			l := o // the label that the output speaks for
			if t.k == 1 {
				l = 1
			}
			d := p[l]
			if l == label {
				d--
			}
			d *= t.weigh[label]
			t.bg2[o] += d * d
			t.b[o] -= t.Rate * d / math.Sqrt(t.bg2[o]+tiny)
			d32 := float32(d)
			for _, f := range x {
				at := int(f.Index)*t.k + o
				g := d32*f.Value + l2*t.w[at]
				t.g2[at] += g * g
				t.w[at] -= rate * g / float32(math.Sqrt(float64(t.g2[at]+tiny)))
			}
		}
	}
	return loss / float64(len(order)), nil
}

// measure scores a part.
func (t *trainer) measure(m *Model, which part) Metrics {
	s := &t.parts[which]
	z := make([]float64, t.k)
	all := make([][]float64, s.n)
	for i := range all {
		all[i] = make([]float64, len(t.labels))
		m.logits(s.of(i), z)
		m.probabilities(z, all[i])
	}
	return Measure(t.labels, all, s.labels())
}
