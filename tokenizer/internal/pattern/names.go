package pattern

import (
	"fmt"
	"strings"
	"sync"
	"unicode"

	"github.com/athanor-lm/athanor/tokenizer/internal/charprop"
	"github.com/athanor-lm/athanor/tokenizer/internal/ucd"
)

// classes are the names, for members, of \s, \w, \d and \h.
var classes = map[byte]string{'s': "Space", 'w': "Word", 'd': "Nd", 'h': "XDigit"}

// members returns what stands in brackets for a category or one of Oniguruma's
// classes; "" if the name is neither. Oniguruma goes by Unicode 16: what Go's
// tables lack is spelled out.
func members(name string) string {
	switch strings.TrimPrefix(name, "posix ") {
	case "Space", "space":
		return `\t-\r \x{85}\x{A0}\x{1680}\x{2000}-\x{200A}\x{2028}\x{2029}\x{202F}\x{205F}\x{3000}`
	case "Word", "word":
		return categories("L", "M", "Nd", "Nl", "Pc") + ranges(charprop.OtherAlphabetic())
	case "Alpha", "alpha":
		return categories("L", "Nl") + ranges(charprop.OtherAlphabetic())
	case "Alnum", "alnum":
		return categories("L", "Nl", "Nd") + ranges(charprop.OtherAlphabetic())
	case "Upper", "upper":
		return categories("Lu") + ranges(charprop.OtherUppercase())
	case "Lower", "lower":
		return categories("Ll") + ranges(charprop.OtherLowercase())
	case "Han":
		return `\p{Han}\x{2EBF0}-\x{2EE5D}` // Unicode 15.1's
	case "Digit", "digit":
		return categories("Nd")
	case "XDigit", "xdigit":
		return `0-9A-Fa-f`
	case "Blank", "blank":
		return `\t` + categories("Zs")
	case "Cntrl", "cntrl":
		return categories("Cc")
	case "Punct":
		return categories("P")
	case "punct":
		return categories("P", "S")
	}
	if _, ok := categorySets[name]; ok {
		return categories(name)
	}
	return ""
}

// categories spells general categories.
func categories(names ...string) string {
	var b strings.Builder
	for _, name := range names {
		b.WriteString(`\p{` + name + `}`)
		for _, s := range newer() {
			if categorySets[name].Has(s.category) {
				fmt.Fprintf(&b, `\x{%X}-\x{%X}`, s.lo, s.hi)
			}
		}
	}
	return b.String()
}

// ranges spells pairs of first and last characters.
func ranges(pairs []uint32) string {
	var b strings.Builder
	for i := 0; i < len(pairs); i += 2 {
		fmt.Fprintf(&b, `\x{%X}-\x{%X}`, pairs[i], pairs[i+1])
	}
	return b.String()
}

var categorySets = map[string]ucd.Set{
	"L": ucd.L, "Lu": 1 << ucd.Lu, "Ll": 1 << ucd.Ll, "Lt": 1 << ucd.Lt, "Lm": 1 << ucd.Lm, "Lo": 1 << ucd.Lo,
	"M": ucd.M, "Mn": 1 << ucd.Mn, "Mc": 1 << ucd.Mc, "Me": 1 << ucd.Me,
	"N": ucd.N, "Nd": 1 << ucd.Nd, "Nl": 1 << ucd.Nl, "No": 1 << ucd.No,
	"P": ucd.P, "Pc": 1 << ucd.Pc, "Pd": 1 << ucd.Pd, "Ps": 1 << ucd.Ps, "Pe": 1 << ucd.Pe, "Pi": 1 << ucd.Pi, "Pf": 1 << ucd.Pf, "Po": 1 << ucd.Po,
	"S": ucd.S, "Sm": 1 << ucd.Sm, "Sc": 1 << ucd.Sc, "Sk": 1 << ucd.Sk, "So": 1 << ucd.So,
	"Z": 1<<ucd.Zs | 1<<ucd.Zl | 1<<ucd.Zp, "Zs": 1 << ucd.Zs, "Zl": 1 << ucd.Zl, "Zp": 1 << ucd.Zp,
	"Cc": 1 << ucd.Cc, "Cf": 1 << ucd.Cf, "Co": 1 << ucd.Co,
}

// newRange is characters of one category that Go's tables do not have.
type newRange struct {
	lo, hi   rune
	category ucd.Category
}

var newer = sync.OnceValue(func() (out []newRange) {
	for r := rune(0x80); r < 0xf0000; r++ {
		c := ucd.Of(r)
		if c == ucd.Cn || c == ucd.Co || unicode.In(r, unicode.L, unicode.M, unicode.N, unicode.P, unicode.S, unicode.Z, unicode.Cc, unicode.Cf) {
			continue
		}
		if n := len(out); n > 0 && out[n-1].hi == r-1 && out[n-1].category == c {
			out[n-1].hi = r
		} else {
			out = append(out, newRange{r, r, c})
		}
	}
	return out
})

// longNames are the long names of general categories, folded.
var longNames = map[string]string{
	"letter": "L", "uppercaseletter": "Lu", "lowercaseletter": "Ll", "titlecaseletter": "Lt", "modifierletter": "Lm", "otherletter": "Lo",
	"mark": "M", "nonspacingmark": "Mn", "spacingmark": "Mc", "enclosingmark": "Me", "combiningmark": "M",
	"number": "N", "decimalnumber": "Nd", "letternumber": "Nl", "othernumber": "No",
	"punctuation": "P", "connectorpunctuation": "Pc", "dashpunctuation": "Pd", "openpunctuation": "Ps", "closepunctuation": "Pe",
	"initialpunctuation": "Pi", "finalpunctuation": "Pf", "otherpunctuation": "Po",
	"symbol": "S", "mathsymbol": "Sm", "currencysymbol": "Sc", "modifiersymbol": "Sk", "othersymbol": "So",
	"separator": "Z", "spaceseparator": "Zs", "lineseparator": "Zl", "paragraphseparator": "Zp",
	"other": "C", "control": "Cc", "format": "Cf", "privateuse": "Co", "surrogate": "Cs",
	"alphabetic": "Alpha", "uppercase": "Upper", "lowercase": "Lower", "whitespace": "Space",
}

// folded maps folded names to the names of categories, scripts and classes.
var folded = sync.OnceValue(func() map[string]string {
	out := map[string]string{}
	for name := range unicode.Scripts {
		out[fold(name)] = name
	}
	for name := range unicode.Categories {
		out[fold(name)] = name
	}
	for _, name := range []string{"Space", "Word", "Alpha", "Alnum", "Upper", "Lower", "Digit", "XDigit", "Blank", "Cntrl", "Punct"} {
		out[fold(name)] = name
	}
	for long, name := range longNames {
		out[long] = name
	}
	return out
})

// fold spells a name as Oniguruma compares it: without regard to case, spaces,
// - and _.
func fold(name string) string {
	return strings.ToLower(strings.NewReplacer(" ", "", "-", "", "_", "").Replace(name))
}

// canonicalProperty returns the name that Go's tables have for a property.
func canonicalProperty(name string) string {
	if known := folded()[fold(name)]; known != "" {
		return known
	}
	return name
}
