package charset

import (
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/simplifiedchinese"

	"github.com/athanor-lm/athanor/internal/timely"
)

// asWestern reads the bytes of UTF-8 as Windows-1252, and as Latin-1 where that has no character.
func asWestern(text string) string {
	var out strings.Builder
	for _, b := range []byte(text) {
		if r := charmap.Windows1252.DecodeByte(b); r != utf8.RuneError {
			out.WriteRune(r)
		} else {
			out.WriteRune(rune(b))
		}
	}
	return out.String()
}

func asLatin1(raw string) string {
	out := make([]rune, 0, len(raw))
	for _, b := range []byte(raw) {
		out = append(out, rune(b))
	}
	return string(out)
}

func asGBK(tb testing.TB, raw string) string {
	tb.Helper()
	text, err := simplifiedchinese.GB18030.NewDecoder().String(raw)
	if err != nil {
		tb.Fatal(err)
	}
	return text
}

func inGBK(tb testing.TB, text string) string {
	tb.Helper()
	raw, err := simplifiedchinese.GB18030.NewEncoder().String(text)
	if err != nil {
		tb.Fatal(err)
	}
	return raw
}

func TestRepairsWhatWasReadWrongly(t *testing.T) {
	chinese := "第一条 为了保护民事主体的合法权益，调整民事关系。"
	for _, c := range []struct{ what, broken, want string }{
		{"UTF-8 as Windows-1252", asWestern("It’s a café — naïve"), "It’s a café — naïve"},
		{"UTF-8 as Latin-1", asLatin1("It’s a café — naïve"), "It’s a café — naïve"},
		{"twice", asWestern(asWestern("It’s a café")), "It’s a café"},
		{"thrice", asWestern(asWestern(asWestern("déjà vu"))), "déjà vu"},
		{"Chinese", asWestern(chinese), chinese},
		{"Chinese twice", asWestern(asWestern(chinese)), chinese},
		{"among clean text", "Für " + asWestern("Müller") + " und Söhne", "Für Müller und Söhne"},
		{"GBK as Latin-1", asLatin1(inGBK(t, chinese)), chinese},
		{"GBK as Windows-1252", asWestern(inGBK(t, chinese)), chinese},
		{"Russian as Latin-1", "Âñå ëþäè ðîæäàþòñÿ ñâîáîäíûìè", "Все люди рождаются свободными"},
		{"C1 controls", "\u0093quoted\u0094 \u0096 it\u0092s", "“quoted” – it’s"},
	} {
		got, r := Repair(c.broken)
		if got != c.want || r.UTF8+r.Legacy+r.Controls == 0 {
			t.Errorf("%s: %q is repaired to %q, want %q", c.what, c.broken, got, c.want)
		}
	}
}

func TestCleanTextIsLeftAlone(t *testing.T) {
	for _, text := range []string{
		"", "plain", "café »CAFÉ« naïve", "« CAFÉ » À LA MÊME", "ÄÖÜäöüß", "¡Ñandú! ¿Ñu?", "Þórður Ægisson", "½ × ¾ ± ²", "²³¹ºª", "â ê î ô û", "ÀÉÈÙ",
		"第一条 为了保护民事主体", "锛的钨", "Все люди", "日本語テキスト", "한국어", "voilà…", "“É”", "É…", "£100–£200", "©®™", "10°–20°", "l’Île", "Ð ð Þ þ",
		"été « à »", "naïve—café", "Señor—", "São Tomé e Príncipe", "«Ö»", "Ü“", "Ö–Z", "Å“",
	} {
		if got, r := Repair(text); got != text || r != (Repairs{}) {
			t.Errorf("%q is changed to %q, %+v", text, got, r)
		}
	}
}

// Long runs that are no UTF-8 cost what their bytes cost, not the square of it: each of these took more than twenty seconds.
func TestLongRunsAreReadOnce(t *testing.T) {
	for _, run := range []string{"Ã", "é", "éÖÐà", "éÃ©"} {
		text := strings.Repeat(run, 100_000/len(run))
		timely.Within(t, 5*time.Second, fmt.Sprintf("%d bytes of %s", len(text), run), func() { Repair(text) })
	}
	if got, r := Repair("ééé cafÃ© ééÃ©é"); got != "ééé café éééé" || r.UTF8 != 2 {
		t.Errorf("%q, %+v", got, r)
	}
}

// A run is judged in all languages at once: judging it in one after the other took sixty allocations a run, and a second a megabyte and
// more.
func TestRunsAreJudgedOnce(t *testing.T) {
	const runs = 200
	text := strings.Repeat("cafÃ© ", runs)
	if n := testing.AllocsPerRun(3, func() { Repair(text) }); n > 8*runs {
		t.Errorf("%d runs take %.0f allocations, want at most %d", runs, n, 8*runs)
	}
}

func TestLostCharactersAreCounted(t *testing.T) {
	lost := asGBK(t, "\ufffd\ufffd\ufffd\ufffd")
	if _, r := Repair("a\ufffdb" + lost); r.Lost != 5 {
		t.Errorf("%q: %+v, want 5 lost", lost, r)
	}
}
