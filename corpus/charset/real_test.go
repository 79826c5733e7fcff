package charset

import (
	"strings"
	"testing"

	"golang.org/x/text/encoding"

	"github.com/athanor-lm/athanor/internal/realdata"
)

// realDocuments are those of a shared corpus. Those with odd numbers were not counted for frequencies.txt.
func realDocuments(tb testing.TB, path string) []realdata.Document {
	tb.Helper()
	documents, _ := realdata.Documents(tb, "corpora/"+path, 0)
	return documents
}

// oddLines are the half of a language version that was not counted.
func oddLines(text string) string {
	var lines []string
	for i, line := range strings.Split(text, "\n") {
		if i%2 == 1 {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "\n")
}

// realTexts are texts by language that were not counted for frequencies.txt.
func realTexts(tb testing.TB) map[string][]string {
	texts := map[string][]string{}
	for _, d := range realDocuments(tb, "multilingual-udhr/udhr2.jsonl.gz") {
		texts[d.Lang] = append(texts[d.Lang], oddLines(d.Text))
	}
	for path, lang := range map[string]string{"zh-laws/laws.jsonl.gz": "laws", "zh-docs/docs.jsonl.gz": "docs", "zh-poetry/poetry.jsonl.gz": "poetry"} {
		for i, d := range realDocuments(tb, path) {
			if i%100 == 1 {
				texts[lang+strings.TrimPrefix(d.Lang, "zh")] = append(texts[lang+strings.TrimPrefix(d.Lang, "zh")], d.Text)
			}
		}
	}
	return texts
}

// pieces cuts texts into runs of characters, some of each text.
func pieces(texts []string, characters int) (all []string) {
	for _, text := range texts {
		runes := []rune(text)
		if characters == 0 {
			all = append(all, text)
			continue
		}
		for i := 0; i+characters <= len(runes) && len(all) < 200; i += 3 * characters {
			all = append(all, string(runes[i:i+characters]))
		}
	}
	return all
}

func TestRealTextsAreDetected(t *testing.T) {
	texts := realTexts(t)
	for _, c := range []struct {
		charset string
		langs   string
		chars   int // of a short piece
		want    [2]float64
	}{
		{"gb18030", "laws docs poetry-hans", 8, [2]float64{0.995, 0.95}},
		{"big5", "poetry-hant cmn_hant", 8, [2]float64{1, 0.98}},
		{"utf-16le", "docs", 8, [2]float64{1, 0.98}},
		{"utf-16be", "laws jpn", 8, [2]float64{1, 0.98}},
		{"shift_jis", "jpn", 8, [2]float64{1, 0.95}},
		{"euc-jp", "jpn", 8, [2]float64{1, 0.95}},
		{"euc-kr", "kor", 8, [2]float64{1, 0.95}},
		{"windows-1252", "fra deu spa por_PT ita nld dan swe nob fin isl cat", 30, [2]float64{1, 0.94}},
		{"windows-1250", "pol ces slk hun slv hrv", 30, [2]float64{1, 0.88}},
		{"windows-1251", "rus ukr bul", 30, [2]float64{1, 0.95}},
		{"koi8-r", "rus", 30, [2]float64{1, 0.95}},
		{"windows-1253", "ell_monotonic", 30, [2]float64{1, 0.95}},
		{"windows-874", "tha", 16, [2]float64{1, 0.95}},
	} {
		for i, chars := range []int{0, c.chars} {
			right, n := 0, 0
			for _, lang := range strings.Fields(c.langs) {
				for _, piece := range pieces(texts[lang], chars) {
					raw, err := encoding.ReplaceUnsupported(encodings[c.charset].NewEncoder()).String(piece)
					if err != nil || raw == piece {
						continue // it has no character that shows the set
					}
					n++
					want, _, _ := Decode([]byte(raw), c.charset)
					got, _, err := Decode([]byte(raw), Detect([]byte(raw)).Name)
					if err == nil && string(got) == string(want) {
						right++
					}
				}
			}
			share := float64(right) / float64(n)
			t.Logf("%-13s %3d characters: %d of %d, %.1f %%", c.charset, chars, right, n, 100*share)
			if n == 0 || share < c.want[i] {
				t.Errorf("%s, %d characters: %d of %d are read right, want %.1f %%", c.charset, chars, right, n, 100*c.want[i])
			}
		}
	}
}

// Of all clean corpora, Repair changes these documents, each rightly: books with single characters of mojibake, pages about
// mojibake with examples of it, language versions with C1 controls for quotes.
func TestCleanCorporaAreLeftAlone(t *testing.T) {
	for path, want := range map[string]int{
		"en-books/books.jsonl.gz": 4, "en-docs/docs.jsonl.gz": 1, "zh-laws/laws.jsonl.gz": 0, "zh-docs/docs.jsonl.gz": 2,
		"zh-poetry/poetry.jsonl.gz": 0, "multilingual-udhr/udhr2.jsonl.gz": 3,
	} {
		changed := 0
		docs := realDocuments(t, path)
		for _, d := range docs {
			if got, _ := Repair(d.Text); got != d.Text {
				changed++
				if changed > want {
					t.Logf("%s is changed", d.ID)
				}
			}
		}
		t.Logf("%s: %d of %d documents changed", path, changed, len(docs))
		if changed != want {
			t.Errorf("%s: %d of %d documents changed, want %d", path, changed, len(docs), want)
		}
	}
}

// A text is read as GBK as a whole where enough of its lines are.
func TestRealDocumentsOfGBKAreRepaired(t *testing.T) {
	texts := realTexts(t)
	for _, lang := range []string{"laws", "docs", "poetry-hans"} {
		lines, right := 0, 0
		for _, text := range texts[lang] {
			got, _ := Repair(asLatin1(inGBK(t, text)))
			want := strings.Split(text, "\n")
			for i, line := range strings.Split(got, "\n") {
				lines++
				if i < len(want) && line == want[i] {
					right++
				}
			}
		}
		t.Logf("GBK as Latin-1, %s: %d of %d lines, %.1f %%", lang, right, lines, 100*float64(right)/float64(lines))
		if float64(right) < 0.97*float64(lines) {
			t.Errorf("%s: %d of %d lines of documents of GBK are repaired, want 97 %%", lang, right, lines)
		}
	}
}

func TestRealMojibakeIsRepaired(t *testing.T) {
	texts := realTexts(t)
	once := func(s string) string { return asWestern(s) }
	for _, c := range []struct {
		what   string
		langs  string
		damage func(string) string
		want   float64
	}{
		{"UTF-8 as Windows-1252", "laws docs poetry-hans poetry-hant jpn kor", once, 0.99},
		{"UTF-8 as Latin-1", "laws docs poetry-hans", asLatin1, 0.99},
		{"UTF-8 as Windows-1252, twice", "laws docs poetry-hans", func(s string) string { return once(once(s)) }, 0.99},
		{"UTF-8 as Windows-1252", "fra deu spa por_PT ita nld dan swe nob fin isl cat", once, 0.95},
		{"UTF-8 as Windows-1252, twice", "fra deu spa por_PT ita nld dan swe nob fin isl cat", func(s string) string { return once(once(s)) }, 0.95},
		{"UTF-8 as Windows-1252", "pol ces slk hun rus ukr ell_monotonic tur vie", once, 0.9},
		{"GBK as Latin-1", "laws docs poetry-hans", func(s string) string { return asLatin1(inGBK(t, s)) }, 0.85},
	} {
		right, n := 0, 0
		for _, lang := range strings.Fields(c.langs) {
			for _, text := range texts[lang] {
				for line := range strings.Lines(text[:min(len(text), 20000)]) {
					damaged := c.damage(line)
					if damaged == line || strings.ContainsRune(line, 0xfffd) {
						continue
					}
					n++
					if got, _ := Repair(damaged); got == line {
						right++
					} else if n-right < 4 {
						t.Logf("%.60q is repaired to %.60q, want %.60q", damaged, got, line)
					}
				}
			}
		}
		t.Logf("%s (%s): %d of %d lines, %.1f %%", c.what, c.langs, right, n, 100*float64(right)/float64(n))
		if float64(right) < c.want*float64(n) {
			t.Errorf("%s (%s): %d of %d lines are repaired, want %.0f %%", c.what, c.langs, right, n, 100*c.want)
		}
	}
}
