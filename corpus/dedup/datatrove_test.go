package dedup

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
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

// With datatrove's hashes all documents are in datatrove's clusters. With our own, or with datatrove's and another seed, they differ
// where chance decides: on documents whose similarity is near the threshold, of which the heads of mails are many.
func TestDatatroveDocuments(t *testing.T) {
	oracles := readOracle(t)
	var docs []*corpus.Document
	for i, d := range oracles {
		docs = append(docs, doc(fmt.Sprint(i), d.Text))
	}
	agreement := map[string]float64{}
	for _, c := range []struct {
		name, hashes string
		seed         uint64
	}{{"datatrove's hashes", "datatrove", 1}, {"its hashes, another seed", "datatrove", 2}, {"own hashes", "own", 1}} {
		s := DefaultMinHash()
		s.Rule, s.Hashes, s.Seed = "first", c.hashes, c.seed
		ours := clusters(runPass(t, &s, corpus.Env{}, [][]*corpus.Document{docs}))
		size := map[int]int{}
		for _, c := range ours {
			size[c]++
		}
		same, near := 0, 0
		for i, d := range oracles {
			if size[ours[i]] > 1 {
				near++
			}
			if size[ours[i]] > 1 == (d.Cluster >= 0) {
				same++
			}
		}
		agreement[c.name] = float64(same) / float64(len(docs))
		t.Logf("%s: %d documents are near-duplicates, for %.2f %% of all it is as datatrove says; the cluster is another for %d", c.name, near, 100*agreement[c.name], len(differ(ours, oracles)))
	}
	if got := agreement["datatrove's hashes"]; got < 0.995 {
		t.Errorf("agreement %.4f, want 0.995", got)
	}
	if got, chance := agreement["own hashes"], agreement["its hashes, another seed"]; got < chance-0.01 {
		t.Errorf("own hashes: agreement %.4f, want about the %.4f of another seed", got, chance)
	}
}

// Generator, normalisation, tokens and signature are datatrove's: values it gave.
func TestDatatroveValues(t *testing.T) {
	d := newDatatrove(5, 112, 1)
	if d.mul[0] != 775169054918279404 || d.mul[111] != 223865076026037746 || d.add[0] != 1062448801025099917 || d.add[111] != 1097409548522419201 {
		t.Errorf("permutations %d … %d, %d … %d", d.mul[0], d.mul[111], d.add[0], d.add[111])
	}
	const text = "The café, in 1,234.5 中文 Don't stop! I can't; we'll see 10km. U.S.A. and so on, naïve Straße…"
	if got := strings.Join(strings.Fields(string(simplify(nil, text))), " "); got != "the cafe in 0 0 中文 don t stop i can t we ll see 0km u s a and so on naive straße" {
		t.Errorf("simplified: %q", got)
	}
	want := []uint64{124831288235552950, 47067316401581979, 8536436981633011, 69823117501707805, 2838155047873642, 84076470398918727, 50534054159012250, 84314516926955001}
	if !d.sketch(text) || !slices.Equal(d.sig[:8], want) {
		t.Errorf("signature %v, want %v", d.sig[:8], want)
	}
}

// The signatures of real documents are datatrove's.
func TestDatatroveSignatures(t *testing.T) {
	docs := readOracle(t)
	d := newDatatrove(5, 112, 1)
	other := 0
	for i, o := range docs {
		var bands []string
		if d.sketch(o.Text) {
			for b := range 14 {
				rows := strings.ReplaceAll(fmt.Sprint(d.sig[8*b:8*b+8]), " ", ", ")
				sum := sha256.Sum256(fmt.Appendf(nil, "(%d, %s)", b, rows))
				bands = append(bands, hex.EncodeToString(sum[:8]))
			}
		}
		if !slices.Equal(bands, o.Bands) {
			if other++; other <= 5 {
				t.Logf("document %d: another signature: %.200q", i, o.Text)
			}
		}
	}
	t.Logf("%d of %d documents have another signature", other, len(docs))
	if other*200 > len(docs) {
		t.Errorf("%d of %d documents have another signature", other, len(docs))
	}
}
