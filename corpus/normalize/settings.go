// Package normalize is the filter "normalize": it brings texts into one spelling of what looks the same — Unicode normal form,
// line ends, spaces, widths of letters — and removes what nobody sees: control characters and needless zero-width ones.
//
// It is idempotent: a text it has made, or that needs nothing, it leaves alone, which it finds out without allocating.
package normalize

import (
	"fmt"

	"github.com/athanor-lm/athanor/corpus"
	"golang.org/x/text/unicode/norm"
)

// Settings say what is brought into one form. Every part can be left out by the value named with it.
type Settings struct {
	// Form is the Unicode normal form: nfc (é as one character rather than e + accent; nothing is lost), nfkc (also ﬁ → fi,
	// ² → 2, ㎏ → kg: loses distinctions) or none.
	Form string `yaml:"form"`
	// Width folds East Asian widths: letters (full-width Latin letters and digits become ASCII, half-width katakana, hangul
	// and their punctuation full-width), all (also ，！（） to ASCII and the ideographic space to a space) or keep. Short of all,
	// nfkc too leaves full-width punctuation and the ellipsis … alone.
	Width string `yaml:"width"`
	// Invalid says what becomes of bytes that are not UTF-8: replace (each by U+FFFD) or drop.
	Invalid string `yaml:"invalid"`
	// Newlines makes CR LF, CR, VT, FF, NEL, LS and PS into LF.
	Newlines bool `yaml:"newlines"`
	// Controls removes control characters but LF and TAB, noncharacters and interlinear annotation marks.
	Controls bool `yaml:"controls"`
	// ZeroWidth says what becomes of zero-width characters and marks of direction: needless removes those that do nothing where
	// they stand (see zerowidth.go), all removes every one, keep none.
	ZeroWidth string `yaml:"zero_width"`
	// Spaces makes no-break, thin, em and other Unicode spaces into U+0020; the ideographic space is left to Width.
	Spaces bool `yaml:"spaces"`
	// Runs of spaces and tabs become one (a tab, where one is among them): inner leaves indentation, all removes it, keep does
	// nothing.
	Runs string `yaml:"runs"`
	// Trim removes white space from the ends of lines, and empty lines from both ends of the text.
	Trim bool `yaml:"trim"`
	// BlankLines is how many empty lines may follow one another; negative: any number.
	BlankLines int `yaml:"blank_lines"`
}

// Default is safe for prose and source code of any language, but for code that is told by its inner spaces.
func Default() Settings {
	return Settings{
		Form: "nfc", Width: "keep", Invalid: "replace", Newlines: true, Controls: true, ZeroWidth: "needless", Spaces: true,
		Runs: "inner", Trim: true, BlankLines: 2,
	}
}

// Validate refuses unknown words.
func (s *Settings) Validate() error {
	for _, f := range []struct {
		key, value string
		want       [3]string
	}{
		{"form", s.Form, [3]string{"nfc", "nfkc", "none"}},
		{"width", s.Width, [3]string{"keep", "letters", "all"}},
		{"invalid", s.Invalid, [3]string{"replace", "drop"}},
		{"zero_width", s.ZeroWidth, [3]string{"needless", "all", "keep"}},
		{"runs", s.Runs, [3]string{"inner", "all", "keep"}},
	} {
		if f.value == "" || f.value != f.want[0] && f.value != f.want[1] && f.value != f.want[2] {
			list := f.want[0] + ", " + f.want[1]
			if f.want[2] != "" {
				list += ", " + f.want[2]
			}
			return fmt.Errorf("%s: %q, want one of %s", f.key, f.value, list)
		}
	}
	return nil
}

// Files returns none.
func (s *Settings) Files() []string { return nil }

// Open returns the filter.
func (s *Settings) Open(corpus.Env) (func() corpus.Filter, error) {
	if err := s.Validate(); err != nil {
		return nil, err
	}
	r := newRules(*s)
	return func() corpus.Filter { return &filter{rules: r} }, nil
}

// rules are the settings made ready; filters share them.
type rules struct {
	Settings
	form     norm.Form
	hasForm  bool
	keepWide bool // nfkc leaves full-width punctuation alone
	class    *[1 << 16]class
}

func newRules(s Settings) *rules {
	r := &rules{Settings: s, class: new([1 << 16]class)}
	switch s.Form {
	case "nfc":
		r.form, r.hasForm = norm.NFC, true
	case "nfkc":
		r.form, r.hasForm = norm.NFKC, true
		r.keepWide = s.Width != "all"
	}
	for c := range rune(len(r.class)) {
		r.class[c] = r.classify(c)
	}
	return r
}

type filter struct {
	*rules
	a, b, piece []byte
}

// Apply brings the text into form and counts what it changed by kind.
func (f *filter) Apply(d *corpus.Document, r *corpus.Report) {
	text := d.Text()
	if f.settled(text) {
		return
	}
	if out := f.settle(text, r); string(out) != text {
		d.SetText(string(out))
	}
}
