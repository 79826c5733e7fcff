package charset

import (
	_ "embed"
	"strconv"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"
)

//go:generate go run gen.go ../../../shared/data

//go:embed frequencies.txt
var frequencies string

// costs are the bits of the characters of the basic plane in texts of a group of languages: −log2 of their share, and for
// those that the counted texts did not hold, a guess by their place in the script.
type costs [1 << 16]uint8

// maxGroups is how many groups of languages a row of the table has place for.
const maxGroups = 32

// row is what a character costs in every group, a byte each.
type row [maxGroups / 8]uint64

// model is the table of all groups.
type model struct {
	rows   [1 << 16]row // by character of the basic plane
	groups []group
	number map[string]int // of a group, by its name
	of     []int          // the group of each candidate
}

// group is the languages that share an alphabet and a character set.
type group struct {
	letters *[26]int // eighths of bits of a to z among themselves, nil where the language is not written with them
	han     bool     // ideographs are no foreign characters
	western bool     // Windows-1252 is made for it
}

// What characters cost that a group's table says nothing of.
const (
	asciiBits   = 5  // a letter, a space: candidates differ in the bytes that they take for ASCII, not in what it costs
	controlBits = 20 // a control character but tab and line ends
	foreignBits = 20 // a character of another script
	emojiBits   = 12
	capitalBits = 4           // a letter as a capital, more than as a small letter
	rareBits    = 17          // an uncounted letter of the group's script
	invalidBits = 24          // a byte that is no character
	maxBits     = invalidBits // no character costs more
)

// models gives the model. It is read once.
var models = sync.OnceValue(func() *model {
	m := &model{number: map[string]int{}}
	var all []*costs
	for line := range strings.Lines(frequencies) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		f := strings.Split(strings.TrimRight(line, "\n"), "\t")
		n, ok := m.number[f[0]]
		if !ok {
			n = len(all)
			m.number[f[0]] = n
			all, m.groups = append(all, startingCosts(f[0])), append(m.groups, group{})
		}
		if f[1] == "letters" {
			m.groups[n].letters = new([26]int)
			for i, eighths := range strings.Fields(f[2]) {
				m.groups[n].letters[i], _ = strconv.Atoi(eighths)
			}
			continue
		}
		bits, err := strconv.Atoi(f[1])
		if err != nil {
			panic("charset: frequencies.txt: " + line) // it is part of the program
		}
		for _, r := range f[2] {
			all[n][r] = min(all[n][r], uint8(bits))
			if upper := unicode.ToUpper(r); upper != r && upper < 1<<16 {
				all[n][upper] = min(all[n][upper], uint8(bits)+capitalBits)
			}
		}
	}
	for n, c := range all {
		m.groups[n].han = c['中'] < foreignBits
		for r, bits := range c {
			m.rows[r][n/8] |= uint64(bits) << (8 * (n % 8))
		}
	}
	for _, c := range candidates {
		n := m.number[c.group]
		m.of = append(m.of, n)
		m.groups[n].western = m.groups[n].western || c.name == "windows-1252"
	}
	return m
})

// typographic characters are in texts of all languages, but were counted in too few.
var typographic = []struct {
	bits       uint8
	characters string
}{
	{9, "\u00a0’"}, {10, "“”–—«»"}, {11, "‘…•°£·„¿¡"}, {12, "€§©´\u00ad№"}, {13, "®™×±½²³"}, {14, "¥¢µ¼¾¹†÷¶‹›"},
}

// startingCosts are the costs in a group before anything was counted.
func startingCosts(group string) *costs {
	c := new(costs)
	script := scripts[group]
	for i := range c {
		r := rune(i)
		switch {
		case r < ' ' && r != '\t' && r != '\n' && r != '\r' || r >= 0x7f && r < 0xa0:
			c[i] = controlBits
		case r < 0x80:
			c[i] = asciiBits
		case script != nil && unicode.Is(script, r):
			c[i] = rareBits
		default:
			c[i] = foreignBits
		}
	}
	c[utf8.RuneError] = invalidBits
	c[0xfe0e], c[0xfe0f], c[0x200d] = 4, 4, 8 // what stands with emoji
	for _, t := range typographic {
		for _, r := range t.characters {
			c[r] = t.bits
		}
	}
	switch group {
	case "english":
		for _, r := range "éèêëàâäáãçñöôóüûúïîíåø" { // in names and borrowed words
			c[r] = 10
		}
	case "western", "french", "german", "iberian", "italian", "nordic", "irish":
		for _, r := range "éèêëàâäáãçñöôóüûúïîíåø" {
			c[r] = 13
		}
	case "hans":
		c.han(21, 22)
		c.rows(18, simplifiedchinese.GBK, 0xd8, 0xf7, 0xa1) // second level of GB 2312
		c.rows(15, simplifiedchinese.GBK, 0xb0, 0xd7, 0xa1) // first
	case "hant":
		c.han(21, 22)
		c.rows(19, traditionalchinese.Big5, 0xc9, 0xf9, 0x40)
		c.rows(14, traditionalchinese.Big5, 0xa4, 0xc6, 0x40)
	case "japanese":
		c.han(21, 22)
		c.rows(19, japanese.EUCJP, 0xd0, 0xf4, 0xa1)
		c.rows(14, japanese.EUCJP, 0xb0, 0xcf, 0xa1)
		c.fill(10, 'ぁ', 'ん')
		c.fill(11, 'ァ', 'ー')
		c.fill(14, '｡', 'ﾟ')
	case "korean":
		c.han(19, 22)
		c.fill(19, '가', '힣')
		c.rows(14, korean.EUCKR, 0xb0, 0xc8, 0xa1)
	}
	return c
}

var scripts = map[string]*unicode.RangeTable{
	"english": unicode.Latin, "french": unicode.Latin, "german": unicode.Latin, "iberian": unicode.Latin, "italian": unicode.Latin,
	"nordic": unicode.Latin, "irish": unicode.Latin, "western": unicode.Latin, "polish": unicode.Latin, "czech": unicode.Latin, "hungarian": unicode.Latin,
	"romanian": unicode.Latin, "balkan": unicode.Latin, "baltic": unicode.Latin, "turkish": unicode.Latin,
	"russian": unicode.Cyrillic, "ukrainian": unicode.Cyrillic, "bulgarian": unicode.Cyrillic,
	"greek": unicode.Greek, "hebrew": unicode.Hebrew, "arabic": unicode.Arabic, "thai": unicode.Thai,
}

// han sets what any ideograph costs, and the punctuation and forms that go with them.
func (c *costs) han(bits, compatibility uint8) {
	c.fill(bits, 0x4e00, 0x9fff)
	c.fill(compatibility, 0x3400, 0x4dbf)
	c.fill(compatibility, 0xf900, 0xfaff)
	c.fill(13, 0x3000, 0x3020)
	c.fill(13, 0xff01, 0xff5e)
}

func (c *costs) fill(bits uint8, from, to rune) {
	for r := from; r <= to; r++ {
		c[r] = bits
	}
}

// rows sets the cost of the characters in rows of a table of two bytes.
func (c *costs) rows(bits uint8, e encoding.Encoding, from, to, trail byte) {
	d := e.NewDecoder()
	for lead := int(from); lead <= int(to); lead++ {
		for t := int(trail); t <= 0xfe; t++ {
			s, err := d.Bytes([]byte{byte(lead), byte(t)})
			if r, n := utf8.DecodeRune(s); err == nil && n == len(s) && r != utf8.RuneError && int(r) < len(c) {
				c[r] = bits
			}
		}
	}
}

// What an unlikely neighbour costs.
const (
	mixedBits  = 10 // letters of two alphabets in one word
	caseBits   = 5  // a capital behind a small letter
	accentBits = 2  // two letters beyond ASCII in one Latin word
	insideBits = 5  // a sign between two letters
	aloneBits  = 8  // a letter of another alphabet by itself
)

// kind of a character, for its neighbours' sake.
type kind uint8

const (
	other kind = iota
	sign       // beyond ASCII and no letter
	ascii      // letters
	latin
	cyrillic
	greek
	semitic
	thai
	alone         // scripts whose words stand among others without a space
	capital  kind = 1 << 4
	joins    kind = 1 << 5 // a sign that does stand in words
	alphabet      = 0xf
)

// kinds of the characters of the basic plane.
var kinds = sync.OnceValue(func() *[1 << 16]kind {
	all := new([1 << 16]kind)
	for i := range all {
		all[i] = kindOf(rune(i))
	}
	return all
})

func kindOf(r rune) (k kind) {
	switch {
	case r < 0x80 && !unicode.IsLetter(r):
		return other
	case !unicode.IsLetter(r) && !unicode.IsMark(r):
		if strings.ContainsRune("’·\u00ad\u00a0‑-–—", r) || r >= 0x3000 {
			return sign | joins
		}
		return sign
	case r < 0x80:
		k = ascii
	case r == 'ª', r == 'º':
		return sign | joins
	case unicode.Is(unicode.Latin, r) && r < 0xff00:
		k = latin
	case unicode.Is(unicode.Cyrillic, r):
		k = cyrillic
	case unicode.Is(unicode.Greek, r):
		k = greek
	case unicode.Is(unicode.Hebrew, r), unicode.Is(unicode.Arabic, r):
		k = semitic
	case unicode.Is(unicode.Thai, r):
		k = thai
	default:
		return alone
	}
	if unicode.IsUpper(r) {
		k |= capital
	}
	return k
}

// sums adds up how improbable a text is in each group of languages, all at once: what neighbours cost is the same in all.
type sums struct {
	m            *model
	bits         [maxGroups]int // by group, without what is still in part and in all
	part         row            // of the last characters, a byte a group
	full         int            // how many characters part still has place for
	all          int            // what counts in every group
	before, last kind
}

// A byte of part holds that many characters' costs.
const perPart = 255 / maxBits

func newSums() sums { return sums{m: models(), full: perPart} }

// add takes the next character.
func (s *sums) add(r rune, kinds *[1 << 16]kind) {
	if r > 0xffff {
		if r >= 0x1f000 && r < 0x1fb00 {
			s.all += emojiBits
		} else {
			s.all += foreignBits + 2
		}
		s.before, s.last = s.last, alone
		return
	}
	c := &s.m.rows[r]
	s.part[0] += c[0]
	s.part[1] += c[1]
	s.part[2] += c[2]
	s.part[3] += c[3]
	if s.full--; s.full == 0 {
		s.spill()
	}
	k := kinds[r]
	s.all += neighbours(s.before, s.last, k)
	s.before, s.last = s.last, k
}

// spill empties part.
func (s *sums) spill() {
	for i, p := range s.part {
		for n := range 8 {
			s.bits[8*i+n] += int(p >> (8 * n) & 0xff)
		}
	}
	s.part, s.full = row{}, perPart
}

// addText takes a text, whose bytes that are no character count as U+FFFD.
func (s *sums) addText(text string) {
	kinds := kinds()
	for _, r := range text {
		s.add(r, kinds)
	}
}

// of is the cost in a group; nothing is to be added afterwards but what spill empties.
func (s *sums) of(group int) int { return s.bits[group] + s.all }

// least is the cost in the group that it is least in, of all or of those of Windows-1252.
func (s *sums) least(western bool) int {
	least := 1 << 30
	for n := range s.m.groups {
		if !western || s.m.groups[n].western {
			least = min(least, s.of(n))
		}
	}
	return least
}

// leastBits is the cost of texts, one behind the other, in the languages that fit them best, of all or of those of Windows-1252.
func leastBits(western bool, texts ...string) int {
	s := newSums()
	for _, t := range texts {
		s.addText(t)
	}
	s.spill()
	return s.least(western)
}

// neighbours is the cost of a character's kind behind two others.
func neighbours(before, last, k kind) (bits int) {
	a, b := last&alphabet, k&alphabet
	if a > latin && a < alone && b != a && before&alphabet != a {
		bits = aloneBits
	}
	letter := b >= ascii && b < alone
	switch {
	case b == sign || !letter:
		return bits
	case a == sign && last&joins == 0 && before&alphabet >= ascii && before&alphabet < alone:
		return insideBits
	case a < ascii, a == alone, a == ascii && b == ascii:
		return 0
	case a != b && !(a == ascii && b == latin) && !(a == latin && b == ascii):
		bits += mixedBits
	case a == latin && b == latin:
		bits = accentBits
	}
	if k&capital != 0 && last&capital == 0 {
		bits += caseBits
	}
	return bits
}
