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

// normalizerFile is a normalizer of any kind.
type normalizerFile struct {
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

// parseNormalizer reads a normalizer and appends its kinds to names.
func parseNormalizer(data json.RawMessage, depth int, names *string) (normalize.Normalizer, error) {
	var part normalizerFile
	if err := decodePart("normalizer", data, depth, &part); err != nil {
		return nil, err
	}
	if part.Type != "Sequence" {
		join(names, part.Type)
		return part.normalizer()
	}
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

// normalizer returns any but a Sequence.
func (f *normalizerFile) normalizer() (normalize.Normalizer, error) {
	switch f.Type {
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
		return normalize.Strip{Left: f.StripLeft, Right: f.StripRight}, nil
	case "BertNormalizer":
		yes := func(b *bool, def bool) bool { return b == nil && def || b != nil && *b }
		lower := yes(f.Lowercase, true)
		return normalize.Bert{
			CleanText: yes(f.CleanText, true), ChineseChars: yes(f.ChineseChars, true),
			StripAccents: yes(f.StripAccents, lower), Lowercase: lower,
		}, nil
	case "Prepend":
		if f.Prepend == nil {
			return nil, errors.New("normalizer Prepend: no prepend")
		}
		return normalize.Prepend(*f.Prepend), nil
	case "Replace", "Precompiled":
		n, err := f.rewriter()
		if err != nil {
			return nil, fmt.Errorf("normalizer %s: %w", f.Type, err)
		}
		return n, nil
	}
	return nil, unsupported("normalizer", f.Type,
		"null, NFC, NFD, NFKC, NFKD, Lowercase, StripAccents, Nmt, Replace, Prepend, Precompiled, BertNormalizer, Strip, ByteLevel, Sequence")
}

// rewriter returns a Replace or a Precompiled.
func (f *normalizerFile) rewriter() (normalize.Normalizer, error) {
	if f.Type == "Replace" {
		p, err := f.Pattern.compile()
		if err != nil {
			return nil, err
		}
		if f.Content == nil {
			return nil, errors.New("no content")
		}
		return normalize.Replace{Pattern: p, Content: *f.Content}, nil
	}
	if f.Charsmap == nil {
		return nil, errors.New("no precompiled_charsmap")
	}
	blob, err := base64.StdEncoding.DecodeString(*f.Charsmap)
	if err != nil {
		return nil, fmt.Errorf("precompiled_charsmap: %w", err)
	}
	m, err := charsmap.Parse(blob)
	if err != nil {
		return nil, err
	}
	return normalize.NewPrecompiled(m), nil
}
