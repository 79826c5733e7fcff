package boilerplate

import (
	"encoding/binary"
	"slices"
	"unicode"
	"unicode/utf8"

	"github.com/athanor-lm/athanor/internal/eights"
)

// hasLength says whether a line has at least so many characters, those beyond ASCII counted twice.
func hasLength(line []byte, least int) bool {
	if len(line) < least {
		return false // no character counts more than its bytes
	}
	n := 0
	for i := 0; i < len(line) && n < least; i++ {
		if c := line[i]; c < utf8.RuneSelf {
			n++
		} else if c&0xC0 != 0x80 {
			n += 2
		}
	}
	return n >= least
}

// fold writes a line without leading, trailing and repeated white space and the signs between cells, in room; ends has where
// its cells end there. Eights of bytes that stay as they are, which most are, it copies.
func (l *look) fold(line string) {
	l.room, l.ends = slices.Grow(l.room[:0], len(line)+8), l.ends[:0]
	spaces, tab, digit := 0, false, false
	for i := 0; i < len(line); {
		c, size := rune(line[i]), 1
		if c >= utf8.RuneSelf {
			c, size = utf8.DecodeRuneInString(line[i:])
		}
		i += size
		switch {
		case c == '\t' || c == '|' || c == '·' || c == '»' || c == '›':
			spaces, tab = spaces+1, true
			continue
		case isSpace(c):
			spaces++
			continue
		}
		if last := len(l.room); spaces > 0 && last > 0 {
			if tab || spaces > 1 {
				l.ends = append(l.ends, last)
			}
			l.room = append(l.room, ' ')
			digit = false
		}
		spaces, tab = 0, false
		if l.s.Digits && (c-'0' < 10 && c >= '0' || c >= utf8.RuneSelf && unicode.IsDigit(c)) {
			if !digit {
				l.room = append(l.room, '0')
			}
			digit = true
			continue
		}
		digit = false
		l.room = utf8.AppendRune(l.room, c)
		i = l.copyPlain(line, i)
	}
	l.ends = append(l.ends, len(l.room))
}

func isSpace(c rune) bool {
	if c < utf8.RuneSelf {
		return c == ' ' || c >= '\t' && c <= '\r'
	}
	return unicode.IsSpace(c)
}

// copyPlain copies eights of printing ASCII from i on, of which no byte is a sign between cells or, where they are alike, a digit, and
// spaces stand alone between others. What is before i is no space. It returns where the copied ends.
func (l *look) copyPlain(line string, i int) int {
	digits := uint64(0)
	if l.s.Digits {
		digits = eights.Tops
	}
	before := uint64(0) // the upper bit of the lowest byte: the byte before is a space
	room := l.room
	for ; i+8 <= len(line); i += 8 {
		w := eights.Load(line[i:])
		low := w &^ eights.Tops
		control := ^(low + (0x80-' ')*eights.Ones) // below 0x20
		digit := eights.Within(low, '0', '9') & digits
		space := ^eights.Except(low, ' ') & eights.Tops
		bar := ^eights.Except(low, '|')
		if (w|control|digit|bar|space&(space<<8|before))&eights.Tops != 0 {
			break
		}
		before = space >> 56
		room = binary.LittleEndian.AppendUint64(room, w)
	}
	if before != 0 { // what is behind it is not known yet
		i, room = i-1, room[:len(room)-1]
	}
	l.room = room
	return i
}
