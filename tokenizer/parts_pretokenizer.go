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

// preTokenizerFile is a pre-tokenizer of any kind.
type preTokenizerFile struct {
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

// maxSpelled bounds how often a text may be spelled in the byte alphabet. Once is usual.
const maxSpelled = 4

// parsePreTokenizer appends the steps of a pre-tokenizer to dst, without the
// Sequences around them, and its kinds to names.
func parsePreTokenizer(dst []pretokenize.Step, data json.RawMessage, depth int, names *string) ([]pretokenize.Step, error) {
	var part preTokenizerFile
	if err := decodePart("pre_tokenizer", data, depth, &part); err != nil {
		return nil, err
	}
	if part.Type == "Sequence" {
		var err error
		for _, d := range part.Pretokenizers {
			if dst, err = parsePreTokenizer(dst, d, depth+1, names); err != nil {
				return nil, err
			}
		}
		return dst, nil
	}
	if part.Type == "ByteLevel" {
		steps, name := part.byteLevel()
		join(names, name)
		if n := strings.Count(*names, "ByteLevel"); n > maxSpelled {
			return nil, fmt.Errorf("pre_tokenizer: more than %d ByteLevel, each of which may double the text", maxSpelled)
		}
		return append(dst, steps...), nil
	}
	step, name, err := part.step()
	if err != nil {
		return nil, err
	}
	join(names, name)
	return append(dst, step), nil
}

// byteLevel returns ByteLevel's steps and its name.
func (f *preTokenizerFile) byteLevel() (steps []pretokenize.Step, name string) {
	name = f.Type
	if isYes(f.AddPrefixSpace) {
		steps = append(steps, pretokenize.PrefixSpace{})
	}
	if isYes(f.UseRegex) {
		gpt2 := scan.Pattern("gpt2")
		steps, name = append(steps, pretokenize.Scan{Func: scan.For(gpt2), Pattern: gpt2}), "ByteLevel(gpt2)"
	}
	return append(steps, pretokenize.SpellBytes{}), name
}

// isYes reads a flag that is true where it is left out.
func isYes(b *bool) bool { return b == nil || *b }

// step returns any other pre-tokenizer, and its name.
func (f *preTokenizerFile) step() (step pretokenize.Step, name string, err error) {
	name = f.Type
	switch f.Type {
	case "Split":
		if f.Behavior == nil {
			err = errors.New("no behavior")
			break
		}
		var kind string
		step, kind, err = splitStep(f.Pattern, *f.Behavior, f.Invert)
		name = "Split(" + kind + ")"
	case "Digits":
		step = pretokenize.Digits{Individual: f.IndividualDigits}
	case "Punctuation":
		b := pretokenize.Isolated
		if f.Behavior != nil {
			b, err = parseBehavior(*f.Behavior)
		}
		step = pretokenize.Punctuation{Behavior: b}
	case "Metaspace":
		step, err = metaspaceStep(f.Replacement, f.PrependScheme, f.AddPrefixSpace, isYes(f.Split))
	case "Whitespace":
		step = pretokenize.Whitespace{}
	case "WhitespaceSplit":
		step = pretokenize.WhitespaceSplit{}
	case "BertPreTokenizer":
		step = pretokenize.Bert{}
	case "UnicodeScripts":
		step = pretokenize.UnicodeScripts{}
	case "CharDelimiterSplit":
		var r rune
		r, err = oneRune("delimiter", f.Delimiter)
		step = pretokenize.CharDelimiter(r)
	case "FixedLength":
		n := 5
		if f.Length != nil {
			n = *f.Length
		}
		if n < 1 {
			err = fmt.Errorf("length is %d, want at least 1", n)
		}
		step = pretokenize.FixedLength{Length: n}
	default:
		return nil, "", unsupported("pre_tokenizer", f.Type,
			"null, ByteLevel, Split, Digits, Metaspace, Punctuation, Whitespace, WhitespaceSplit, CharDelimiterSplit, BertPreTokenizer, UnicodeScripts, FixedLength, Sequence")
	}
	if err != nil {
		return nil, "", fmt.Errorf("pre_tokenizer %s: %w", f.Type, err)
	}
	return step, name, nil
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
