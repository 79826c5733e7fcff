package charset

import (
	"strings"
	"testing"

	"golang.org/x/text/encoding"
)

// benchTexts are texts that are mojibake all through, some hundred kilobytes each, by what happened to them.
func benchTexts(tb testing.TB) []struct{ name, text string } {
	joined := func(path, lang string, most int) string {
		var b strings.Builder
		for _, d := range realDocuments(tb, path) {
			if lang == "" || d.Lang == lang {
				b.WriteString(d.Text)
				b.WriteByte('\n')
			}
			if b.Len() > most {
				break
			}
		}
		return strings.ToValidUTF8(b.String()[:min(b.Len(), most)], "")
	}
	const size = 100 << 10
	laws, poems := joined("zh-laws/laws.jsonl.gz", "", size), joined("zh-poetry/poetry.jsonl.gz", "zh-hans", size)
	udhr := func(lang string) string { return joined("multilingual-udhr/udhr2.jsonl.gz", lang, size) }
	in := func(text, set string) string {
		return asLatin1(encode(tb, text, set))
	}
	return []struct{ name, text string }{
		{"laws, UTF-8 as Windows-1252", asWestern(laws)},
		{"laws, twice", asWestern(asWestern(laws[:size/3]))},
		{"laws, GBK as Latin-1", in(laws, "gb18030")},
		{"poems, UTF-8 as Windows-1252", asWestern(poems)},
		{"poems, GBK as Latin-1", in(poems, "gb18030")},
		{"French, UTF-8 as Latin-1", asLatin1(udhr("fra"))},
		{"Russian, UTF-8 as Latin-1", asLatin1(udhr("rus"))},
		{"Russian, Windows-1251 as Latin-1", in(udhr("rus"), "windows-1251")},
		{"lines of four accents", strings.Repeat("ÀÉÈÙ\n", size/9)},
		{"Japanese, Shift-JIS as Windows-1252", asWestern(encode(tb, udhr("jpn"), "shift_jis"))},
	}
}

// encode writes a text in a character set, without what it has no character for.
func encode(tb testing.TB, text, set string) string {
	tb.Helper()
	raw, err := encoding.ReplaceUnsupported(encodings[set].NewEncoder()).String(text)
	if err != nil {
		tb.Fatal(err)
	}
	return raw
}

// BenchmarkRepair is in bytes of mojibake, as it stands in the text.
func BenchmarkRepair(b *testing.B) {
	for _, c := range benchTexts(b) {
		b.Run(c.name, func(b *testing.B) {
			b.SetBytes(int64(len(c.text)))
			b.ReportAllocs()
			for b.Loop() {
				Repair(c.text)
			}
		})
	}
}
