package spmtrain

import (
	"sync"
	"unicode"
	"unicode/utf8"
)

// Characters with a part to play. Text never holds unkRune or boundary as
// themselves once it is normalized and its rare characters are replaced.
const (
	space    = '▁'    // U+2581 stands for the space
	unkRune  = '▅'    // U+2585 stands for a character outside the alphabet
	boundary = '\x1f' // no piece crosses it
)

// Script classes. Scripts are numbered from the table; these have a meaning.
const (
	common    uint8 = 0
	han       uint8 = 1 // with Hiragana and Katakana: Japanese words mix them
	inherited uint8 = 2 // combining marks: the script of what they stand on
	anyScript uint8 = 255
)

// scripts maps code points to script classes.
var scripts = sync.OnceValue(func() *[unicode.MaxRune + 1]uint8 {
	t := new([unicode.MaxRune + 1]uint8)
	next := inherited + 1
	for name, table := range unicode.Scripts {
		class := next
		switch name {
		case "Common":
			continue
		case "Han", "Hiragana", "Katakana":
			class = han
		case "Inherited":
			class = inherited
		default:
			next++
		}
		for _, r := range table.R16 {
			for c := uint32(r.Lo); c <= uint32(r.Hi); c += uint32(r.Stride) {
				t[c] = class
			}
		}
		for _, r := range table.R32 {
			for c := r.Lo; c <= r.Hi; c += r.Stride {
				t[c] = class
			}
		}
	}
	t['ー'] = han // the long vowel sign is Common in Unicode
	return t
})

// shape says which strings may be pieces.
type shape struct {
	scripts       *[unicode.MaxRune + 1]uint8
	maxLen        int // in characters
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
	script, last := anyScript, len(piece)-1
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
		if class == inherited {
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
	return ca != cb && ca != inherited && cb != inherited
}
