package charset

import (
	"encoding/binary"
	"unicode"
	"unicode/utf16"
)

// leastWide is the fewest bytes that are taken for UTF-16 without a mark.
const leastWide = 16

// wide tells UTF-16 without a mark: "" where it is none. Text has line ends, spaces, digits or letters whose upper byte is
// zero in nearly every script; without any of them it must at least be all characters of a few blocks, and no valid
// UTF-8, ASCII nor two-byte set reads like that.
func wide(data []byte) string {
	if len(data) < leastWide || len(data)%2 != 0 {
		return ""
	}
	head := data[:min(len(data), 4096)&^1]
	var zero [2]int
	for i, c := range head {
		if c == 0 {
			zero[i%2]++
		}
	}
	le, be := wideText(head, binary.LittleEndian), wideText(head, binary.BigEndian)
	switch {
	case zero[0]+zero[1] == 0:
		return ""
	case le && (!be || zero[1] > 2*zero[0]):
		return "utf-16le"
	case be && (!le || zero[0] > 2*zero[1]):
		return "utf-16be"
	}
	return ""
}

// wideText tells whether data is text as UTF-16 of a byte order: valid, without control characters, nearly all of it letters,
// digits, spaces and common signs.
func wideText(data []byte, order binary.ByteOrder) bool {
	units := make([]uint16, len(data)/2)
	for i := range units {
		units[i] = order.Uint16(data[2*i:])
	}
	if n := len(units); n > 0 && utf16.IsSurrogate(rune(units[n-1])) {
		units = units[:n-1] // the head may cut a pair
	}
	plain, n := 0, 0
	for _, r := range utf16.Decode(units) {
		n++
		switch {
		case r == '\t' || r == '\n' || r == '\r':
			plain++
		case r == unicode.ReplacementChar || unicode.IsControl(r) || !unicode.IsPrint(r) && !unicode.IsSpace(r) && r != 0xad && r != 0x200b && r != 0xfeff:
			return false
		case r < 0x2e80 && r >= 0x0700 && !(r >= 0x0e00 && r < 0x0e80) && !(r >= 0x1e00 && r < 0x2070): // rare blocks
		default:
			plain++
		}
	}
	return n > 0 && 10*plain >= 9*n
}
