package dedup

import (
	"bufio"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/athanor-lm/athanor/corpus"
)

// oracle is what tools/oracle/corpus_minhash.py says of a document.
type oracle struct {
	Text    string
	Bands   []string
	Cluster int
	Dropped bool
}

func readOracle(t *testing.T) []oracle {
	dir := os.Getenv("ATHANOR_MINHASH")
	if dir == "" {
		t.Skip("needs the output of tools/oracle/corpus_minhash.py ($ATHANOR_MINHASH)")
	}
	f, err := os.Open(filepath.Join(dir, "documents.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var out []oracle
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var o oracle
		if err := json.Unmarshal(lines.Bytes(), &o); err != nil {
			t.Fatal(err)
		}
		out = append(out, o)
	}
	return out
}

// clusters gives every document the first of its cluster, itself where it is alone.
func clusters(o *outcome) []int {
	out := make([]int, len(o.reports))
	for i, r := range o.reports {
		out[i] = i
		if r.Dropped != "" {
			out[i], _ = strconv.Atoi(r.Partner)
		}
	}
	return out
}

// With datatrove's own signatures, the clusters are the same and all but one document of each is dropped.
func TestDatatroveClusters(t *testing.T) {
	docs := readOracle(t)
	s := DefaultMinHash()
	s.Rule = "first"
	p, err := s.Open(corpus.Env{Memory: 1 << 22})
	if err != nil {
		t.Fatal(err)
	}
	var all [][]byte
	for i, d := range docs {
		var rec []byte
		if len(d.Bands) > 0 {
			rec = s.appendHead(nil, doc(fmt.Sprint(i), ""))
		}
		for _, band := range d.Bands {
			v, err := strconv.ParseUint(band, 16, 64)
			if err != nil {
				t.Fatal(err)
			}
			rec = binary.BigEndian.AppendUint64(rec, v)
		}
		all = append(all, rec)
	}
	dir := t.TempDir()
	m := corpus.Merge{Dir: dir, Tasks: []func() (corpus.RecordReader, error){func() (corpus.RecordReader, error) { return &records{all: all}, nil }}}
	if err := p.Merge(context.Background(), m); err != nil {
		t.Fatal(err)
	}
	dec, err := p.Decisions(dir, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer dec.Close()
	o := new(outcome)
	dropped, theirs := 0, 0
	for i, d := range docs {
		var r corpus.Report
		if err := dec.Decide(doc(fmt.Sprint(i), d.Text), &r); err != nil {
			t.Fatal(err)
		}
		o.reports = append(o.reports, r)
		if r.Dropped != "" {
			dropped++
		}
		if d.Dropped {
			theirs++
		}
	}
	if dropped != theirs || dropped == 0 {
		t.Errorf("%d dropped, datatrove drops %d", dropped, theirs)
	}
	if n := differ(clusters(o), docs); len(n) > 0 {
		t.Errorf("%d documents of %d are in other clusters", len(n), len(docs))
	}
}

// differ lists the documents whose cluster is another than datatrove's.
func differ(ours []int, docs []oracle) []int {
	members := func(of func(i int) int) map[int][]int {
		m := map[int][]int{}
		for i := range docs {
			m[of(i)] = append(m[of(i)], i)
		}
		return m
	}
	theirs := func(i int) int {
		if docs[i].Cluster < 0 {
			return -1 - i
		}
		return docs[i].Cluster
	}
	a, b := members(func(i int) int { return ours[i] }), members(theirs)
	var out []int
	for i := range docs {
		if fmt.Sprint(a[ours[i]]) != fmt.Sprint(b[theirs(i)]) {
			out = append(out, i)
		}
	}
	return out
}

// With signatures of our own, the same documents are found to be near-duplicates, but for those near the threshold, where chance
// decides on both sides.
func TestDatatroveDocuments(t *testing.T) {
	oracles := readOracle(t)
	var docs []*corpus.Document
	for i, d := range oracles {
		docs = append(docs, doc(fmt.Sprint(i), d.Text))
	}
	s := DefaultMinHash()
	s.Rule = "first"
	ours := clusters(runPass(t, &s, corpus.Env{}, [][]*corpus.Document{docs}))
	size := map[int]int{}
	for _, c := range ours {
		size[c]++
	}
	similarity := newShingler(5, 5)
	same, mine, theirs := 0, 0, 0
	for i, d := range oracles {
		in := size[ours[i]] > 1
		if in {
			mine++
		}
		if d.Cluster >= 0 {
			theirs++
		}
		if in == (d.Cluster >= 0) {
			same++
			continue
		}
		best := 0.0
		for k := range docs {
			if k != i && (ours[k] == ours[i] || d.Cluster >= 0 && oracles[k].Cluster == d.Cluster) {
				best = max(best, jaccard(similarity, d.Text, oracles[k].Text))
			}
		}
		t.Logf("document %d: near-duplicate for us %v, for datatrove %v; nearest of its cluster at %.2f", i, in, d.Cluster >= 0, best)
		if best < 0.35 || best > 0.95 {
			t.Errorf("document %d is not on the border: %.2f", i, best)
		}
	}
	agreement := float64(same) / float64(len(docs))
	t.Logf("%d documents: near-duplicates for us %d, for datatrove %d, agreement %.2f %%; cluster another for %d", len(docs), mine, theirs, 100*agreement, len(differ(ours, oracles)))
	if agreement < 0.995 {
		t.Errorf("agreement %.4f, want 0.995", agreement)
	}
}
