package ngram

import (
	"fmt"
	"math"
	"os"
	"slices"

	"github.com/edsrzf/mmap-go"

	"github.com/athanor-lm/athanor/corpus/internal/modelfile"
)

// Model gives the probabilities of texts. It does not change while it scores, and serves any number of goroutines.
type Model struct {
	head     head
	vocab    *vocab
	unigrams []byte
	units    []byte
	grams    [][]byte // from pairs on
	file     mmap.MMap
}

// head is what a model file says of itself, as JSON.
type head struct {
	Unit      string `json:"unit"`
	Fold      bool   `json:"fold"`
	Order     int    `json:"order"`
	Tokenizer string `json:"tokenizer,omitempty"` // its hash
	Vocab     int    `json:"vocab"`               // with <unk>, <s> and </s>

	Grams  []uint64 `json:"grams"`  // n-grams kept, from pairs on
	Slots  []uint64 `json:"slots"`  // places in their tables
	Probes []uint64 `json:"probes"` // the longest search of one

	Seen      []uint64     `json:"seen"`      // different n-grams in the text, by order
	Discounts [][3]float64 `json:"discounts"` // D₁, D₂, D₃₊ by order
	Fallback  bool         `json:"fallback"`  // some of them are not the text's own
	Prune     []int        `json:"prune"`
	Documents int64        `json:"documents"`
	Sentences int64        `json:"sentences"`
	Words     int64        `json:"words"` // with </s>
	HeldOut   *Score       `json:"held_out,omitempty"`
	// Buckets are the perplexities up to which documents are head and middle, by language; "" is of all.
	Buckets map[string][2]float64 `json:"buckets,omitempty"`
}

// check refuses heads that cannot be, or that do not fit the bytes behind them.
func (h *head) check(behind uint64) error {
	switch {
	case h.Order < 2 || h.Order > maxOrder:
		return fmt.Errorf("order %d, want 2..%d", h.Order, maxOrder)
	case h.Unit != Tokens && h.Unit != Characters && h.Unit != Words:
		return fmt.Errorf("unit %q", h.Unit)
	case h.Vocab < first || h.Vocab > maxVocab:
		return fmt.Errorf("%d words, want %d..%d", h.Vocab, first, maxVocab)
	case len(h.Slots) != h.Order-1 || len(h.Probes) != h.Order-1 || len(h.Grams) != h.Order-1:
		return fmt.Errorf("%d tables, want %d", len(h.Slots), h.Order-1)
	}
	want := uint64(align(16 * h.Vocab))
	for i, n := range h.Slots {
		if n == 0 || n%bucketSlots != 0 || n > behind/8 || h.Probes[i] > n {
			return fmt.Errorf("%d-grams: %d slots and searches of %d in %d bytes", i+2, n, h.Probes[i], behind)
		}
		want += 8 * n
	}
	if behind != want {
		return fmt.Errorf("%d bytes behind the head, want %d", behind, want)
	}
	for lang, b := range h.Buckets {
		if !(b[0] > 0 && b[0] <= b[1]) {
			return fmt.Errorf("buckets of %q up to %v and %v", lang, b[0], b[1])
		}
	}
	return nil
}

// Load maps a model file into memory and checks it.
func Load(path string) (*Model, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("ngram: %w", err)
	}
	defer f.Close()
	switch st, err := f.Stat(); {
	case err != nil:
		return nil, fmt.Errorf("ngram: %w", err)
	case st.Size() == 0:
		return nil, fmt.Errorf("ngram: %s is empty, want a model", path) // which cannot be mapped
	}
	data, err := mmap.Map(f, mmap.RDONLY, 0)
	if err != nil {
		return nil, fmt.Errorf("ngram: map %s: %w", path, err)
	}
	m, err := Parse(data)
	if err != nil {
		return nil, fmt.Errorf("ngram: %s: %w", path, joinUnmap(err, data))
	}
	m.file = data
	return m, nil
}

// joinUnmap lets a file go that is no model.
func joinUnmap(err error, data mmap.MMap) error {
	if e := data.Unmap(); e != nil {
		return fmt.Errorf("%w; %w", err, e)
	}
	return err
}

// Close lets the file go. The model and its scorers must not be used any more.
func (m *Model) Close() error {
	if m.file == nil {
		return nil
	}
	return m.file.Unmap()
}

// Save writes the model file, whole or not at all.
func (m *Model) Save(path string) error {
	if err := modelfile.Save(path, magic, &m.head, m.writeTables); err != nil {
		return fmt.Errorf("ngram: save %s: %w", path, err)
	}
	return nil
}

// Score is the probability of a text.
type Score struct {
	Log     float64 `json:"log10"`   // log₁₀ of the probability
	Words   int64   `json:"words"`   // units, with </s> of each sentence
	Unknown int64   `json:"unknown"` // of them not in the vocabulary
}

func (s *Score) add(t Score) {
	s.Log += t.Log
	s.Words += t.Words
	s.Unknown += t.Unknown
}

// Perplexity is 10^(-Log/Words), as KenLM and CCNet have it; +Inf of a text without words.
func (s Score) Perplexity() float64 {
	if s.Words == 0 {
		return math.Inf(1)
	}
	return math.Pow(10, -s.Log/float64(s.Words))
}

// Names of the buckets.
const (
	Head   = "head"
	Middle = "middle"
	Tail   = "tail"
)

// Bucket tells whether a perplexity is among the lower, middle or upper third of a language; of all, where the model has none of its
// own for it; "" where it has none at all.
func (m *Model) Bucket(lang string, perplexity float64) string {
	b, ok := m.head.Buckets[lang]
	if !ok {
		b, ok = m.head.Buckets[""]
	}
	if !ok {
		return ""
	}
	return bucket(b, perplexity)
}

func bucket(b [2]float64, perplexity float64) string {
	switch {
	case perplexity <= b[0]:
		return Head
	case perplexity <= b[1]:
		return Middle
	}
	return Tail
}

// Numbers of documents by which buckets are set: of all together, and of a language.
const (
	leastForAll = 3
	leastSample = 30
)

// SetBuckets sets the buckets by the perplexities of documents, a third each, for all together and for each language with at least 30
// documents. It returns how many documents have words; fewer than 3 leave the buckets as they are. Nobody else may use the model meanwhile.
func (m *Model) SetBuckets(s *Scorer, documents []Document) int {
	by := map[string][]float64{}
	for _, d := range documents {
		if score := s.Score(d.Text); score.Words > 0 {
			p := score.Perplexity()
			by[""] = append(by[""], p)
			if d.Lang != "" {
				by[d.Lang] = append(by[d.Lang], p)
			}
		}
	}
	measured := len(by[""])
	if measured < leastForAll {
		return measured
	}
	m.head.Buckets = map[string][2]float64{}
	for lang, p := range by {
		if lang != "" && len(p) < leastSample {
			continue
		}
		slices.Sort(p)
		m.head.Buckets[lang] = [2]float64{p[len(p)/3], p[2*len(p)/3]}
	}
	return measured
}

// Info is what a model says of itself.
type Info struct {
	Unit      string                `json:"unit"`               // Tokens, Characters or Words
	Order     int                   `json:"order"`              // of the longest n-grams
	Vocab     int                   `json:"vocab"`              // words, with <unk>, <s> and </s>
	Grams     []uint64              `json:"ngrams"`             // n-grams kept, from pairs on
	Discounts [][3]float64          `json:"discounts"`          // D₁, D₂, D₃₊ by order
	Fallback  bool                  `json:"fallback"`           // some discounts are not the text's own, which was too small or artificial
	Documents int64                 `json:"documents"`          // trained on
	Words     int64                 `json:"words"`              // trained on, with </s>
	HeldOut   *Score                `json:"held_out,omitempty"` // of the documents held out, nil where there were none
	Buckets   map[string][2]float64 `json:"buckets,omitempty"`  // see Model.Buckets
}

// Info returns what the model says of itself.
func (m *Model) Info() Info {
	h := &m.head
	return Info{h.Unit, h.Order, h.Vocab, h.Grams, h.Discounts, h.Fallback, h.Documents, h.Words, h.HeldOut, h.Buckets}
}

// Buckets returns the perplexities up to which documents are head and middle, by language; "" is of all.
func (m *Model) Buckets() map[string][2]float64 { return m.head.Buckets }
