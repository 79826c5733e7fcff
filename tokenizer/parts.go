package tokenizer

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/athanor-lm/athanor/tokenizer/internal/charsmap"
	"github.com/athanor-lm/athanor/tokenizer/internal/normalize"
	"github.com/athanor-lm/athanor/tokenizer/internal/pattern"
)

// maxDepth bounds how deep Sequences may be nested.
const maxDepth = 32

// typed is the head of every part.
type typed struct {
	Type string `json:"type"`
}

// patternFile is the pattern of Split and Replace.
type patternFile struct {
	Regex  *string `json:"Regex"`
	String *string `json:"String"`
}

func (f *patternFile) compile() (*pattern.Pattern, error) {
	switch {
	case f != nil && f.String != nil && f.Regex == nil:
		return pattern.Literal(*f.String)
	case f != nil && f.Regex != nil && f.String == nil:
		return pattern.Compile(*f.Regex)
	}
	return nil, errors.New(`no pattern, want {"Regex": …} or {"String": …}`)
}

// decodePart reads a part of a file at a nesting depth.
func decodePart(what string, data json.RawMessage, depth int, part any) error {
	if depth > maxDepth {
		return fmt.Errorf("%s: nested more than %d deep", what, maxDepth)
	}
	if err := decodeJSON(data, part); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

// unsupported says that a part is unknown.
func unsupported(what, kind, supported string) error {
	if kind == "" {
		return fmt.Errorf("%s: no type", what)
	}
	return fmt.Errorf("%s %q is not supported (supported: %s)", what, kind, supported)
}

// join lists the kinds of nested parts, without the Sequence around them.
func join(list *string, kind string) {
	if *list != "" {
		*list += " + "
	}
	*list += kind
}

// parseNormalizer reads a normalizer and appends its kinds to names.
func parseNormalizer(data json.RawMessage, depth int, names *string) (normalize.Normalizer, error) {
	var part struct {
		typed
		Normalizers  []json.RawMessage `json:"normalizers"`
		StripLeft    bool              `json:"strip_left"`
		StripRight   bool              `json:"strip_right"`
		Pattern      *patternFile      `json:"pattern"`
		Content      *string           `json:"content"`
		Prepend      *string           `json:"prepend"`
		Charsmap     *string           `json:"precompiled_charsmap"`
		CleanText    *bool             `json:"clean_text"`
		ChineseChars *bool             `json:"handle_chinese_chars"`
		StripAccents *bool             `json:"strip_accents"`
		Lowercase    *bool             `json:"lowercase"`
	}
	if err := decodePart("normalizer", data, depth, &part); err != nil {
		return nil, err
	}
	if part.Type == "Sequence" {
		var seq normalize.Sequence
		for _, d := range part.Normalizers {
			n, err := parseNormalizer(d, depth+1, names)
			if err != nil {
				return nil, err
			}
			seq = append(seq, n)
		}
		if len(seq) == 1 {
			return seq[0], nil
		}
		return seq, nil
	}
	fail := func(err error) (normalize.Normalizer, error) {
		return nil, fmt.Errorf("normalizer %s: %w", part.Type, err)
	}
	join(names, part.Type)
	yes := func(b *bool, def bool) bool { return b == nil && def || b != nil && *b }
	switch part.Type {
	case "NFC":
		return normalize.NFC, nil
	case "NFD":
		return normalize.NFD, nil
	case "NFKC":
		return normalize.NFKC, nil
	case "NFKD":
		return normalize.NFKD, nil
	case "Lowercase":
		return normalize.Lowercase{}, nil
	case "StripAccents":
		return normalize.StripAccents{}, nil
	case "Nmt":
		return normalize.Nmt{}, nil
	case "ByteLevel":
		return normalize.ByteLevel{}, nil
	case "Strip":
		return normalize.Strip{Left: part.StripLeft, Right: part.StripRight}, nil
	case "Prepend":
		if part.Prepend == nil {
			return fail(errors.New("no prepend"))
		}
		return normalize.Prepend(*part.Prepend), nil
	case "Replace":
		p, err := part.Pattern.compile()
		if err != nil {
			return fail(err)
		}
		if part.Content == nil {
			return fail(errors.New("no content"))
		}
		return normalize.Replace{Pattern: p, Content: *part.Content}, nil
	case "Precompiled":
		if part.Charsmap == nil {
			return fail(errors.New("no precompiled_charsmap"))
		}
		blob, err := base64.StdEncoding.DecodeString(*part.Charsmap)
		if err != nil {
			return fail(fmt.Errorf("precompiled_charsmap: %w", err))
		}
		m, err := charsmap.Parse(blob)
		if err != nil {
			return fail(err)
		}
		return normalize.NewPrecompiled(m), nil
	case "BertNormalizer":
		lower := yes(part.Lowercase, true)
		return normalize.Bert{
			CleanText: yes(part.CleanText, true), ChineseChars: yes(part.ChineseChars, true),
			StripAccents: yes(part.StripAccents, lower), Lowercase: lower,
		}, nil
	}
	return nil, unsupported("normalizer", part.Type,
		"null, NFC, NFD, NFKC, NFKD, Lowercase, StripAccents, Nmt, Replace, Prepend, Precompiled, BertNormalizer, Strip, ByteLevel, Sequence")
}
