// Package fasttext reads supervised models of fastText, plain (.bin) and quantized (.ftz), and predicts labels as fastText does.
//
//	A. Joulin, E. Grave, P. Bojanowski, T. Mikolov: Bag of Tricks for Efficient Text Classification, 2016.
//	A. Joulin et al.: FastText.zip: Compressing text classification models, 2016 (product quantization, pruning).
//
// A text is a bag of features: its words that the model knows, hashes of the character n-grams of every word, hashes of word
// n-grams. Each has a row of the input matrix; their mean is the hidden vector h [dim]; the output matrix [labels, dim] turns
// it into probabilities by softmax, by a Huffman tree of binary decisions (hierarchical softmax), or by a sigmoid per label.
package fasttext

import (
	"fmt"
	"io"
	"os"
	"strings"
)

// labelPrefix tells labels from words in training files and in the dictionary.
const labelPrefix = "__label__"

// endOfLine is the token that ends every text.
const endOfLine = "</s>"

// Losses, by their number in the file.
const (
	lossHierarchical = 1
	lossNegative     = 2
	lossSoftmax      = 3
	lossOneVsAll     = 4
)

// Model is a supervised fastText model. It does not change, so goroutines can share it; each takes a Predictor of its own.
type Model struct {
	dim        int
	minN, maxN int // lengths of character n-grams, in characters; maxN 0 = none
	wordN      int // longest word n-gram
	loss       int
	bucket     uint32 // hash buckets of n-grams

	words    map[string]int32 // row of each word; labels have -1
	wordRows int              // rows of words, before those of buckets
	labels   []string
	pruned   *pruned // which buckets are left; nil = all

	// rows are the input matrix [words + buckets, dim], quantized ones written out.
	rows   []float32
	output []float32 // [labels, dim]
	tree   []node    // hierarchical softmax: leaves, then inner nodes, the root last
}

// Load reads a model file.
func Load(path string) (*Model, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("fasttext: open model: %w", err)
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("fasttext: open model: %w", err)
	}
	m, err := Read(f, st.Size())
	if err != nil {
		return nil, fmt.Errorf("fasttext: read model %s: %w", path, err)
	}
	return m, nil
}

// Read reads a model of so many bytes. It takes no more memory than a small multiple of them, whatever the file says.
func Read(r io.Reader, size int64) (*Model, error) {
	in := newReader(r, size)
	m := &Model{}
	if err := m.readArgs(in); err != nil {
		return nil, err
	}
	counts, err := m.readDictionary(in)
	if err != nil {
		return nil, err
	}
	if err := m.readMatrices(in); err != nil {
		return nil, err
	}
	if m.loss == lossHierarchical {
		if m.tree, err = buildTree(counts); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// Labels returns the labels without their prefix, in the model's order.
func (m *Model) Labels() []string { return append([]string(nil), m.labels...) }

// Dim returns the width of the hidden vector.
func (m *Model) Dim() int { return m.dim }

// Bytes returns about how much memory the model takes.
func (m *Model) Bytes() int64 {
	n := int64(len(m.rows)+len(m.output))*4 + int64(len(m.tree))*24
	for w := range m.words {
		n += int64(len(w)) + 40
	}
	if m.pruned != nil {
		n += int64(len(m.pruned.left)) * 12
	}
	return n
}

const (
	magic   = 793712314
	version = 12
)

func (m *Model) readArgs(in *reader) error {
	if v := in.i32(); in.err == nil && v != magic {
		return fmt.Errorf("starts with %#x, want fastText's %#x", uint32(v), uint32(magic))
	}
	ver := in.i32()
	if in.err == nil && ver != version && ver != version-1 {
		return fmt.Errorf("format version %d, want 11 or 12", ver)
	}
	var a [12]int32 // dim ws epoch minCount neg wordNgrams loss model bucket minn maxn lrUpdateRate
	for i := range a {
		a[i] = in.i32()
	}
	in.i64() // t, a float64
	if in.err != nil {
		return in.err
	}
	const supervised = 3
	switch {
	case a[7] != supervised:
		return fmt.Errorf("model kind %d, want %d (supervised): word vectors predict no labels", a[7], supervised)
	case a[0] < 1 || a[0] > 1<<14:
		return fmt.Errorf("dim %d, want 1..%d", a[0], 1<<14)
	case a[6] < lossHierarchical || a[6] > lossOneVsAll:
		return fmt.Errorf("loss %d, want 1 (hs), 2 (ns), 3 (softmax) or 4 (ova)", a[6])
	case a[8] < 0 || a[8] > 1<<28:
		return fmt.Errorf("%d buckets, want 0..%d", a[8], 1<<28)
	case a[9] < 0 || a[10] < 0 || a[10] > 64 || a[5] > 64:
		return fmt.Errorf("n-grams of %d..%d characters and up to %d words, want lengths up to 64", a[9], a[10], a[5])
	}
	m.dim, m.wordN, m.loss, m.bucket = int(a[0]), int(a[5]), int(a[6]), uint32(a[8])
	m.minN, m.maxN = int(a[9]), int(a[10])
	if ver == version-1 {
		m.maxN = 0 // supervised models of that version have no character n-grams, whatever they say
	}
	if m.bucket == 0 && (m.maxN > 0 || m.wordN > 1) {
		return fmt.Errorf("no buckets for n-grams of up to %d characters and %d words", m.maxN, m.wordN)
	}
	return nil
}

// readDictionary reads words and labels, and returns the labels' counts.
func (m *Model) readDictionary(in *reader) ([]int64, error) {
	size, words, labels := int64(in.i32()), int64(in.i32()), int64(in.i32())
	in.i64() // tokens
	prunedSize := in.i64()
	const entry = 10 // bytes at least: an empty word's end, its count, its type
	switch {
	case in.err != nil:
		return nil, in.err
	case words < 0 || labels < 1 || size != words+labels:
		return nil, fmt.Errorf("dictionary of %d entries, %d words, %d labels", size, words, labels)
	case size > in.left/entry:
		return nil, fmt.Errorf("dictionary of %d entries, with %d bytes left", size, in.left)
	}
	m.words, m.wordRows = make(map[string]int32, words), int(words)
	counts := make([]int64, 0, labels)
	for i := range size {
		word := in.cstring()
		count, kind := in.i64(), in.i8()
		if in.err != nil {
			return nil, in.err
		}
		if isLabel := i >= words; (kind == 1) != isLabel || kind < 0 || kind > 1 {
			return nil, fmt.Errorf("dictionary entry %d of %d (%d words first): type %d", i, size, words, kind)
		}
		if kind == 1 {
			m.labels = append(m.labels, strings.TrimPrefix(word, labelPrefix))
			counts = append(counts, count)
			i = -1
		}
		if _, have := m.words[word]; !have {
			m.words[word] = int32(i)
		}
	}
	return counts, m.readPruned(in, prunedSize)
}
