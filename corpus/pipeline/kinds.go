package pipeline

import (
	"maps"
	"slices"

	"github.com/athanor-lm/athanor/corpus"
)

// kinds are the steps a recipe can have, by the name under "use". A step's settings are a pointer to a copy of its defaults.
var kinds = map[string]func() corpus.Settings{}

// Kinds lists the names of the steps a recipe can have, in order.
func Kinds() []string { return slices.Sorted(maps.Keys(kinds)) }

// DefaultSettings returns the settings of a kind of step with their defaults, nil where the kind is not known.
func DefaultSettings(kind string) corpus.Settings {
	if open := kinds[kind]; open != nil {
		return open()
	}
	return nil
}
