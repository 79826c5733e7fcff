package langid

import (
	"strings"
	"testing"

	"github.com/athanor-lm/athanor/corpus"
)

func TestScriptsDecideWithoutAModel(t *testing.T) {
	id := NewIdentifier(nil, false, nil)
	for _, c := range []struct {
		text, lang, script string
		score              float64
	}{
		{"人人生而自由，在尊严和权利上一律平等。", "zh", "Hans", 1},
		{"人人生而自由，在尊嚴和權利上一律平等。", "zh", "Hant", 1},
		{"山高月小水落石出", "zh", "", 1},
		{"使用 git 提交代码", "zh", "Hans", 18.0 / 21}, // 6 Han characters count as 18 letters beside g, i, t
		{"すべての人間は、生まれながらにして自由であり", "ja", "", 1},
		{"東京都の天気", "ja", "", 1}, // 1 kana of 6
		{"모든 인간은 태어날 때부터 자유로우며", "ko", "", 1},
		{"Όλοι οι άνθρωποι", "el", "", 0},
		{"the cat is in the house that they built", "en", "", 5.0 / 9 / (5.0/9 + halfCertain)},
		{"alle Menschen sind frei und gleich", "und", "", 0},
		{"Все люди рождаются свободными", "und", "", 0},
		{"12345 --- !!!", "und", "", 0},
		{"", "und", "", 0},
	} {
		r := id.Identify(c.text)
		if r.Lang != c.lang || r.Script != c.script || c.score > 0 && abs(r.Score-c.score) > 1e-9 {
			t.Errorf("%q: %+v, want %s %s %v", c.text, r, c.lang, c.script, c.score)
		}
	}
}

func abs(x float64) float64 { return max(x, -x) }

func TestBareAnswersAreTheModels(t *testing.T) {
	m := lid176(t)
	text := "今天天气很好"
	bare := NewIdentifier(m, true, nil).Identify(text)
	if bare.Lang != "zh" || abs(bare.Score-0.8509133) > 1e-4 || bare.By != "model" {
		t.Errorf("%+v", bare)
	}
	if r := NewIdentifier(m, false, nil).Identify(text); r.Lang != "zh" || r.Score != 1 || r.By != "script" {
		t.Errorf("%+v", r)
	}
	long := strings.Repeat("Alle Menschen sind frei und gleich an Würde und Rechten geboren. ", 3)
	a, b := NewIdentifier(m, true, nil).Identify(long), NewIdentifier(m, false, Default().Prior).Identify(long)
	if a != b || a.Lang != "de" {
		t.Errorf("%+v, with rules %+v", a, b)
	}
}

func TestCodesAreBroughtToOne(t *testing.T) {
	for in, want := range map[string]string{
		"en": "en", "eng": "en", "en-GB": "en", "en_US": "en", "zh": "zh", "zho": "zh", "cmn": "zh", "zh-Hans": "zh-Hans", "zh-hant": "zh-Hant",
		"zh-TW": "zh-Hant", "zh-cn": "zh-Hans", "cmn_hans": "zh-Hans", "nb": "no", "arb": "ar", "iw": "he", "no such": "no such",
	} {
		if got := canonical(in); got != want {
			t.Errorf("%s: %s, want %s", in, got, want)
		}
	}
}

func TestDocumentsAreKeptByLanguageAndScore(t *testing.T) {
	const en = "It is a truth universally acknowledged, that a single man in possession of a good fortune, must be in want of a wife."
	const de = "Alle Menschen sind frei und gleich an Würde und Rechten geboren."
	for _, c := range []struct {
		name, text, own string
		change          func(*Settings)
		lang, dropped   string
	}{
		{"any language", en, "", func(s *Settings) {}, "en", ""},
		{"unknown", de, "", func(s *Settings) {}, "und", "uncertain"},
		{"only the start", strings.Repeat(en, 3) + strings.Repeat(de, 50), "", func(s *Settings) { s.Head = 300 }, "en", ""},
		{"no least score", de, "", func(s *Settings) { s.MinScore = 0 }, "und", ""},
		{"unwished", en, "", func(s *Settings) { s.Keep = []string{"zh"} }, "en", "unwanted"},
		{"record replaced", en, "fr", func(s *Settings) {}, "en", ""},
		{"record trusted", en, "fr", func(s *Settings) { s.Record, s.Keep = "trust", []string{"fr"} }, "fr", ""},
		{"trusted and unwished", en, "fra", func(s *Settings) { s.Record, s.Keep = "trust", []string{"en"} }, "fra", "unwanted"},
		{"nothing to trust", en, "", func(s *Settings) { s.Record = "trust" }, "en", ""},
		{"simplified wished", "人人生而自由，在尊严和权利上", "", func(s *Settings) { s.Keep = []string{"zh-CN"} }, "zh", ""},
		{"traditional unwished", "人人生而自由，在尊嚴和權利上", "", func(s *Settings) { s.Keep = []string{"zh-Hans"} }, "zh", "unwanted"},
		{"either script wished", "人人生而自由，在尊嚴和權利上", "", func(s *Settings) { s.Keep = []string{"zh"} }, "zh", ""},
	} {
		s := Default()
		c.change(&s)
		open, err := s.Open(corpus.Env{})
		if err != nil {
			t.Fatal(err)
		}
		d, r := corpus.NewDocument(c.text, nil), corpus.Report{Explain: true}
		d.Lang = c.own
		open().Apply(d, &r)
		if d.Lang != c.lang || r.Dropped != c.dropped {
			t.Errorf("%s: %s, dropped by %q; want %s, %q", c.name, d.Lang, r.Dropped, c.lang, c.dropped)
		}
		_, scored := d.Number("lang_score")
		if trusted := s.Record == "trust" && c.own != ""; scored == trusted || (len(r.Findings) == 0) != trusted {
			t.Errorf("%s: score %v, findings %v", c.name, scored, r.Findings)
		}
	}
}

func TestSettingsThatCannotBeAreRefused(t *testing.T) {
	for want, change := range map[string]func(*Settings){
		"min_score: 1.5":  func(s *Settings) { s.MinScore = 1.5 },
		`record: "keep"`:  func(s *Settings) { s.Record = "keep" },
		`keep: "english"`: func(s *Settings) { s.Keep = []string{"english"} },
		"prior: en: 0":    func(s *Settings) { s.Prior = map[string]float64{"en": 0} },
		"head: -1":        func(s *Settings) { s.Head = -1 },
		"none.ftz":        func(s *Settings) { s.Model = "none.ftz" },
	} {
		s := Default()
		change(&s)
		if _, err := s.Open(corpus.Env{Dir: "."}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	s := Default()
	s.Model = "models/lid.176.ftz"
	if f := s.Files(); len(f) != 1 || f[0] != s.Model {
		t.Error(f)
	}
}

func BenchmarkIdentify(b *testing.B) {
	m := lid176(b)
	for _, c := range []struct{ name, corpus string }{{"english", "en-docs/docs"}, {"chinese", "zh-docs/docs"}} {
		docs := documents(b, c.corpus+".jsonl.gz", 500)
		size := 0
		for _, d := range docs {
			size += len(d.Text)
		}
		for _, way := range []struct {
			name string
			id   *Identifier
		}{{"model", NewIdentifier(m, false, nil)}, {"no model", NewIdentifier(nil, false, nil)}} {
			b.Run(c.name+"/"+way.name, func(b *testing.B) {
				b.SetBytes(int64(size))
				b.ReportAllocs()
				for b.Loop() {
					for _, d := range docs {
						way.id.Identify(d.Text)
					}
				}
			})
		}
	}
}
