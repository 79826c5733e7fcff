package tokenizer

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/athanor-lm/athanor/tokenizer/internal/bpetrain"
)

// pieces are the pieces that training cuts texts into.
func pieces(t testing.TB, cfg TrainConfig, texts ...[]byte) []string {
	return allPieces(pieceCutter(t, cfg), texts...)
}

func pieceCutter(t testing.TB, cfg TrainConfig) func([]byte, func([]byte)) {
	t.Helper()
	if err := cfg.check(); err != nil {
		t.Fatal(err)
	}
	k, err := cfg.cutter()
	if err != nil {
		t.Fatal(err)
	}
	return k.pieceCutter()
}

func allPieces(cut func([]byte, func([]byte)), texts ...[]byte) (out []string) {
	for _, text := range texts {
		cut(text, func(p []byte) { out = append(out, string(p)) })
	}
	return out
}

// cutAtLines cuts a text wherever a long document may be cut.
func cutAtLines(text []byte) (parts [][]byte) {
	for len(text) > 0 {
		n := bpetrain.LineEnd(text, 0)
		parts = append(parts, text[:n])
		text = text[n:]
	}
	return parts
}

func FuzzDocumentsMayBeCutAtLines(f *testing.F) {
	f.Add([]byte("one\ntwo.\n\nthree \nfour\r\nfive\u3000\nsix!\nseven"))
	f.Add([]byte("第一条。\n第二条，\n\n第三条\n民\u3000\n法\n\n"))
	for _, text := range sample() {
		f.Add(text)
	}
	cutters := map[string]func([]byte, func([]byte)){}
	for _, pattern := range Patterns() {
		cutters[pattern] = pieceCutter(f, TrainConfig{VocabSize: 300, Pattern: pattern})
		cutters[pattern+" with NFC"] = pieceCutter(f, TrainConfig{VocabSize: 300, Pattern: pattern, NFC: true})
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		for name, cut := range cutters {
			if want, got := allPieces(cut, text), allPieces(cut, cutAtLines(text)...); !slices.Equal(got, want) {
				t.Fatalf("%s: cut at lines %q, whole %q", name, got, want)
			}
		}
	})
}

func TestLongDocumentsAreCutAtLines(t *testing.T) {
	text := bytes.Repeat(sample()[1], 2000)
	if n := len(cutAtLines(text)); n < 2000 {
		t.Errorf("%d parts of %d bytes, want many", n, len(text))
	}
	docs := make([][]byte, 2000)
	for k := range docs {
		docs[k] = sample()[1]
	}
	whole, parts := trained(t, TrainConfig{VocabSize: 300}, [][]byte{text}), trained(t, TrainConfig{VocabSize: 300}, docs)
	if whole.Hash() != parts.Hash() {
		t.Error("one long document gives another tokenizer than its lines do")
	}
}

func TestForcedTokensAreAlwaysOneToken(t *testing.T) {
	cfg := TrainConfig{VocabSize: 400, Special: []string{"<|end|>"}, Forced: []string{"第一条", "sat on"}}
	tok := trained(t, cfg, sample())
	for text, want := range map[string][]uint32{"第一条": {1}, "sat on第一条": {2, 1}} {
		if got := tok.Encode(text, false); !slices.Equal(got, want) {
			t.Errorf("%q is %d, want %d", text, got, want)
		}
		if got := tok.Decode(tok.Encode(text, false), true); got != text {
			t.Errorf("%q became %q", text, got)
		}
	}
	if got := pieces(t, cfg, []byte("a sat on b <|end|>")); slices.ContainsFunc(got, func(p string) bool { return strings.Contains(p, "sat") }) ||
		!slices.Contains(got, " <|") {
		t.Errorf("pieces %q, want none of the forced token, and the special one as text", got)
	}
}

func TestAlphabet(t *testing.T) {
	docs := [][]byte{[]byte("abababab aaa ccc b")}
	for _, c := range []struct {
		cfg  TrainConfig
		want string
	}{
		{TrainConfig{Alphabet: []byte{}}, "abcĠ"},
		{TrainConfig{Alphabet: []byte("zc")}, "abczĠ"},
		{TrainConfig{AlphabetLimit: 2}, "ab"},
		{TrainConfig{AlphabetLimit: 2, Alphabet: []byte("z")}, "az"},
	} {
		cfg := c.cfg
		cfg.VocabSize, cfg.Special, cfg.MinFrequency = 6, []string{}, 1000
		tok := trained(t, cfg, docs)
		got := ""
		for id := range tok.VocabSize() {
			s, _ := tok.Token(uint32(id))
			got += s
		}
		if got != c.want {
			t.Errorf("alphabet %q, limit %d: tokens %q, want %q", c.cfg.Alphabet, c.cfg.AlphabetLimit, got, c.want)
		}
	}
	tok := trained(t, TrainConfig{VocabSize: 6, AlphabetLimit: 3, Special: []string{}}, docs)
	if got := tok.Decode(tok.Encode("abcab", false), false); got != "abab" { // of c and the space, as frequent, the smaller byte has a token
		t.Errorf("decoded %q", got)
	}
}

func TestLongestToken(t *testing.T) {
	tok := trained(t, TrainConfig{VocabSize: 500, MaxTokenLength: 3}, sample())
	longest := 0
	for id := range tok.VocabSize() {
		if b, _ := tok.TokenBytes(uint32(id)); !tok.IsSpecial(uint32(id)) {
			longest = max(longest, len(b))
		}
	}
	if longest != 3 {
		t.Errorf("the longest token has %d bytes, want 3", longest)
	}
}

func TestEveryPatternTrainsAndKeepsText(t *testing.T) {
	for _, pattern := range Patterns() {
		tok := trained(t, TrainConfig{VocabSize: 400, Pattern: pattern}, sample())
		for _, text := range sample() {
			if got := tok.AppendDecode(nil, tok.AppendEncode(nil, text, false)...); !bytes.Equal(got, text) {
				t.Errorf("%s: %q became %q", pattern, text, got)
			}
		}
	}
	cfg := TrainConfig{VocabSize: 300, Regex: `\d|[^\d]+`}
	if got, want := pieces(t, cfg, []byte("ab 12c")), []string{"ab ", "1", "2", "c"}; !slices.Equal(got, want) {
		t.Errorf("by a pattern of one's own %q, want %q", got, want)
	}
	tok := trained(t, cfg, sample())
	if got := tok.Decode(tok.Encode("x 中 12", false), false); got != "x 中 12" {
		t.Errorf("decoded %q", got)
	}
}

// A vocabulary with room for everything makes each piece of the training text
// that occurs twice one token.
func TestEncodingGivesTheLearnedPieces(t *testing.T) {
	for _, pattern := range []string{"gpt2", "llama3", "o200k"} {
		cfg := TrainConfig{VocabSize: 5000, Pattern: pattern}
		tok := trained(t, cfg, sample())
		counts := map[string]int{}
		all := pieces(t, cfg, sample()...)
		for _, p := range all {
			counts[p]++
		}
		for p, n := range counts {
			if ids := tok.AppendEncodePlain(nil, []byte(p)); n > 1 && len(ids) != 1 {
				t.Errorf("%s: %q occurs %d times and is %d tokens", pattern, p, n, len(ids))
			}
		}
	}
}

func TestTrainRefusesOptions(t *testing.T) {
	base := trained(t, TrainConfig{VocabSize: 300}, sample())
	chars, err := TrainChars(context.Background(), each([][]byte{[]byte("abc")}))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		want string
		cfg  TrainConfig
	}{
		{"vocabulary size 5000000, want at most", TrainConfig{VocabSize: 5_000_000}},
		{"minimum frequency -1", TrainConfig{VocabSize: 300, MinFrequency: -1}},
		{"longest token of 1 bytes", TrainConfig{VocabSize: 300, MaxTokenLength: 1}},
		{"longest token of -2 bytes", TrainConfig{VocabSize: 300, MaxTokenLength: -2}},
		{"memory limit of 5 bytes", TrainConfig{VocabSize: 300, MemoryLimit: 5}},
		{"-1 bytes of text", TrainConfig{VocabSize: 300, TotalBytes: -1}},
		{"both a pattern name", TrainConfig{VocabSize: 300, Pattern: "gpt2", Regex: "x"}},
		{"pattern", TrainConfig{VocabSize: 300, Regex: "("}},
		{`forced token ""`, TrainConfig{VocabSize: 300, Forced: []string{""}}},
		{`forced token "\xff"`, TrainConfig{VocabSize: 300, Forced: []string{"\xff"}}},
		{"listed twice", TrainConfig{VocabSize: 300, Special: []string{"a"}, Forced: []string{"a"}}},
		{"byte 0x61 is twice", TrainConfig{VocabSize: 300, Alphabet: []byte("aa")}},
		{"alphabet limited to 300", TrainConfig{VocabSize: 300, AlphabetLimit: 300}},
		{"alphabet limited to 1 bytes", TrainConfig{VocabSize: 300, AlphabetLimit: 1, Alphabet: []byte("ab")}},
		{"256 bytes, 2 special and 1 forced", TrainConfig{VocabSize: 258, Forced: []string{"x y"}}},
		{"want at least", TrainConfig{VocabSize: 5, Alphabet: []byte{}}},
		{"want byte-level BPE", TrainConfig{VocabSize: 400, Base: chars}},
		{"a pattern is given", TrainConfig{VocabSize: 400, Base: base, Pattern: "gpt2"}},
		{"NFC is given", TrainConfig{VocabSize: 400, Base: base, NFC: true}},
		{"an alphabet is given", TrainConfig{VocabSize: 400, Base: base, AlphabetLimit: 9}},
		{"BOS, EOS, PAD or UNK is given", TrainConfig{VocabSize: 400, Base: base, EOS: "<|pad|>"}},
		{"is to be added, but", TrainConfig{VocabSize: 400, Base: base, Special: []string{"<|pad|>"}}},
		{"want more than the 300 ids", TrainConfig{VocabSize: 300, Base: base}},
	} {
		if _, err := Train(context.Background(), c.cfg, each(sample())); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want %q", err, c.want)
		}
	}
}

func TestProgressAndReport(t *testing.T) {
	last := map[string]Progress{}
	var r TrainReport
	docs := sample()
	trained(t, TrainConfig{VocabSize: 300, TotalBytes: 12345, Report: &r, Progress: func(p Progress) { last[p.Phase] = p }}, docs)
	var size int64
	for _, d := range docs {
		size += int64(len(d))
	}
	if last["count"] != (Progress{"count", size, 12345}) || last["merge"] != (Progress{"merge", 300, 300}) {
		t.Errorf("last progress %v", last)
	}
	if r.Documents != int64(len(docs)) || r.Bytes != size || r.Pieces == 0 || r.PeakEstimate == 0 || r.PrunedPieces != 0 {
		t.Errorf("report %+v", r)
	}
	if s := r.String(); !strings.Contains(s, "4 documents") {
		t.Errorf("report %q", s)
	}
}

func TestInterruptedTrainingGoesOn(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	docs := slices.Repeat(sample(), 50)
	cfg := TrainConfig{VocabSize: 400, StateDir: dir, Workers: 2}
	ctx, cancel := context.WithCancel(context.Background())
	interrupted := func(yield func([]byte, error) bool) {
		for k, d := range docs {
			if k == 120 {
				cancel()
			}
			if !yield(d, nil) {
				return
			}
		}
	}
	if _, err := Train(ctx, cfg, interrupted); !errors.Is(err, context.Canceled) {
		t.Fatalf("error %v", err)
	}
	var r TrainReport
	cfg.Report = &r
	got, want := trained(t, cfg, docs), trained(t, TrainConfig{VocabSize: 400}, docs)
	if got.Hash() != want.Hash() || r.Resumed != 120 {
		t.Errorf("after an interruption: hash %s, want %s; %d documents were counted before, want 120", got.Hash(), want.Hash(), r.Resumed)
	}
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Errorf("the state is still there: %v", err)
	}
}
