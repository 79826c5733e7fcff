package charprop

import (
	"testing"
	"unicode"
)

func TestSetsHoldTheirRangesAlone(t *testing.T) {
	for name, c := range map[string]struct {
		set    *Set
		ranges []uint32
	}{"Word": {Word(), wordRanges}, "Control": {Control(), controlRanges}, "Active": {Active(), activeRanges}} {
		in := map[rune]bool{}
		for i := 0; i < len(c.ranges); i += 2 {
			for r := c.ranges[i]; r <= c.ranges[i+1]; r++ {
				in[rune(r)] = true
			}
		}
		for r := rune(-1); r <= unicode.MaxRune+1; r++ {
			if c.set.Has(r) != in[r] {
				t.Fatalf("%s: %U is %v, want %v", name, r, c.set.Has(r), in[r])
			}
		}
	}
}

func TestPropertiesAgreeWithGoWhereUnicodeIsSettled(t *testing.T) {
	for r := rune(0); r < 0x600; r++ {
		if r == 0x130 {
			continue
		}
		if lower, _ := Lower(r); lower != unicode.ToLower(r) {
			t.Errorf("%U in lower case is %U, want %U", r, lower, unicode.ToLower(r))
		}
		if Numeric().Has(r) != unicode.IsNumber(r) {
			t.Errorf("%U numeric: %v", r, Numeric().Has(r))
		}
		if IsSpace(r) != unicode.IsSpace(r) {
			t.Errorf("%U space: %v", r, IsSpace(r))
		}
	}
	if r, dot := Lower(0x130); r != 'i' || !dot {
		t.Errorf("U+0130 in lower case is %U, %v", r, dot)
	}
	for _, r := range "ab7" {
		if !Word().Has(r) || Punctuation().Has(r) {
			t.Errorf("%q is not a word character", r)
		}
	}
	if Script('あ') != Script('中') || Script('中') == Script('a') || Script(' ') != 0 {
		t.Errorf("scripts of あ, 中, a, space: %d %d %d %d", Script('あ'), Script('中'), Script('a'), Script(' '))
	}
}
