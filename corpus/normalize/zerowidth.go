package normalize

import "unicode/utf8"

// isZeroWidth: characters that show nothing of their own and marks of direction.
func isZeroWidth(c rune) bool {
	switch {
	case c < 0xAD:
		return false
	case c == 0xAD, c == 0x61C, c == 0x180E, c == 0xFEFF: // soft hyphen, Arabic letter mark, Mongolian separator, BOM
		return true
	case c >= 0x200B && c <= 0x200F, c >= 0x202A && c <= 0x202E, c >= 0x2060 && c <= 0x206F:
		return true
	}
	return c >= 0xE0000 && c <= 0xE007F // tags
}

// needed says whether a zero-width character does something between two characters, 0 at the ends of the text:
//   - the non-joiner between letters of joining scripts (Arabic, the scripts of India, …), where it changes the shape;
//   - the joiner after such a letter, and between pictographs, where it makes one of two;
//   - the zero-width space between letters of scripts that have no other word boundary (Thai, Lao, Khmer, Myanmar, Tibetan);
//   - direction marks beside right-to-left letters;
//   - tags after the black flag, where they spell a region's flag.
//
// Embeddings, overrides and isolates of direction, soft hyphens, word joiners and byte order marks are never.
func needed(c, before, after rune) bool {
	switch {
	case c == 0x200C:
		return joins(before) && joins(after)
	case c == 0x200D:
		return joins(before) || pictograph(before) && pictograph(after)
	case c == 0x200B:
		return unspaced(before) && unspaced(after)
	case c == 0x200E, c == 0x200F, c == 0x61C:
		return rightToLeft(before) || rightToLeft(after)
	}
	return c >= 0xE0000 && before == 0x1F3F4
}

func joins(c rune) bool {
	return c >= 0x600 && c <= 0xDFF || c >= 0x1000 && c <= 0x109F || c >= 0x1780 && c <= 0x18AF || c >= 0xFB50 && c <= 0xFDFF ||
		c >= 0xFE70 && c <= 0xFEFC
}

func pictograph(c rune) bool {
	return c >= 0x2190 && c <= 0x2BFF || c == 0xFE0F || c >= 0x1F000 && c <= 0x1FAFF
}

func unspaced(c rune) bool {
	return c >= 0xE00 && c <= 0xFFF || c >= 0x1000 && c <= 0x109F || c >= 0x1780 && c <= 0x17FF || c >= 0x19E0 && c <= 0x1AAF ||
		c >= 0xAA60 && c <= 0xAADF
}

func rightToLeft(c rune) bool {
	return c >= 0x590 && c <= 0x8FF || c >= 0xFB1D && c <= 0xFDFF || c >= 0xFE70 && c <= 0xFEFC || c >= 0x10800 && c <= 0x10FFF ||
		c >= 0x1E800 && c <= 0x1EFFF
}

// dropZeroWidth appends src without its zero-width characters that are not needed, and says how many went. A character's
// surroundings are the nearest ones that are not zero-width: what goes does not change what else goes.
func (r *rules) dropZeroWidth(dst, src []byte) (out []byte, gone int64) {
	var before rune
	for i := 0; i < len(src); {
		c, n := utf8.DecodeRune(src[i:])
		if !isZeroWidth(c) {
			dst = append(dst, src[i:i+n]...)
			before = c
			i += n
			continue
		}
		end, after := i, rune(0)
		for end < len(src) {
			c, n := utf8.DecodeRune(src[end:])
			if !isZeroWidth(c) {
				after = c
				break
			}
			end += n
		}
		for i < end {
			c, n := utf8.DecodeRune(src[i:])
			if r.ZeroWidth == "needless" && needed(c, before, after) {
				dst = append(dst, src[i:i+n]...)
			} else {
				gone++
			}
			i += n
		}
	}
	return dst, gone
}
