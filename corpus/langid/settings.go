package langid

import (
	"fmt"
	"strings"

	"github.com/athanor-lm/athanor/corpus"
	"github.com/athanor-lm/athanor/corpus/langid/fasttext"
	"golang.org/x/text/language"
)

// Settings are those of the filter "language": it finds each document's language, records it with its score, and drops
// documents that are not certainly in a wished one.
type Settings struct {
	// Model is the path of a fastText model whose labels are language codes: lid.176.ftz or lid.176.bin. Empty: scripts and the
	// words of English decide, so that Chinese, Japanese, Korean, English and some twenty languages with a script of their own
	// are told from all others, which are "und".
	Model string `yaml:"model"`
	// MinScore drops documents whose language is less certain, 0..1; 0 = none. FineWeb: 0.65.
	MinScore float64 `yaml:"min_score"`
	// Keep drops documents in other languages: codes such as en, zh, zh-Hans; empty = every language stays.
	Keep []string `yaml:"keep"`
	// Record says what of a language that came with the record: replace (by what is found) or trust (found nothing out: no
	// score, min_score does not count).
	Record string `yaml:"record"`
	// Head is how many bytes at the start of a text are looked at; 0 = all, as others do.
	Head int `yaml:"head"`
	// Bare takes the model's answer as it is, without rules for scripts and short texts. It is fastText's, to the digit.
	Bare bool `yaml:"bare"`
	// Prior says how many times likelier than another a language is before anything is known, for texts of less than 80
	// letters.
	Prior map[string]float64 `yaml:"prior"`
}

// Default keeps every language that is certain to 0.65. It needs no model.
func Default() Settings {
	return Settings{MinScore: 0.65, Record: "replace", Prior: map[string]float64{"en": 10}}
}

// Validate refuses scores out of range and codes that are none.
func (s *Settings) Validate() error {
	if s.MinScore < 0 || s.MinScore > 1 || s.MinScore != s.MinScore {
		return fmt.Errorf("min_score: %v, want 0..1", s.MinScore)
	}
	if s.Record != "replace" && s.Record != "trust" {
		return fmt.Errorf("record: %q, want replace or trust", s.Record)
	}
	if s.Head < 0 {
		return fmt.Errorf("head: %d, want 0 (all of a text) or a number of bytes", s.Head)
	}
	for _, k := range s.Keep {
		if _, err := language.Parse(k); err != nil {
			return fmt.Errorf("keep: %q, want codes such as en, zh or zh-Hans", k)
		}
	}
	for l, f := range s.Prior {
		if !(f > 0 && f <= 1e6) {
			return fmt.Errorf("prior: %s: %v, want above 0, up to 1e6", l, f)
		}
	}
	return nil
}

// Files returns the model.
func (s *Settings) Files() []string {
	if s.Model == "" {
		return nil
	}
	return []string{s.Model}
}

// Open loads the model.
func (s *Settings) Open(env corpus.Env) (func() corpus.Filter, error) {
	if err := s.Validate(); err != nil {
		return nil, err
	}
	var m *fasttext.Model
	if s.Model != "" {
		var err error
		if m, err = fasttext.Load(env.Path(s.Model)); err != nil {
			return nil, fmt.Errorf("language: %w", err)
		}
		for _, l := range m.Labels() {
			if len(l) > 12 || strings.ContainsAny(l, " /") {
				return nil, fmt.Errorf("language: model %s has the label %q, want language codes", s.Model, l)
			}
		}
	}
	keep := map[string]bool{}
	for _, k := range s.Keep {
		keep[canonical(k)] = true
	}
	return func() corpus.Filter {
		return &filter{Settings: *s, keep: keep, id: NewIdentifier(m, s.Bare, s.Prior)}
	}, nil
}

// canonical brings the ways a language is written to one: eng and en-GB are en, zh-CN and cmn_hans zh-Hans, iw is he.
func canonical(code string) string {
	tag, err := language.All.Parse(code)
	if err != nil {
		return strings.ToLower(code)
	}
	base, _ := tag.Base()
	if base.String() == "zh" && len(code) > 3 { // more than the language is said: a script, or a region, whose script is known
		script, _ := tag.Script()
		return "zh-" + script.String()
	}
	return base.String()
}

type filter struct {
	Settings
	keep map[string]bool
	id   *Identifier
}

// Apply finds the document's language, sets Lang and the attributes lang_score and lang_script (Chinese), counts the language,
// and drops what is uncertain or not wished.
func (f *filter) Apply(d *corpus.Document, r *corpus.Report) {
	if f.Record == "trust" && d.Lang != "" {
		r.Add(d.Lang, 1)
		if code := canonical(d.Lang); !f.wished(code) {
			r.Drop("unwanted", 0, 0)
		}
		return
	}
	text := d.Text()
	if f.Head > 0 && len(text) > f.Head {
		text = text[:f.Head]
	}
	found := f.id.Identify(text)
	d.Lang = found.Lang
	d.Set("lang_score", found.Score)
	code := found.Lang
	if found.Script != "" {
		d.Set("lang_script", found.Script)
		code += "-" + found.Script
	}
	r.Add(found.Lang, 1)
	uncertain, unwanted := found.Score < f.MinScore, !f.wished(code)
	if uncertain {
		r.Drop("uncertain", found.Score, f.MinScore)
	}
	if unwanted {
		r.Drop("unwanted", found.Score, 0)
	}
	if r.Explain {
		r.Find(corpus.Finding{Rule: "uncertain", Value: found.Score, Limit: fmt.Sprintf("≥ %g", f.MinScore), Failed: uncertain})
		wish := "any language"
		if len(f.Keep) > 0 {
			wish = strings.Join(f.Keep, ", ")
		}
		r.Find(corpus.Finding{Rule: "unwanted: " + code + ", found by " + found.By, Value: found.Score, Limit: wish, Failed: unwanted})
	}
}

// wished says whether a language, with or without its script, is to be kept.
func (f *filter) wished(code string) bool {
	if len(f.keep) == 0 || f.keep[code] {
		return true
	}
	base, _, _ := strings.Cut(code, "-")
	return f.keep[base]
}
