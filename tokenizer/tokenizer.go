// Package tokenizer turns text into token ids and back.
//
// A Tokenizer is the pipeline of Hugging Face's tokenizer.json, which is the
// native file format, read and written:
//
//	added tokens → normalizer → pre-tokenizer → model → post-processor
//	                                     decoder ← ids
//
// All parts that Hugging Face's tokenizers knows run here, ids, offsets and
// decoded text alike. An unknown part is refused by name when the file is
// loaded. A tokenizer of a SentencePiece .model file runs SentencePiece's own
// rules instead.
//
// A Tokenizer is immutable and safe for use by many goroutines.
package tokenizer

import (
	"crypto/sha256"
	"encoding/hex"
	"sync"

	"github.com/athanor-lm/athanor/tokenizer/internal/normalize"
	"github.com/athanor-lm/athanor/tokenizer/internal/pretokenize"
	"github.com/athanor-lm/athanor/tokenizer/internal/scan"
	"github.com/athanor-lm/athanor/tokenizer/internal/wordpiece"
)

// MaxVocab bounds the ids a tokenizer file may use: larger ids are refused
// when the file is loaded, so that a corrupt file cannot claim gigabytes.
const MaxVocab = 1 << 22

// Tokenizer encodes text to ids and decodes ids to text. Create one with Load,
// Parse, Train or TrainChars.
type Tokenizer struct {
	raw    []byte       // tokenizer.json as read or as trained
	config []byte       // tokenizer_config.json as read; nil when there was none
	beside []besideFile // other files of its directory, kept for Save

	sp *sentencePiece // of a .model file, which does what the parts below do elsewhere; nil for others

	norm  normalize.Normalizer // nil: text is left alone
	pre   pretokenize.Step     // nil: text is one piece
	model model
	post  []processor
	kinds kinds

	scan   scan.Func              // pre, if it is one scanner alone
	marks  *pretokenize.Metaspace // pre, if it is Metaspace alone
	first  bool                   // a Metaspace puts its mark at the beginning of a text alone
	bert   *wordpiece.Bert        // norm, pre and model, if they are BERT's
	tracks bool                   // cutting needs to know where a piece comes from
	trims  bool                   // offsets leave out white space
	around [][]uint32             // ids before, between and after a text where the template has it

	truncation *truncation // nil: none
	padding    *padding    // nil: none

	added          []AddedToken      // in file order
	early          *matcher          // added tokens looked for in the raw text
	late           *matcher          // added tokens looked for in the normalized text
	special        []bool            // by id
	normalizedText map[uint32]string // of added tokens that normalizing changes
	specialText    map[string]bool

	vocab    map[string]uint32 // token text as in the file → id
	tokens   []string          // id → token text as in the file
	known    []bool            // id → the id exists (ids may have holes)
	blob     []byte            // every token's bytes, one after the other
	blobEnds []uint32          // id → end of its bytes in blob

	decoders     []decoder
	simpleDecode bool // a text is its tokens' bytes

	roles roles

	mu   sync.Mutex
	free []*encoder // idle encoder states with their caches
}

// AddedToken is a token that is looked for in the text before the model sees
// it. The flags are Hugging Face's.
type AddedToken struct {
	ID         uint32 `json:"id"`
	Content    string `json:"content"`
	SingleWord bool   `json:"single_word"` // matches only between non-word characters
	LStrip     bool   `json:"lstrip"`      // swallows white space on its left
	RStrip     bool   `json:"rstrip"`      // swallows white space on its right
	Normalized bool   `json:"normalized"`  // is looked for in the normalized text
	Special    bool   `json:"special"`     // is left out by Decode with skipSpecial
}

// kinds names the parts for Info, as the file does.
type kinds struct {
	normalizer, preTokenizer, model, postProcessor, decoder string
}

// roles are the tokens that tokenizer_config.json names, or that carry a
// customary name where there is no such file. An empty string means none.
type roles struct{ bos, eos, pad, unk, cls, sep, mask string }

// VocabSize returns the largest id plus one: the number of rows an embedding
// needs. Ids below it may be holes; see TokenBytes.
func (t *Tokenizer) VocabSize() int { return len(t.tokens) }

// ID returns the id of a token given as the file spells it (byte-level tokens
// in GPT-2's byte alphabet, so " the" is "Ġthe").
func (t *Tokenizer) ID(token string) (uint32, bool) {
	id, ok := t.vocab[token]
	return id, ok
}

// Token returns a token as the file spells it; ok is false for an unused id.
func (t *Tokenizer) Token(id uint32) (token string, ok bool) {
	if int(id) >= len(t.tokens) || !t.known[id] {
		return "", false
	}
	return t.tokens[id], true
}

// TokenBytes returns the bytes that Decode writes for id in the middle of a
// text, without the spaces that some decoders set between words; ok is false
// for an unused id. The slice must not be changed.
func (t *Tokenizer) TokenBytes(id uint32) (b []byte, ok bool) {
	if int(id) >= len(t.tokens) || !t.known[id] {
		return nil, false
	}
	start := uint32(0)
	if id > 0 {
		start = t.blobEnds[id-1]
	}
	end := t.blobEnds[id]
	return t.blob[start:end:end], true
}

// IsSpecial tells whether id is an added token marked special.
func (t *Tokenizer) IsSpecial(id uint32) bool {
	return int(id) < len(t.special) && t.special[id]
}

// Special returns the added tokens marked special, in file order.
func (t *Tokenizer) Special() []AddedToken {
	var out []AddedToken
	for _, a := range t.added {
		if a.Special {
			out = append(out, a)
		}
	}
	return out
}

// Added returns all added tokens, in file order.
func (t *Tokenizer) Added() []AddedToken { return append([]AddedToken(nil), t.added...) }

// BOS returns the token that begins a text, if there is one.
func (t *Tokenizer) BOS() (uint32, bool) { return t.role(t.roles.bos) }

// EOS returns the token that ends a text, if there is one.
func (t *Tokenizer) EOS() (uint32, bool) { return t.role(t.roles.eos) }

// PAD returns the token that fills up short rows, if there is one.
func (t *Tokenizer) PAD() (uint32, bool) { return t.role(t.roles.pad) }

// UNK returns the token that stands for what the vocabulary cannot express, if
// there is one. Byte-level vocabularies need none.
func (t *Tokenizer) UNK() (uint32, bool) { return t.role(t.roles.unk) }

func (t *Tokenizer) role(name string) (uint32, bool) {
	if name == "" {
		return 0, false
	}
	return t.ID(name)
}

// Hash returns the SHA-256, in hex, of tokenizer.json without insignificant
// white space, or of the .model file. Token shards and checkpoints record it.
func (t *Tokenizer) Hash() string {
	data := t.raw
	if t.sp != nil {
		data = t.sp.data
	} else {
		data = compactJSON(data)
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}
