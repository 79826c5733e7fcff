package filter

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/athanor-lm/athanor/corpus"
)

// plainPhrases returns the rules of the phrases that a line has, a bit each.
func plainPhrases(line string) (rules int) {
	for _, p := range phrases {
		if strings.Contains(strings.ToLower(line), p.text) {
			rules |= 1 << p.rule
		}
	}
	return rules
}

func TestPhrasesAreFoundWhereverTheyAre(t *testing.T) {
	draw := rand.New(rand.NewPCG(1, 2))
	parts := []string{"Privacy ", "policy", "POLICY", "cookie ", "Cookies ", "uses ", "use of ", "use ", "terms of ", "lorem ", "Ipsum", "Java", "Script", " ", "x", "coo\u212aie ", "é", "pas", "rie"}
	for range 800 {
		var b strings.Builder
		b.WriteString(strings.Repeat("some words ", draw.IntN(12)))
		if draw.IntN(50) == 0 {
			b.WriteString(strings.Repeat("more ", partSize/5-4-draw.IntN(12)))
		}
		for range draw.IntN(6) {
			b.WriteString(parts[draw.IntN(len(parts))])
		}
		text := b.String()
		var c c4
		want := plainPhrases(text)
		if got := c.phrases(text); got != want {
			t.Fatalf("%q: rules %b, want %b", text, got, want)
		}
		if kelvin := strings.Contains(text, "\u212a"); c.says(text) != (want != 0 || kelvin) {
			t.Fatalf("%q: says %v, want %v", text, c.says(text), want != 0 || kelvin)
		}
	}
}

func TestPhrasesThatCitationsPartAreFound(t *testing.T) {
	s := DefaultC4()
	open, err := s.Open(corpus.Env{})
	if err != nil {
		t.Fatal(err)
	}
	d := corpus.NewDocument("One. Two. Three. Four. Five. Six.\nWe ask for ja[1]vascript here.", nil)
	if open().Apply(d, new(corpus.Report)); d.Text() != "One. Two. Three. Four. Five. Six." {
		t.Errorf("%q is left", d.Text())
	}
}
