package chinese

import (
	"sync"

	"github.com/athanor-lm/athanor/corpus/internal/hanscript"
)

// class says what a character is to the rules.
type class uint8

const (
	symbol      class = iota // what is none of the following
	space                    // white space and what has no width
	han                      // Han characters of both scripts
	simplified               // of simplified Chinese only
	traditional              // of traditional Chinese only
	latin                    // ASCII and other Latin letters
	digit                    // ASCII digits
	wide                     // full-width Latin letters and digits
	letter                   // letters of other scripts
	stop                     // ends a sentence: 。！？…；!?;
	dot                      // the full stop of ASCII, which also parts numbers and names
	pause                    // other punctuation that can end a line: ，、：—,:-
	closing                  // what closes a quotation or bracket behind the stop
	mark                     // other punctuation
	broken                   // U+FFFD, private use, C1 controls
)

func isHan(c class) bool  { return c >= han && c <= traditional }
func isMark(c class) bool { return c >= stop && c <= mark }

// classes are those of the first plane.
var classes = sync.OnceValue(func() *[1 << 16]class {
	t := new([1 << 16]class)
	for c := range rune(len(t)) {
		t[c] = classify(c)
	}
	for set, cl := range map[string]class{
		"。！？…；!?;｡‼⁇": stop, ".．": dot, "，、：—,:-─～~": pause, "”’」』）》】〉〕］｝\"')]}>": closing,
	} {
		for _, c := range set {
			t[c] = cl
		}
	}
	return t
})

func classify(c rune) class {
	switch {
	case c <= ' ', c == 0x7F, c == 0xA0, c == 0xAD, c == 0x3000, c >= 0x2000 && c <= 0x200F, c >= 0x2028 && c <= 0x202F, c >= 0x205F && c <= 0x206F, c == 0xFEFF:
		return space
	case c >= '0' && c <= '9':
		return digit
	case c|0x20 >= 'a' && c|0x20 <= 'z' && c < 0x80, c >= 0xC0 && c <= 0x24F && c != '×' && c != '÷':
		return latin
	case c < 0x80, c == '·', c == '«', c == '»', c >= 0x2010 && c <= 0x2027, c >= 0x2030 && c <= 0x205E, c >= 0x3001 && c <= 0x3003,
		c >= 0x3008 && c <= 0x3011, c >= 0x3014 && c <= 0x301F, c >= 0xFE30 && c <= 0xFE6F, c >= 0xFF01 && c <= 0xFF0F, c >= 0xFF1A && c <= 0xFF20,
		c >= 0xFF3B && c <= 0xFF40, c >= 0xFF5B && c <= 0xFF65:
		return mark
	case c < 0xA0, c == 0xFFFD, c >= 0xE000 && c < 0xF900:
		return broken
	case c >= 0xFF10 && c <= 0xFF19, c >= 0xFF21 && c <= 0xFF3A, c >= 0xFF41 && c <= 0xFF5A:
		return wide
	case hanscript.IsHan(c):
		switch hanscript.Of(c) {
		case hanscript.Simplified:
			return simplified
		case hanscript.Traditional:
			return traditional
		}
		return han
	case c >= 0x250 && c < 0x2000, c >= 0x2C00 && c < 0x2E00, c >= 0x3041 && c < 0x3190, c >= 0xA000 && c < 0xD800, c >= 0xFB00 && c < 0xFE00, c >= 0xFF66 && c < 0xFFE0:
		return letter
	}
	return symbol
}

// classOf returns the class of any character.
func classOf(t *[1 << 16]class, c rune) class {
	switch {
	case c < 1<<16:
		return t[c]
	case hanscript.IsHan(c):
		return han
	case c >= 0xF0000:
		return broken
	}
	return symbol
}
