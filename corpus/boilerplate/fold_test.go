package boilerplate

import (
	"slices"
	"testing"
	"unicode"
	"unicode/utf8"
)

// foldBySigns is fold, a character at a time.
func foldBySigns(line string, digits bool) (room []byte, ends []int) {
	spaces, tab, digit := 0, false, false
	for _, c := range line {
		switch {
		case c == '\t' || c == '|' || c == '·' || c == '»' || c == '›':
			spaces, tab = spaces+1, true
			continue
		case unicode.IsSpace(c):
			spaces++
			continue
		}
		if last := len(room); spaces > 0 && last > 0 {
			if tab || spaces > 1 {
				ends = append(ends, last)
			}
			room = append(room, ' ')
			digit = false
		}
		spaces, tab = 0, false
		if digits && unicode.IsDigit(c) {
			if !digit {
				room = append(room, '0')
			}
			digit = true
			continue
		}
		digit = false
		room = utf8.AppendRune(room, c)
	}
	return room, append(ends, len(room))
}

func FuzzFold(f *testing.F) {
	for _, s := range []string{
		"", "  Prev | Up | Chapter 8 · Home »  Next ", "plain text that is long enough for eights, and then some more", "a longer line with a bar|in it",
		"ends in a space after eight ", "tabs\tand  two spaces, digits 1234 12 3 and more words", "中文 １２３ text\xff\x80 and bytes that are no text",
		"a control\x01 character\v in \u00a0 words",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, line string) {
		for _, digits := range []bool{false, true} {
			l := look{s: &Settings{Digits: digits}}
			l.fold(line)
			room, ends := foldBySigns(line, digits)
			if string(l.room) != string(room) || !slices.Equal(l.ends, ends) {
				t.Fatalf("%q, digits %v: %q with cells to %v, want %q and %v", line, digits, l.room, l.ends, room, ends)
			}
			n := 0
			for _, c := range room {
				if c < utf8.RuneSelf {
					n++
				} else if c&0xC0 != 0x80 {
					n += 2
				}
			}
			for least := range n + 3 {
				if got := hasLength(room, least); got != (n >= least) {
					t.Fatalf("%q: has %d characters: %v, but it has %d", room, least, got, n)
				}
			}
		}
	})
}
