package spm

import (
	"errors"
	"fmt"
	"strings"
	"sync/atomic"

	"github.com/athanor-lm/athanor/tokenizer/internal/unigram"
)

// maxPiece bounds a piece's bytes, as the original does.
const maxPiece = 8000

// Model is a SentencePiece model ready to run. It is immutable and safe for
// many goroutines.
type Model struct {
	proto  *ModelProto
	kind   ModelType
	norm   *Normalizer
	denorm *Normalizer // nil: none

	unk    uint32       // noSymbol: none
	bytes  *[256]uint32 // ids of the byte pieces; nil without byte fallback
	values []uint16     // by id: byte value + 1 of a byte piece, else 0
	ids    map[string]uint32
	meta   map[string]uint32 // control, unknown and byte pieces

	pairs  *pairSet    // unigram, bpe
	fast   *fastTables // nil: there is no fast road
	user   *matcher    // bpe, char: user-defined symbols are symbols of their own
	bpe    *merger
	begun  atomic.Bool            // linear is being made, or is there
	linear atomic.Pointer[linear] // made when it is first needed; nil before
	uni    *unigram.Model
	// scores are what ids add to the score of a text (unigram): the unknown
	// piece's for it and for the first of an unknown character's bytes.
	scores   []float32
	unkScore float32
	extreme  float32 // no piece scores further from 0
}

// Parse reads a .model file and makes it ready to run.
func Parse(data []byte) (*Model, error) {
	p, err := ParseProto(data)
	if err != nil {
		return nil, err
	}
	return New(p)
}

// New makes a model ready to run. p must not be changed afterwards.
func New(p *ModelProto) (*Model, error) {
	m, err := newModel(p)
	if err != nil {
		return nil, fmt.Errorf("spm: %w", err)
	}
	return m, nil
}

func newModel(p *ModelProto) (*Model, error) {
	m := &Model{proto: p, kind: p.Trainer.ModelType, unk: noSymbol}
	symbols, err := m.indexPieces()
	if err != nil {
		return nil, err
	}
	if m.norm, err = NewNormalizer(&p.Normalizer, p.Trainer.TreatWhitespaceAsSuffix, symbols); err != nil {
		return nil, fmt.Errorf("normalizer_spec: %w", err)
	}
	if p.Denormalizer != nil && len(p.Denormalizer.PrecompiledCharsmap) > 0 {
		if m.denorm, err = NewNormalizer(p.Denormalizer, false, nil); err != nil {
			return nil, fmt.Errorf("denormalizer_spec: %w", err)
		}
	}
	switch m.kind {
	case Unigram:
		if err := m.indexUnigram(); err != nil {
			return nil, err
		}
	case BPE:
		m.user = m.norm.user
		m.bpe = newMerger(p.Pieces)
		m.pairs = newPairSet(m.pieces(func(t PieceType) bool { return joinable(t) }))
	case Char:
		m.user = m.norm.user
	}
	m.fast = m.newFastTables()
	return m, nil
}

// indexPieces checks the vocabulary as the original does, fills the tables of
// ids and returns the user-defined symbols.
func (m *Model) indexPieces() (symbols []string, err error) {
	p := m.proto
	m.ids, m.meta = make(map[string]uint32, len(p.Pieces)), map[string]uint32{}
	m.values = make([]uint16, len(p.Pieces))
	if p.Trainer.ByteFallback {
		m.bytes = new([256]uint32)
		for b := range m.bytes {
			m.bytes[b] = noSymbol
		}
	}
	for id := range p.Pieces {
		piece := &p.Pieces[id]
		switch {
		case piece.Text == "":
			return nil, fmt.Errorf("piece %d is empty", id)
		case len(piece.Text) >= maxPiece:
			return nil, fmt.Errorf("piece %d has %d bytes, want fewer than %d", id, len(piece.Text), maxPiece)
		case piece.Text == "\x00" && (piece.Type == Unused || p.Trainer.ByteFallback):
			continue // some converters add it; the original leaves it out
		case strings.Contains(piece.Text, "\x00"):
			return nil, fmt.Errorf("piece %d, %q, contains byte 0", id, piece.Text)
		}
		table := m.ids
		if !joinable(piece.Type) {
			table = m.meta
		}
		if first, twice := table[piece.Text]; twice {
			return nil, fmt.Errorf("pieces %d and %d are both %q", first, id, piece.Text)
		}
		if m.kind == BPE {
			first, twice := m.ids[piece.Text]
			if !twice {
				first, twice = m.meta[piece.Text]
			}
			if twice {
				return nil, fmt.Errorf("pieces %d and %d are both %q", first, id, piece.Text)
			}
		}
		table[piece.Text] = uint32(id)
		switch piece.Type {
		case UserDefined:
			symbols = append(symbols, piece.Text)
		case Unknown:
			if m.unk != noSymbol {
				return nil, fmt.Errorf("pieces %d and %d are both of the unknown type", m.unk, id)
			}
			m.unk = uint32(id)
		case Byte:
			if err := m.indexByte(id); err != nil {
				return nil, err
			}
		}
	}
	return symbols, m.checkMeta()
}

func (m *Model) indexByte(id int) error {
	text := m.proto.Pieces[id].Text
	if m.bytes == nil {
		return fmt.Errorf("piece %d, %q, is a byte piece, but byte_fallback is off", id, text)
	}
	var b byte
	if n, err := fmt.Sscanf(text, "<0x%02X>", &b); n != 1 || err != nil || fmt.Sprintf("<0x%02X>", b) != text {
		return fmt.Errorf("piece %d, %q, is of the byte type, but not one of <0x00> to <0xFF>", id, text)
	}
	m.bytes[b], m.values[id] = uint32(id), uint16(b)+1
	return nil
}

func (m *Model) checkMeta() error {
	if m.bytes == nil {
		if m.unk == noSymbol {
			return errors.New("no piece is of the unknown type")
		}
		return nil
	}
	for b, id := range m.bytes {
		if id == noSymbol {
			return fmt.Errorf("byte_fallback is on, but there is no piece <0x%02X>", b)
		}
	}
	return nil
}

// pieces returns the texts of the pieces of the types chosen.
func (m *Model) pieces(chosen func(PieceType) bool) []string {
	var out []string
	for i := range m.proto.Pieces {
		if p := &m.proto.Pieces[i]; chosen(p.Type) && p.Text != "\x00" {
			out = append(out, p.Text)
		}
	}
	return out
}

func (m *Model) indexUnigram() error {
	pieces := make([]unigram.Piece, len(m.proto.Pieces))
	for id, p := range m.proto.Pieces {
		kind := unigram.Meta
		switch p.Type {
		case Normal:
			kind = unigram.Normal
		case UserDefined:
			kind = unigram.UserDefined
		}
		if p.Text == "\x00" {
			kind = unigram.Meta
		}
		pieces[id] = unigram.Piece{Text: p.Text, Score: float64(p.Score), Kind: kind}
	}
	unk := -1
	if m.unk != noSymbol {
		unk = int(m.unk)
	}
	var err error
	if m.uni, err = unigram.NewSentencePiece(pieces, unk); err != nil {
		return err
	}
	m.pairs = newPairSet(m.pieces(func(t PieceType) bool { return t == Normal || t == UserDefined }))
	m.unkScore = m.uni.Score(unigram.Unk)
	m.extreme = max(m.unkScore, -m.unkScore)
	m.scores = make([]float32, len(pieces))
	for id := range pieces {
		m.scores[id] = m.uni.Score(uint32(id))
		m.extreme = max(m.extreme, m.scores[id], -m.scores[id])
	}
	return nil
}

// Proto returns the model's content, which must not be changed.
func (m *Model) Proto() *ModelProto { return m.proto }

// Marshal writes the model as a .model file.
func (m *Model) Marshal() []byte { return m.proto.Marshal() }

// Size returns the number of pieces.
func (m *Model) Size() int { return len(m.proto.Pieces) }

// Piece returns a piece by its id, which must be below Size.
func (m *Model) Piece(id uint32) Piece { return m.proto.Pieces[id] }

// ID returns the id of a piece; of a control, unknown or byte piece and another
// one with the same text it returns the former's.
func (m *Model) ID(text string) (id uint32, ok bool) {
	if id, ok = m.meta[text]; !ok {
		id, ok = m.ids[text]
	}
	return id, ok
}

// Unk returns the id of the unknown piece, if there is one.
func (m *Model) Unk() (id uint32, ok bool) { return m.unk, m.unk != noSymbol }

// control returns the id of a control piece by its text, or by the format's
// customary name where the file has none.
func (m *Model) control(text, customary string) (id uint32, ok bool) {
	if text == "" {
		text = customary
	}
	id, ok = m.ID(text)
	return id, ok && m.proto.Pieces[id].Type == Control
}

// BOS returns the id of the piece that begins a text, if there is one.
func (m *Model) BOS() (id uint32, ok bool) { return m.control(m.proto.Trainer.BosPiece, "<s>") }

// EOS returns the id of the piece that ends a text, if there is one.
func (m *Model) EOS() (id uint32, ok bool) { return m.control(m.proto.Trainer.EosPiece, "</s>") }

// PAD returns the id of the piece that fills up short rows, if there is one.
func (m *Model) PAD() (id uint32, ok bool) { return m.control(m.proto.Trainer.PadPiece, "<pad>") }

// Normalizer returns the normalizer of the text to be encoded.
func (m *Model) Normalizer() *Normalizer { return m.norm }
