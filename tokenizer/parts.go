package tokenizer

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/athanor-lm/athanor/tokenizer/internal/charsmap"
	"github.com/athanor-lm/athanor/tokenizer/internal/normalize"
	"github.com/athanor-lm/athanor/tokenizer/internal/pattern"
	"github.com/athanor-lm/athanor/tokenizer/internal/pretokenize"
	"github.com/athanor-lm/athanor/tokenizer/internal/scan"
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
		return normalize.Precompiled{Map: m}, nil
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

// parsePreTokenizer appends the steps of a pre-tokenizer to dst, without the
// Sequences around them, and its kinds to names.
func parsePreTokenizer(dst []pretokenize.Step, data json.RawMessage, depth int, names *string) ([]pretokenize.Step, error) {
	var part struct {
		typed
		Pretokenizers    []json.RawMessage `json:"pretokenizers"`
		AddPrefixSpace   *bool             `json:"add_prefix_space"`
		UseRegex         *bool             `json:"use_regex"`
		IndividualDigits bool              `json:"individual_digits"`
		Pattern          *patternFile      `json:"pattern"`
		Behavior         *string           `json:"behavior"`
		Invert           bool              `json:"invert"`
		Replacement      string            `json:"replacement"`
		PrependScheme    *string           `json:"prepend_scheme"`
		Split            *bool             `json:"split"`
		Delimiter        string            `json:"delimiter"`
		Length           *int              `json:"length"`
	}
	if err := decodePart("pre_tokenizer", data, depth, &part); err != nil {
		return nil, err
	}
	fail := func(err error) ([]pretokenize.Step, error) {
		return nil, fmt.Errorf("pre_tokenizer %s: %w", part.Type, err)
	}
	yes := func(b *bool) bool { return b == nil || *b } // the reference's default is true
	name := part.Type
	switch part.Type {
	case "Sequence":
		var err error
		for _, d := range part.Pretokenizers {
			if dst, err = parsePreTokenizer(dst, d, depth+1, names); err != nil {
				return nil, err
			}
		}
		return dst, nil
	case "ByteLevel":
		if yes(part.AddPrefixSpace) {
			dst = append(dst, pretokenize.PrefixSpace{})
		}
		if yes(part.UseRegex) {
			gpt2 := scan.Pattern("gpt2")
			dst = append(dst, pretokenize.Scan{Func: scan.For(gpt2), Pattern: gpt2})
			name = "ByteLevel(gpt2)"
		}
		dst = append(dst, pretokenize.SpellBytes{})
	case "Split":
		if part.Behavior == nil {
			return fail(errors.New("no behavior"))
		}
		step, kind, err := splitStep(part.Pattern, *part.Behavior, part.Invert)
		if err != nil {
			return fail(err)
		}
		dst, name = append(dst, step), "Split("+kind+")"
	case "Digits":
		dst = append(dst, pretokenize.Digits{Individual: part.IndividualDigits})
	case "Punctuation":
		b := pretokenize.Isolated
		if part.Behavior != nil {
			var err error
			if b, err = parseBehavior(*part.Behavior); err != nil {
				return fail(err)
			}
		}
		dst = append(dst, pretokenize.Punctuation{Behavior: b})
	case "Metaspace":
		step, err := metaspaceStep(part.Replacement, part.PrependScheme, part.AddPrefixSpace, yes(part.Split))
		if err != nil {
			return fail(err)
		}
		dst = append(dst, step)
	case "Whitespace":
		dst = append(dst, pretokenize.Whitespace{})
	case "WhitespaceSplit":
		dst = append(dst, pretokenize.WhitespaceSplit{})
	case "BertPreTokenizer":
		dst = append(dst, pretokenize.Bert{})
	case "UnicodeScripts":
		dst = append(dst, pretokenize.UnicodeScripts{})
	case "CharDelimiterSplit":
		r, err := oneRune("delimiter", part.Delimiter)
		if err != nil {
			return fail(err)
		}
		dst = append(dst, pretokenize.CharDelimiter(r))
	case "FixedLength":
		n := 5
		if part.Length != nil {
			n = *part.Length
		}
		if n < 1 {
			return fail(fmt.Errorf("length is %d, want at least 1", n))
		}
		dst = append(dst, pretokenize.FixedLength{Length: n})
	default:
		return nil, unsupported("pre_tokenizer", part.Type,
			"null, ByteLevel, Split, Digits, Metaspace, Punctuation, Whitespace, WhitespaceSplit, CharDelimiterSplit, BertPreTokenizer, UnicodeScripts, FixedLength, Sequence")
	}
	join(names, name)
	return dst, nil
}

func parseBehavior(s string) (pretokenize.Behavior, error) {
	if b := slices.Index(pretokenize.BehaviorNames, s); b >= 0 {
		return pretokenize.Behavior(b), nil
	}
	return 0, fmt.Errorf("behavior is %q, want one of %s", s, strings.Join(pretokenize.BehaviorNames, ", "))
}

func oneRune(key, s string) (rune, error) {
	r, w := utf8.DecodeRuneInString(s)
	if s == "" || w != len(s) {
		return 0, fmt.Errorf("%s is %q, want one character", key, s)
	}
	return r, nil
}

// splitStep returns the step of a Split and a name of its pattern: the family,
// if there is a scanner for it, else the expression. A known pattern matches
// everywhere, so Isolated keeps every match and so does Removed, inverted;
// other ways take the general road.
func splitStep(f *patternFile, behavior string, invert bool) (pretokenize.Step, string, error) {
	b, err := parseBehavior(behavior)
	if err != nil {
		return nil, "", err
	}
	if f != nil && f.Regex != nil && (b == pretokenize.Isolated || b == pretokenize.Removed && invert) {
		if cut := scan.For(*f.Regex); cut != nil {
			return pretokenize.Scan{Func: cut, Pattern: *f.Regex}, scan.Name(*f.Regex), nil
		}
	}
	p, err := f.compile()
	if err != nil {
		return nil, "", err
	}
	name := behavior
	if invert {
		name += ", inverted"
	}
	if f.Regex != nil {
		return pretokenize.Split{Pattern: p, Behavior: b, Invert: invert, Regex: *f.Regex}, *f.Regex + ", " + name, nil
	}
	return pretokenize.Split{Pattern: p, Behavior: b, Invert: invert}, fmt.Sprintf("%q, %s", *f.String, name), nil
}

// metaspaceStep reads Metaspace, in its old spelling (add_prefix_space) too.
func metaspaceStep(replacement string, scheme *string, prefix *bool, cut bool) (pretokenize.Step, error) {
	x, err := parseScheme(scheme, prefix)
	if err != nil {
		return nil, err
	}
	mark, err := oneRune("replacement", replacement)
	if err != nil {
		return nil, err
	}
	return pretokenize.Metaspace{Mark: mark, Scheme: x, Cut: cut}, nil
}

func parseScheme(scheme *string, prefix *bool) (pretokenize.Scheme, error) {
	x := pretokenize.Always
	if scheme != nil {
		switch *scheme {
		case "always":
		case "first":
			x = pretokenize.First
		case "never":
			x = pretokenize.Never
		default:
			return 0, fmt.Errorf("prepend_scheme is %q, want always, first or never", *scheme)
		}
	}
	if prefix != nil && !*prefix && x != pretokenize.Never {
		return 0, errors.New("add_prefix_space is false, which wants prepend_scheme never")
	}
	return x, nil
}

// scanned replaces Splits that follow each other by the scanner of all their
// patterns, if there is one (DeepSeek-V3 has three).
func scanned(steps []pretokenize.Step) []pretokenize.Step {
	var patterns []string
	for _, s := range steps {
		switch s := s.(type) {
		case pretokenize.Scan:
			patterns = append(patterns, s.Pattern)
		case pretokenize.Split:
			if s.Regex == "" || s.Invert || s.Behavior != pretokenize.Isolated {
				return steps
			}
			patterns = append(patterns, s.Regex)
		default:
			return steps
		}
	}
	if len(patterns) < 2 {
		return steps
	}
	if cut := scan.For(patterns...); cut != nil {
		return []pretokenize.Step{pretokenize.Scan{Func: cut}}
	}
	return steps
}
