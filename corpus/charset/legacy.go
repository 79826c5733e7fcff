package charset

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// legacy repairs the lines that are text of another character set. Once several are of one, shorter ones are of it too.
func (r *Repairs) legacy(text string) string {
	if !hasHighRun(text) {
		return text
	}
	lines := slices.Collect(strings.Lines(text))
	var left []int // lines that may still be of the same set
	sets := map[string]int{}
	for i, line := range lines {
		raw := westernBytes(line)
		if raw == nil {
			continue
		}
		fixed, set := "", ""
		if hasHighRun(line) {
			fixed, set = legacyLine(raw)
		}
		if set == "" {
			left = append(left, i)
			continue
		}
		lines[i] = fixed
		sets[set]++
		r.Legacy++
	}
	for set, n := range sets {
		if n < several || n < r.Legacy {
			break
		}
		for _, i := range left {
			raw := westernBytes(lines[i])
			fixed, bad, err := Decode(raw, set)
			if err == nil && bad == 0 && isKnown(string(fixed)) && gainOfLine(raw, set) >= gainRun {
				lines[i] = string(fixed)
				r.Legacy++
			}
		}
	}
	return strings.Join(lines, "")
}

// westernBytes are the bytes of a line that is all Western and not all ASCII, else nil.
func westernBytes(line string) []byte {
	raw := make([]byte, 0, len(line))
	high := false
	for _, c := range line {
		b := westernByte(c)
		if b < 0 || c == utf8.RuneError {
			return nil
		}
		high = high || b >= 0x80
		raw = append(raw, byte(b))
	}
	if !high {
		return nil
	}
	return raw
}

// highRun is how many characters of U+0080..00FF in a row are suspect: hardly any word of a Western language has them.
const highRun = 4

func hasHighRun(text string) bool {
	n := 0
	for _, c := range text {
		if n++; c < 0x80 || westernByte(c) < 0 {
			n = 0
		}
		if n == highRun {
			return true
		}
	}
	return false
}

// legacyLine reads a line that is all Western as another character set, where that is more probable by far.
func legacyLine(raw []byte) (fixed, set string) {
	g := Detect(raw)
	if g.Margin < surely || !replacesLatin(g.Name) {
		return "", ""
	}
	text, bad, err := Decode(raw, g.Name)
	if err != nil || bad > 0 || !isProse(string(text)) || gainOfLine(raw, g.Name) < gainLegacy {
		return "", ""
	}
	return string(text), g.Name
}

// gainOfLine is how many bits more probable a line is in a character set than as Western, judged by its beginning.
func gainOfLine(raw []byte, set string) int {
	if len(raw) > judgedBytes {
		cut := judgedBytes
		for cut > judgedBytes/2 && raw[cut] >= 0x30 { // as in sample
			cut--
		}
		raw = raw[:cut]
	}
	fixed, _, err := Decode(raw, set)
	western, _, _ := Decode(raw, "windows-1252") // it knows that
	if err != nil {
		return 0
	}
	return leastBits(true, string(western)) - leastBits(false, string(fixed))
}

// judgedBytes of a line are enough to judge it.
const judgedBytes = 4096

// isProse tells words from lists of characters and from what is quoted in a Western text: an alphabet beyond Latin must be
// half of the letters, and make three words. Ideographs and kana need neither.
func isProse(line string) bool {
	kinds := kinds()
	of, words := [alphabet + 1]int{}, 0
	var last kind
	for _, c := range line {
		k := other
		if c < 1<<16 {
			k = kinds[c] & alphabet
		}
		if of[k]++; k > latin && k < alone && last != k {
			words++
		}
		last = k
	}
	beyond := of[cyrillic] + of[greek] + of[semitic] + of[thai]
	return of[alone] > 0 && beyond == 0 || words >= 3 && beyond > of[ascii]+of[latin]
}

// replacesLatin tells the character sets of other alphabets, whose text as Latin-1 no language has.
func replacesLatin(name string) bool {
	switch name {
	case "gb18030", "big5", "shift_jis", "euc-jp", "euc-kr", "windows-1251", "koi8-r", "windows-1253", "windows-1255", "windows-1256", "windows-874":
		return true
	}
	return false
}
