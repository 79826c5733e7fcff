package charset

import (
	"bytes"
	"math"
	"strings"
	"sync"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
)

// Guess is what a text is taken for.
type Guess struct {
	Name string // of the character set, "" where nothing fits
	// Margin is how much better it explains the text than the next one that would read it differently, in bits: at 10 the
	// text is a thousand times as probable, as far as the model goes. It is infinite for what leaves no doubt: ASCII, valid
	// UTF-8, a byte-order mark.
	Margin float64
}

// candidate is a character set with the languages it is used for and the bits that it costs to suppose so.
type candidate struct {
	name  string
	group string
	prior int
}

var candidates = candidatesOf([]struct {
	name   string
	prior  int
	groups string
}{
	{"windows-1252", 0, "english french german iberian italian nordic irish western"},
	{"gb18030", 0, "hans"},
	{"windows-1251", 1, "russian ukrainian bulgarian"},
	{"shift_jis", 1, "japanese"},
	{"big5", 1, "hant"},
	{"euc-kr", 2, "korean"},
	{"windows-1250", 3, "polish czech hungarian romanian balkan"},
	{"koi8-r", 3, "russian"},
	{"euc-jp", 3, "japanese"},
	{"windows-1254", 3, "turkish"},
	{"windows-1253", 3, "greek"},
	{"windows-1255", 4, "hebrew"},
	{"windows-1256", 4, "arabic"},
	{"windows-874", 4, "thai"},
	{"windows-1257", 4, "baltic"},
	{"iso-8859-2", 5, "polish czech hungarian romanian balkan"},
	{"iso-8859-15", 5, "french german nordic western"},
	{"gb18030", 6, "hant"},
	{"koi8-u", 6, "ukrainian"},
	{"iso-8859-5", 6, "russian bulgarian"},
	{"ibm866", 7, "russian"},
	{"macintosh", 8, "french german iberian western"},
	{"x-mac-cyrillic", 8, "russian"},
})

func candidatesOf(table []struct {
	name   string
	prior  int
	groups string
}) (all []candidate) {
	for _, row := range table {
		for _, group := range strings.Fields(row.groups) {
			all = append(all, candidate{row.name, group, row.prior})
		}
	}
	return all
}

// hintBits is what a declared character set gains over the others.
const hintBits = 12

// Detect finds out which character set a text is in. Hints are declared ones (in a mail's header, in a page), by any label;
// what the bytes say counts more. Data without any byte above 0x7f is UTF-8, unless it has the escapes of ISO-2022-JP or
// HZ.
func Detect(data []byte, hints ...string) Guess {
	certain := func(name string) Guess { return Guess{name, math.Inf(1)} }
	for _, m := range marks {
		if bytes.HasPrefix(data, []byte(m.mark)) {
			return certain(m.name)
		}
	}
	if name := wide(data); name != "" {
		return Guess{name, 50}
	}
	if utf8.Valid(data) {
		if name := escaped(data); name != "" {
			return Guess{name, 50}
		}
		return certain(UTF8)
	}
	declared := map[string]bool{}
	for _, h := range hints {
		if name, ok := Lookup(h); ok {
			declared[name] = true
		}
	}
	var g Guess
	for _, size := range []int{1 << 11, 1 << 14} {
		s := sample(data, size)
		if g = best(s, data[:min(len(data), size)], declared); g.Margin > 60 || len(s) < size/2 {
			break
		}
	}
	return g
}

// reading is a sample as a candidate reads it.
type reading struct {
	name string
	own  int // bits of the text
	bits int // with those of what must be supposed
}

// wideBits is what it costs to suppose UTF-16 without any zero byte.
const wideBits = 6

// best compares the candidates on a sample, and as UTF-16 on the beginning.
func best(sample, head []byte, declared map[string]bool) Guess {
	d := decodings{sample: string(sample), head: string(head), texts: make([]decoding, 0, 8)}
	all := make([]reading, 1, len(candidates)+9)
	all[0] = reading{UTF8, damaged(sample), damaged(sample)}
	m := models()
	l := lettersOf(sample)
	var s sums
	for i, c := range candidates { // those of a name stand together
		if i == 0 || candidates[i-1].name != c.name {
			s = d.sums(c.name)
		}
		n := m.of[i]
		own := s.of(n)
		all = append(all, reading{c.name, own, own + c.prior + l.bits(&m.groups[n])})
	}
	if len(head) == len(sample) && len(head)%2 == 0 {
		for _, name := range []string{"utf-16le", "utf-16be"} {
			s = d.sums(name)
			for _, group := range []string{"hans", "hant", "japanese", "korean"} {
				own := s.of(m.number[group])
				all = append(all, reading{name, own, own + wideBits})
			}
		}
	}
	first := 0 // the best
	for i := range all {
		if declared[all[i].name] {
			all[i].bits -= hintBits
		}
		if all[i].bits < all[first].bits {
			first = i
		}
	}
	text := d.text(all[first].name)
	if !fits(text, all[first].own) {
		return Guess{}
	}
	g := Guess{Name: all[first].name, Margin: math.Inf(1)}
	for _, r := range all {
		if margin := float64(r.bits - all[first].bits); margin < g.Margin && r.name != g.Name && d.text(r.name) != text {
			g.Margin = margin
		}
	}
	return g
}

// decodings are what a sample is in character sets, or as UTF-16 the beginning, where characters begin at even places; what is no character
// is U+FFFD.
type decodings struct {
	sample, head string
	texts        []decoding // those that were asked for
}

type decoding struct{ set, text string }

func (d *decodings) text(set string) string {
	if set == UTF8 {
		return d.sample
	}
	for i := range d.texts {
		if d.texts[i].set == set {
			return d.texts[i].text
		}
	}
	from := d.sample
	if strings.HasPrefix(set, "utf-16") {
		from = d.head
	}
	text, _ := encodings[set].NewDecoder().String(from) // it replaces what it cannot decode
	d.texts = append(d.texts, decoding{set, text})
	return text
}

// sums returns what the sample costs in a character set. Of sets of one byte a character that needs no text.
func (d *decodings) sums(set string) sums {
	s := newSums()
	if table, ok := singleByte()[set]; ok {
		kinds := kinds()
		for i := range len(d.sample) {
			s.add(table[d.sample[i]], kinds)
		}
	} else {
		s.addText(d.text(set))
	}
	s.spill()
	return s
}

// singleByte has the characters of the sets of one byte a character.
var singleByte = sync.OnceValue(func() map[string]*[256]rune {
	all := map[string]*[256]rune{}
	for name, e := range encodings {
		if c, ok := e.(*charmap.Charmap); ok {
			table := new([256]rune)
			for b := range table {
				table[b] = c.DecodeByte(byte(b))
			}
			all[name] = table
		}
	}
	return all
})

// letters are the counts of a to z in a text, which tell its language even where the character set does not.
type letters struct {
	n     [26]int
	total int
	least int // eighths of bits of the letters in the language that they fit best
}

// What letters count at most against a language: words of another may be quoted, and a text may be English with the names of
// some place.
const (
	mostLetters    = 20 // bits, for a language that is written with them
	mostForeign    = 36 // for another alphabet
	mostAmongHan   = 24
	aForeignLetter = 3
)

func lettersOf(text []byte) letters {
	l := letters{least: math.MaxInt}
	for _, c := range text {
		if c |= 0x20; c >= 'a' && c <= 'z' {
			l.n[c-'a']++
			l.total++
		}
	}
	for i := range models().groups {
		if g := &models().groups[i]; g.letters != nil {
			l.least = min(l.least, l.eighths(g))
		}
	}
	return l
}

func (l *letters) eighths(g *group) (sum int) {
	for i, n := range l.n {
		sum += n * g.letters[i]
	}
	return sum
}

// bits is what the letters say against a group of languages.
func (l *letters) bits(g *group) int {
	switch {
	case g.letters != nil:
		return min((l.eighths(g)-l.least)/8, mostLetters)
	case g.han:
		return min(aForeignLetter*l.total, mostAmongHan)
	}
	return min(aForeignLetter*l.total, mostForeign)
}

// What a reading may be for a text to be one.
const (
	plausibleBits = 16 // that a character beyond ASCII costs on average
	damagedShare  = 20 // one of so many characters beyond ASCII may be none
)

// fits tells whether even the best reading is text, by its bits.
func fits(text string, bits int) bool {
	high, ascii, none := 0, 0, strings.Count(text, "\ufffd")
	for i := range len(text) {
		switch c := text[i]; {
		case c < 0x80:
			ascii++
		case utf8.RuneStart(c):
			high++
		}
	}
	return bits-asciiBits*ascii <= plausibleBits*max(high, 1) && none*damagedShare <= high
}

// damaged is the cost of a text as UTF-8 that is not all valid.
func damaged(text []byte) (bits int) {
	for len(text) > 0 {
		r, size := utf8.DecodeRune(text)
		switch {
		case r == utf8.RuneError && size == 1:
			bits += invalidBits
		case size == 1:
			bits += asciiBits
		default:
			bits += 2 + 3*size // what such a sequence holds is text of some language
		}
		text = text[size:]
	}
	return bits
}

// sample takes the pieces of data that have bytes above 0x7f, some size of them. It cuts at bytes below 0x30, which are no
// part of a longer character in any of the candidates, or within a long run of ASCII.
func sample(data []byte, size int) []byte {
	if len(data) <= size {
		return data
	}
	const around = 24
	var s []byte
	for from := 0; from < len(data) && len(s) < size; {
		at := from
		for at < len(data) && data[at] < 0x80 {
			at++
		}
		if at == len(data) {
			break
		}
		start, end := at, at
		for start > from && at-start < size/4 && (at-start < around || data[start] >= 0x30) && data[start-1] < 0x80 {
			start--
		}
		for end < len(data) && (data[end] >= 0x30 || end-at < around) && end-start < size {
			end++
		}
		s = append(s, data[start:end]...)
		from = end
	}
	return s
}

// escaped names the character sets that are all ASCII with escapes, as long as all the escapes and what is between them
// are right.
func escaped(data []byte) string {
	switch {
	case bytes.Contains(data, []byte("\x1b$B")), bytes.Contains(data, []byte("\x1b$@")):
		if decodes(data, "iso-2022-jp") {
			return "iso-2022-jp"
		}
	case bytes.Contains(data, []byte("~{")) && bytes.Contains(data, []byte("~}")):
		if decodes(data, "hz-gb-2312") {
			return "hz-gb-2312"
		}
	}
	return ""
}

func decodes(data []byte, name string) bool {
	_, bad, err := Decode(data, name)
	return err == nil && bad == 0
}
