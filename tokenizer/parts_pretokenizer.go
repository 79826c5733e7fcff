package tokenizer

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/athanor-lm/athanor/tokenizer/internal/pretokenize"
	"github.com/athanor-lm/athanor/tokenizer/internal/scan"
)

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
