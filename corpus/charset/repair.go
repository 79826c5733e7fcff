package charset

import (
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
)

// Repairs counts what Repair found in a text.
type Repairs struct {
	UTF8     int // runs of UTF-8 that had been read as Latin-1 or Windows-1252, once or several times
	Legacy   int // lines of another character set (GBK, Big5, Shift-JIS, Windows-1251, …) that had been read as Latin-1
	Controls int // C1 control characters that were meant as Windows-1252
	Lost     int // characters that nothing can bring back: U+FFFD, and 锟斤拷, which is U+FFFD as UTF-8 read as GBK
}

// Repair undoes mojibake, in the manner of ftfy (Speer 2019): what can be read as the bytes of another character set is,
// where that makes much more probable text of it. Clean text it leaves alone, and finds that out without allocating.
func Repair(text string) (string, Repairs) {
	var r Repairs
	r.Lost = strings.Count(text, "\ufffd") + 2*strings.Count(text, "锟斤拷")
	if suspectWestern(text) {
		text = r.utf8AsWestern(r.legacy(text), gainRun)
		if r.UTF8 >= several {
			text = r.utf8AsWestern(text, gainAgain)
		}
		text = r.controls(text)
	}
	return text, r
}

// maxLayers is how often a text may have been read wrongly.
const maxLayers = 4

// What a repair must gain, in bits of the model.
const (
	gainRun    = 12 // for a run of UTF-8 read as Western: it is valid UTF-8 besides, which chance seldom makes
	gainAgain  = 1  // for one more, where there were several
	gainLegacy = 40 // for a line of another set
	surely     = 6  // that the set explains the line better than any other set
)

// suspectWestern tells whether a text holds anything that mojibake of the Western kinds must hold: two characters of
// U+0080..00FF or of Windows-1252's own in a row, or a C1 control.
func suspectWestern(text string) bool {
	// In UTF-8 U+0080..00FF begin with C2 and C3, and one of them is in every run of mojibake.
	next := [2]int{-1, -1} // where C2 and C3 come next
	for at := 0; ; {
		for k, lead := range [2]byte{0xc2, 0xc3} {
			if next[k] >= at || next[k] == len(text) {
				continue
			}
			if next[k] = strings.IndexByte(text[at:], lead); next[k] < 0 {
				next[k] = len(text)
			} else {
				next[k] += at
			}
		}
		if at = min(next[0], next[1]); at == len(text) {
			return false
		}
		r, size := utf8.DecodeRuneInString(text[at:])
		if r < 0xa0 { // a C1 control, or a byte that is no UTF-8
			return true
		}
		at += size
		if r, _ := utf8.DecodeRuneInString(text[at:]); r >= 0x80 && westernByte(r) >= 0 {
			return true
		}
	}
}

// westernByte is the byte that Windows-1252 has for a character, or Latin-1 for one that it has none for; -1 where
// neither has one.
func westernByte(r rune) int {
	if r < 0 || int(r) >= len(westernBytesOf) {
		return -1
	}
	return int(westernBytesOf[r])
}

// westernBytesOf has what westernByte gives for the characters up to ™, the last one.
var westernBytesOf = func() (table ['™' + 1]int16) {
	for r := range table {
		b, ok := charmap.Windows1252.EncodeRune(rune(r))
		switch {
		case r < 0x100:
			table[r] = int16(r)
		case ok:
			table[r] = int16(b)
		default:
			table[r] = -1
		}
	}
	return table
}()

// several runs or lines of one kind make more of them probable.
const several = 3

// utf8AsWestern reads the runs that are valid UTF-8 as Windows-1252 bytes so, where that is more probable by enough bits.
func (r *Repairs) utf8AsWestern(text string, enough int) string {
	var out strings.Builder
	kept := 0
	var run westernRun
	for at := 0; at < len(text); at = run.end() {
		i := strings.IndexByte(text[at:], 0xc3) // a lead byte C2..F4 is U+00C2..00F4, which UTF-8 begins with C3
		if i < 0 {
			break
		}
		run.read(text, at+i)
		for k := 0; k < len(run.bytes); {
			valid := validPrefix(run.bytes[k:])
			if valid == 0 {
				k++
				continue
			}
			start, stop := run.places[k], run.places[k+valid]
			decoded := unlayer(string(run.bytes[k : k+valid]))
			if (enough < gainRun || isKnown(decoded)) && gain(text, start, stop, decoded) >= enough {
				out.WriteString(text[kept:start])
				out.WriteString(decoded)
				kept = stop
				r.UTF8++
			}
			k += valid
		}
	}
	if kept == 0 {
		return text
	}
	out.WriteString(text[kept:])
	return out.String()
}

// westernRun is a run of characters beyond ASCII that Windows-1252 has.
type westernRun struct {
	bytes  []byte // of the characters
	places []int  // where they begin in the text, and where the last ends
}

// read reads the run that begins at a place; it may be empty.
func (w *westernRun) read(text string, at int) {
	w.bytes, w.places = w.bytes[:0], append(w.places[:0], at)
	for at < len(text) {
		c, size := utf8.DecodeRuneInString(text[at:])
		b := westernByte(c)
		if c < 0x80 || b < 0 || c == utf8.RuneError {
			break
		}
		at += size
		w.bytes, w.places = append(w.bytes, byte(b)), append(w.places, at)
	}
	if len(w.bytes) == 0 { // a byte that is no character
		w.places[0]++
	}
}

func (w *westernRun) end() int { return w.places[len(w.places)-1] }

// unlayer reads text as UTF-8 that had been read as Western again, as long as all of it is that.
func unlayer(text string) string {
	for range maxLayers - 1 {
		raw := make([]byte, 0, len(text))
		for _, c := range text {
			b := westernByte(c)
			if b < 0x80 {
				return text
			}
			raw = append(raw, byte(b))
		}
		if len(raw) < 2 || validPrefix(raw) < len(raw) {
			return text
		}
		text = string(raw)
	}
	return text
}

// validPrefix is the length of the UTF-8 characters of two bytes and more that b begins with.
func validPrefix(b []byte) (n int) {
	for n < len(b) {
		c, size := utf8.DecodeRune(b[n:])
		if size < 2 || c == utf8.RuneError && size == 1 {
			break
		}
		n += size
	}
	return n
}

// isKnown tells whether a text is one of a language that the model knows.
func isKnown(text string) bool {
	return leastBits(false, text) <= plausibleBits*utf8.RuneCountInString(text)
}

// aroundGain is how much of a text's surroundings its probability is judged with, in characters.
const aroundGain = 2

// gain is how many bits more probable a text is with decoded in the place of what it has between two places.
func gain(text string, from, to int, decoded string) int {
	start, end := from, to
	for range aroundGain {
		if _, size := utf8.DecodeLastRuneInString(text[:start]); start > 0 {
			start -= size
		}
		if _, size := utf8.DecodeRuneInString(text[end:]); end < len(text) {
			end += size
		}
	}
	return leastBits(true, text[start:end]) - leastBits(false, text[start:from], decoded, text[to:end])
}

// controls makes C1 control characters what Windows-1252 has in their places, where they stand in Latin text: whoever wrote
// them meant that.
func (r *Repairs) controls(text string) string {
	var out strings.Builder
	kept := 0
	for at := 0; ; {
		i := strings.IndexByte(text[at:], 0xc2)
		if i < 0 {
			break
		}
		at += i
		end := at
		for end+1 < len(text) && text[end] == 0xc2 && text[end+1] >= 0x80 && text[end+1] < 0xa0 {
			end += 2
		}
		if end == at {
			at++
			continue
		}
		before, _ := utf8.DecodeLastRuneInString(text[:at])
		after, _ := utf8.DecodeRuneInString(text[end:])
		if isLatin(before) && isLatin(after) {
			out.WriteString(text[kept:at])
			for ; at < end; at += 2 {
				out.WriteRune(r.control(rune(text[at+1])))
			}
			kept = end
		}
		at = end
	}
	if kept == 0 {
		return text
	}
	out.WriteString(text[kept:])
	return out.String()
}

// control is what a control character was meant as; U+0085 is a line end, and five have no meaning.
func (r *Repairs) control(c rune) rune {
	meant := charmap.Windows1252.DecodeByte(byte(c))
	if c == 0x85 || meant == utf8.RuneError || meant < 0xa0 {
		return c
	}
	r.Controls++
	return meant
}

// isLatin tells characters of Latin text, and its ends, where there is none (U+FFFD).
func isLatin(c rune) bool {
	return c < 0x250 || c >= 0x1e00 && c < 0x2100 || c == utf8.RuneError
}
