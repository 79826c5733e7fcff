package dedup

import (
	"context"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/athanor-lm/athanor/corpus"
	"github.com/athanor-lm/athanor/corpus/segment"
	"github.com/athanor-lm/athanor/internal/realdata"
)

// outcome is what became of a corpus.
type outcome struct {
	kept    []*corpus.Document
	reports []corpus.Report // of all, in order
	stats   map[string]float64
	chart   map[string]float64
	dir     string
}

// texts are the kept texts with the documents' names, sorted.
func (o *outcome) texts() []string {
	var out []string
	for _, d := range o.kept {
		out = append(out, d.ID+"\x00"+d.Text())
	}
	slices.Sort(out)
	return out
}

type records struct {
	all [][]byte
	at  int
}

func (r *records) Next() ([]byte, error) {
	if r.at == len(r.all) {
		return nil, io.EOF
	}
	r.at++
	return r.all[r.at-1], nil
}

func (r *records) Close() error { return nil }

// runPass takes a corpus through a pass, as the pipeline does.
func runPass(t testing.TB, settings corpus.PassSettings, env corpus.Env, tasks [][]*corpus.Document) *outcome {
	t.Helper()
	o, err := tryPass(t, settings, env, tasks)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func tryPass(t testing.TB, settings corpus.PassSettings, env corpus.Env, tasks [][]*corpus.Document) (*outcome, error) {
	if err := settings.Validate(); err != nil {
		return nil, err
	}
	p, err := settings.Open(env)
	if err != nil {
		return nil, err
	}
	o := &outcome{stats: map[string]float64{}, chart: map[string]float64{}, dir: t.TempDir()}
	m := corpus.Merge{Dir: o.dir,
		Stats: func(name string, v float64) { o.stats[name] = v },
		Chart: func(_ string, labels []string, counts []float64) {
			for i, l := range labels {
				o.chart[l] = counts[i]
			}
		}}
	seg := new(segment.Text)
	for _, docs := range tasks {
		c := p.Collector()
		var all [][]byte
		for _, d := range docs {
			d.Lend(seg)
			all = append(all, slices.Clone(c.Collect([]byte("before"), d)[6:]))
		}
		m.Tasks = append(m.Tasks, func() (corpus.RecordReader, error) { return &records{all: all}, nil })
	}
	if err := p.Merge(context.Background(), m); err != nil {
		return nil, err
	}
	if _, err := os.Stat(filepath.Join(o.dir, "tmp")); err == nil {
		t.Error("the merge left its temporary directory")
	}
	for i, docs := range tasks {
		dec, err := p.Decisions(o.dir, i)
		if err != nil {
			return nil, err
		}
		for _, d := range docs {
			copied := *d
			copied.Lend(seg)
			var r corpus.Report
			if err := dec.Decide(&copied, &r); err != nil {
				return nil, err
			}
			o.reports = append(o.reports, r)
			if r.Dropped == "" {
				o.kept = append(o.kept, &copied)
			}
		}
		if err := dec.Close(); err != nil {
			return nil, err
		}
	}
	return o, nil
}

func doc(id, text string) *corpus.Document {
	d := corpus.NewDocument(text, nil)
	d.ID = id
	return d
}

// shuffled deals the documents out to a number of tasks, some of them empty.
func shuffled(docs []*corpus.Document, seed uint64, tasks int) [][]*corpus.Document {
	rng := rand.New(rand.NewPCG(seed, 1))
	docs = slices.Clone(docs)
	rng.Shuffle(len(docs), func(i, k int) { docs[i], docs[k] = docs[k], docs[i] })
	out := make([][]*corpus.Document, tasks)
	for _, d := range docs {
		k := rng.IntN(tasks)
		if k%3 == 2 {
			k--
		}
		out[k] = append(out[k], d)
	}
	return out
}

// sameForEveryOrder checks that what stays does not depend on the order of the corpus, how it is cut into tasks, or memory.
func sameForEveryOrder(t *testing.T, settings corpus.PassSettings, docs []*corpus.Document) *outcome {
	t.Helper()
	first := runPass(t, settings, corpus.Env{}, [][]*corpus.Document{docs})
	want := first.texts()
	for seed := range uint64(4) {
		env := corpus.Env{Memory: int64(1 + seed*100_000), Workers: 1 + int(seed)}
		got := runPass(t, settings, env, shuffled(docs, seed, 1+3*int(seed))).texts()
		if !slices.Equal(got, want) {
			t.Errorf("order %d: %d documents stay, in the first order %d, or others", seed, len(got), len(want))
		}
	}
	return first
}

// realDocs reads documents of corpora, at most n.
func realDocs(t testing.TB, n int, names ...string) (docs []*corpus.Document) {
	t.Helper()
	for _, name := range names {
		for row := range realdata.Rows[realdata.Document](t, "corpora/"+name) {
			d := doc(row.ID, row.Text)
			d.Source, d.Lang = row.Source, row.Lang
			if docs = append(docs, d); len(docs) == n {
				return docs
			}
		}
	}
	return docs
}

// randomWords makes a text of n words of a vocabulary.
func randomWords(rng *rand.Rand, n, vocabulary int) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(word(rng.IntN(vocabulary)))
	}
	return b.String()
}

// word writes a number in letters.
func word(n int) string {
	w := []byte{'w'}
	for ; n > 0; n /= 26 {
		w = append(w, byte('a'+n%26))
	}
	return string(w)
}
