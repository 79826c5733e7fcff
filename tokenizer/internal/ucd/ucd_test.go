package ucd

import (
	"testing"
	"unicode"
)

// Where Go's tables are older they only lack characters.
func TestCategoriesAreGosAndMore(t *testing.T) {
	same := map[*unicode.RangeTable]Set{
		unicode.L: L, unicode.Lu: 1 << Lu, unicode.Ll: 1 << Ll, unicode.Lt: 1 << Lt, unicode.Lm: 1 << Lm, unicode.Lo: 1 << Lo,
		unicode.M: M, unicode.Mn: 1 << Mn, unicode.N: N, unicode.Nd: 1 << Nd, unicode.P: P, unicode.S: S, unicode.Zs: 1 << Zs, unicode.Cf: 1 << Cf,
	}
	if unicode.Version > "16" {
		t.Skip("Go's tables are newer: Unicode ", unicode.Version)
	}
	for r := rune(-1); r <= unicode.MaxRune+1; r++ {
		c := Of(r)
		for table, set := range same {
			// U+1171E turned from Mc to Mn with Unicode 16, U+1734 and others stayed.
			if unicode.Is(table, r) && !set.Has(c) && !M.Has(c) {
				t.Errorf("%U is in Go's %v and has category %d", r, set, c)
			}
		}
	}
}

func TestNewCharacters(t *testing.T) {
	for r, want := range map[rune]Set{'A': 1 << Lu, 'ß': 1 << Ll, 'ǅ': 1 << Lt, 'ʰ': 1 << Lm, '中': 1 << Lo, 0x2ebf0: L, 0x1c89: 1 << Lu, 0x897: 1 << Mn, 0x1ccf0: 1 << Nd, 0x1cd00: S,
		'½': 1 << No, 'Ⅷ': 1 << Nl, '_': 1 << Pc, '+': 1 << Sm, ' ': 1 << Zs, '\n': 1 << Cc, 0x200d: 1 << Cf, 0xe000: 1 << Co, 0xffff: 1 << Cn, 0xd800: 1 << Cn} {
		if !Is(want, r) {
			t.Errorf("%U has category %d, want one of %b", r, Of(r), want)
		}
	}
}
