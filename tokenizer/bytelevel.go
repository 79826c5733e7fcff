package tokenizer

// byteRune is GPT-2's byte alphabet: the printable Latin-1 characters stand for
// themselves, the other 68 bytes for U+0100 … U+0143 in order.
func byteRune(b byte) rune {
	if printable(b) {
		return rune(b)
	}
	r := rune(0x100)
	for c := byte(0); c < b; c++ {
		if !printable(c) {
			r++
		}
	}
	return r
}

func printable(b byte) bool {
	return '!' <= b && b <= '~' || 0xa1 <= b && b != 0xad
}

// alphabet maps bytes to the byte alphabet and back.
type alphabet struct {
	runes [256]rune
	bytes [0x144]int16 // rune → byte, -1 for none
}

func newAlphabet() *alphabet {
	a := &alphabet{}
	for i := range a.bytes {
		a.bytes[i] = -1
	}
	for b := range 256 {
		r := byteRune(byte(b))
		a.runes[b] = r
		a.bytes[r] = int16(b)
	}
	return a
}

// decode appends the bytes a token spells. As in Hugging Face's decoder a token
// with a character outside of the alphabet stands for itself.
func (a *alphabet) decode(dst []byte, token string) []byte {
	n := len(dst)
	for _, r := range token {
		if int(r) >= len(a.bytes) || a.bytes[r] < 0 {
			return append(dst[:n], token...)
		}
		dst = append(dst, byte(a.bytes[r]))
	}
	return dst
}
