// Package boilerplate is the pass "boilerplate": it cuts lines that many documents of the same source have — navigation, headers and
// footers, notices — out of all of them, the first one too, as nothing of the kind belongs to a text. Lines that stand twice and are
// worth keeping once are another matter (package dedup).
package boilerplate

import (
	"errors"
	"fmt"

	"github.com/athanor-lm/athanor/corpus"
)

// Settings say when a line is boilerplate.
type Settings struct {
	// Group says which documents are one source: source (the recipe's input), host (of the URL; the input where there is none),
	// all, or the name of a field of the records.
	Group string `yaml:"group"`
	// Unit is line, or paragraph: what empty lines part.
	Unit string `yaml:"unit"`
	// Edges is for the first and the last lines of documents, Anywhere for all. A line is boilerplate when either says so.
	Edges    Rule `yaml:"edges"`
	Anywhere Rule `yaml:"anywhere"`
	// EdgeUnits is how many lines that are not empty are an edge, at the start and at the end each.
	EdgeUnits int `yaml:"edge_units"`
	// Cells is for edge lines of three cells or more, parted by tabs, | · » › or two spaces: such a line is boilerplate when this
	// share of its cells is, each looked at like a line at an edge ("Prev ⇥ Up ⇥ Chapter 8 ⇥ Home ⇥ Next"); beside another line of
	// boilerplate one cell is enough ("Chapter 7 ⇥ Home ⇥ Chapter 9"). 0 = off.
	Cells float64 `yaml:"cells"`
	// MinChars leaves shorter lines alone, anywhere, such as headings and brackets; characters beyond ASCII count twice, as Chinese
	// says more with each. At the edges every line counts.
	MinChars int `yaml:"min_characters"`
	// Digits takes all numbers for the same: "Page 3 of 12".
	Digits bool `yaml:"digits"`
	// DropShare drops documents of which this share of characters or more would be cut; 0 = only those of which nothing is left.
	DropShare float64 `yaml:"drop_share"`
}

// Rule is in how many documents of a source a line must be: both must hold. A rule with min_documents 0 is off.
type Rule struct {
	MinDocuments int     `yaml:"min_documents"`
	MinShare     float64 `yaml:"min_share"` // of the source's documents
}

// Default is careful with what stands in the middle of texts.
func Default() Settings {
	return Settings{
		Group: "source", Unit: "line", EdgeUnits: 10, Edges: Rule{MinDocuments: 10, MinShare: 0.02}, Anywhere: Rule{MinDocuments: 20, MinShare: 0.2},
		Cells: 0.6, MinChars: 14, Digits: true,
	}
}

// Validate refuses what cannot be.
func (s *Settings) Validate() error {
	var errs []error
	if s.Group == "" {
		errs = append(errs, errors.New("group: empty, want source, host, all or the name of a field"))
	}
	if s.Unit != "line" && s.Unit != "paragraph" {
		errs = append(errs, fmt.Errorf("unit: %q, want line or paragraph", s.Unit))
	}
	for _, f := range []struct {
		key   string
		value float64
	}{{"edges: min_share", s.Edges.MinShare}, {"anywhere: min_share", s.Anywhere.MinShare}, {"cells", s.Cells}, {"drop_share", s.DropShare}} {
		if !(f.value >= 0 && f.value <= 1) {
			errs = append(errs, fmt.Errorf("%s: %v, want a share of 0..1", f.key, f.value))
		}
	}
	for _, r := range []struct {
		key string
		Rule
	}{{"edges", s.Edges}, {"anywhere", s.Anywhere}} {
		if r.MinDocuments < 0 || r.MinDocuments == 1 {
			errs = append(errs, fmt.Errorf("%s: min_documents: %d, want 0 (off) or 2 and more", r.key, r.MinDocuments))
		}
	}
	if s.EdgeUnits < 0 || s.MinChars < 0 {
		errs = append(errs, fmt.Errorf("edge_units: %d, min_characters: %d, want 0 or more", s.EdgeUnits, s.MinChars))
	}
	if s.Edges.MinDocuments == 0 && s.Anywhere.MinDocuments == 0 {
		errs = append(errs, errors.New("neither edges nor anywhere has min_documents: nothing would be done"))
	}
	return errors.Join(errs...)
}

// Files returns none.
func (s *Settings) Files() []string { return nil }

// Open returns the pass.
func (s *Settings) Open(env corpus.Env) (corpus.Pass, error) {
	if err := s.Validate(); err != nil {
		return nil, err
	}
	return &pass{s: *s, env: env}, nil
}

type pass struct {
	s   Settings
	env corpus.Env
}

// Collector returns one that takes the hashes of a document's lines.
func (p *pass) Collector() corpus.Collector { return &collector{look: look{s: &p.s}} }
