package langid

import (
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/athanor-lm/athanor/corpus/langid/fasttext"
)

// Short texts that were taken for Kannada, Persian, Russian, Spanish and the like; and neighbours that are to stay what they are.
func TestShortTextsByScriptAndWords(t *testing.T) {
	id := NewIdentifier(lid176(t), false, Default().Prior)
	for text, want := range map[string]string{
		"The third parameter ": "en", "Parameters\n\nname\n\n T": "en", "specified amount of ": "en", "sqlite3_config(). If": "en", "returns a snapshot i": "en",
		"Chapter\u00a016.\u00a0Installa": "en", "This parameter can o": "en",
		"les paramètres de la": "fr", "la table des matière": "fr", "der Name des Servers": "de", "Все люди рождаются с": "ru", "todos los parámetros": "es",
		"این یک متن فارسی است": "fa",
	} {
		if r := id.Identify(text); r.Lang != want {
			t.Errorf("%q: %+v, want %s", text, r, want)
		}
	}
}

func TestScriptsRuleLanguagesOut(t *testing.T) {
	for label, want := range map[string]scripts{"en": latinScript, "kn": otherScripts, "ru": otherScripts, "zh": otherScripts, "sr": latinScript | otherScripts,
		"eml": latinScript | otherScripts, "hif": latinScript, "vi": latinScript} {
		if got := scriptsOf(label); got != want {
			t.Errorf("%s: %b, want %b", label, got, want)
		}
	}
	for text, want := range map[string]scripts{"naïve Œuvre 12": latinScript, "Việt": latinScript, "Все": otherScripts, "Все OK": latinScript | otherScripts, "漢字": otherScripts} {
		if got := count(text).scripts(); got != want {
			t.Errorf("%q: %b, want %b", text, got, want)
		}
	}
}

// No known word is in an odd line of a declaration in another language, Scots and Pidgin apart.
func TestKnownWordsAreOfNoOtherDeclaration(t *testing.T) {
	word := regexp.MustCompile(`\pL+`)
	for _, d := range documents(t, "multilingual-udhr/udhr2.jsonl.gz", 1000) {
		if base, _, _ := strings.Cut(d.Lang, "_"); slices.Contains([]string{"eng", "sco", "pcm"}, base) {
			continue
		}
		for i, line := range strings.Split(strings.ToLower(d.Text), "\n") {
			for _, w := range word.FindAllString(line, -1) {
				if i%2 == 1 && knownEnglish()[w] {
					t.Errorf("%s is in %s", w, d.Lang)
				}
			}
		}
	}
}

// Whatever the bytes and the model, there is an answer whose score is a share.
func FuzzIdentify(f *testing.F) {
	ids := []*Identifier{NewIdentifier(nil, false, nil)}
	for _, name := range []string{"hs-pruned.ftz", "softmax-words.ftz"} {
		m, err := fasttext.Load(filepath.Join("fasttext", "testdata", name))
		if err != nil {
			f.Fatal(err)
		}
		ids = append(ids, NewIdentifier(m, false, Default().Prior))
	}
	for _, s := range []string{"", "the third parameter", "Chapter\u00a016.", "\xff\xc2", "漢字 kana かな", "CREATE OPERATOR", "Все", "\u0301"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, id := range ids {
			if r := id.Identify(text); r.Lang == "" || !(r.Score >= 0 && r.Score <= 1) {
				t.Fatalf("%q: %+v", text, r)
			}
		}
	})
}
