package tokenizer

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestSamplingIsAFunctionOfSeedAndText(t *testing.T) {
	tok, err := Parse(minimal("VOCAB", `{"a":0,"b":1,"ab":2,"abab":3}`, "MERGES", `["a b","ab ab"]`), nil)
	if err != nil {
		t.Fatal(err)
	}
	text := []byte(strings.Repeat("ab", 200))
	sample := func(dropout float64, seed uint64, text []byte) []uint32 {
		e, err := tok.EncodeFull(text, nil, EncodeOptions{Sampling: &Sampling{Dropout: dropout, Seed: seed}})
		if err != nil {
			t.Fatal(err)
		}
		if got := tok.Decode(e.IDs, false); got != string(text) {
			t.Fatalf("decodes to %q", got)
		}
		return e.IDs
	}
	one := sample(0.3, 1, text)
	tok.Encode("abab", false) // what is in a cache changes nothing
	if again := sample(0.3, 1, text); !slices.Equal(one, again) {
		t.Error("the same seed gives other ids")
	}
	if slices.Equal(one, sample(0.3, 2, text)) || slices.Equal(one[:50], sample(0.3, 1, text[:398])[:50]) {
		t.Error("another seed or text gives the same ids")
	}
	if got := sample(1, 1, text); len(got) != 400 {
		t.Errorf("with dropout 1 there are %d ids, want 400", len(got))
	}
	best, err := tok.EncodeFull(text, nil, EncodeOptions{})
	if err != nil || len(best.IDs) != 100 {
		t.Errorf("%d ids without sampling (%v), want 100", len(best.IDs), err)
	}
	if _, err := tok.EncodeFull(text, nil, EncodeOptions{Sampling: &Sampling{}}); err == nil || !strings.Contains(err.Error(), "no dropout") {
		t.Errorf("sampling without dropout: %v", err)
	}
}

func TestUnigramSampling(t *testing.T) {
	tok, err := Parse([]byte(`{"version":"1.0","added_tokens":[],"normalizer":null,"pre_tokenizer":null,"post_processor":null,"decoder":{"type":"Fuse"},
		"model":{"type":"Unigram","unk_id":0,"vocab":[["<unk>",0],["a",-1],["b",-1.1],["ab",-1.5],["中",-2]]}}`), nil)
	if err != nil {
		t.Fatal(err)
	}
	text := []byte("ab中ab")
	count := func(s Sampling) map[string]int {
		seen := map[string]int{}
		for s.Seed = range 400 {
			e, err := tok.EncodeFull(text, nil, EncodeOptions{Sampling: &s})
			if err != nil {
				t.Fatal(err)
			}
			if got := tok.Decode(e.IDs, false); got != string(text) {
				t.Fatalf("%v decodes to %q", e.IDs, got)
			}
			seen[fmt.Sprint(e.IDs)]++
		}
		return seen
	}
	// Ways: ab|ab, a|b, b|a, both cut: e^-1.5 against e^-2.1 for each "ab", so
	// the best has 0.4171 of the weight, 167 of 400 with a deviation of 10.
	if got := count(Sampling{Alpha: 1}); len(got) != 4 || got["[3 4 3]"] < 127 || got["[3 4 3]"] > 207 {
		t.Errorf("all ways: %v", got)
	}
	if got := count(Sampling{Alpha: 1, NBest: 2}); len(got) != 2 || got["[3 4 3]"] == 0 {
		t.Errorf("two best ways: %v", got)
	}
	if got := count(Sampling{Alpha: 50}); len(got) != 1 || got["[3 4 3]"] != 400 {
		t.Errorf("a large alpha: %v", got)
	}
	for _, s := range []Sampling{{Dropout: 0.1}, {Alpha: -1}, {Alpha: 1, NBest: -1}, {NBest: 513}} {
		if _, err := tok.EncodeFull(text, nil, EncodeOptions{Sampling: &s}); err == nil {
			t.Errorf("%+v: no error", s)
		}
	}
}

// Offsets are bytes, of whole characters.
func TestOffsetsAreBytes(t *testing.T) {
	tok, err := Parse(minimal("VOCAB", `{"a":0,"b":1,"ab":2,"中":3}`, "NORM", `{"type":"NFKC"}`), nil)
	if err != nil {
		t.Fatal(err)
	}
	e, err := tok.EncodeFull([]byte("中ａｂ中a"), nil, EncodeOptions{})
	want := []Offset{{0, 3}, {3, 9}, {9, 12}, {12, 13}}
	if err != nil || !slices.Equal(e.IDs, []uint32{3, 2, 3, 0}) || !slices.Equal(e.Offsets, want) {
		t.Errorf("%v %v, %v", e.IDs, e.Offsets, err)
	}
}

func TestSlowPatternsAreReported(t *testing.T) {
	tok, err := Parse(minimal("PRE", `{"type":"Split","pattern":{"Regex":"(a+)+(?=c)"},"behavior":"Isolated"}`), nil)
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Repeat("a", 40) + "b"
	if _, err := tok.EncodeFull([]byte(text), nil, EncodeOptions{}); err == nil || !strings.Contains(err.Error(), "(a+)+(?=c)") {
		t.Errorf("error %v, want one that names the pattern", err)
	}
	if got := tok.Encode(text, false); len(got) != 40 {
		t.Errorf("%d ids, want 40", len(got))
	}
}

func TestTruncationThatCannotBe(t *testing.T) {
	for _, c := range []struct{ file, want string }{
		{`{"truncation":{"max_length":1,"strategy":"LongestFirst","stride":1},`, "stride 1"},
		{`{"truncation":{"max_length":2,"strategy":"OnlySecond","stride":0},`, "there is none"},
	} {
		tok, err := Parse(append([]byte(c.file), minimal("MERGES", "[]")[1:]...), nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := tok.EncodeFull([]byte("ababab"), nil, EncodeOptions{Truncate: true}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q", c.file, err, c.want)
		}
	}
}

func TestBatchIsPaddedToItsLongest(t *testing.T) {
	data := append([]byte(`{"padding":{"strategy":"BatchLongest","direction":"Left","pad_id":1,"pad_token":"b"},`), minimal()[1:]...)
	tok, err := Parse(data, nil)
	if err != nil {
		t.Fatal(err)
	}
	all, err := tok.EncodeFullBatch([][]byte{[]byte("a"), []byte("aaa"), nil}, nil, EncodeOptions{Pad: true})
	if err != nil {
		t.Fatal(err)
	}
	for k, want := range [][]uint32{{1, 1, 0}, {0, 0, 0}, {1, 1, 1}} {
		if !slices.Equal(all[k].IDs, want) {
			t.Errorf("text %d: %v, want %v", k, all[k].IDs, want)
		}
	}
	if string(tok.JSON()) != string(data) {
		t.Error("padding is not kept as it was written")
	}
}
