package charset

import "github.com/athanor-lm/athanor/corpus"

// RepairMojibake is the filter "repair-mojibake": it undoes what reading a text in the wrong character set did to it (see
// Repair), and drops texts that have lost too much that way.
type RepairMojibake struct {
	// MaxLost drops a document with more characters than this that nothing can bring back: U+FFFD and what is left of it after
	// another wrong reading (锟斤拷). Negative = never.
	MaxLost int `yaml:"max_lost"`
}

// DefaultRepairMojibake repairs and drops nothing.
func DefaultRepairMojibake() RepairMojibake { return RepairMojibake{MaxLost: -1} }

// Validate accepts everything.
func (s *RepairMojibake) Validate() error { return nil }

// Files returns none.
func (s *RepairMojibake) Files() []string { return nil }

// Open returns the filter.
func (s *RepairMojibake) Open(corpus.Env) (func() corpus.Filter, error) {
	return func() corpus.Filter { return mojibake{maxLost: s.MaxLost} }, nil
}

type mojibake struct{ maxLost int }

// Apply repairs the text.
func (m mojibake) Apply(d *corpus.Document, r *corpus.Report) {
	text, found := Repair(d.Text())
	r.Add("runs of UTF-8 repaired", int64(found.UTF8))
	r.Add("lines of other character sets repaired", int64(found.Legacy))
	r.Add("C1 controls repaired", int64(found.Controls))
	r.Add("characters lost", int64(found.Lost))
	if found.UTF8+found.Legacy+found.Controls > 0 {
		d.SetText(text)
	}
	if m.maxLost >= 0 && found.Lost > m.maxLost {
		r.Drop("lost-characters", float64(found.Lost), float64(m.maxLost))
	}
}
