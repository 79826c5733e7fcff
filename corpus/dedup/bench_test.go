package dedup

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"testing"

	"github.com/athanor-lm/athanor/corpus"
	"github.com/athanor-lm/athanor/internal/kernel"
)

// BenchmarkDocuments times signatures of the documents in $ATHANOR_DOCUMENTS (JSON Lines): see bench/corpus_minhash.py.
func BenchmarkDocuments(b *testing.B) {
	f, err := os.Open(os.Getenv("ATHANOR_DOCUMENTS"))
	if err != nil {
		b.Skipf("needs documents ($ATHANOR_DOCUMENTS): %v", err)
	}
	defer f.Close()
	var texts []string
	size := 0
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 64<<20)
	for lines.Scan() {
		var row struct{ Text string }
		if err := json.Unmarshal(lines.Bytes(), &row); err != nil {
			b.Fatal(err)
		}
		texts = append(texts, row.Text)
		size += len(row.Text)
	}
	for _, c := range []struct {
		name, hashes string
		level        kernel.Level
	}{{"own", "own", kernel.CurrentLevel()}, {"own, plain Go", "own", kernel.Generic}, {"datatrove's hashes", "datatrove", kernel.CurrentLevel()}} {
		b.Run(c.name, func(b *testing.B) {
			kernel.SetLevelForTest(b, c.level)
			s := DefaultMinHash()
			s.Hashes = c.hashes
			p, err := s.Open(corpus.Env{})
			if err != nil {
				b.Fatal(err)
			}
			signer := p.Collector().(*signer)
			b.SetBytes(int64(size))
			for b.Loop() {
				for _, text := range texts {
					signer.sketch(text)
				}
			}
		})
	}
}

// drawn gives records of n documents with signatures, one in four of them in two bands another's.
type drawn struct {
	n, at, bands int
	rec          []byte
}

func (d *drawn) Next() ([]byte, error) {
	if d.at == d.n {
		return nil, io.EOF
	}
	d.at++
	rng := rand.New(rand.NewPCG(7, uint64(d.at)))
	other := rand.New(rand.NewPCG(7, uint64(1+rng.IntN(d.at))))
	other.Uint64()
	d.rec = binary.BigEndian.AppendUint64(d.rec[:0], rng.Uint64())
	d.rec = binary.BigEndian.AppendUint64(d.rec, rng.Uint64())
	d.rec = append(d.rec, 8)
	d.rec = fmt.Appendf(d.rec, "%08d", d.at)
	for band := range d.bands {
		v, w := rng.Uint64(), other.Uint64()
		if band < 2 && d.at%4 == 0 {
			v = w
		}
		d.rec = binary.BigEndian.AppendUint64(d.rec, v)
	}
	return d.rec, nil
}

func (d *drawn) Close() error { return nil }

// BenchmarkMerge times the merge of signatures in 64 MB: the cost of a document should not grow with their number.
func BenchmarkMerge(b *testing.B) {
	for _, n := range []int{10_000, 100_000, 1_000_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			s := DefaultMinHash()
			p, err := s.Open(corpus.Env{Memory: 64 << 20, Workers: 1})
			if err != nil {
				b.Fatal(err)
			}
			task := func() (corpus.RecordReader, error) { return &drawn{n: n, bands: s.Bands}, nil }
			for b.Loop() {
				if err := p.Merge(b.Context(), corpus.Merge{Dir: b.TempDir(), Tasks: []func() (corpus.RecordReader, error){task}}); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/document")
		})
	}
}
