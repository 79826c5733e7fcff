package tokenizer

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/athanor-lm/athanor/tokenizer/internal/bpe"
	"github.com/athanor-lm/athanor/tokenizer/internal/token"
	"github.com/athanor-lm/athanor/tokenizer/internal/unigram"
	"github.com/athanor-lm/athanor/tokenizer/internal/wordpiece"
)

// noID marks the absence of a token.
const noID = 1<<32 - 1

// model is the model of a tokenizer: one of its fields is set.
type model struct {
	bpe       *bpe.Model
	unigram   *unigram.Model
	wordPiece *wordpiece.Model
	words     map[string]uint32 // WordLevel: word → id

	unk      uint32  // WordLevel, WordPiece, Unigram: the unknown token; noID for none
	fallback bool    // BPE: every byte has a token for what else has none
	dropout  float64 // BPE: what the file says; sampling alone heeds it
	atMarks  bool    // BPE: a piece may be cut before ▁, as no merge reaches over it
}

// modelState is the working memory of a model in one goroutine.
type modelState struct {
	bpe       *bpe.State
	unigram   *unigram.State
	wordPiece *wordpiece.State
}

func (m *model) newState() modelState {
	switch {
	case m.bpe != nil:
		return modelState{bpe: m.bpe.NewState()}
	case m.unigram != nil:
		return modelState{unigram: m.unigram.NewState()}
	case m.wordPiece != nil:
		return modelState{wordPiece: m.wordPiece.NewState()}
	}
	return modelState{}
}

// append appends the ids of the piece text[lo:hi], which is not empty, to dst.
func (m *model) append(dst []uint32, text []byte, lo, hi int, s *modelState) []uint32 {
	switch {
	case m.atMarks:
		for piece := text[:hi]; lo < hi; {
			end := m.part(piece, lo)
			dst, lo = m.bpe.Append(dst, text, lo, end, s.bpe), end
		}
		return dst
	case m.bpe != nil:
		return m.bpe.Append(dst, text, lo, hi, s.bpe)
	case m.unigram != nil:
		return m.unigram.Append(dst, text, lo, hi, s.unigram)
	case m.wordPiece != nil:
		return m.wordPiece.Append(dst, text, lo, hi, s.wordPiece)
	}
	if id := m.word(text[lo:hi]); id != noID {
		dst = append(dst, id)
	}
	return dst
}

// mark is SentencePiece's for a space, U+2581.
const mark = "\u2581"

// part returns the end of the part of piece that begins at i and can be encoded
// by itself: the piece's, or the next mark behind other characters. Where a text
// is one piece, its words are parts, which a cache knows.
func (m *model) part(piece []byte, i int) int {
	if !m.atMarks {
		return len(piece)
	}
	j := i
	for bytes.HasPrefix(piece[j:], []byte(mark)) {
		j += len(mark)
	}
	if k := bytes.Index(piece[j:], []byte(mark)); k >= 0 {
		return j + k
	}
	return len(piece)
}

// mayCutAtMarks tells whether merges never join a mark to what is before it,
// unless that is a mark too, and nothing else tells a part from a piece.
func mayCutAtMarks(c *bpe.Config, fallback bool) bool {
	if c.ByteLevel || c.IgnoreMerges || c.ContinuingSubwordPrefix != "" || c.EndOfWordSuffix != "" || c.UnkToken == "" && !fallback {
		return false
	}
	if _, ok := c.Vocab[mark]; !ok {
		return false
	}
	for _, pair := range c.Merges {
		if strings.HasPrefix(pair[1], mark) && !strings.HasSuffix(pair[0], mark) {
			return false
		}
	}
	return true
}

// appendSpans is append with the bytes of piece that each id covers.
func (m *model) appendSpans(dst []token.Span, piece []byte, s *modelState) []token.Span {
	switch {
	case m.atMarks:
		for i := 0; i < len(piece); {
			j, first := m.part(piece, i), len(dst)
			dst = m.bpe.AppendSpans(dst, piece[i:j], s.bpe)
			for k := first; k < len(dst); k++ {
				dst[k].Lo, dst[k].Hi = dst[k].Lo+i, dst[k].Hi+i
			}
			i = j
		}
		return dst
	case m.bpe != nil:
		return m.bpe.AppendSpans(dst, piece, s.bpe)
	case m.unigram != nil:
		return m.unigram.AppendSpans(dst, piece, s.unigram)
	case m.wordPiece != nil:
		return m.wordPiece.AppendSpans(dst, piece, s.wordPiece)
	}
	if id := m.word(piece); id != noID {
		dst = append(dst, token.Span{ID: id, Hi: len(piece)})
	}
	return dst
}

func (m *model) word(piece []byte) uint32 {
	if id, ok := m.words[string(piece)]; ok {
		return id
	}
	return m.unk
}

// byteLevel tells whether pieces are raw bytes that the vocabulary spells in
// the byte alphabet.
func (m *model) byteLevel() bool { return m.bpe != nil && m.bpe.ByteLevel() }

// merges returns the number of merges, 0 for models without.
func (m *model) merges() int {
	if m.bpe == nil {
		return 0
	}
	return m.bpe.Merges()
}

// modelFile is the model part of all kinds.
type modelFile struct {
	Type                    *string         `json:"type"`
	Dropout                 *float64        `json:"dropout"`
	UnkToken                *string         `json:"unk_token"`
	UnkID                   *int            `json:"unk_id"`
	ContinuingSubwordPrefix *string         `json:"continuing_subword_prefix"`
	EndOfWordSuffix         *string         `json:"end_of_word_suffix"`
	MaxInputChars           *int            `json:"max_input_chars_per_word"`
	FuseUnk                 *bool           `json:"fuse_unk"`
	ByteFallback            *bool           `json:"byte_fallback"`
	IgnoreMerges            *bool           `json:"ignore_merges"`
	Vocab                   json.RawMessage `json:"vocab"`
	Merges                  json.RawMessage `json:"merges"`
}

// kind returns the kind of model: what the file says, or, in old files, what
// the keys tell.
func (f *modelFile) kind() (string, error) {
	if f.Type != nil {
		switch *f.Type {
		case "BPE", "WordPiece", "WordLevel", "Unigram":
			return *f.Type, nil
		}
		return "", fmt.Errorf("model %q is not supported (supported: BPE, Unigram, WordPiece, WordLevel)", *f.Type)
	}
	switch list := len(f.Vocab) > 0 && f.Vocab[0] == '['; {
	case list:
		return "Unigram", nil
	case !isNull(f.Merges):
		return "BPE", nil
	case f.UnkToken != nil && f.ContinuingSubwordPrefix != nil && f.MaxInputChars != nil:
		return "WordPiece", nil
	case f.UnkToken != nil:
		return "WordLevel", nil
	}
	return "", errors.New("model: no type, and no keys that tell one")
}

// vocabulary reads the tokens with their ids, and a Unigram's scores.
func (f *modelFile) vocabulary(kind string) (map[string]uint32, []unigram.Piece, error) {
	if isNull(f.Vocab) {
		return nil, nil, errors.New("model: no vocab")
	}
	if kind != "Unigram" {
		var vocab map[string]uint32
		if err := decodeJSON(f.Vocab, &vocab); err != nil {
			return nil, nil, fmt.Errorf("model: vocab: %w", err)
		}
		if len(vocab) == 0 {
			return nil, nil, errors.New("model: the vocabulary is empty")
		}
		return vocab, nil, nil
	}
	var list [][2]json.RawMessage
	if err := decodeJSON(f.Vocab, &list); err != nil {
		return nil, nil, fmt.Errorf("model: vocab: %w", err)
	}
	if len(list) == 0 {
		return nil, nil, errors.New("model: the vocabulary is empty")
	}
	vocab, pieces := make(map[string]uint32, len(list)), make([]unigram.Piece, len(list))
	for id, l := range list {
		if err := json.Unmarshal(l[0], &pieces[id].Text); err != nil {
			return nil, nil, fmt.Errorf("model: vocab: piece %d: %w", id, err)
		}
		if err := json.Unmarshal(l[1], &pieces[id].Score); err != nil {
			return nil, nil, fmt.Errorf("model: vocab: score of piece %d, %q: %w", id, pieces[id].Text, err)
		}
		vocab[pieces[id].Text] = uint32(id) // the last of equal pieces, as in the reference
	}
	return vocab, pieces, nil
}

// build makes the model. ByteLevel says that pieces come as raw bytes.
func (f *modelFile) build(kind string, vocab map[string]uint32, pieces []unigram.Piece, byteLevel bool) (m model, err error) {
	m.unk = noID
	switch kind {
	case "BPE":
		err = f.buildBPE(&m, vocab, byteLevel)
	case "Unigram":
		unk := -1
		if f.UnkID != nil {
			unk = *f.UnkID
			m.unk = uint32(unk)
		}
		m.unigram, err = unigram.New(pieces, unk, given(f.ByteFallback))
	case "WordPiece":
		c := wordpiece.Config{Vocab: vocab, UnkToken: "[UNK]", ContinuingSubwordPrefix: "##", MaxInputChars: 100}
		if f.UnkToken != nil {
			c.UnkToken = *f.UnkToken
		}
		if f.ContinuingSubwordPrefix != nil {
			c.ContinuingSubwordPrefix = *f.ContinuingSubwordPrefix
		}
		if f.MaxInputChars != nil {
			c.MaxInputChars = *f.MaxInputChars
		}
		m.unk = vocab[c.UnkToken]
		m.wordPiece, err = wordpiece.New(c)
	default:
		m.words = vocab
		name := "<unk>"
		if f.UnkToken != nil {
			name = *f.UnkToken
		}
		if id, ok := vocab[name]; ok {
			m.unk = id
		}
	}
	return m, err
}

// buildBPE makes a BPE model.
func (f *modelFile) buildBPE(m *model, vocab map[string]uint32, byteLevel bool) error {
	if m.dropout = given(f.Dropout); m.dropout < 0 || m.dropout > 1 {
		return fmt.Errorf("dropout is %v, want 0 … 1", m.dropout)
	}
	merges, err := parseMerges(f.Merges)
	if err != nil {
		return err
	}
	c := bpe.Config{
		Vocab: vocab, Merges: merges, ByteLevel: byteLevel, UnkToken: given(f.UnkToken), FuseUnk: given(f.FuseUnk), ByteFallback: given(f.ByteFallback),
		IgnoreMerges: given(f.IgnoreMerges), ContinuingSubwordPrefix: given(f.ContinuingSubwordPrefix), EndOfWordSuffix: given(f.EndOfWordSuffix),
	}
	m.fallback = given(f.ByteFallback)
	for b := 0; b < 256 && m.fallback; b++ {
		_, m.fallback = vocab[fmt.Sprintf("<0x%02X>", b)]
	}
	m.atMarks = mayCutAtMarks(&c, m.fallback)
	m.bpe, err = bpe.New(c)
	return err
}

// given is what a file gives for a key, or the zero value.
func given[T any](v *T) (zero T) {
	if v == nil {
		return zero
	}
	return *v
}

// parseMerges reads merges in either spelling: "a b" or ["a", "b"].
func parseMerges(data json.RawMessage) ([][2]string, error) {
	if isNull(data) {
		return nil, nil
	}
	body := strings.TrimLeft(string(data[1:min(len(data), 64)]), " \t\r\n")
	if strings.HasPrefix(body, "[") {
		var lists [][]string
		if err := decodeJSON(data, &lists); err != nil {
			return nil, fmt.Errorf("merges: %w", err)
		}
		out := make([][2]string, len(lists))
		for k, l := range lists {
			if len(l) != 2 {
				return nil, fmt.Errorf("merge %d has %d parts, want 2", k, len(l))
			}
			out[k] = [2]string(l)
		}
		return out, nil
	}
	var lines []string
	if err := decodeJSON(data, &lines); err != nil {
		return nil, fmt.Errorf("merges: %w", err)
	}
	out := make([][2]string, 0, len(lines))
	for k, l := range lines {
		if strings.HasPrefix(l, "#version") {
			continue
		}
		a, b, ok := strings.Cut(l, " ")
		if !ok || strings.Contains(b, " ") {
			return nil, fmt.Errorf("merge %d is %q, want two tokens with one space between", k, l)
		}
		out = append(out, [2]string{a, b})
	}
	return out, nil
}
