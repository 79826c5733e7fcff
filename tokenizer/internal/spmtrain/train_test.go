package spmtrain

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/athanor-lm/athanor/tokenizer/internal/spm"
)

func docs(texts ...string) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		for _, s := range texts {
			if !yield([]byte(s), nil) {
				return
			}
		}
	}
}

func TestModelDependsOnTheLinesAlone(t *testing.T) {
	corpus := string(unzip(t, "corpus.txt.gz"))
	lines := strings.Split(corpus, "\n")
	for _, cfg := range []Config{
		{VocabSize: 1500}, {Kind: BPE, VocabSize: 2000, AcrossSpace: true}, {Kind: Word, VocabSize: 500},
		{VocabSize: 1200, Sentences: 500, Seed: 7},
	} {
		cfg.Workers = 1
		want, _, err := Train(context.Background(), cfg, docs(corpus))
		if err != nil {
			t.Fatal(err)
		}
		rng := rand.New(rand.NewPCG(1, 1))
		for _, workers := range []int{2, 5} {
			rng.Shuffle(len(lines), func(i, j int) { lines[i], lines[j] = lines[j], lines[i] })
			cut := rng.IntN(len(lines))
			cfg.Workers = workers
			got, _, err := Train(context.Background(), cfg, docs(strings.Join(lines[:cut], "\n"), strings.Join(lines[cut:], "\n")+"\n"))
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got.Marshal(), want.Marshal()) {
				t.Errorf("%s with %d workers on shuffled lines: another model", cfg.Kind, workers)
			}
		}
	}
}

func TestSamplesAreDrawnBySeed(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 5))
	var lines []string
	for i := range 1000 {
		for range 1 + rng.IntN(3) {
			lines = append(lines, fmt.Sprint("line ", i))
		}
	}
	draw := func(seed uint64) map[string]int {
		s := newSample(200, seed)
		for _, i := range rng.Perm(len(lines)) {
			s.add([]byte(lines[i]))
		}
		out, n := make(map[string]int), 0
		s.each(func(line []byte) { out[string(line)]++; n++ })
		if n != 200 || s.total != 200 {
			t.Fatalf("%d lines were drawn, total %d, want 200", n, s.total)
		}
		return out
	}
	first, other := draw(1), draw(2)
	for range 5 {
		if again := draw(1); fmt.Sprint(again) != fmt.Sprint(first) {
			t.Fatal("another order of the lines, another draw")
		}
	}
	if fmt.Sprint(first) == fmt.Sprint(other) {
		t.Error("another seed, the same draw")
	}
}

func TestTrainRefuses(t *testing.T) {
	text := "the quick brown fox jumps over the lazy dog\nthe quick brown fox jumps over the lazy dog\n"
	fail := errors.New("disk on fire")
	for name, c := range map[string]struct {
		cfg  Config
		docs iter.Seq2[[]byte, error]
		want string
	}{
		"no text":      {Config{VocabSize: 100}, docs("", "\n\n"), "the corpus holds no text"},
		"only spaces":  {Config{VocabSize: 100}, docs("   \n \t"), "the corpus holds no text"},
		"long lines":   {Config{VocabSize: 100, MaxSentence: 10}, docs(text), "of 2 lines, 2 are longer than 10 bytes"},
		"too small":    {Config{VocabSize: 20}, docs(text), "vocabulary size 20, want at least 30: 3 special pieces and the 27 characters"},
		"too large":    {Config{VocabSize: 10000}, docs(text), "vocabulary size 10000 is more than the text yields, want at most 30"},
		"bpe too big":  {Config{Kind: BPE, VocabSize: 10000}, docs(text), "more than the text yields, want at most"},
		"no size":      {Config{}, docs(text), "vocabulary size 0, want 1 to"},
		"kind":         {Config{Kind: "lstm", VocabSize: 50}, docs(text), `"lstm" is unknown (known: unigram`},
		"rules":        {Config{VocabSize: 50, Rules: "nfx"}, docs(text), `"nfx" are unknown (known: nmt_nfkc`},
		"coverage":     {Config{VocabSize: 50, Coverage: 0.5}, docs(text), "character coverage 0.5, want 0.98 to 1"},
		"same id":      {Config{VocabSize: 50, BOS: &Symbol{ID: 0}}, docs(text), "<unk> and <s> both have id 0"},
		"no unknown":   {Config{VocabSize: 50, Unk: &Symbol{ID: -1}}, docs(text), "<unk> has no id"},
		"symbol twice": {Config{VocabSize: 50, UserSymbols: []string{"<x>", "<x>"}}, docs(text), "symbol <x> is listed twice"},
		"far id":       {Config{Kind: Char, VocabSize: 90, Pad: &Symbol{ID: 80}}, docs(text), "too few for the ids"},
		"broken tsv":   {Config{VocabSize: 50, RulesTSV: []byte("61\t62\nxyz\t61\n")}, docs(text), `line 2: "xyz" is no hexadecimal`},
		"broken docs":  {Config{VocabSize: 50}, func(yield func([]byte, error) bool) { yield(nil, fail) }, "disk on fire"},
	} {
		_, _, err := Train(context.Background(), c.cfg, c.docs)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q", name, err, c.want)
		}
	}
}

func TestTrainingStopsWithItsContext(t *testing.T) {
	corpus := unzip(t, "corpus.txt.gz")
	for _, kind := range []Kind{Unigram, BPE} {
		for _, phase := range []string{"read", "seed", "em", "merge"} {
			if (kind == BPE) != (phase == "merge") && phase != "read" {
				continue
			}
			ctx, cancel := context.WithCancel(context.Background())
			seen := false
			cfg := Config{Kind: kind, VocabSize: 1500, Rules: "identity", Progress: func(p string, _, _ int64) {
				if p == phase {
					seen = true
					cancel()
				}
			}}
			if _, _, err := Train(ctx, cfg, oneDoc(corpus)); !seen || !errors.Is(err, context.Canceled) {
				t.Errorf("%s canceled in phase %s (%v): error %v", kind, phase, seen, err)
			}
			cancel()
		}
	}
}

func TestReportCountsWhatWasLeftOut(t *testing.T) {
	text := "good line here\n\nbad \xff\xe4\xb8 bytes\n" + strings.Repeat("long ", 20) + "\nreserved ▅ line\n"
	_, rep, err := Train(context.Background(), Config{Kind: Char, VocabSize: 50, MaxSentence: 50}, docs(text))
	if err != nil {
		t.Fatal(err)
	}
	if rep.Lines != 4 || rep.Sampled != 2 || rep.TooLong != 1 || rep.Reserved != 1 || rep.BadBytes != 3 {
		t.Errorf("report %+v", *rep)
	}
}

// The texts that encoders stumble over: nothing to cut, nothing to merge.
func TestMonotonousText(t *testing.T) {
	for name, line := range map[string]string{
		"one letter": strings.Repeat("a", 4000), "one character": strings.Repeat("中", 1300), "two": strings.Repeat("ab", 2000),
		"no repetition": func() string {
			var b strings.Builder
			for r := rune(0x4e00); r < 0x4e00+1000; r++ {
				b.WriteRune(r)
			}
			return b.String()
		}(),
	} {
		for _, kind := range []Kind{Unigram, BPE} {
			m, _, err := Train(context.Background(), Config{Kind: kind, VocabSize: 2000, SoftLimit: true, Rules: "identity", Coverage: 1}, docs(line, line+"\n"+line))
			if err != nil {
				t.Errorf("%s, %s: %v", kind, name, err)
				continue
			}
			for _, p := range m.Pieces {
				if p.Score != p.Score || p.Score > 0 {
					t.Errorf("%s, %s: piece %v", kind, name, p)
				}
			}
		}
	}
}

func TestUserRulesNormalize(t *testing.T) {
	cfg := Config{Kind: Char, VocabSize: 50, Coverage: 1, RulesTSV: []byte("61\t78 79\t# a\nU+62\n63 64\t\n")}
	m, _, err := Train(context.Background(), cfg, docs("abcdc"))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, p := range m.Pieces {
		if p.Type == spm.Normal {
			got = append(got, p.Text)
		}
	}
	slices.Sort(got)
	if want := "c x y ▁"; strings.Join(got, " ") != want {
		t.Errorf("characters %q, want %q", got, want)
	}
}

// Whatever the text and the options, training ends, pieces keep to the rules,
// and the model loads and encodes.
func FuzzTrain(f *testing.F) {
	f.Add("the cat\nthe rat ▁ 中文中文\x00\xff", uint16(3), uint16(40))
	f.Add("aaaa aaa aa a", uint16(0x1f2), uint16(300))
	f.Add("aaaaaaaa", uint16(7<<11), uint16(40)) // no piece is expected once
	kinds := []Kind{Unigram, BPE, Word, Char}
	f.Fuzz(func(t *testing.T, text string, options, size uint16) {
		if len(text) > 2000 {
			return
		}
		bit := func(i int) bool { return options>>i&1 == 1 }
		cfg := Config{
			Kind: kinds[options&3], VocabSize: int(size), SoftLimit: true, Rules: "identity", Coverage: 1, ByteFallback: bit(2), SplitDigits: bit(3),
			AcrossSpace: bit(4), AcrossScripts: bit(5), AcrossNumbers: bit(6), SpaceSuffix: bit(7), SpacePieces: bit(8), KeepExtraSpaces: bit(9),
			NoDummyPrefix: bit(10), MaxPiece: 1 + int(options>>11), Workers: 2,
		}
		m, _, err := Train(context.Background(), cfg, docs(text))
		if err != nil {
			return
		}
		model, err := spm.Parse(m.Marshal())
		if err != nil {
			t.Fatalf("%+v: %v", cfg, err)
		}
		for _, p := range m.Pieces {
			if p.Type == spm.Normal && cfg.Kind != Word && !cfg.shape().valid([]rune(p.Text)) && len([]rune(p.Text)) > 1 {
				t.Fatalf("%+v: piece %q", cfg, p.Text)
			}
		}
		model.AppendEncode(nil, []byte(text), model.NewState())
	})
}
