package pipeline

import (
	"maps"
	"slices"

	"github.com/athanor-lm/athanor/corpus"
	"github.com/athanor-lm/athanor/corpus/boilerplate"
	"github.com/athanor-lm/athanor/corpus/charset"
	"github.com/athanor-lm/athanor/corpus/chinese"
	"github.com/athanor-lm/athanor/corpus/classify"
	"github.com/athanor-lm/athanor/corpus/decontaminate"
	"github.com/athanor-lm/athanor/corpus/dedup"
	"github.com/athanor-lm/athanor/corpus/extract"
	"github.com/athanor-lm/athanor/corpus/filter"
	"github.com/athanor-lm/athanor/corpus/langid"
	"github.com/athanor-lm/athanor/corpus/ngram"
	"github.com/athanor-lm/athanor/corpus/normalize"
	"github.com/athanor-lm/athanor/corpus/pii"
	"github.com/athanor-lm/athanor/corpus/toxic"
)

// kinds are the steps a recipe can have, by the name under "use", each with the function that gives its settings' defaults.
var kinds = map[string]func() corpus.Settings{
	// Taking texts out of what surrounds them, and making them alike.
	"extract":         settings(extract.Default),
	"normalize":       settings(normalize.Default),
	"repair-mojibake": settings(charset.DefaultRepairMojibake),

	// Rules for one document.
	"gopher-quality":    settings(filter.DefaultGopherQuality),
	"gopher-repetition": settings(filter.DefaultGopherRepetition),
	"c4":                settings(filter.DefaultC4),
	"fineweb":           settings(filter.DefaultFineWeb),
	"chinese":           settings(chinese.Default),
	"bad-words":         settings(filter.DefaultBadWords),
	"url-filter":        settings(filter.DefaultURLFilter),

	// Languages.
	"language": settings(langid.Default),

	// Models' scores.
	"classify":   settings(classify.DefaultClassify),
	"perplexity": settings(ngram.DefaultPerplexity),
	"score":      settings(filter.DefaultScore),

	// Privacy and toxicity.
	"pii":      settings(pii.DefaultSettings),
	"toxicity": settings(toxic.DefaultSettings),

	// Across documents.
	"boilerplate": settings(boilerplate.Default),
	"exact":       settings(dedup.DefaultExact),
	"url":         settings(dedup.DefaultURL),
	"minhash":     settings(dedup.DefaultMinHash),
	"paragraphs":  settings(dedup.DefaultParagraphs),
	"substring":   settings(dedup.DefaultSubstring),

	// Benchmarks.
	"decontaminate": settings(decontaminate.DefaultDecontaminate),
}

// settings makes a kind of a function that returns its defaults.
func settings[T any, P interface {
	*T
	corpus.Settings
}](defaults func() T) func() corpus.Settings {
	return func() corpus.Settings {
		s := defaults()
		return P(&s)
	}
}

// Kinds lists the names of the steps a recipe can have, in order.
func Kinds() []string { return slices.Sorted(maps.Keys(kinds)) }

// DefaultSettings returns the settings of a kind of step with their defaults, nil where the kind is not known.
func DefaultSettings(kind string) corpus.Settings {
	if open := kinds[kind]; open != nil {
		return open()
	}
	return nil
}
