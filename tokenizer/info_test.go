package tokenizer

import (
	"context"
	"testing"
)

func TestWordKinds(t *testing.T) {
	for _, c := range []struct {
		word                 string
		spaced, continuation bool
		want                 Kind
	}{
		{"the", true, false, KindSpaceWord}, {"the", false, false, KindWord}, {"ing", false, true, KindContinuation}, {"中文", true, false, KindCJK},
		{"ひらがな", false, false, KindCJK}, {"12", true, false, KindNumber}, {"①", false, false, KindNumber}, {"...", false, false, KindPunctuation},
		{"a1", false, false, KindMixed}, {"don't", true, false, KindMixed}, {"第1条", false, false, KindCJK}, {"e\u0301", false, false, KindWord}, {"+", false, true, KindPunctuation},
	} {
		if got := wordKind(c.word, c.spaced, c.continuation); got != c.want {
			t.Errorf("%q (%v, %v) is %q, want %q", c.word, c.spaced, c.continuation, got, c.want)
		}
	}
}

// Every token is counted once, whatever it is.
func TestInfoCountsEveryToken(t *testing.T) {
	text := []byte("the cat sat on the mat on the mat 12 12 \n\n\n\n 中文中文 民法典民法典 don't don't ... ...")
	tok, err := Train(context.Background(), TrainConfig{VocabSize: 300}, each([][]byte{text, text}))
	if err != nil {
		t.Fatal(err)
	}
	in := tok.Info(3)
	kinds, all := map[Kind]int{}, 0
	for _, k := range in.Kinds {
		kinds[k.Kind] = k.Tokens
		if all += k.Tokens; len(k.Examples) != min(k.Tokens, kindExamples) {
			t.Errorf("%s: %d examples of %d", k.Kind, len(k.Examples), k.Tokens)
		}
	}
	if all != in.Tokens || kinds[KindSpecial] != 2 || kinds[KindPart] < 128 || kinds[KindCJK] < 2 || kinds[KindSpaceWord] < 5 {
		t.Errorf("%d tokens, kinds %v", in.Tokens, kinds)
	}
	scripts := 0
	for _, s := range in.Scripts {
		scripts += s.Tokens
		if s.Script == "Han" && (len(s.Longest) == 0 || s.Longest[0].Text != " 民法典民法典" && s.Longest[0].Text != "民法典民法典" && s.Longest[0].Text != " 民法典") {
			t.Errorf("longest Han: %+v", s.Longest)
		}
	}
	if scripts != in.Tokens-2 {
		t.Errorf("%d tokens by script, want %d", scripts, in.Tokens-2)
	}
}
