package pretokenize

import (
	"strings"
	"testing"

	"github.com/athanor-lm/athanor/tokenizer/internal/pattern"
)

// cutUp returns the pieces of text, | between them, of a tracked and an
// untracked text.
func cutUp(t *testing.T, step Step, text string) string {
	t.Helper()
	var out [2]string
	for k := range out {
		var p Pieces
		p.Text.Reset([]byte(text), 0, k == 0)
		p.Reset()
		if step.Split(&p); p.Text.Err != nil {
			t.Fatal(p.Text.Err)
		}
		var pieces []string
		for _, at := range p.List {
			pieces = append(pieces, string(p.Text.B[at.Lo:at.Hi]))
		}
		out[k] = strings.Join(pieces, "|")
	}
	if out[0] != out[1] {
		t.Errorf("%T cuts %q into %s when tracked, %s otherwise", step, text, out[0], out[1])
	}
	return out[0]
}

// The examples of the reference's documentation, and what they leave out.
func TestBehaviors(t *testing.T) {
	dash, err := pattern.Literal("-")
	if err != nil {
		t.Fatal(err)
	}
	for b, want := range map[Behavior]string{
		Isolated: "the|-|final|-|-|countdown|-", Removed: "the|final|countdown", MergedWithPrevious: "the-|final-|-|countdown-",
		MergedWithNext: "the|-final|-|-countdown|-", Contiguous: "the|-|final|--|countdown|-",
	} {
		if got := cutUp(t, Split{Pattern: dash, Behavior: b}, "the-final--countdown-"); got != want {
			t.Errorf("%s: %s, want %s", BehaviorNames[b], got, want)
		}
	}
	if got := cutUp(t, Split{Pattern: dash, Behavior: Removed, Invert: true}, "a-b--"); got != "-|-|-" {
		t.Errorf("inverted: %s", got)
	}
}

func TestSteps(t *testing.T) {
	for _, c := range []struct {
		step       Step
		text, want string
	}{
		{Digits{}, "ab12½c", "ab|12½|c"},
		{Digits{Individual: true}, "ab12c", "ab|1|2|c"},
		{Whitespace{}, " a_b, c\t!!", "a_b|,|c|!!"},
		{Bert{}, "don't  stop", "don|'|t|stop"},
		{CharDelimiter('x'), "axxb", "a|b"},
		{UnicodeScripts{}, "  abc漢字かなкир 1", "abc|漢字かな|кир |1"},
		{FixedLength{2}, "a中bcd", "a中|bc|d"},
		{Metaspace{'▁', Always, true}, "a b  c", "▁a|▁b|▁|▁c"},
		{Metaspace{'▁', Never, true}, "a b", "a|▁b"},
		{Metaspace{'_', First, false}, "a b", "_a_b"},
		{Sequence{WhitespaceSplit{}, Metaspace{'▁', First, true}}, "a b", "▁a|b"},
		{Sequence{PrefixSpace{}, SpellBytes{}}, "aé", "ĠaÃ©"},
		{Sequence{Punctuation{Isolated}, PrefixSpace{}}, "a. b", " a| .| b"},
	} {
		if got := cutUp(t, c.step, c.text); got != c.want {
			t.Errorf("%T of %q: %s, want %s", c.step, c.text, got, c.want)
		}
	}
}
