package read

import (
	"encoding/binary"
	"unicode/utf8"

	"github.com/athanor-lm/athanor/internal/eights"
)

// validUTF8 is utf8.Valid, faster on Chinese: two characters of three bytes are looked at together.
func validUTF8(s []byte) bool {
	for {
		for len(s) >= 8 {
			x := binary.LittleEndian.Uint64(s)
			if x&eights.Tops == 0 {
				s = s[8:]
				continue
			}
			// Twice 1110xxxx 10xxxxxx 10xxxxxx. Behind E0 and ED not every such byte may come.
			a, b := byte(x), byte(x>>24)
			if x&0xC0C0F0C0C0F0 != 0x8080E08080E0 || a == 0xE0 || a == 0xED || b == 0xE0 || b == 0xED {
				break
			}
			s = s[6:]
		}
		if len(s) == 0 {
			return true
		}
		r, n := utf8.DecodeRune(s)
		if r == utf8.RuneError && n == 1 {
			return false
		}
		s = s[n:]
	}
}
