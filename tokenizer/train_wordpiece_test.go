package tokenizer

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"testing"
)

func textsOf(texts ...string) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		for _, text := range texts {
			if !yield([]byte(text), nil) {
				return
			}
		}
	}
}

// Which tokens the reference learns is tested in package wordpiece, with its
// numbers; here, that texts are cut and the file written as it has them.
func TestTrainedWordPieceIsNearTheReferences(t *testing.T) {
	var f wordPieceFixture
	readJSON(t, "testdata/wordpiece.json", &f)
	for _, c := range []struct {
		cased bool
		want  []string
	}{{false, f.Uncased}, {true, f.Cased}} {
		tok, err := TrainWordPiece(t.Context(), WordPieceConfig{VocabSize: len(c.want), LimitAlphabet: 2000, Cased: c.cased}, textsOf(f.Corpus...))
		if err != nil {
			t.Fatal(err)
		}
		missing := 0
		for id, token := range c.want {
			mine, ok := tok.ID(token)
			if !ok {
				missing++
			} else if id < 5 && mine != uint32(id) {
				t.Errorf("%s has id %d, want %d", token, mine, id)
			}
		}
		if tok.VocabSize() != len(c.want) || missing > len(c.want)/50 {
			t.Errorf("cased %v: %d of the reference's %d tokens are missing among %d", c.cased, missing, len(c.want), tok.VocabSize())
		}
		if got := tok.Encode("Human Rights!", true); tok.bert == nil || len(got) < 5 || got[0] != 2 || got[len(got)-1] != 3 {
			t.Errorf("ids %v, want [CLS] 2 first and [SEP] 3 last", got)
		}
		if text := tok.Decode(tok.Encode("human rights", false), true); text != "human rights" {
			t.Errorf("decoded to %q", text)
		}
	}
}

func TestTrainedWordPieceDependsOnTheTextsAlone(t *testing.T) {
	var texts []string
	for i := range 300 {
		texts = append(texts, strings.Repeat(fmt.Sprintf("Ünder %d wörds 中文, and Words of %c. ", i%17, 'a'+i%26), 400))
	}
	var want []byte
	for _, workers := range []int{1, 2, 5} {
		tok, err := TrainWordPiece(t.Context(), WordPieceConfig{VocabSize: 120, Workers: workers, Special: []string{"[E1]"}}, textsOf(texts...))
		if err != nil {
			t.Fatal(err)
		}
		if want == nil {
			want = tok.JSON()
		}
		if string(want) != string(tok.JSON()) {
			t.Errorf("%d workers give another tokenizer", workers)
		}
		if id, ok := tok.ID("[E1]"); !ok || id != 5 || !tok.IsSpecial(5) {
			t.Errorf("[E1] has id %d, %v", id, ok)
		}
		slices.Reverse(texts)
	}
}

func TestWordPieceOptions(t *testing.T) {
	yes := true
	text := strings.Repeat("Ärger 中文中文 ", 5)
	for _, c := range []struct {
		cfg        WordPieceConfig
		with, free string
	}{
		{WordPieceConfig{}, "arger 中 文", "Ärger ärger 中文 Ä"},
		{WordPieceConfig{Cased: true}, "Ärger", "arger A"},
		{WordPieceConfig{Cased: true, StripAccents: &yes}, "Arger", "Ä arger"},
		{WordPieceConfig{JoinChinese: true}, "中文中文 arger", "Ä"},
		{WordPieceConfig{InitialAlphabet: "ζ"}, "ζ arger", "##ζ"},
		{WordPieceConfig{LimitAlphabet: 2}, "##r r", "a ##a"},
	} {
		c.cfg.VocabSize = 60
		tok, err := TrainWordPiece(t.Context(), c.cfg, textsOf(text))
		if err != nil {
			t.Fatal(err)
		}
		for _, token := range strings.Fields(c.with) {
			if _, ok := tok.ID(token); !ok {
				t.Errorf("%+v: %q is no token", c.cfg, token)
			}
		}
		for _, token := range strings.Fields(c.free) {
			if _, ok := tok.ID(token); ok {
				t.Errorf("%+v: %q is a token", c.cfg, token)
			}
		}
	}
}

func TestImpossibleWordPieceTrainingIsRefused(t *testing.T) {
	broken := errors.New("broken")
	failing := func(yield func([]byte, error) bool) { yield(nil, broken) }
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	for _, c := range []struct {
		ctx  context.Context
		cfg  WordPieceConfig
		docs iter.Seq2[[]byte, error]
		want string
	}{
		{t.Context(), WordPieceConfig{VocabSize: 4}, textsOf("a"), "vocabulary size 4, want 5"},
		{t.Context(), WordPieceConfig{VocabSize: 100, MinFrequency: -1}, textsOf("a"), "minimum frequency -1"},
		{t.Context(), WordPieceConfig{VocabSize: 100, Special: []string{"[CLS]"}}, textsOf("a"), "listed twice"},
		{t.Context(), WordPieceConfig{VocabSize: 100, Special: []string{""}}, textsOf("a"), "non-empty"},
		{t.Context(), WordPieceConfig{VocabSize: 7}, textsOf("abc"), "make it larger"},
		{t.Context(), WordPieceConfig{VocabSize: 100}, textsOf(" \n\x00"), "holds no text"},
		{t.Context(), WordPieceConfig{VocabSize: 100}, failing, "broken"},
		{cancelled, WordPieceConfig{VocabSize: 100}, textsOf("abc"), "canceled"},
	} {
		if _, err := TrainWordPiece(c.ctx, c.cfg, c.docs); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: error %v, want %q", c.cfg, err, c.want)
		}
	}
}
