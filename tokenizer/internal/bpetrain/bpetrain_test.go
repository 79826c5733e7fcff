package bpetrain

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/athanor-lm/athanor/tokenizer/internal/bytelevel"
)

// words cuts at every space, which begins a piece.
func words() func(doc []byte, add func(piece []byte)) {
	return func(doc []byte, add func(piece []byte)) {
		for len(doc) > 0 {
			n := bytes.IndexByte(doc[1:], ' ') + 1
			if n == 0 {
				n = len(doc)
			}
			add(doc[:n])
			doc = doc[n:]
		}
	}
}

func each(docs [][]byte) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		for _, d := range docs {
			if !yield(bytes.Clone(d), nil) {
				return
			}
		}
	}
}

// allBytes starts with a token for every byte, in the alphabet's order.
func allBytes(vocab int) LearnConfig {
	l := LearnConfig{VocabSize: vocab, MinFrequency: 2}
	for r := range rune(0x144) {
		if b, ok := bytelevel.Byte(r); ok {
			l.Bytes[b] = uint32(len(l.Tokens))
			l.Tokens = append(l.Tokens, string(r))
		}
	}
	return l
}

func train(t testing.TB, cfg CountConfig, l LearnConfig, docs [][]byte) (*Learned, Report) {
	t.Helper()
	cfg.Cutter = words
	cfg.Workers = max(cfg.Workers, 1)
	c, err := Count(context.Background(), cfg, each(docs))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	p, err := c.Plan(context.Background(), l.VocabSize)
	if err != nil {
		t.Fatal(err)
	}
	out, err := p.Learn(context.Background(), l)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Remove(); err != nil {
		t.Fatal(err)
	}
	return out, p.Report
}

// naive is BPE training by the book: count all pairs, merge the most frequent,
// again and again.
func naive(l LearnConfig, docs [][]byte) (merges [][2]string) {
	type piece struct {
		symbols []int
		n       int64
	}
	counts := map[string]int64{}
	for _, d := range docs {
		words()(d, func(p []byte) { counts[string(p)]++ })
	}
	var pieces []piece
	for p, n := range counts {
		var s []int
		for _, b := range []byte(p) {
			s = append(s, int(l.Bytes[b]))
		}
		pieces = append(pieces, piece{s, n})
	}
	tokens := slices.Clone(l.Tokens)
	merged := map[[2]int]bool{}
	join := func(pair [2]int, id int) {
		for k := range pieces {
			var out []int
			for s := pieces[k].symbols; len(s) > 0; {
				if len(s) > 1 && s[0] == pair[0] && s[1] == pair[1] {
					out, s = append(out, id), s[2:]
				} else {
					out, s = append(out, s[0]), s[1:]
				}
			}
			pieces[k].symbols = out
		}
	}
	for len(tokens) < l.VocabSize {
		pairs := map[[2]int]int64{}
		for _, p := range pieces {
			for i := 1; i < len(p.symbols); i++ {
				a, b := p.symbols[i-1], p.symbols[i]
				if n := len([]rune(tokens[a] + tokens[b])); l.MaxLength == 0 || n <= l.MaxLength {
					pairs[[2]int{a, b}] += p.n
				}
			}
		}
		var best [2]int
		var most int64
		for p, n := range pairs {
			if n > most || n == most && (p[0] < best[0] || p[0] == best[0] && p[1] < best[1]) {
				best, most = p, n
			}
		}
		if most < l.MinFrequency {
			break
		}
		if merged[best] {
			panic("a pair is merged twice: the random texts are to be without such cases")
		}
		merged[best] = true
		spelled := tokens[best[0]] + tokens[best[1]]
		id := slices.Index(tokens, spelled)
		if id < 0 {
			id = len(tokens)
			tokens = append(tokens, spelled)
		}
		merges = append(merges, [2]string{tokens[best[0]], tokens[best[1]]})
		join(best, id)
	}
	return merges
}

// prose is random text of n words over few letters, some words frequent.
func prose(seed uint64, n, letters int) [][]byte {
	rng := rand.New(rand.NewPCG(seed, 0))
	var docs [][]byte
	var doc []byte
	for range n {
		doc = append(doc, ' ')
		for range 1 + rng.IntN(1+rng.IntN(12)) {
			doc = append(doc, byte('a'+rng.IntN(letters)))
		}
		if rng.IntN(50) == 0 {
			docs = append(docs, doc)
			doc = nil
		}
	}
	return append(docs, doc)
}

func TestLearnsWhatTheBookSays(t *testing.T) {
	for seed := range uint64(20) {
		l := allBytes(256 + 60)
		if seed%3 == 0 {
			l.MaxLength = 4
		}
		docs := prose(seed, 600, 4+int(seed))
		got, _ := train(t, CountConfig{Workers: 1 + int(seed%3)}, l, docs)
		if want := naive(l, docs); !slices.Equal(got.Merges, want) {
			t.Fatalf("seed %d: merges\n%q, want\n%q", seed, got.Merges, want)
		}
	}
}

// Rare pieces must be many enough to be left out in the least memory allowed.
func manyWords() [][]byte {
	docs := prose(7, 60_000, 26)
	rng := rand.New(rand.NewPCG(8, 0))
	for k := range docs {
		for range 100 {
			docs[k] = fmt.Appendf(docs[k], " %c%07x", 'g'+rng.IntN(20), rng.IntN(1<<28))
		}
	}
	return docs
}

func TestResultDependsOnTheTextsAlone(t *testing.T) {
	docs := manyWords()
	l := allBytes(256 + 500)
	exact, whole := train(t, CountConfig{}, l, docs)
	if whole.Spills != 0 || whole.PrunedPieces != 0 {
		t.Fatalf("without a limit: %v", whole)
	}
	spilled, r := train(t, CountConfig{Workers: 3, spillAt: 1 << 20, batch: 1 << 14}, l, docs)
	if r.Spills < 2 || r.Pieces != whole.Pieces || r.Occurrences != whole.Occurrences {
		t.Fatalf("spilled: %v, want as without: %v", r, whole)
	}
	if !slices.Equal(spilled.Merges, exact.Merges) {
		t.Error("spilling changes the merges")
	}
	pruned, first := train(t, CountConfig{Memory: MinMemory}, l, docs)
	if first.PrunedPieces == 0 || first.Threshold != 2 || first.PrunedShare <= 0 || first.PrunedShare >= 1 {
		t.Fatalf("in little memory: %v, want some pieces left out", first)
	}
	for workers := 1; workers <= 3; workers++ {
		rand.Shuffle(len(docs), func(i, j int) { docs[i], docs[j] = docs[j], docs[i] })
		got, r := train(t, CountConfig{Workers: workers, Memory: MinMemory, spillAt: int64(workers) << 20, batch: 1 << 14}, l, docs)
		if !slices.Equal(got.Merges, pruned.Merges) || r.PrunedPieces != first.PrunedPieces || r.PrunedOccurrences != first.PrunedOccurrences {
			t.Errorf("%d workers, spilled: %v and other merges, want %v", workers, r, first)
		}
	}
}

func TestTooLittleMemoryIsAnError(t *testing.T) {
	c, err := Count(context.Background(), CountConfig{Memory: MinMemory, Workers: 1, Cutter: words}, each(prose(1, 1000, 26)))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := c.Plan(context.Background(), 1<<20); err == nil || !strings.Contains(err.Error(), "memory limit of 33554432 bytes") {
		t.Errorf("error %v, want one about the memory limit", err)
	}
	if _, err := Count(context.Background(), CountConfig{Memory: 1000}, nil); err == nil || !strings.Contains(err.Error(), "want at least") {
		t.Errorf("error %v, want the least limit", err)
	}
}

// until yields documents and then fails.
func until(docs [][]byte, n int, err error) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		for _, d := range docs[:n] {
			if !yield(d, nil) {
				return
			}
		}
		yield(nil, err)
	}
}

func TestGoesOnAfterInterruption(t *testing.T) {
	docs := prose(3, 30_000, 26)
	l := allBytes(256 + 200)
	want, whole := train(t, CountConfig{}, l, docs)
	dir := filepath.Join(t.TempDir(), "state")
	cfg := CountConfig{Workers: 2, Dir: dir, Key: "k", Cutter: words, spillAt: 200_000, batch: 1 << 12}
	stop := errors.New("stop")
	for _, n := range []int{len(docs) / 3, len(docs) / 2} {
		if _, err := Count(context.Background(), cfg, until(docs, n, stop)); !errors.Is(err, stop) {
			t.Fatalf("error %v, want that of the documents", err)
		}
	}
	other := cfg
	other.Key = "another"
	if _, err := Count(context.Background(), other, each(docs)); err == nil || !strings.Contains(err.Error(), "cut text otherwise") {
		t.Errorf("another key: error %v", err)
	}
	if _, err := Count(context.Background(), cfg, each(docs[1:])); err == nil || !strings.Contains(err.Error(), "other documents") {
		t.Errorf("other documents: error %v", err)
	}
	if _, err := Count(context.Background(), cfg, each(docs[:9])); err == nil || !strings.Contains(err.Error(), "only 9") {
		t.Errorf("fewer documents: error %v", err)
	}
	got, r := train(t, cfg, l, docs)
	if r.Resumed != int64(len(docs)/2) || r.Documents != whole.Documents || r.Occurrences != whole.Occurrences || r.Bytes != whole.Bytes {
		t.Errorf("went on with %+v, want %d resumed and the totals of %+v", r, len(docs)/2, whole)
	}
	if !slices.Equal(got.Merges, want.Merges) {
		t.Error("other merges after an interruption")
	}
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Errorf("the directory is still there: %v", err)
	}
}

func TestDamagedRunsAreErrors(t *testing.T) {
	dir := t.TempDir()
	cfg := CountConfig{Workers: 1, Dir: dir, Key: "k", Cutter: words}
	docs := prose(3, 3000, 26)
	if _, err := Count(context.Background(), cfg, until(docs, 20, errors.New("stop"))); err == nil {
		t.Fatal("no error")
	}
	names, _ := filepath.Glob(filepath.Join(dir, runNames))
	data, err := os.ReadFile(names[0])
	if err != nil {
		t.Fatal(err)
	}
	os.WriteFile(names[0], data[:len(data)-1], 0o666)
	if _, err := Count(context.Background(), cfg, each(docs)); err == nil || !strings.Contains(err.Error(), "bytes, want") {
		t.Errorf("shorter file: error %v", err)
	}
	os.WriteFile(names[0], bytes.Repeat([]byte{0xff}, len(data)), 0o666)
	c, err := Count(context.Background(), cfg, each(docs))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := c.Plan(context.Background(), 300); err == nil || !strings.Contains(err.Error(), "part") {
		t.Errorf("other bytes: error %v", err)
	}
	os.WriteFile(filepath.Join(dir, stateName), []byte("{"), 0o666)
	if _, err := Count(context.Background(), cfg, each(docs)); err == nil || !strings.Contains(err.Error(), stateName) {
		t.Errorf("damaged state: error %v", err)
	}
}

func TestCountsThatWouldOverflowAreRefused(t *testing.T) {
	for _, counts := range [][]int64{{1 << 61}, {countLimit + 1}, {1 << 60, 1 << 60, 1 << 60}} {
		tab := newTable(1)
		for k, n := range counts {
			tab.add([]byte{'a', byte('a' + k)}, n)
		}
		c := &Counts{cfg: CountConfig{Workers: 2}, tables: []*table{tab}}
		_, err := c.Plan(context.Background(), 300)
		if over := len(counts) > 1 || counts[0] > countLimit/2; over != errors.Is(err, errOverflow) {
			t.Errorf("counts %d: error %v", counts, err)
		}
	}
}

func TestTableCountsLikeAMap(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	tab, want := newTable(rng.Uint64()), map[string]int64{}
	for range 50_000 {
		p := make([]byte, 1+rng.IntN(20))
		for i := range p {
			p[i] = byte(rng.IntN(3))
		}
		if rng.IntN(1000) == 0 {
			p = bytes.Repeat(p, 3000)
		}
		n := rng.Int64N(5) + 1
		tab.add(p, n)
		want[string(p)] += n
	}
	got := map[string]int64{}
	for p := range parts {
		tab.part(p, func(piece []byte, n int64) {
			if int(hash(tab.seed, piece)>>(64-partBits)) != p {
				t.Fatalf("%x is in part %d", piece, p)
			}
			got[string(piece)] += n
		})
	}
	if len(got) != len(want) || tab.used != len(want) {
		t.Fatalf("%d pieces in the parts, %d in the table, want %d", len(got), tab.used, len(want))
	}
	for p, n := range want {
		if got[p] != n {
			t.Fatalf("%x: %d, want %d", p, got[p], n)
		}
	}
}

func FuzzRun(f *testing.F) {
	f.Add([]byte{2, 7, 'a', 'b', 1, 1, 'c'})
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 1})
	f.Fuzz(func(t *testing.T, data []byte) {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "r"), data, 0o666); err != nil {
			t.Fatal(err)
		}
		r := run{Name: "r", Ends: slices.Repeat([]int64{int64(len(data))}, parts)}
		if err := r.open(dir); err != nil {
			t.Fatal(err)
		}
		defer r.file.Close()
		var size int
		err := r.part(0, func(piece []byte, n int64) {
			if size += len(piece); len(piece) == 0 || n <= 0 {
				t.Fatalf("piece %q occurs %d times", piece, n)
			}
		})
		if err == nil && size > len(data) {
			t.Fatalf("%d bytes of pieces out of %d", size, len(data))
		}
	})
}

func FuzzLearnsWhatTheBookSays(f *testing.F) {
	f.Add([]byte(" aab aab aaab baab ab"), uint8(0))
	f.Fuzz(func(t *testing.T, text []byte, limit uint8) {
		l := allBytes(300)
		l.MaxLength = int(limit % 8)
		if l.MaxLength == 1 || len(text) > 500 {
			return
		}
		docs := [][]byte{text}
		defer func() {
			if r := recover(); r != nil && !strings.Contains(fmt.Sprint(r), "merged twice") {
				panic(r)
			}
		}()
		want := naive(l, docs)
		if got, _ := train(t, CountConfig{}, l, docs); !slices.Equal(got.Merges, want) {
			t.Fatalf("merges %q, want %q", got.Merges, want)
		}
	})
}
