package spmtrain

import (
	"sync"
	"unicode"
	"unicode/utf8"

	"github.com/athanor-lm/athanor/tokenizer/internal/charprop"
)

// Characters with a part to play. Text never holds unkRune or boundary as
// themselves once it is normalized and its rare characters are replaced.
const (
	space    = '▁'    // U+2581 stands for the space
	unkRune  = '▅'    // U+2585 stands for a character outside the alphabet
	boundary = '\x1f' // no piece crosses it
)

// anyScript goes with every script.
const anyScript = 255

// scripts maps code points to the numbers of their scripts, with Hiragana,
// Katakana and Han as one: Japanese words mix them. It is the original's table
// (package charprop), in which the characters it does not list are Common.
var scripts = sync.OnceValue(func() *[unicode.MaxRune + 1]uint8 {
	t := new([unicode.MaxRune + 1]uint8)
	common := uint8(charprop.Script('!'))
	for r := range t {
		if t[r] = uint8(charprop.Script(rune(r))); t[r] == 0 {
			t[r] = common
		}
	}
	return t
})

// newShape returns the rules of pieces of at most maxLen characters, without
// options.
func newShape(maxLen int) *shape {
	t := scripts()
	return &shape{scripts: t, inherited: t['\u0300'], maxLen: maxLen}
}

// shape says which strings may be pieces.
type shape struct {
	scripts       *[unicode.MaxRune + 1]uint8
	inherited     uint8 // script of combining marks: that of what they stand on
	maxLen        int   // in characters
	acrossSpace   bool
	acrossScripts bool
	acrossNumbers bool
	splitDigits   bool
	suffix        bool // the space stands at a piece's end
	spaceOnly     bool // pieces of spaces alone are allowed
}

func decimal(c rune) bool { return c >= '0' && c <= '9' || c >= '０' && c <= '９' }

// reserved characters are in no piece.
func reserved(c rune) bool {
	return c == unkRune || c == 0 || c == boundary || c == ' ' || !utf8.ValidRune(c)
}

// valid tells whether a piece may be these characters.
func (s *shape) valid(piece []rune) bool {
	if len(piece) == 0 || len(piece) > s.maxLen {
		return false
	}
	onlySpace := s.spaceOnly
	for _, c := range piece {
		onlySpace = onlySpace && c == space
	}
	script, last := uint8(anyScript), len(piece)-1
	for i, c := range piece {
		if reserved(c) {
			return false
		}
		if c == space {
			if !onlySpace && s.spaceMisplaced(i, last) {
				return false
			}
			continue
		}
		if s.splitDigits && last > 0 && decimal(c) {
			return false
		}
		class := s.scripts[c]
		if class == s.inherited {
			class = script
		}
		if s.acrossNumbers && decimal(c) {
			class = anyScript
		}
		if !s.acrossScripts && class != anyScript && script != anyScript && script != class {
			return false
		}
		script = class
	}
	return true
}

// spaceMisplaced tells whether a space at i is wrong in a piece that ends at
// last. A space belongs to the word after it (before it, with suffix); across
// words it may also be inside.
func (s *shape) spaceMisplaced(i, last int) bool {
	if s.suffix {
		return i < last && (!s.acrossSpace || i == 0)
	}
	return i > 0 && (!s.acrossSpace || i == last)
}

// cuts tells whether no valid piece holds a and b side by side. Text may then
// be cut between them: the parts can be counted and segmented on their own.
func (s *shape) cuts(a, b rune) bool {
	if a < utf8.RuneSelf && b < utf8.RuneSelf && a|0x20 >= 'a' && a|0x20 <= 'z' && b|0x20 >= 'a' && b|0x20 <= 'z' {
		return false
	}
	if reserved(a) || reserved(b) {
		return true
	}
	if s.splitDigits && (decimal(a) || decimal(b)) {
		return true
	}
	if a == space || b == space {
		if s.acrossSpace || s.spaceOnly && a == b {
			return false
		}
		return s.suffix && a == space || !s.suffix && b == space
	}
	if s.acrossScripts || s.acrossNumbers && (decimal(a) || decimal(b)) {
		return false
	}
	ca, cb := s.scripts[a], s.scripts[b]
	return ca != cb && ca != s.inherited && cb != s.inherited
}
