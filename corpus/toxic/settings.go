package toxic

import (
	"fmt"

	"github.com/athanor-lm/athanor/corpus"
)

// Settings are those of the filter `toxicity`.
type Settings struct {
	BuiltIn bool     `yaml:"built_in"`        // use the built-in English and Chinese lists
	Lists   []string `yaml:"lists,omitempty"` // files of words; see the documents for their form

	// What is dense: the severities (1 to 3) of the terms met, summed, per 1,000 words of alphabetic scripts or per 1,000 Chinese
	// characters. 0 = no limit.
	MaxPer1000Words float64 `yaml:"max_per_1000_words"`
	MaxPer1000Chars float64 `yaml:"max_per_1000_chars"`
	MinDistinct     int     `yaml:"min_distinct"` // density drops only where so many different terms are met
	MinHits         int     `yaml:"min_hits"`     // and so many in all
	MaxSevere       int     `yaml:"max_severe"`   // drop where more terms of severity 3 than this are met, however long the text; negative = no limit

	ContextWeight float64 `yaml:"context_weight"` // what a term counts near a word of a clinic, a court or a newspaper, 0..1; 1 = as elsewhere
	ContextWindow int     `yaml:"context_window"` // how near, in bytes
	Disguised     bool    `yaml:"disguised"`      // also look for s.h.i.t, sh1t, sh*t, full-width letters, 傻-逼
	Score         bool    `yaml:"score"`          // set the attribute "toxicity" to the larger of the densities
}

// DefaultSettings are made for the built-in lists; the documents say what they do to real corpora.
func DefaultSettings() Settings {
	return Settings{BuiltIn: true, MaxPer1000Words: 15, MaxPer1000Chars: 10, MinDistinct: 2, MinHits: 3, MaxSevere: -1, ContextWeight: 0.25,
		ContextWindow: 200}
}

// Validate refuses settings that cannot be.
func (c *Settings) Validate() error {
	switch {
	case !c.BuiltIn && len(c.Lists) == 0:
		return fmt.Errorf("toxicity: there is no word list: name files under lists, or set built_in")
	case c.MaxPer1000Words < 0:
		return fmt.Errorf("toxicity: max_per_1000_words is %v, want 0 (no limit) or more", c.MaxPer1000Words)
	case c.MaxPer1000Chars < 0:
		return fmt.Errorf("toxicity: max_per_1000_chars is %v, want 0 (no limit) or more", c.MaxPer1000Chars)
	case c.MinDistinct < 0 || c.MinHits < 0:
		return fmt.Errorf("toxicity: min_distinct is %d and min_hits %d, want 0 or more", c.MinDistinct, c.MinHits)
	case c.ContextWeight < 0 || c.ContextWeight > 1:
		return fmt.Errorf("toxicity: context_weight is %v, want 0..1", c.ContextWeight)
	case c.ContextWindow < 0:
		return fmt.Errorf("toxicity: context_window is %d, want 0 or more bytes", c.ContextWindow)
	case c.MaxPer1000Words == 0 && c.MaxPer1000Chars == 0 && c.MaxSevere < 0 && !c.Score:
		return fmt.Errorf("toxicity: every limit is off and score is not asked for: the step would do nothing")
	}
	return nil
}

// Files returns the word lists.
func (c *Settings) Files() []string { return c.Lists }

// Open reads the lists.
func (c *Settings) Open(env corpus.Env) (func() corpus.Filter, error) {
	paths := make([]string, len(c.Lists))
	for i, p := range c.Lists {
		paths[i] = env.Path(p)
	}
	list, err := lists(c.BuiltIn, paths)
	if err != nil {
		return nil, err
	}
	shared, m := *c, newMatcher(list, c.Disguised, c.ContextWindow, c.ContextWeight)
	return func() corpus.Filter {
		return &filter{c: shared, m: m, seen: make([]uint32, len(m.trie.list))}
	}, nil
}
