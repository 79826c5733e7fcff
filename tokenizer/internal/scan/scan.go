// Package scan cuts text into pieces as the pre-tokenizer patterns of the
// families that matter do, by hand-written scanners over bytes. Each takes time
// linear in the text, whatever the text.
package scan

import (
	"slices"
	"strings"
)

// Func returns the end, in i+1 … len(s), of the piece that begins at s[i],
// where i is 0 or the end of a piece. It may be called by many goroutines.
type Func func(s []byte, i int) int

// family is a pattern, or several that cut one after the other, with the other
// spellings that mean the same.
type family struct {
	name     string
	patterns []string
	same     []string // other spellings of a single pattern
	scanner  func() Func
}

// Parts of patterns.
const (
	contractions = `(?i:'s|'t|'re|'ve|'m|'ll|'d)`
	tail         = `\s*[\r\n]+|\s+(?!\S)|\s+`
	anyUpper     = `[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]`
	anyLower     = `[\p{Ll}\p{Lm}\p{Lo}\p{M}]`
	lead         = `[^\r\n\p{L}\p{N}]?`
)

// families are the known patterns. Those of gpt2 … qwen35 match at every
// position, so pieces follow each other without gaps.
var families = []family{
	{
		name:     "gpt2",
		patterns: []string{`'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`},
		same: []string{ // tiktoken's spellings of r50k and p50k
			`'(?:[sdmt]|ll|ve|re)| ?\p{L}++| ?\p{N}++| ?[^\s\p{L}\p{N}]++|\s++$|\s+(?!\S)|\s`,
			`'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`,
		},
		scanner: func() Func { t := plain(); return func(s []byte, i int) int { return scanGPT2(t, s, i) } },
	},
	{
		name:     "llama3",
		patterns: []string{contractions + `|` + lead + `\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|` + tail},
		same:     []string{`'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+`},
		scanner:  func() Func { t := plain(); return func(s []byte, i int) int { return scanLlama3(t, s, i, 3) } },
	},
	{
		name:     "cl100k",
		patterns: []string{contractions + `|` + lead + `\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s+\z|` + tail}, // \z is the end of the text for all of the libraries
		same:     []string{`'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++$|\s*[\r\n]|\s+(?!\S)|\s`},
		scanner:  func() Func { t := plain(); return func(s []byte, i int) int { return scanCl100k(t, s, i) } },
	},
	{
		name:     "qwen2",
		patterns: []string{contractions + `|` + lead + `\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|` + tail},
		scanner:  func() Func { t := plain(); return func(s []byte, i int) int { return scanLlama3(t, s, i, 1) } },
	},
	{
		name:     "qwen35",
		patterns: []string{contractions + `|` + lead + `[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|` + tail},
		scanner:  func() Func { t := marked(); return func(s []byte, i int) int { return scanLlama3(t, s, i, 1) } },
	},
	{
		name: "o200k",
		patterns: []string{lead + anyUpper + `*` + anyLower + `+` + contractions + `?|` + lead + anyUpper + `+` + anyLower + `*` + contractions +
			`?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|` + tail},
		scanner: func() Func { t := cased(); return func(s []byte, i int) int { return scanO200k(t, s, i, 3, true) } },
	},
	{
		name: "tekken",
		patterns: []string{lead + anyUpper + `*` + anyLower + `+|` + lead + anyUpper + `+` + anyLower +
			`*|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|` + tail},
		scanner: func() Func { t := cased(); return func(s []byte, i int) int { return scanO200k(t, s, i, 1, false) } },
	},
	{
		name: "deepseek3",
		patterns: []string{`\p{N}{1,3}`, "[一-龥\u3040-ゟ゠-ヿ]+",
			"[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\\r\\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+[\\r\\n]*|" + tail},
		scanner: func() Func { t := deepSeek(); return func(s []byte, i int) int { return scanDeepSeek(t, s, i) } },
	},
}

// aliases are other names of families.
var aliases = map[string]string{"r50k": "gpt2", "p50k": "gpt2", "qwen": "qwen2", "qwen3": "qwen2"}

// For returns the scanner of patterns that cut text one after the other, each
// what the one before it left; almost always there is one. It is nil where they
// are not known.
func For(patterns ...string) Func {
	if f := find(patterns); f != nil {
		return f.scanner()
	}
	return nil
}

// Name returns the family that patterns belong to, "" if they are not known.
func Name(patterns ...string) string {
	if f := find(patterns); f != nil {
		return f.name
	}
	return ""
}

// Patterns returns the patterns of a family as tokenizer.json spells them, nil if the name is not known: gpt2 (also r50k and
// p50k), llama3, cl100k, qwen2 (also qwen and qwen3), qwen35, o200k, tekken or
// deepseek3. Llama3 is what most files
// have for cl100k; tiktoken's cl100k differs in keeping white space at the end
// of a text together.
func Patterns(name string) []string {
	if a, ok := aliases[name]; ok {
		name = a
	}
	for _, f := range families {
		if f.name == name {
			return slices.Clone(f.patterns)
		}
	}
	return nil
}

// Pattern is Patterns for a family of one pattern; "" for others.
func Pattern(name string) string {
	if p := Patterns(name); len(p) == 1 {
		return p[0]
	}
	return ""
}

func find(patterns []string) *family {
	spelled := make([]string, len(patterns))
	for k, p := range patterns {
		// Some files have the characters themselves in their classes.
		spelled[k] = strings.NewReplacer("\r", `\r`, "\n", `\n`).Replace(p)
	}
	for k := range families {
		f := &families[k]
		if slices.Equal(f.patterns, spelled) || len(spelled) == 1 && slices.Contains(f.same, spelled[0]) {
			return f
		}
	}
	return nil
}
