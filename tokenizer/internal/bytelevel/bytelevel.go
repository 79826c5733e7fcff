// Package bytelevel is GPT-2's byte alphabet, in which byte-level vocabularies
// spell their tokens.
package bytelevel

import "unicode/utf8"

// Rune returns the character a byte is spelled with: the printable Latin-1
// characters stand for themselves, the other 68 bytes for U+0100 … U+0143 in order.
func Rune(b byte) rune { return runes[b] }

// Byte returns the byte a character spells; ok is false outside of the alphabet.
func Byte(r rune) (b byte, ok bool) {
	if r < 0 || int(r) >= len(bytes) || bytes[r] < 0 {
		return 0, false
	}
	return byte(bytes[r]), true
}

// Append appends the spelling of raw bytes to dst.
func Append(dst []byte, raw []byte) []byte {
	for _, b := range raw {
		dst = utf8.AppendRune(dst, runes[b])
	}
	return dst
}

// AppendBytes appends the bytes a token spells. As in Hugging Face's decoder a
// token with a character outside of the alphabet stands for itself; ok is then
// false.
func AppendBytes(dst []byte, token string) (out []byte, ok bool) {
	n := len(dst)
	for _, r := range token {
		b, ok := Byte(r)
		if !ok {
			return append(dst[:n], token...), false
		}
		dst = append(dst, b)
	}
	return dst, true
}

var runes, bytes = tables()

func tables() (runes [256]rune, bytes [0x144]int16) {
	for r := range bytes {
		bytes[r] = -1
	}
	next := rune(0x100)
	for b := range 256 {
		r := rune(b)
		if !('!' <= b && b <= '~' || 0xa1 <= b && b != 0xad) {
			r = next
			next++
		}
		runes[b], bytes[r] = r, int16(b)
	}
	return runes, bytes
}
