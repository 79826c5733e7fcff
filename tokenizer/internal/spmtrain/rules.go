package spmtrain

import (
	"bufio"
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/athanor-lm/athanor/tokenizer/internal/charsmap"
)

// defaultRules is the set of rules of a model that names none.
const defaultRules = "nmt_nfkc"

// RuleNames are the sets of normalization rules by name.
var RuleNames = []string{"nmt_nfkc", "nfkc", "nmt_nfkc_cf", "nfkc_cf", "identity"}

// charsMap returns the character map of a set of rules as a model stores it,
// empty for identity.
func charsMap(name string) ([]byte, error) {
	if name == "identity" {
		return nil, nil
	}
	build, ok := charsMaps[name]
	if !ok {
		return nil, fmt.Errorf("normalization rules %q are unknown (known: %s)", name, strings.Join(RuleNames, ", "))
	}
	return build()
}

// charsMaps builds each map once.
var charsMaps = map[string]func() ([]byte, error){
	"nmt_nfkc": builder("nmt_nfkc"), "nfkc": builder("nfkc"), "nmt_nfkc_cf": builder("nmt_nfkc_cf"), "nfkc_cf": builder("nfkc_cf"),
}

func builder(name string) func() ([]byte, error) {
	return sync.OnceValues(func() ([]byte, error) { return charsmap.Build(rulesOf(name)) })
}

// rulesOf makes a set of rules as the original's builder does.
func rulesOf(name string) map[string]string {
	rules := nfkcRules()
	if strings.HasPrefix(name, "nmt_") {
		addSpaces(rules)
		rules = withoutRedundant(rules)
	}
	if strings.HasSuffix(name, "_cf") {
		foldCase(rules)
		rules = withoutRedundant(rules)
	}
	return rules
}

// nfkcRules rewrites every character, and every sequence of characters, whose
// NFKC form is another.
func nfkcRules() map[string]string {
	rules := make(map[string]string)
	sources := make(map[rune][]string) // character → others that it alone is the decomposition of
	decomposed := make(map[string]bool)
	for r := rune(1); r <= unicode.MaxRune; r++ {
		s := string(r)
		d, c := s, s
		if isHangul(r) || norm.NFKD.PropertiesString(s).Decomposition() != nil {
			d, c = norm.NFKD.String(s), norm.NFKC.String(s)
		}
		if c != s {
			rules[s] = c
		}
		if first, w := utf8.DecodeRuneInString(d); w < len(d) {
			decomposed[d] = true
		} else if d != s {
			sources[first] = append(sources[first], s)
		}
	}
	for d := range decomposed {
		if c := norm.NFKC.String(d); c != d {
			for _, from := range spellings(d, sources) {
				if from != c {
					rules[from] = c
				}
			}
		}
	}
	return withoutRedundant(rules)
}

// isHangul tells syllables, whose decompositions are in no table.
func isHangul(r rune) bool { return r >= 0xAC00 && r <= 0xD7A3 }

// spellings returns all strings of single characters that decompose into d.
func spellings(d string, sources map[rune][]string) []string {
	all := []string{""}
	for _, r := range d {
		var longer []string
		for _, s := range all {
			longer = append(longer, s+string(r))
			for _, from := range sources[r] {
				longer = append(longer, s+from)
			}
		}
		all = longer
	}
	return all
}

// addSpaces turns what is space to a reader into spaces and drops controls. The
// full-width tilde stays: Japanese tells it from the other.
func addSpaces(rules map[string]string) {
	for _, r := range "\t\n\f\r\u061C\u1680\u200B\u200C\u200E\u200F\u2028\u2029\u2581\uFEFF\uFFFD" {
		rules[string(r)] = " "
	}
	for r := rune(1); r < ' '; r++ {
		if !strings.ContainsRune("\t\n\f\r", r) {
			rules[string(r)] = ""
		}
	}
	for _, r := range "\u007F\u008F\u009F" {
		rules[string(r)] = ""
	}
	delete(rules, "～")
}

// foldCase folds the case of what rules give, and of all other characters.
func foldCase(rules map[string]string) {
	for from, to := range rules {
		rules[from] = strings.Map(simpleFold, to)
	}
	for r := rune(1); r <= unicode.MaxRune; r++ {
		if f := simpleFold(r); f != r {
			if _, ok := rules[string(r)]; !ok {
				rules[string(r)] = string(f)
			}
		}
	}
}

// simpleFold is the character's simple case folding (CaseFolding.txt, C and S).
func simpleFold(r rune) rune {
	switch {
	case r == 'İ' || r == 'ı': // fold in Turkish only
		return r
	case r >= 0x13A0 && r <= 0x13F5: // Cherokee folds to upper case
		return r
	case r >= 0x13F8 && r <= 0x13FD || r >= 0xAB70 && r <= 0xABBF:
		return unicode.ToUpper(r)
	}
	return unicode.ToLower(unicode.ToUpper(r))
}

// withoutRedundant leaves out the rules for sequences that shorter rules
// rewrite to the same.
func withoutRedundant(rules map[string]string) map[string]string {
	byLength := make(map[int][]string)
	for from := range rules {
		n := utf8.RuneCountInString(from)
		byLength[n] = append(byLength[n], from)
	}
	out := make(map[string]string, len(rules))
	for _, from := range byLength[1] {
		out[from] = rules[from]
	}
	lengths := slices.Sorted(maps.Keys(byLength))
	for _, n := range lengths {
		if n == 1 {
			continue
		}
		var needed []string
		for _, from := range byLength[n] {
			if rewrite(out, []rune(from), n-1) != rules[from] {
				needed = append(needed, from)
			}
		}
		for _, from := range needed {
			out[from] = rules[from]
		}
	}
	return out
}

// rewrite applies rules of up to longest characters, the longest at each place.
func rewrite(rules map[string]string, s []rune, longest int) string {
	var out strings.Builder
next:
	for len(s) > 0 {
		for n := min(longest, len(s)); n > 0; n-- {
			if to, ok := rules[string(s[:n])]; ok {
				out.WriteString(to)
				s = s[n:]
				continue next
			}
		}
		out.WriteRune(s[0])
		s = s[1:]
	}
	return out.String()
}

// parseRules reads rules of one's own: a line a rule, the code points of the
// source in hexadecimal, a tab, those of the target, which may be missing, and
// after another tab anything.
func parseRules(tsv []byte) (map[string]string, error) {
	rules := make(map[string]string)
	lines := bufio.NewScanner(bytes.NewReader(tsv))
	for n := 1; lines.Scan(); n++ {
		fields := strings.Split(lines.Text(), "\t")
		if len(fields) == 1 {
			fields = append(fields, "")
		}
		from, err := codePoints(fields[0])
		if err != nil {
			return nil, fmt.Errorf("normalization rules: line %d: %w", n, err)
		}
		to, err := codePoints(fields[1])
		if err != nil {
			return nil, fmt.Errorf("normalization rules: line %d: %w", n, err)
		}
		if from == "" {
			return nil, fmt.Errorf("normalization rules: line %d: nothing to rewrite", n)
		}
		rules[from] = to
	}
	return rules, lines.Err()
}

func codePoints(field string) (string, error) {
	var out strings.Builder
	for h := range strings.FieldsSeq(field) {
		v, err := strconv.ParseUint(strings.TrimPrefix(h, "U+"), 16, 32)
		if err != nil || v > unicode.MaxRune || !utf8.ValidRune(rune(v)) {
			return "", fmt.Errorf("%q is no hexadecimal code point", h)
		}
		out.WriteRune(rune(v))
	}
	return out.String(), nil
}
