// Package mix decides how much of each source a corpus holds: weights, temperature, epochs, caps, a replay of general text beside a
// domain, a cap on synthetic text. A plan comes first, from what there is of each source; then documents are chosen by keyed hash,
// so that the choice depends on nothing but the seed, the source and the document.
package mix

import (
	"fmt"
	"slices"
	"strings"
)

// Settings are the mix of a recipe.
type Settings struct {
	// Sources weigh some or all sources; those not listed have the defaults.
	Sources []Source `yaml:"sources"`
	// Temperature T gives sources without a weight shares in proportion to tokens^(1/T), as mT5 (Xue et al. 2021, 3.1) does for
	// languages: 1 = as they come, larger is closer to equal shares.
	Temperature float64 `yaml:"temperature"`
	// Tokens is the size wanted. 0 = the largest at which every source has its share exactly, within its epochs and caps.
	Tokens int64 `yaml:"tokens"`
	// MaxEpochs is how often a source may be repeated where it does not say itself. Up to 4 epochs of repeated text are nearly as good
	// as new text (Muennighoff et al. 2023).
	MaxEpochs float64 `yaml:"max_epochs"`
	// Replay keeps a share of the whole for some sources: general text beside a domain. nil = none.
	Replay *Replay `yaml:"replay"`
	// MaxSynthetic is the largest share of tokens that models wrote; 0 = no cap.
	MaxSynthetic float64 `yaml:"max_synthetic"`
	// BytesPerToken estimates tokens where the output has no tokenizer.
	BytesPerToken float64 `yaml:"bytes_per_token"`
	// Order of the documents: "input" (source after source), "interleave" (sources alternate in proportion) or "shuffle".
	Order string `yaml:"order"`
}

// Source is what a mix says about one source.
type Source struct {
	Source string `yaml:"source"`
	// Weight is its share of the tokens in proportion to the other weights; 0 = by its size and the temperature. Either all sources of
	// a group (the replay's, the others) have a weight or none.
	Weight    float64 `yaml:"weight"`
	MaxEpochs float64 `yaml:"max_epochs"` // 0 = the mix's
	MaxTokens int64   `yaml:"max_tokens"` // 0 = no cap
}

// Replay is general text beside a domain.
type Replay struct {
	Sources []string `yaml:"sources"`
	Share   float64  `yaml:"share"` // of all tokens; 0.1 to 0.2 is usual
}

// DefaultBytesPerToken is what a token is taken for where nobody counts: about what large vocabularies make of English.
const DefaultBytesPerToken = 4

// The values of Settings.Order.
const (
	OrderInput      = "input"
	OrderInterleave = "interleave"
	OrderShuffle    = "shuffle"
)

// Validate fills in defaults and refuses a mix that cannot be. sources are those there are.
func (s *Settings) Validate(sources []string) error {
	s.defaults()
	switch {
	case !(s.Temperature > 0):
		return fmt.Errorf("temperature: %v, want more than 0", s.Temperature)
	case s.Tokens < 0:
		return fmt.Errorf("tokens: %d, want 0 or more", s.Tokens)
	case !(s.MaxEpochs > 0):
		return fmt.Errorf("max_epochs: %v, want more than 0", s.MaxEpochs)
	case !(s.MaxSynthetic >= 0 && s.MaxSynthetic < 1):
		return fmt.Errorf("max_synthetic: %v, want 0 ≤ share < 1", s.MaxSynthetic)
	case !(s.BytesPerToken > 0):
		return fmt.Errorf("bytes_per_token: %v, want more than 0", s.BytesPerToken)
	case !slices.Contains([]string{OrderInput, OrderInterleave, OrderShuffle}, s.Order):
		return fmt.Errorf("order: %q, want %s, %s or %s", s.Order, OrderInput, OrderInterleave, OrderShuffle)
	}
	seen := map[string]bool{}
	for _, src := range s.Sources {
		switch {
		case !slices.Contains(sources, src.Source):
			return fmt.Errorf("sources: %q is no source of the inputs, want one of %s", src.Source, strings.Join(sources, ", "))
		case seen[src.Source]:
			return fmt.Errorf("sources: %q is named twice", src.Source)
		case !(src.Weight >= 0) || !(src.MaxEpochs >= 0) || src.MaxTokens < 0:
			return fmt.Errorf("sources: %s: weight %v, max_epochs %v, max_tokens %d, want 0 or more", src.Source, src.Weight, src.MaxEpochs, src.MaxTokens)
		}
		seen[src.Source] = true
	}
	if err := s.Replay.validate(sources); err != nil {
		return err
	}
	return s.checkWeights(sources)
}

func (s *Settings) defaults() {
	for _, d := range []struct {
		v     *float64
		value float64
	}{{&s.Temperature, 1}, {&s.MaxEpochs, 1}, {&s.BytesPerToken, DefaultBytesPerToken}} {
		if *d.v == 0 {
			*d.v = d.value
		}
	}
	if s.Order == "" {
		s.Order = OrderInterleave
	}
}

func (r *Replay) validate(sources []string) error {
	if r == nil {
		return nil
	}
	if !(r.Share > 0 && r.Share < 1) {
		return fmt.Errorf("replay: share: %v, want 0 < share < 1", r.Share)
	}
	for _, name := range r.Sources {
		if !slices.Contains(sources, name) {
			return fmt.Errorf("replay: sources: %q is no source of the inputs, want one of %s", name, strings.Join(sources, ", "))
		}
	}
	if n := len(slices.Compact(slices.Sorted(slices.Values(r.Sources)))); n == 0 || n == len(sources) {
		return fmt.Errorf("replay: sources: %d of %d sources, want some and not all", n, len(sources))
	}
	return nil
}

// checkWeights refuses groups in which some sources have a weight and some have none: a share of what would be unclear.
func (s *Settings) checkWeights(sources []string) error {
	var with, without [2]string // an example of either kind, by group
	for _, name := range sources {
		g := s.group(name)
		if s.source(name).Weight > 0 {
			with[g] = name
		} else {
			without[g] = name
		}
	}
	for g := range with {
		if with[g] != "" && without[g] != "" {
			return fmt.Errorf("sources: %s has a weight and %s has none, want one for both or for neither", with[g], without[g])
		}
	}
	return nil
}

// group tells the replay's sources (1) from the others (0).
func (s *Settings) group(source string) int {
	if s.Replay != nil && slices.Contains(s.Replay.Sources, source) {
		return 1
	}
	return 0
}

// source returns what the mix says about a source, with the mix's epochs where it says none.
func (s *Settings) source(name string) Source {
	found := Source{Source: name}
	for _, src := range s.Sources {
		if src.Source == name {
			found = src
		}
	}
	if found.MaxEpochs == 0 {
		found.MaxEpochs = s.MaxEpochs
	}
	return found
}
