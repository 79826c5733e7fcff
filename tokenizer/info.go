package tokenizer

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
	CLS           string        `json:"cls,omitempty"`
	SEP           string        `json:"sep,omitempty"`
	MASK          string        `json:"mask,omitempty"`
	Added         []AddedToken  `json:"added"`
	MeanBytes     float64       `json:"mean_bytes"` // mean length of a token, added ones left out
	Kinds         []KindCount   `json:"kinds"`      // what the tokens are; each counts once
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
	Script  string      `json:"script"`
	Tokens  int         `json:"tokens"`
	Longest []TokenInfo `json:"longest"` // by characters, longest first
}

// Info describes the tokenizer, with up to longest of its longest tokens.
func (t *Tokenizer) Info(longest int) Info {
	in := Info{
		VocabSize: t.VocabSize(), Merges: t.model.merges(), ByteLevel: t.model.byteLevel(),
		Normalizer: t.kinds.normalizer, PreTokenizer: t.kinds.preTokenizer, Model: t.kinds.model,
		PostProcessor: t.kinds.postProcessor, Decoder: t.kinds.decoder,
		BOS: t.roles.bos, EOS: t.roles.eos, PAD: t.roles.pad, UNK: t.roles.unk,
		CLS: t.roles.cls, SEP: t.roles.sep, MASK: t.roles.mask,
		Added: t.Added(), Hash: t.Hash(),
	}
	if in.ByteLevel {
		for b := range 256 {
			if !t.model.bpe.Covers([]byte{byte(b)}) {
				in.MissingBytes++
			}
		}
	}
	census := newCensus(t)
	for id := range uint32(len(t.tokens)) {
		if b, ok := t.TokenBytes(id); ok {
			in.Tokens++
			census.add(id, b)
		}
	}
	in.MeanBytes, in.Kinds, in.Longest, in.Scripts = census.meanBytes(), census.kindCounts(), longestTokens(census.all, longest, byBytes), census.scriptCounts(longest)
	return in
}
