package decontaminate

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/athanor-lm/athanor/corpus"
	"github.com/athanor-lm/athanor/internal/realdata"
)

// printed is an item as a page of exercises has it.
func printed(it item) string {
	if it.right > 0 {
		return it.texts[0] + " " + it.texts[it.right]
	}
	var b strings.Builder
	b.WriteString(it.texts[0])
	for i, choice := range it.texts[1:] {
		fmt.Fprintf(&b, "\n%c. %s", 'A'+i, choice)
	}
	return b.String()
}

// edited replaces a share of the words, or of the characters of Chinese text, by others of the same text.
func edited(rng *rand.Rand, text string, share float64, chinese bool) string {
	sep := " "
	if chinese {
		sep = ""
	}
	parts := strings.Split(text, sep)
	out := slices.Clone(parts)
	for i := range out {
		if rng.Float64() < share {
			out[i] = parts[rng.IntN(len(parts))]
		}
	}
	return strings.Join(out, sep)
}

// Items planted verbatim into real documents are all found, under their own name or that of an item with the same text. With words
// replaced fewer are: the figures are printed.
func TestPlantedItemsAreFound(t *testing.T) {
	s := realBenchmarks(t)
	x, err := s.Index(corpus.Env{})
	if err != nil {
		t.Fatal(err)
	}
	english, _ := realdata.Documents(t, "corpora/en-books/books.jsonl.gz", 4<<20)
	chinese, _ := realdata.Documents(t, "corpora/zh-docs/docs.jsonl.gz", 4<<20)
	f := newFilter(x)
	rng := rand.New(rand.NewPCG(4, 2))
	for _, b := range s.Benchmarks {
		var items []item
		if err := b.read(corpus.Env{}, func(it item) {
			if !slices.Contains(x.short, it.name) {
				items = append(items, it)
			}
		}); err != nil {
			t.Fatal(err)
		}
		rng.Shuffle(len(items), func(i, j int) { items[i], items[j] = items[j], items[i] })
		hosts, chars := english, false
		if b.Name == "ceval" {
			hosts, chars = chinese, true
		}
		for _, share := range []float64{0, 0.05, 0.1} {
			found, n := 0, min(1000, len(items))
			for i, it := range items[:n] {
				host := hosts[i%len(hosts)].Text
				host = host[:min(len(host), 3000)]
				at := max(0, strings.IndexByte(host, '\n'))
				r, _ := run(f, host[:at]+"\n\n"+edited(rng, printed(it), share, chars)+"\n\n"+host[at:])
				if r.Dropped != "" {
					found++
				} else if share == 0 {
					t.Errorf("%s is not found: %q", it.name, printed(it))
				}
			}
			t.Logf("%s, %2.0f %% of the words replaced: %d of %d found", b.Name, 100*share, found, n)
		}
	}
}

// What is found in corpora that nobody planted anything in is printed: quotations, as reading the list shows. Most hits in statutes
// are questions that quote them; the rest are formulas of promulgation, which common phrases take out.
func TestHitsOfCleanCorpora(t *testing.T) {
	s := realBenchmarks(t)
	all, err := s.Index(corpus.Env{})
	if err != nil {
		t.Fatal(err)
	}
	laws := "corpora/zh-laws/laws.jsonl.gz"
	for _, c := range []struct {
		name   string
		common bool
		most   int // documents
	}{
		{"corpora/en-books/books.jsonl.gz", false, 10},
		{"corpora/en-docs/docs.jsonl.gz", false, 5},
		{"corpora/zh-docs/docs.jsonl.gz", false, 5},
		{laws, false, 400},
		{laws, true, 300},
	} {
		x := all
		if c.common {
			s.Common = []string{realdata.Path(t, laws)}
			if x, err = s.Index(corpus.Env{}); err != nil {
				t.Fatal(err)
			}
		}
		f := newFilter(x)
		documents, _ := realdata.Documents(t, c.name, 0)
		hit := 0
		for _, d := range documents {
			r, _ := run(f, d.Text)
			if r.Dropped == "" {
				continue
			}
			if hit++; hit <= 10 {
				h := f.hits[0]
				t.Logf("%s: %v grams, %s: %q", d.ID, r.Value, r.Partner, d.Text[h.start:h.end])
			}
		}
		t.Logf("%s, %v: %d of %d documents hold an item", c.name, x, hit, len(documents))
		if hit > c.most {
			t.Errorf("%s: %d of %d documents, want at most %d", c.name, hit, len(documents), c.most)
		}
	}
}
