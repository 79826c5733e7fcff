//go:build ignore

// This program counts the characters of corpora by group of languages and writes frequencies.txt. It looks at every other
// document (of the declaration of human rights, which is one document a language, every other line), so that the rest
// can tell how well detection works.
//
//	go run gen.go ../../../shared/data
package main

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"log"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode"
)

// groups are the languages that share a character set, with weights.
var groups = []struct {
	name      string
	languages map[string]float64
}{
	{"english", map[string]float64{"en-books": 1, "en-docs": 1}},
	{"french", map[string]float64{"fra": 1}},
	{"german", map[string]float64{"deu": 1}},
	{"iberian", map[string]float64{"spa": 3, "por_BR": 2, "por_PT": 1, "cat": 1, "glg": 1}},
	{"italian", map[string]float64{"ita": 1}},
	{"nordic", map[string]float64{"dan": 1, "swe": 1, "nob": 1, "fin": 1, "isl": 1, "fao": 0.5}},
	{"western", map[string]float64{"nld": 1, "afr": 1, "als": 1, "eus": 1, "en-books": 1, "fra": 1, "deu": 1, "spa": 1, "por_PT": 1}},
	{"irish", map[string]float64{"gle": 1}},
	{"polish", map[string]float64{"pol": 1}},
	{"czech", map[string]float64{"ces": 2, "slk": 1}},
	{"hungarian", map[string]float64{"hun": 1}},
	{"romanian", map[string]float64{"ron_1993": 1}},
	{"balkan", map[string]float64{"slv": 1, "hrv": 2, "hsb": 0.3}},
	{"baltic", map[string]float64{"lit": 1, "lav": 1, "est": 1}},
	{"turkish", map[string]float64{"tur": 1}},
	{"russian", map[string]float64{"rus": 1}},
	{"ukrainian", map[string]float64{"ukr": 1, "bel": 0.5}},
	{"bulgarian", map[string]float64{"bul": 2, "srp_cyrl": 1, "mkd": 1}},
	{"greek", map[string]float64{"ell_monotonic": 1}},
	{"hebrew", map[string]float64{"heb": 4, "ydd": 1}},
	{"arabic", map[string]float64{"arb": 3, "pes_1": 1, "urd": 1}},
	{"thai", map[string]float64{"tha": 1}},
	{"hans", map[string]float64{"cmn_hans": 1, "zh-laws": 1, "zh-docs": 2, "poetry-hans": 0.2}},
	{"hant", map[string]float64{"cmn_hant": 1, "poetry-hant": 0.3}},
	{"japanese", map[string]float64{"jpn": 1}},
	{"korean", map[string]float64{"kor": 1}},
}

func main() {
	log.SetFlags(0)
	if len(os.Args) != 2 {
		log.Fatal("usage: go run gen.go DATA")
	}
	corpora := filepath.Join(os.Args[1], "corpora")
	counts := map[string]map[rune]float64{} // by language, as shares
	each(filepath.Join(corpora, "multilingual-udhr/udhr2.jsonl.gz"), func(i int, d doc) {
		for n, line := range strings.Split(d.Text, "\n") {
			if n%2 == 0 {
				count(counts, d.Lang, line)
			}
		}
	})
	for _, c := range []struct{ path, lang string }{{"en-books/books.jsonl.gz", "en-books"}, {"en-docs/docs.jsonl.gz", "en-docs"}, {"zh-laws/laws.jsonl.gz", "zh-laws"}, {"zh-docs/docs.jsonl.gz", "zh-docs"}, {"zh-poetry/poetry.jsonl.gz", ""}} {
		each(filepath.Join(corpora, c.path), func(i int, d doc) {
			lang := c.lang
			if lang == "" {
				lang = map[string]string{"zh-hans": "poetry-hans", "zh-hant": "poetry-hant"}[d.Lang]
			}
			if i%2 == 0 {
				count(counts, lang, d.Text)
			}
		})
	}
	out, err := os.Create("frequencies.txt")
	if err != nil {
		log.Fatal(err)
	}
	w := bufio.NewWriter(out)
	fmt.Fprintln(w, "# Made by gen.go. Bits of a character beyond ASCII in texts of a group of languages, and the characters that have them; eighths of bits of the letters a to z among themselves.")
	for _, g := range groups {
		write(w, g.name, mix(counts, g.languages))
	}
	if err := w.Flush(); err != nil {
		log.Fatal(err)
	}
	if err := out.Close(); err != nil {
		log.Fatal(err)
	}
}

type doc struct{ Lang, Text string }

func each(path string, f func(i int, d doc)) {
	in, err := os.Open(path)
	if err != nil {
		log.Fatal(err)
	}
	defer in.Close()
	z, err := gzip.NewReader(in)
	if err != nil {
		log.Fatal(err)
	}
	dec := json.NewDecoder(z)
	for i := 0; dec.More(); i++ {
		var d doc
		if err := dec.Decode(&d); err != nil {
			log.Fatal(err)
		}
		f(i, d)
	}
}

func count(counts map[string]map[rune]float64, lang, text string) {
	m := counts[lang]
	if m == nil {
		m = map[rune]float64{}
		counts[lang] = m
	}
	for _, r := range text {
		if r != '\r' && r != '\n' {
			m[r]++
		}
	}
}

// mix gives the shares of characters in a group. A character needs two occurrences in a language.
func mix(counts map[string]map[rune]float64, languages map[string]float64) map[rune]float64 {
	shares := map[rune]float64{}
	total := 0.0
	for lang, weight := range languages {
		if len(counts[lang]) == 0 {
			log.Fatalf("no text in %q", lang)
		}
		n := 0.0
		for _, c := range counts[lang] {
			n += c
		}
		for r, c := range counts[lang] {
			if c > 1 {
				shares[r] += weight * c / n
			}
		}
		total += weight
	}
	for r := range shares {
		shares[r] /= total
	}
	for now, then := range map[rune]rune{'ș': 'ş', 'ț': 'ţ', 'Ș': 'Ş', 'Ț': 'Ţ'} { // as the older sets have them
		shares[then] = max(shares[then], shares[now])
	}
	return shares
}

// letters are the bits of a to z among themselves, in eighths.
func letters(shares map[rune]float64) string {
	var of [26]float64
	total := 0.0
	for i := range of {
		of[i] = shares['a'+rune(i)] + shares['A'+rune(i)] + 1e-6
		total += of[i]
	}
	var words []string
	for _, p := range of {
		words = append(words, fmt.Sprint(math.Round(-8*math.Log2(p/total))))
	}
	return strings.Join(words, " ")
}

func write(w *bufio.Writer, name string, shares map[rune]float64) {
	byBits := map[int][]rune{}
	for r, p := range shares {
		if r < 0x80 || r > 0xffff || unicode.IsControl(r) || unicode.Is(unicode.Co, r) || r == unicode.ReplacementChar {
			continue
		}
		bits := max(1, int(math.Round(-math.Log2(p))))
		if bits <= 16 {
			byBits[bits] = append(byBits[bits], r)
		}
	}
	if shares['e'] > 0.03 {
		fmt.Fprintf(w, "%s\tletters\t%s\n", name, letters(shares))
	}
	for _, bits := range slices.Sorted(maps.Keys(byBits)) {
		slices.Sort(byBits[bits])
		fmt.Fprintf(w, "%s\t%d\t%s\n", name, bits, string(byBits[bits]))
	}
}
