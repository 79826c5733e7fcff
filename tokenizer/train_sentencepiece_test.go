package tokenizer

import (
	"context"
	"slices"
	"strings"
	"testing"
)

func TestTrainSentencePiece(t *testing.T) {
	text := strings.Repeat("the cat sat on the mat; the rat sat on the cat\n中国的法律，中国的公民，公民的权利\n", 20) + "a line too long to use: " + strings.Repeat("x", 200)
	for _, kind := range []string{"unigram", "bpe", "word", "char"} {
		var report SentencePieceReport
		phases := map[string]bool{}
		tok, err := TrainSentencePiece(context.Background(), SentencePieceConfig{
			Kind: kind, VocabSize: 60, SoftLimit: true, MaxSentence: 200, UserSymbols: []string{"<sep>"},
			PAD: &SentencePieceSymbol{ID: 3}, Report: &report, Progress: func(p Progress) { phases[p.Phase] = true },
		}, func(yield func([]byte, error) bool) { yield([]byte(text), nil) })
		if err != nil {
			t.Fatal(err)
		}
		if report.Lines != 41 || report.Used != 40 || report.TooLong != 1 || !phases["read"] {
			t.Errorf("%s: report %+v, phases %v", kind, report, phases)
		}
		if pad, ok := tok.PAD(); !ok || pad != 3 {
			t.Errorf("%s: padding is %d (%v), want 3", kind, pad, ok)
		}
		dir := t.TempDir()
		if err := tok.Save(dir); err != nil {
			t.Fatal(err)
		}
		again, err := Load(dir)
		if err != nil {
			t.Fatal(err)
		}
		in := "the cat<sep>中国的公民"
		ids := tok.Encode(in, false)
		if got := again.Encode(in, false); !slices.Equal(got, ids) {
			t.Errorf("%s: saved and loaded, %v, want %v", kind, got, ids)
		}
		if got := tok.Decode(ids, false); kind != "word" && got != in {
			t.Errorf("%s: %q comes back as %q", kind, in, got)
		}
	}
	if _, err := TrainSentencePiece(context.Background(), SentencePieceConfig{VocabSize: 60}, func(func([]byte, error) bool) {}); err == nil ||
		err.Error() != "tokenizer: train SentencePiece: the corpus holds no text" {
		t.Errorf("no documents: error %v", err)
	}
}
