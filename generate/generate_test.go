package generate

import (
	"context"
	"fmt"
	"iter"
	"math"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/athanor-lm/athanor/internal/kernel"
	"github.com/athanor-lm/athanor/model"
	"github.com/athanor-lm/athanor/tensor"
	"github.com/athanor-lm/athanor/tokenizer"
)

const contextLen = 48

// newGenerator makes a random model over bytes and a few merges, with a tokenizer that knows Chinese only in pieces.
func newGenerator(t testing.TB, family string, compute tensor.DType) *Generator {
	t.Helper()
	docs := iter.Seq2[[]byte, error](func(yield func([]byte, error) bool) {
		yield([]byte(strings.Repeat("the cat sat on the mat. ", 9)), nil)
	})
	tok, err := tokenizer.Train(context.Background(), tokenizer.TrainConfig{VocabSize: 270, Special: []string{"<|endoftext|>"}, EOS: "<|endoftext|>"}, docs)
	if err != nil {
		t.Fatal(err)
	}
	m, err := model.New(model.Config{Family: family, Vocab: tok.VocabSize(), Layers: 2, Width: 32, Heads: 4, Context: contextLen, InitStd: 0.5}.Normalize(), model.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range m.Params() {
		p.Allocate(tensor.F32, false)
	}
	pool := kernel.NewPool(2)
	model.Init(m, pool, 3)
	tape := tensor.NewTape(tensor.Options{Pool: pool, Compute: compute})
	t.Cleanup(func() {
		tape.Free()
		for _, p := range m.Params() {
			p.Free()
		}
		pool.Close()
	})
	g, err := New(m, tape, tok)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func write(t testing.TB, g *Generator, o Options, prompts ...string) []Result {
	t.Helper()
	results, _, err := g.Generate(context.Background(), prompts, o, nil)
	if err != nil {
		t.Fatal(err)
	}
	return results
}

func TestBatchWritesWhatEachPromptWritesAlone(t *testing.T) {
	prompts := []string{"the cat", "a", "on the mat. the cat sat", "猫", ""}
	for _, family := range []string{"gpt2", "llama"} {
		for _, o := range []Options{
			{MaxTokens: 12},
			{MaxTokens: 12, IgnoreEOS: true, Sampling: Sampling{RepetitionPenalty: 1.3}},
		} {
			g := newGenerator(t, family, tensor.F32)
			batch := write(t, g, o, prompts...)
			for i, p := range prompts {
				alone := write(t, g, o, p)[0]
				if !slices.Equal(alone.IDs, batch[i].IDs) || alone.Text != batch[i].Text || alone.Finish != batch[i].Finish || alone.PromptTokens != batch[i].PromptTokens {
					t.Errorf("%s, %q: alone %+v, in a batch %+v", family, p, alone, batch[i])
				}
			}
		}
	}
}

func TestCacheGivesWhatReadingEverythingAnewGives(t *testing.T) {
	for _, family := range []string{"gpt2", "llama"} {
		g := newGenerator(t, family, tensor.F32)
		o := Options{MaxTokens: 10, IgnoreEOS: true}
		want := write(t, g, o, "the cat")[0].IDs
		ids := g.tok.Encode("the cat", true)
		for i, id := range want {
			results, _, err := g.GenerateIDs(context.Background(), [][]uint32{ids}, Options{MaxTokens: 1, IgnoreEOS: true}, nil)
			if err != nil {
				t.Fatal(err)
			}
			if got := results[0].IDs[0]; got != id {
				t.Fatalf("%s: token %d is %d from the whole text, %d from the cache", family, i, got, id)
			}
			ids = append(ids, id)
		}
	}
}

func TestPiecesAreWholeCharactersAndMakeUpTheText(t *testing.T) {
	for seed := range uint64(8) { // a random model writes many broken characters
		g := newGenerator(t, "llama", tensor.F32)
		var pieces [2]strings.Builder
		o := Options{MaxTokens: 40, IgnoreEOS: true, Sampling: Sampling{Temperature: 1, Seed: seed}}
		results, stats, err := g.Generate(context.Background(), []string{"猫坐", "the"}, o, func(i int, text string) {
			if !utf8.ValidString(text) {
				t.Errorf("seed %d: a piece %q that is not whole characters", seed, text)
			}
			pieces[i].WriteString(text)
		})
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for i, r := range results {
			if pieces[i].String() != r.Text {
				t.Errorf("seed %d: pieces %q, text %q", seed, pieces[i].String(), r.Text)
			}
			if want := strings.ToValidUTF8(g.tok.Decode(r.IDs, true), "\ufffd"); strings.Count(want, "\ufffd") == 0 && r.Text != want {
				t.Errorf("seed %d: text %q, its tokens say %q", seed, r.Text, want)
			}
			n += len(r.IDs)
		}
		if stats.NewTokens != n || stats.PromptTokens != results[0].PromptTokens+results[1].PromptTokens {
			t.Errorf("stats %+v, want %d new tokens", stats, n)
		}
	}
}

func TestStopStringEndsTheTextBeforeIt(t *testing.T) {
	g := newGenerator(t, "gpt2", tensor.F32)
	o := Options{MaxTokens: 30, IgnoreEOS: true, Sampling: Sampling{Temperature: 1, Seed: 4}}
	whole := write(t, g, o, "the")[0]
	runes := []rune(whole.Text)
	if len(runes) < 12 {
		t.Fatalf("the text is too short for this test: %q", whole.Text)
	}
	stop := string(runes[6:9]) // begins and ends wherever, not at tokens
	o.Stop = []string{"never written", stop}
	cut := write(t, g, o, "the")[0]
	if want := whole.Text[:strings.Index(whole.Text, stop)]; cut.Text != want || cut.Finish != FinishStop || len(cut.IDs) >= len(whole.IDs) {
		t.Errorf("with stop %q: %q (%s, %d ids), want %q", stop, cut.Text, cut.Finish, len(cut.IDs), want)
	}
}

func TestTextEndsWhereItsLimitIs(t *testing.T) {
	g := newGenerator(t, "gpt2", tensor.F32)
	long := strings.Repeat("x", contextLen-3)
	n := len(g.tok.Encode(long, true))
	for _, tc := range []struct {
		name   string
		prompt string
		tokens int
		want   Finish
		ids    int
	}{
		{"tokens", "the", 5, FinishLength, 5},
		{"none", "the", 0, FinishLength, 0},
		{"context", long, 100, FinishContext, contextLen - n},
	} {
		r := write(t, g, Options{MaxTokens: tc.tokens, IgnoreEOS: true}, tc.prompt)[0]
		if r.Finish != tc.want || len(r.IDs) != tc.ids {
			t.Errorf("%s: %s after %d ids, want %s after %d", tc.name, r.Finish, len(r.IDs), tc.want, tc.ids)
		}
	}
	// A prompt that fills the context leaves room for the token that follows it.
	if r := write(t, g, Options{MaxTokens: math.MaxInt, IgnoreEOS: true}, strings.Repeat("x", contextLen)); len(r[0].IDs) > 1 || r[0].Finish != FinishContext {
		t.Errorf("a full context: %+v", r[0])
	}
}

func TestSlidingReadsTheLaterHalfOfTheContextAnew(t *testing.T) {
	for _, family := range []string{"gpt2", "llama"} {
		g := newGenerator(t, family, tensor.F32)
		prompts := [][]uint32{g.tok.Encode("the", true), g.tok.Encode("x", true)} // they slide at different steps
		o := Options{MaxTokens: 3 * contextLen, IgnoreEOS: true, Slide: true}
		results, _, err := g.GenerateIDs(t.Context(), prompts, o, nil)
		if err != nil {
			t.Fatal(err)
		}
		for i, r := range results {
			if r.Finish != FinishLength || len(r.IDs) != o.MaxTokens {
				t.Fatalf("%s: %s after %d ids, want %s after %d", family, r.Finish, len(r.IDs), FinishLength, o.MaxTokens)
			}
			all := append(slices.Clone(prompts[i]), r.IDs...)
			// The cache is full after contextLen tokens; the one after the next is the first drawn from the slid context.
			window := all[contextLen-contextLen/2 : contextLen+1]
			again, _, err := g.GenerateIDs(t.Context(), [][]uint32{window}, Options{MaxTokens: 1, IgnoreEOS: true}, nil)
			if err != nil {
				t.Fatal(err)
			}
			if again[0].IDs[0] != all[contextLen+1] {
				t.Errorf("%s, text %d: token %d after sliding, want %d, as the window alone gives", family, i, all[contextLen+1], again[0].IDs[0])
			}
		}
	}
}

func TestEndOfTextEndsATextUnlessIgnored(t *testing.T) {
	g := newGenerator(t, "gpt2", tensor.F32)
	eos, _ := g.tok.EOS()
	for seed := range uint64(200) {
		o := Options{MaxTokens: 30, Sampling: Sampling{Temperature: 2, Seed: seed}}
		r := write(t, g, o, "the")[0]
		if r.Finish != FinishEOS {
			continue
		}
		o.IgnoreEOS = true
		on := write(t, g, o, "the")[0]
		if slices.Contains(r.IDs, eos) || len(on.IDs) != 30 || on.IDs[len(r.IDs)] != eos {
			t.Errorf("seed %d: %d ids with, %d without regard to the end of text", seed, len(r.IDs), len(on.IDs))
		}
		return
	}
	t.Fatal("no text of 200 came to its end: the test needs another model")
}

func TestFurtherIdsEndATextToo(t *testing.T) {
	g := newGenerator(t, "llama", tensor.F32)
	o := Options{MaxTokens: 8, IgnoreEOS: true, Sampling: Sampling{Temperature: 1, Seed: 3}}
	free := write(t, g, o, "ab")[0]
	o.EOS = []uint32{free.IDs[4]}
	if r := write(t, g, o, "ab")[0]; !slices.Equal(r.IDs, free.IDs) {
		t.Errorf("ignored, they changed the text from %v to %v", free.IDs, r.IDs)
	}
	o.IgnoreEOS = false
	want := free.IDs[:slices.Index(free.IDs, free.IDs[4])]
	if r := write(t, g, o, "ab")[0]; r.Finish != FinishEOS || !slices.Equal(r.IDs, want) {
		t.Errorf("%v (%s), want %v (eos)", r.IDs, r.Finish, want)
	}
}

func TestSeedDecidesTheText(t *testing.T) {
	g := newGenerator(t, "llama", tensor.BF16)
	o := func(seed uint64) Options {
		return Options{MaxTokens: 16, IgnoreEOS: true, Sampling: Sampling{Temperature: 1, TopP: 0.95, Seed: seed}}
	}
	a, b, c := write(t, g, o(1), "the", "the"), write(t, g, o(1), "the", "the"), write(t, g, o(2), "the")
	if a[0].Text != b[0].Text || a[1].Text != b[1].Text {
		t.Error("the same seed gave other texts")
	}
	if a[0].Text == c[0].Text || a[0].Text == a[1].Text {
		t.Error("another seed, or another place in the batch, gave the same text")
	}
}

func TestTextsThatDoNotFitIntoMemoryAreRefused(t *testing.T) {
	g := newGenerator(t, "gpt2", tensor.F32)
	m, err := model.New(model.Config{Family: "gpt2", Vocab: g.tok.VocabSize(), Layers: 1000, Width: 32, Heads: 4, Context: 1 << 28}.Normalize(), model.Options{})
	if err != nil {
		t.Fatal(err)
	}
	big, err := New(m, g.tape, g.tok)
	if err != nil {
		t.Fatal(err)
	}
	err = big.Check([]string{"a", "b"}, Options{Sampling: Sampling{RepetitionPenalty: 1, TopP: 1}, MaxTokens: 1 << 27})
	if err == nil || !strings.Contains(err.Error(), "2 texts of up to 134217729 tokens, 62.5 TiB") {
		t.Errorf("error %v, want a refusal that names the keys and values", err)
	}
}

func TestCancelledTextsEndWhereTheyAre(t *testing.T) {
	g := newGenerator(t, "gpt2", tensor.F32)
	ctx, cancel := context.WithCancel(context.Background())
	n := 0
	results, _, err := g.Generate(ctx, []string{"the", "a cat"}, Options{MaxTokens: 40, IgnoreEOS: true}, func(int, string) {
		if n++; n == 6 {
			cancel()
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range results {
		if r.Finish != FinishCancel || len(r.IDs) == 0 || len(r.IDs) > 39 {
			t.Errorf("text %d: %s after %d ids, want what was written until the end", i, r.Finish, len(r.IDs))
		}
	}
	results, _, err = g.Generate(ctx, []string{"the"}, Options{MaxTokens: 40}, nil)
	if err != nil || results[0].Finish != FinishCancel {
		t.Errorf("cancelled before it began: %+v, %v", results, err)
	}
}

func TestImpossibleRequestsAreRefused(t *testing.T) {
	g := newGenerator(t, "gpt2", tensor.F32)
	for _, tc := range []struct {
		prompts []string
		o       Options
		want    string
	}{
		{nil, Options{}, "no prompt"},
		{[]string{"a"}, Options{MaxTokens: -1}, "-1 new tokens, want 0 or more"},
		{[]string{"a"}, Options{Stop: []string{""}}, "empty stop string"},
		{[]string{"a"}, Options{Sampling: Sampling{TopP: 2}}, "top-p 2, want a share"},
		{[]string{"a"}, Options{Sampling: Sampling{TopP: math.NaN()}}, "top-p NaN, want a share"},
		{[]string{"a"}, Options{Sampling: Sampling{MinP: math.NaN()}}, "min-p NaN, want a share"},
		{[]string{"a"}, Options{Sampling: Sampling{RepetitionPenalty: math.NaN()}}, "repetition penalty NaN"},
		{[]string{"a", strings.Repeat("x", contextLen+1)}, Options{}, fmt.Sprintf("prompt 2 has %d tokens, the model's context is %d", contextLen+1, contextLen)},
	} {
		_, _, err := g.Generate(context.Background(), tc.prompts, tc.o, nil)
		if err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%v: %v, want %q", tc.prompts, err, tc.want)
		}
	}
	if _, _, err := g.GenerateIDs(context.Background(), [][]uint32{{9999}}, Options{}, nil); err == nil || !strings.Contains(err.Error(), "token id 9999") {
		t.Errorf("an id outside the vocabulary: %v", err)
	}
}
