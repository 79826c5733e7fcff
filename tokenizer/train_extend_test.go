package tokenizer

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/athanor-lm/athanor/internal/realdata"
)

// checkExtension looks at what an extension must keep: ids, merges first, text.
func checkExtension(t *testing.T, base, tok *Tokenizer, texts ...[]byte) {
	t.Helper()
	for id := range base.VocabSize() {
		a, okA := base.Token(uint32(id))
		b, okB := tok.Token(uint32(id))
		if a != b || okA != okB {
			t.Fatalf("id %d was %q, is %q", id, a, b)
		}
	}
	for _, text := range texts {
		before, after := base.AppendEncode(nil, text, false), tok.AppendEncode(nil, text, false)
		if got := tok.AppendDecode(nil, after...); !bytes.Equal(got, text) {
			t.Fatalf("decoded %.60q, want %.60q", got, text)
		}
		if len(after) > len(before) {
			t.Errorf("%d tokens, %d before: %.60q", len(after), len(before), text)
		}
		// Old merges come first: every new token is old ones in a row.
		var spelled []uint32
		for _, id := range after {
			if int(id) < base.VocabSize() {
				spelled = append(spelled, id)
				continue
			}
			b, _ := tok.TokenBytes(id)
			at := 0
			for _, old := range before[len(spelled):] {
				if at == len(b) {
					break
				}
				o, _ := base.TokenBytes(old)
				at += len(o)
				spelled = append(spelled, old)
			}
		}
		if !slices.Equal(spelled, before) {
			t.Fatalf("new tokens do not stand for old ones in a row: %.60q", text)
		}
	}
}

func TestExtensionKeepsTheBase(t *testing.T) {
	english, chinese := sample()[:2], sample()[2:3]
	for _, cfg := range []TrainConfig{{VocabSize: 350}, {VocabSize: 350, Pattern: "gpt2", NFC: true, Forced: []string{"sat"}, AddBOS: true}} {
		base := trained(t, cfg, english)
		tok := trained(t, TrainConfig{VocabSize: 400, Base: base, Special: []string{"<|law|>"}, Forced: []string{"合法权益"}}, chinese)
		if tok.VocabSize() <= base.VocabSize()+2 {
			t.Fatalf("%d ids, want more than %d", tok.VocabSize(), base.VocabSize()+2)
		}
		checkExtension(t, base, tok, english...)
		text := "第一条<|law|>的合法权益"
		ids := tok.Encode(text, false)
		if n := uint32(base.VocabSize()); !slices.Contains(ids, n) || !slices.Contains(ids, n+1) || tok.Decode(ids, false) != text {
			t.Errorf("%q is %d, want the special token %d and the forced one %d", text, ids, n, n+1)
		}
		eosA, _ := base.EOS()
		if eosB, ok := tok.EOS(); !ok || eosA != eosB {
			t.Errorf("EOS was %d, is %d", eosA, eosB)
		}
		again, err := Parse(tok.JSON(), nil)
		if err != nil || again.Hash() != tok.Hash() {
			t.Errorf("the file is not what was trained: %v", err)
		}
	}
}

func TestExtensionOfGPT2ForChineseLaw(t *testing.T) {
	law := documents(t, "zh-laws/laws.jsonl.gz", 3_000_000)
	english := documents(t, "en-books/books.jsonl.gz", 300_000)
	base, err := Load(realdata.Path(t, "tokenizers/hf-gpt2"))
	if err != nil {
		t.Fatal(err)
	}
	tok := trained(t, TrainConfig{VocabSize: base.VocabSize() + 3000, Base: base}, [][]byte{law[:2_500_000]})
	if tok.VocabSize() != base.VocabSize()+3000 {
		t.Fatalf("%d ids", tok.VocabSize())
	}
	held := law[2_500_000:]
	checkExtension(t, base, tok, held, english)
	before, after := len(base.AppendEncode(nil, held, false)), len(tok.AppendEncode(nil, held, false))
	if after*3 > before {
		t.Errorf("held-out law takes %d tokens, %d before; want less than a third", after, before)
	}
	if !slices.Equal(base.AppendEncode(nil, english[:1000], false), tok.AppendEncode(nil, english[:1000], false)) {
		t.Error("plain English is encoded otherwise than before")
	}
	if s, _ := tok.Token(uint32(tok.VocabSize() - 1)); strings.Contains(s, "<|") {
		t.Errorf("last token %q", s)
	}
}
