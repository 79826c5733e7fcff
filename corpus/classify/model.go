package classify

import (
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"slices"

	"github.com/athanor-lm/athanor/corpus/internal/modelfile"
)

// Model scores documents. It does not change and serves any number of goroutines.
type Model struct {
	head    head
	weights []float32 // [2^Bits][outputs]
}

// head is what a model file says of itself, as JSON.
type head struct {
	Labels   []string  `json:"labels"`
	Options  Options   `json:"options"`
	Bias     []float64 `json:"bias"` // by output; two labels have one output, which speaks for the second
	Scale    float64   `json:"scale"`
	Shift    []float64 `json:"shift"` // by output; probabilities are those of scale·z + shift
	Training Training  `json:"training"`
}

// Training is how a model came about, and what it does on documents it was not trained on.
type Training struct {
	Documents  []int   `json:"documents"` // by label, of the part that was trained on
	Epochs     int     `json:"epochs"`    // the one whose weights were kept
	Rate       float64 `json:"rate"`
	L2         float64 `json:"l2"`
	Balance    bool    `json:"balance"`
	Seed       uint64  `json:"seed"`
	Validation Metrics `json:"validation"` // decided on the epoch and the calibration
	Test       Metrics `json:"test"`       // decided on nothing
}

// magic begins a model file (see package modelfile), whose body is the weights as f32, [2^bits][outputs], little-endian.
const magic = "ATHCLS\x00\x01"

const (
	maxLabels = 256
	maxFile   = 1 << 32
)

// outputs is the number of linear functions.
func outputs(labels int) int {
	if labels == 2 {
		return 1
	}
	return labels
}

// Labels returns the labels in the order of the probabilities.
func (m *Model) Labels() []string { return slices.Clone(m.head.Labels) }

// Options returns what the features are.
func (m *Model) Options() Options { return m.head.Options }

// Training returns how the model came about.
func (m *Model) Training() Training { return m.head.Training }

// Load reads a model file.
func Load(path string) (*Model, error) {
	st, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("classify: %w", err)
	}
	if st.Size() > maxFile {
		return nil, fmt.Errorf("classify: %s: %d bytes, want a model file of at most %d", path, st.Size(), int64(maxFile))
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("classify: %w", err)
	}
	m, err := Parse(data)
	if err != nil {
		return nil, fmt.Errorf("classify: %s: %w", path, err)
	}
	return m, nil
}

// Parse reads a model from the bytes of its file.
func Parse(data []byte) (*Model, error) {
	m := new(Model)
	raw, _, err := modelfile.Parse(data, magic, &m.head)
	if err != nil {
		return nil, err
	}
	if err := m.check(); err != nil {
		return nil, err
	}
	if want := 4 * outputs(len(m.head.Labels)) << m.head.Options.Bits; len(raw) != want {
		return nil, fmt.Errorf("%d bytes of weights, want %d", len(raw), want)
	}
	m.weights = make([]float32, len(raw)/4)
	for i := range m.weights {
		w := math.Float32frombits(binary.LittleEndian.Uint32(raw[4*i:]))
		if !finite(float64(w)) {
			return nil, fmt.Errorf("weight %d is %v", i, w)
		}
		m.weights[i] = w
	}
	return m, nil
}

// check refuses heads that cannot be.
func (m *Model) check() error {
	h := &m.head
	if err := h.Options.Validate(); err != nil {
		return err
	}
	k := outputs(len(h.Labels))
	switch {
	case len(h.Labels) < 2 || len(h.Labels) > maxLabels:
		return fmt.Errorf("%d labels, want 2..%d", len(h.Labels), maxLabels)
	case !slices.IsSorted(h.Labels) || len(slices.Compact(slices.Clone(h.Labels))) != len(h.Labels):
		return fmt.Errorf("labels %q, want different ones in order", h.Labels)
	case len(h.Bias) != k || len(h.Shift) != k:
		return fmt.Errorf("%d biases and %d shifts, want %d", len(h.Bias), len(h.Shift), k)
	}
	for _, v := range slices.Concat(h.Bias, h.Shift, []float64{h.Scale}) {
		if !finite(v) {
			return fmt.Errorf("a bias, shift or scale is %v", v)
		}
	}
	return nil
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

// writeWeights writes what stands behind the head.
func (m *Model) writeWeights(w *modelfile.Writer) {
	var room []byte
	for part := range slices.Chunk(m.weights, 1<<14) {
		room = room[:0]
		for _, v := range part {
			room = binary.LittleEndian.AppendUint32(room, math.Float32bits(v))
		}
		w.Write(room) //nolint:errcheck // told at the end
	}
}

// Save writes the model file, whole or not at all.
func (m *Model) Save(path string) error {
	if err := modelfile.Save(path, magic, &m.head, m.writeWeights); err != nil {
		return fmt.Errorf("classify: save %s: %w", path, err)
	}
	return nil
}

// Scorer scores documents with memory of its own. One goroutine uses it.
type Scorer struct {
	m *Model
	e *extractor
	z []float64
	p []float64
}

// NewScorer returns a scorer.
func (m *Model) NewScorer() *Scorer {
	k := len(m.head.Bias)
	return &Scorer{m: m, e: newExtractor(m.head.Options), z: make([]float64, k), p: make([]float64, len(m.head.Labels))}
}

// Score returns the probability of each label, in the order of Model.Labels, valid until the next call.
func (s *Scorer) Score(text string) []float64 {
	s.m.logits(s.e.extract(text), s.z)
	s.m.probabilities(s.z, s.p)
	return s.p
}

// logits is z = Wᵀx + b.
func (m *Model) logits(x []feature, z []float64) {
	copy(z, m.head.Bias)
	k := len(z)
	if k == 1 {
		sum := z[0]
		for _, f := range x {
			sum += float64(m.weights[f.Index] * f.Value)
		}
		z[0] = sum
		return
	}
	for _, f := range x {
		for i, w := range m.weights[int(f.Index)*k:][:k] {
			z[i] += float64(w * f.Value)
		}
	}
}

// probabilities are the softmax of the calibrated logits.
func (m *Model) probabilities(z, p []float64) {
	if len(z) == 1 {
		p[1] = 1 / (1 + math.Exp(-(m.head.Scale*z[0] + m.head.Shift[0])))
		p[0] = 1 - p[1]
		return
	}
	top := math.Inf(-1)
	for i := range z {
		p[i] = m.head.Scale*z[i] + m.head.Shift[i]
		top = max(top, p[i])
	}
	sum := 0.0
	for i := range p {
		p[i] = math.Exp(p[i] - top)
		sum += p[i]
	}
	for i := range p {
		p[i] /= sum
	}
}
