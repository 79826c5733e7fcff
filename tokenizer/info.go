package tokenizer

import (
	"cmp"
	"slices"
	"unicode"
	"unicode/utf8"
)

// Info describes a tokenizer for people and, as JSON, for programs.
type Info struct {
	VocabSize     int           `json:"vocab_size"` // largest id plus one
	Tokens        int           `json:"tokens"`     // ids in use
	Merges        int           `json:"merges"`
	MissingBytes  int           `json:"missing_bytes"` // byte-level only: bytes without a token
	ByteLevel     bool          `json:"byte_level"`
	Normalizer    string        `json:"normalizer"`
	PreTokenizer  string        `json:"pre_tokenizer"`
	Model         string        `json:"model"`
	PostProcessor string        `json:"post_processor"`
	Decoder       string        `json:"decoder"`
	BOS           string        `json:"bos,omitempty"`
	EOS           string        `json:"eos,omitempty"`
	PAD           string        `json:"pad,omitempty"`
	UNK           string        `json:"unk,omitempty"`
	Added         []AddedToken  `json:"added"`
	MeanBytes     float64       `json:"mean_bytes"` // mean length of a token, added ones left out
	Longest       []TokenInfo   `json:"longest"`    // by bytes, longest first
	Scripts       []ScriptCount `json:"scripts"`    // most frequent first
	Hash          string        `json:"hash"`
}

// TokenInfo is a token with the text it stands for.
type TokenInfo struct {
	ID    uint32 `json:"id"`
	Text  string `json:"text"`
	Bytes int    `json:"bytes"`
}

// ScriptCount says how many tokens are written in a script. Tokens without a
// letter count as Digits, Space, Symbols or, where they hold part of a
// character, Bytes.
type ScriptCount struct {
	Script string `json:"script"`
	Tokens int    `json:"tokens"`
}

// Info describes the tokenizer, with up to longest of its longest tokens.
func (t *Tokenizer) Info(longest int) Info {
	in := Info{
		VocabSize: t.VocabSize(), Merges: t.model.Merges(), ByteLevel: t.model.ByteLevel(),
		Normalizer: t.kinds.normalizer, PreTokenizer: t.kinds.preTokenizer, Model: t.kinds.model,
		PostProcessor: t.kinds.postProcessor, Decoder: t.kinds.decoder,
		BOS: t.roles.bos, EOS: t.roles.eos, PAD: t.roles.pad, UNK: t.roles.unk,
		Added: t.Added(), Hash: t.Hash(),
	}
	if in.ByteLevel {
		for b := range 256 {
			if !t.model.Covers([]byte{byte(b)}) {
				in.MissingBytes++
			}
		}
	}
	added := map[uint32]bool{}
	for _, a := range t.added {
		added[a.ID] = true
	}
	scripts := map[string]int{}
	var all []TokenInfo
	total := 0
	for id := range uint32(len(t.tokens)) {
		b, ok := t.TokenBytes(id)
		if !ok {
			continue
		}
		in.Tokens++
		if added[id] {
			continue
		}
		total += len(b)
		scripts[script(b)]++
		all = append(all, TokenInfo{id, string(b), len(b)})
	}
	if len(all) > 0 {
		in.MeanBytes = float64(total) / float64(len(all))
	}
	slices.SortStableFunc(all, func(a, b TokenInfo) int { return cmp.Compare(b.Bytes, a.Bytes) })
	in.Longest = slices.Clone(all[:min(longest, len(all))])
	for s, n := range scripts {
		in.Scripts = append(in.Scripts, ScriptCount{s, n})
	}
	slices.SortFunc(in.Scripts, func(a, b ScriptCount) int {
		return cmp.Or(cmp.Compare(b.Tokens, a.Tokens), cmp.Compare(a.Script, b.Script))
	})
	return in
}

// script names the script of a token's first letter, or what else it is.
func script(b []byte) string {
	kind := "Space"
	for i := 0; i < len(b); {
		r, w := utf8.DecodeRune(b[i:])
		switch {
		case r == utf8.RuneError && w == 1:
			return "Bytes"
		case unicode.IsLetter(r):
			return letterScript(r)
		case unicode.IsNumber(r):
			kind = "Digits"
		case !unicode.IsSpace(r) && kind == "Space":
			kind = "Symbols"
		}
		i += w
	}
	return kind
}

func letterScript(r rune) string {
	for _, s := range []string{"Latin", "Han", "Cyrillic", "Arabic", "Hangul"} { // the usual ones first
		if unicode.Is(unicode.Scripts[s], r) {
			return s
		}
	}
	for s, table := range unicode.Scripts {
		if unicode.Is(table, r) {
			return s
		}
	}
	return "Symbols"
}
