package langid

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/athanor-lm/athanor/corpus/langid/fasttext"
	"github.com/athanor-lm/athanor/internal/realdata"
)

type document struct{ ID, Lang, Text string }

// documents are the first n documents of a corpus.
func documents(t testing.TB, name string, n int) (docs []document) {
	t.Helper()
	for d := range realdata.Rows[document](t, "corpora/"+name) {
		if docs = append(docs, d); len(docs) == n {
			break
		}
	}
	return docs
}

func lid176(t testing.TB) *fasttext.Model {
	t.Helper()
	m, err := fasttext.Load(realdata.Path(t, "checkpoints/fasttext-lid176/lid.176.ftz"))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// declarationCode is the code of a declaration's language as lid.176 names it, from its ISO 639-3 code: that of the macrolanguage,
// where it has one (arb → ar, cmn → zh, pes → fa, als is Tosk Albanian → sq). Bokmål is lid.176's no.
func declarationCode(name string) string {
	base, _, _ := strings.Cut(name, "_")
	switch base {
	case "nob":
		return "no"
	case "nno":
		return "nn"
	case "007", "008", "009", "010", "011":
		return "none"
	}
	return canonical(base)
}

// TestAccuracyOnDeclarations measures the declarations of human rights in the languages that each way can tell.
func TestAccuracyOnDeclarations(t *testing.T) {
	m := lid176(t)
	docs := documents(t, "multilingual-udhr/udhr2.jsonl.gz", 1000)
	labels := map[string]bool{}
	for _, l := range m.Labels() {
		labels[l] = true
	}
	for _, c := range []struct {
		name      string
		id        *Identifier
		supported map[string]bool
		want      float64
	}{
		{"lid.176.ftz, bare", NewIdentifier(m, true, nil), labels, 0.75},
		{"lid.176.ftz with rules", NewIdentifier(m, false, Default().Prior), labels, 0.75},
		{"no model", NewIdentifier(nil, false, nil), ownLanguages(), 0.95},
	} {
		right, n := 0, 0
		var wrong []string
		for _, d := range docs {
			code := declarationCode(d.Lang)
			if !c.supported[code] || len(d.Text) < 1000 { // a few are a title only
				continue
			}
			n++
			if r := c.id.Identify(d.Text); r.Lang == code {
				right++
			} else {
				wrong = append(wrong, fmt.Sprintf("%s:%s %.2f", d.Lang, r.Lang, r.Score))
			}
		}
		t.Logf("%s: %d of %d (%.1f %%); wrong: %s", c.name, right, n, 100*float64(right)/float64(n), strings.Join(wrong, ", "))
		if float64(right) < c.want*float64(n) {
			t.Errorf("%s: below %.0f %%", c.name, 100*c.want)
		}
	}
}

// ownLanguages are those that are told without a model.
func ownLanguages() map[string]bool {
	out := map[string]bool{"en": true, "zh": true, "ja": true, "ko": true}
	for _, s := range ownScripts {
		out[s.lang] = true
	}
	return out
}

// snippet cuts n characters at the start of a word, with letters for the most part.
func snippet(text []rune, n int, rng *rand.Rand) string {
	for range 1000 {
		at := rng.IntN(max(1, len(text)-n))
		for at > 0 && !unicode.IsSpace(text[at-1]) && text[at] < 0x3000 {
			at--
		}
		s := text[at:min(len(text), at+n)]
		letters := 0
		for _, c := range s {
			if unicode.IsLetter(c) {
				letters++
			}
		}
		if len(s) == n && 5*letters >= 3*n {
			return string(s)
		}
	}
	return ""
}

// TestAccuracyOnShortTexts measures pieces of 20 characters, cut wherever a word begins (a character, in Chinese) and through
// the word at their end.
func TestAccuracyOnShortTexts(t *testing.T) {
	m := lid176(t)
	ways := []struct {
		name string
		id   *Identifier
	}{
		{"bare", NewIdentifier(m, true, nil)},
		{"rules, no prior", NewIdentifier(m, false, nil)},
		{"rules", NewIdentifier(m, false, Default().Prior)},
		{"no model", NewIdentifier(nil, false, nil)},
	}
	for _, c := range []struct {
		corpus, lang, only string
		want               float64 // of the rules
	}{
		{"en-books/books", "en", "", 0.99},
		{"en-docs/docs", "en", "", 0.975}, // names of functions and options too
		{"multilingual-udhr/udhr2", "en", "eng", 0.99},
		{"zh-laws/laws", "zh", "", 0.99},
		{"zh-docs/docs", "zh", "", 0.99},
		{"zh-poetry/poetry", "zh", "", 0.99},
		{"multilingual-udhr/udhr2", "zh", "cmn_hans", 0.99},
		{"multilingual-udhr/udhr2", "zh", "cmn_hant", 0.99},
		{"multilingual-udhr/udhr2", "ja", "jpn", 0.97},
	} {
		docs := slices.DeleteFunc(documents(t, c.corpus+".jsonl.gz", 1500), func(d document) bool { return c.only != "" && d.Lang != c.only })
		rng := rand.New(rand.NewPCG(20, 20))
		const n = 1500
		right := make([]int, len(ways))
		for range n {
			s := ""
			for s == "" {
				text := []rune(docs[rng.IntN(len(docs))].Text)
				// In Chinese documents, pieces of other scripts are not asked for.
				if s = snippet(text, 20, rng); c.lang != "en" && 2*(count(s).han+count(s).kana) < 20 {
					s = ""
				}
			}
			for i, w := range ways {
				if w.id.Identify(s).Lang == c.lang {
					right[i]++
				}
			}
		}
		line := fmt.Sprintf("%-28s", c.corpus+" "+c.only)
		for i, w := range ways {
			line += fmt.Sprintf("  %s %.2f %%", w.name, 100*float64(right[i])/n)
		}
		t.Log(line)
		if float64(right[2]) < c.want*n {
			t.Errorf("%s: below %.0f %%", c.corpus, 100*c.want)
		}
	}
}
