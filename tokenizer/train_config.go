package tokenizer

import (
	"cmp"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/athanor-lm/athanor/tokenizer/internal/bpetrain"
	"github.com/athanor-lm/athanor/tokenizer/internal/scan"
)

// TrainConfig says what Train makes. The zero value of every field but
// VocabSize is a sensible choice.
type TrainConfig struct {
	VocabSize      int   // ids in all: special tokens, forced tokens, bytes, merges
	MinFrequency   int64 // a pair seen less often is not merged; 0 means 2
	MaxTokenLength int   // bytes of the longest token to be made; 0 for no limit

	Pattern string // how text is cut before merging: one of Patterns; "" means llama3
	Regex   string // a pattern of one's own instead: every match is a piece, and what is between two
	NFC     bool   // normalize text to NFC first

	Special  []string // special tokens, ids 0, 1, …; nil means <|endoftext|>, which is then BOS and EOS, and <|pad|>, PAD
	BOS, EOS string   // each among Special; "" means none, unless Special is nil
	PAD, UNK string   // likewise
	AddBOS   bool     // encoding with special tokens puts BOS before a text
	AddEOS   bool     // … EOS after it
	Forced   []string // always one token each, wherever they stand in a text: added tokens that are not special, ids after Special

	// Alphabet are bytes that have a token whether they are seen or not, and
	// AlphabetLimit is how many have one, the most frequent after those of
	// Alphabet; 0 means all that are seen. A text loses its bytes without a
	// token, so leave both alone unless the vocabulary must be very small: if
	// Alphabet is nil and AlphabetLimit 0, all 256 have one.
	Alphabet      []byte
	AlphabetLimit int

	// Base, where not nil, is a byte-level BPE tokenizer to be extended. Its
	// ids, merges, pre-tokenizer and normalizer stay as they are; Special and
	// Forced are added behind its ids (Special nil adds none), then merges of
	// what its own make of the text. VocabSize counts all ids, Base's too. The
	// other fields of how text is cut and which tokens play a role must be unset.
	Base *Tokenizer

	Workers int // goroutines that count; 0 means GOMAXPROCS. The result does not depend on it

	// MemoryLimit bounds the bytes that Train holds, besides what docs holds; 0
	// for no limit. Beyond its share the counting goes on on disk. Garbage is not
	// included: a process that must stay below a limit sets its garbage
	// collector's too (debug.SetMemoryLimit).
	MemoryLimit int64
	// StateDir is where counts are spilled; "" means a temporary directory. An
	// interrupted training leaves its counts there, and the next with the same
	// StateDir, cutting, and documents in the same order goes on with them. It is
	// emptied at the end.
	StateDir string

	TotalBytes int64          // of text, for Progress; 0 where it is not known
	Progress   func(Progress) // called now and then
	Report     *TrainReport   // filled in, where not nil
}

const byteTokens = 256

// Patterns are the names that TrainConfig.Pattern takes.
func Patterns() []string {
	return []string{"gpt2", "llama3", "cl100k", "qwen2", "qwen35", "o200k", "tekken", "deepseek3"}
}

// check fills in defaults and refuses what cannot be done.
func (c *TrainConfig) check() error {
	if c.MinFrequency == 0 {
		c.MinFrequency = 2
	}
	if c.Workers <= 0 {
		c.Workers = runtime.GOMAXPROCS(0)
	}
	if c.Special == nil && c.Base == nil {
		c.Special = []string{"<|endoftext|>", "<|pad|>"}
		c.BOS, c.EOS, c.PAD = cmp.Or(c.BOS, c.Special[0]), cmp.Or(c.EOS, c.Special[0]), cmp.Or(c.PAD, c.Special[1])
	}
	switch {
	case c.VocabSize > MaxVocab:
		return fmt.Errorf("vocabulary size %d, want at most %d", c.VocabSize, MaxVocab)
	case c.MinFrequency < 0:
		return fmt.Errorf("minimum frequency %d, want at least 1", c.MinFrequency)
	case c.MaxTokenLength < 0 || c.MaxTokenLength == 1:
		return fmt.Errorf("longest token of %d bytes, want at least 2, or 0 for no limit", c.MaxTokenLength)
	case c.MemoryLimit != 0 && c.MemoryLimit < bpetrain.MinMemory:
		return fmt.Errorf("memory limit of %d bytes, want at least %d, or 0 for none", c.MemoryLimit, bpetrain.MinMemory)
	case c.TotalBytes < 0:
		return fmt.Errorf("%d bytes of text in all, want at least 0", c.TotalBytes)
	}
	if err := c.checkTokens(); err != nil {
		return err
	}
	if c.Base != nil {
		return c.checkBase()
	}
	return c.checkCutting()
}

// checkCutting resolves the pattern and looks at the alphabet.
func (c *TrainConfig) checkCutting() error {
	if c.Regex != "" && c.Pattern != "" {
		return fmt.Errorf("both a pattern name (%s) and a pattern of one's own (%s) are given", c.Pattern, c.Regex)
	}
	if c.Pattern = cmp.Or(c.Pattern, "llama3"); c.Pattern == "cl100k" {
		c.Pattern = "llama3" // as Hugging Face spells it
	}
	if scan.Patterns(c.Pattern) == nil {
		return fmt.Errorf("pattern %q is unknown (known: %s)", c.Pattern, strings.Join(Patterns(), ", "))
	}
	bytes := byteTokens
	if c.Alphabet != nil || c.AlphabetLimit != 0 {
		bytes = len(c.Alphabet)
	}
	for k, b := range c.Alphabet {
		if slices.Contains(c.Alphabet[:k], b) {
			return fmt.Errorf("byte %#02x is twice in the alphabet", b)
		}
	}
	if c.AlphabetLimit < 0 || c.AlphabetLimit > byteTokens || c.AlphabetLimit != 0 && c.AlphabetLimit < len(c.Alphabet) {
		return fmt.Errorf("alphabet limited to %d bytes, want %d, as many as are always in it, to %d, or 0 for no limit", c.AlphabetLimit, max(1, len(c.Alphabet)), byteTokens)
	}
	if least := bytes + len(c.Special) + len(c.Forced); c.VocabSize < least {
		return fmt.Errorf("vocabulary size %d, want %d (%d bytes, %d special and %d forced tokens) to %d",
			c.VocabSize, least, bytes, len(c.Special), len(c.Forced), MaxVocab)
	}
	return nil
}

func (c *TrainConfig) checkTokens() error {
	all := slices.Concat(c.Special, c.Forced)
	for k, s := range all {
		kind := "special"
		if k >= len(c.Special) {
			kind = "forced"
		}
		if s == "" || !utf8.ValidString(s) {
			return fmt.Errorf("%s token %q, want non-empty UTF-8", kind, s)
		}
		if slices.Contains(all[:k], s) {
			return fmt.Errorf("%s token %q is listed twice", kind, s)
		}
	}
	for _, r := range []struct{ role, token string }{{"BOS", c.BOS}, {"EOS", c.EOS}, {"PAD", c.PAD}, {"UNK", c.UNK}} {
		if r.token != "" && !slices.Contains(c.Special, r.token) && c.Base == nil {
			return fmt.Errorf("%s token %s is not among the special tokens", r.role, r.token)
		}
	}
	if (c.AddBOS && c.BOS == "" || c.AddEOS && c.EOS == "") && c.Base == nil {
		return errors.New("a BOS or EOS token is to be added to texts, but there is none")
	}
	return nil
}

// checkBase refuses what a base decides.
func (c *TrainConfig) checkBase() error {
	t := c.Base
	if !t.model.byteLevel() {
		return fmt.Errorf("the tokenizer to extend is %s, want byte-level BPE", cmp.Or(t.kinds.model, "of another kind"))
	}
	for _, f := range []struct {
		name string
		set  bool
	}{
		{"a pattern", c.Pattern != "" || c.Regex != ""}, {"NFC", c.NFC}, {"an alphabet", c.Alphabet != nil || c.AlphabetLimit != 0},
		{"BOS, EOS, PAD or UNK", c.BOS+c.EOS+c.PAD+c.UNK != "" || c.AddBOS || c.AddEOS},
	} {
		if f.set {
			return fmt.Errorf("%s is given, but the tokenizer to extend has its own", f.name)
		}
	}
	for _, s := range slices.Concat(c.Special, c.Forced) {
		if id, ok := t.ID(s); ok {
			return fmt.Errorf("token %q is to be added, but the tokenizer to extend has it, id %d", s, id)
		}
	}
	if least := t.VocabSize() + len(c.Special) + len(c.Forced); c.VocabSize <= least {
		return fmt.Errorf("vocabulary size %d, want more than the %d ids of the tokenizer to extend and %d tokens to add",
			c.VocabSize, t.VocabSize(), len(c.Special)+len(c.Forced))
	}
	return nil
}
