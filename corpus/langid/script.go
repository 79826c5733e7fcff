package langid

import (
	"math/bits"
	"unicode/utf8"

	"github.com/athanor-lm/athanor/corpus/internal/hanscript"
	"github.com/athanor-lm/athanor/internal/kernel"
	"golang.org/x/text/language"
)

// letters are a text's letters by script, as far as scripts decide.
type letters struct {
	han, kana, hangul int
	ascii, other      int
	latin             int                  // of other, Latin ones
	own               [len(ownScripts)]int // of other, those of scripts that one language has to itself
	hanscript.Counts
}

// ownScripts are scripts that one language has to itself, or nearly.
var ownScripts = [...]struct {
	from, to rune
	lang     string
}{
	{0x370, 0x3FF, "el"}, {0x530, 0x58F, "hy"}, {0x590, 0x5FF, "he"}, {0x780, 0x7BF, "dv"}, {0xA00, 0xA7F, "pa"}, {0xA80, 0xAFF, "gu"},
	{0xB00, 0xB7F, "or"}, {0xB80, 0xBFF, "ta"}, {0xC00, 0xC7F, "te"}, {0xC80, 0xCFF, "kn"}, {0xD00, 0xD7F, "ml"}, {0xD80, 0xDFF, "si"},
	{0xE00, 0xE7F, "th"}, {0xE80, 0xEFF, "lo"}, {0xF00, 0xFFF, "bo"}, {0x1000, 0x109F, "my"}, {0x10A0, 0x10FF, "ka"},
	{0x1200, 0x139F, "am"}, {0x1780, 0x17FF, "km"},
}

// count counts the letters of a text. Beyond ASCII it takes for a letter what is in no block of punctuation and symbols.
func count(text string) (n letters) {
	var masks [partBlocks]kernel.ByteMasks
	next := 0 // behind the last character
	for from := 0; from < len(text); from += 64 * partBlocks {
		part := text[from:min(from+64*partBlocks, len(text))]
		blocks := (len(part) + 63) / 64
		letterSet.Masks(masks[:blocks], part)
		for b := range blocks {
			m := &masks[b]
			n.ascii += bits.OnesCount64(m[0])
			for beyond := m[3]; beyond != 0; beyond &= beyond - 1 {
				if i := from + 64*b + bits.TrailingZeros64(beyond); i >= next {
					c, size := utf8.DecodeRuneInString(text[i:])
					next = i + size
					n.add(c)
				}
			}
		}
	}
	n.Han = n.han
	return n
}

// add counts a character beyond ASCII.
func (n *letters) add(c rune) {
	switch {
	case c >= 0x3400 && hanscript.IsHan(c):
		n.han++
		switch hanscript.Of(c) {
		case hanscript.Simplified:
			n.Simplified++
		case hanscript.Traditional:
			n.Traditional++
		}
	case c >= 0x3041 && c <= 0x30FF && c != '・' && c != 'ー' || c >= 0xFF66 && c <= 0xFF9F:
		n.kana++
	case c >= 0xAC00 && c <= 0xD7A3 || c >= 0x1100 && c <= 0x11FF || c >= 0x3131 && c <= 0x318E:
		n.hangul++
	case c < 0xC0 || c == '×' || c == '÷' || c >= 0x2000 && c < 0x2C00 || c >= 0x2E00 && c < 0x3041 || c >= 0xE000 && c < 0xF900 ||
		c >= 0xFE00 && c < 0xFE70 || c >= 0xFF00 && c < 0xFF21 || c >= 0xFFF0 && c <= 0xFFFF || c >= 0x1F000 && c < 0x20000:
	default:
		n.other++
		if c < 0x370 || c >= 0x1E00 && c < 0x1F00 { // with the marks that stand on any letter
			n.latin++
		}
		if c >= 0x370 && c < 0x1800 {
			for k := range ownScripts {
				if s := &ownScripts[k]; c >= s.from && c <= s.to {
					n.own[k]++
					break
				}
			}
		}
	}
}

// byOwnScript tells the languages that have a script to themselves, by more than half of the letters.
func (n letters) byOwnScript() (lang string, score float64) {
	all := n.ascii + n.other + n.han + n.kana + n.hangul
	for i, k := range n.own {
		if 2*k > all {
			return ownScripts[i].lang, float64(k) / float64(all)
		}
	}
	return "", 0
}

// lettersPerHan is about how many letters say what one Han character says: the declaration of human rights has 12,317
// characters in English and 4,672 in Chinese.
const lettersPerHan = 3

// byScript tells Chinese, Japanese and Korean from each other and from all else by the letters alone. It decides where the
// characters of one of them say more than half of what the text says; the score is that share. Texts of Han characters and
// hardly any kana are Chinese: Japanese without kana is hardly longer than a headline.
func (n letters) byScript() (lang string, score float64) {
	cjk := n.han + n.kana + n.hangul
	if cjk == 0 {
		return "", 0
	}
	score = float64(lettersPerHan*cjk) / float64(lettersPerHan*cjk+n.ascii+n.other)
	switch {
	case score <= 0.5:
		return "", 0
	case 5*n.hangul >= cjk:
		return "ko", score
	case 10*n.kana >= cjk:
		return "ja", score
	case 50*(n.kana+n.hangul) <= cjk:
		return "zh", score
	}
	return "", 0
}

// scripts is a set of scripts, as far as they rule languages out.
type scripts uint8

const (
	latinScript scripts = 1 << iota
	otherScripts
)

// scripts returns those of a text's letters.
func (n letters) scripts() scripts {
	switch latin := n.ascii + n.latin; {
	case n.other+n.han+n.kana+n.hangul == n.latin:
		return latinScript
	case latin == 0:
		return otherScripts
	}
	return latinScript | otherScripts
}

// scriptsOf returns those that a language is written in: by CLDR's likely script, and both where it knows none or there are two in use.
func scriptsOf(label string) scripts {
	switch label {
	case "sr", "bs", "sh", "az", "uz", "tt", "kk", "ky", "tk", "ku":
		return latinScript | otherScripts
	}
	tag, err := language.All.Parse(label)
	script, _ := tag.Script()
	switch {
	case err != nil || script.String() == "Zzzz":
		return latinScript | otherScripts
	case script.String() == "Latn":
		return latinScript
	}
	return otherScripts
}
