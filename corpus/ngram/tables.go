package ngram

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/bits"

	"github.com/athanor-lm/athanor/corpus/internal/modelfile"
)

// The body of a model file (see package modelfile) is, little-endian:
//
//	zeros     up to a multiple of 64 from the file's beginning
//	unigrams  by number: f32 log₁₀ p, f32 log₁₀ γ
//	units     by number: u64 what the number stands for; zeros up to a multiple of 64
//	tables    of 2-grams, 3-grams, …: slots of u64, 0 = empty
//
// Slots lie in buckets of eight, which are a cache line (the tables begin at a multiple of 64). An n-gram lies in the first slot that
// was empty, from the beginning of its bucket on; what does not fit goes to the next bucket. A slot holds 32 bits of the n-gram's hash,
// 16 of its probability and 16 of γ. Another 30 bits or so of the hash are its bucket: an n-gram that is not there is taken for one
// that is in one of 10⁸ look-ups.
const magic = "ATHNGM\x00\x01"

// Logarithms to base 10 in 16 bits: steps of 0.0002 from 0 to -12 and of 0.00012 to -8.
const (
	probabilityRange = 12.0
	gammaRange       = 8.0
)

func pack(log, span float64) uint64 {
	return uint64(math.Round(min(max(-log/span, 0), 1) * math.MaxUint16))
}

// key of the n-gram that is one word, and of the one that has another word to the left.
func keyOf(w uint32) uint64 { return (uint64(w) + 1) * 0x9E3779B97F4A7C15 }

func longerKey(key uint64, left uint32) uint64 {
	key = (key ^ key>>32) * 0xD6E8FEB86659FD93
	return (key ^ key>>29 ^ (uint64(left)+1)*0x9E3779B97F4A7C15) * 0xFF51AFD7ED558CCD
}

// bucketSlots is the number of slots in a bucket.
const bucketSlots = 8

// place is the slot where a search begins in a table of some buckets, and the bits by which the n-gram is known.
func place(key, buckets uint64) (at uint64, known uint32) {
	key ^= key >> 32
	key *= 0x9FB21C651E98DF25
	at, _ = bits.Mul64(key, buckets)
	return at * bucketSlots, uint32(key) | 1
}

const alignment = 64

// align is the next multiple of 64.
func align(n int) int { return (n + alignment - 1) &^ (alignment - 1) }

// tables is a model being filled.
type tables struct {
	head     head
	vocab    *vocab
	unigrams []byte
	grams    [][]byte // from pairs on
}

func newTables(h head, v *vocab) *tables {
	b := &tables{head: h, vocab: v, unigrams: make([]byte, 8*h.Vocab)}
	for _, n := range h.Slots {
		b.grams = append(b.grams, make([]byte, 8*n))
	}
	return b
}

// take enters an n-gram, given in suffix order.
func (b *tables) take(n int, suffix []byte, p, gamma float64) {
	if n == 1 {
		at := b.unigrams[8*getWord(suffix):]
		binary.LittleEndian.PutUint32(at, math.Float32bits(float32(math.Log10(max(p, 1e-99)))))
		binary.LittleEndian.PutUint32(at[4:], math.Float32bits(float32(math.Log10(max(gamma, 1e-99)))))
		return
	}
	key := keyOf(getWord(suffix))
	for k := 1; k < n; k++ {
		key = longerKey(key, getWord(suffix[k*wordBytes:]))
	}
	table, slots := b.grams[n-2], b.head.Slots[n-2]
	at, known := place(key, slots/bucketSlots)
	for probes := uint64(1); ; probes++ {
		if binary.LittleEndian.Uint64(table[8*at:]) == 0 {
			b.head.Probes[n-2] = max(b.head.Probes[n-2], probes)
			break
		}
		if at++; at == slots {
			at = 0
		}
	}
	binary.LittleEndian.PutUint64(table[8*at:], uint64(known)|pack(math.Log10(p), probabilityRange)<<32|pack(math.Log10(gamma), gammaRange)<<48)
}

// finish makes the model.
func (b *tables) finish() *Model {
	units := make([]byte, 0, 8*b.head.Vocab)
	for _, u := range b.vocab.units {
		units = binary.LittleEndian.AppendUint64(units, u)
	}
	return &Model{head: b.head, vocab: b.vocab, unigrams: b.unigrams, units: units, grams: b.grams}
}

// writeTables writes what stands behind the head.
func (m *Model) writeTables(w *modelfile.Writer) {
	w.Align(alignment)
	w.Write(m.unigrams) //nolint:errcheck // told at the end
	w.Write(m.units)    //nolint:errcheck // told at the end
	w.Align(alignment)
	for _, g := range m.grams {
		w.Write(g) //nolint:errcheck // told at the end
	}
}

// Parse reads a model from the bytes of its file, which it keeps.
func Parse(data []byte) (*Model, error) {
	m := new(Model)
	rest, at, err := modelfile.Parse(data, magic, &m.head)
	if err != nil {
		return nil, err
	}
	rest = rest[min(len(rest), align(at)-at):]
	if err := m.head.check(uint64(len(rest))); err != nil {
		return nil, err
	}
	cut := func(n uint64) (part []byte) {
		part, rest = rest[:n:n], rest[n:]
		return part
	}
	words := 8 * uint64(m.head.Vocab)
	m.unigrams, m.units = cut(words), cut(words)
	cut(uint64(align(int(2*words))) - 2*words)
	for _, n := range m.head.Slots {
		m.grams = append(m.grams, cut(8*n))
	}
	for i := 0; i < len(m.unigrams); i += 4 {
		v := math.Float32frombits(binary.LittleEndian.Uint32(m.unigrams[i:]))
		if !(v >= -100 && v <= 1) {
			return nil, fmt.Errorf("word %d has a logarithm of %v, want -100..1", i/8, v)
		}
	}
	return m, m.number()
}

// number makes the vocabulary of the units.
func (m *Model) number() error {
	m.vocab = newVocab(m.head.Unit)
	for n := first; n < m.head.Vocab; n++ {
		got, err := m.vocab.add(binary.LittleEndian.Uint64(m.units[8*n:]))
		if err != nil {
			return err
		}
		if int(got) != n {
			return fmt.Errorf("words %d and %d are the same", got, n)
		}
	}
	return nil
}
