package bpe

import (
	"fmt"
	"unicode/utf8"

	"github.com/athanor-lm/athanor/tokenizer/internal/bytelevel"
)

// symbols are what a piece begins with, before any merge: ids, and the bytes
// of the piece each stands for.
type symbols struct {
	ids  []uint32
	lens []int32
	text []byte // of one symbol
}

func (y *symbols) add(id uint32, n int) {
	y.ids, y.lens = append(y.ids, id), append(y.lens, int32(n))
}

// cut fills y as the reference does (merge_word in tokenizers'
// models/bpe/model.rs). Unknown characters wait, so that they can be fused;
// one that falls back to bytes overtakes them, there as here.
func (y *symbols) cut(m *Model, piece []byte) {
	y.ids, y.lens = y.ids[:0], y.lens[:0]
	if m.direct {
		for _, b := range piece {
			y.add(m.byteIDs[b], 1)
		}
		return
	}
	unknown := 0 // bytes of the unknown characters that wait
	for i := 0; i < len(piece); {
		w := 1
		if !m.c.ByteLevel {
			_, w = utf8.DecodeRune(piece[i:])
		}
		y.spell(m, piece, i, i+w)
		if id, ok := m.c.Vocab[string(y.text)]; ok {
			if unknown > 0 {
				y.add(m.unk, unknown)
				unknown = 0
			}
			y.add(id, w)
		} else if m.c.ByteFallback && y.fallBack(m) {
			// The bytes stand for the character.
		} else if m.unk != noID {
			if unknown > 0 && !m.c.FuseUnk {
				y.add(m.unk, unknown)
				unknown = 0
			}
			unknown += w
		}
		i += w
	}
	if unknown > 0 {
		y.add(m.unk, unknown)
	}
}

// spell sets y.text to the character piece[i:j] as the vocabulary spells it.
func (y *symbols) spell(m *Model, piece []byte, i, j int) {
	y.text = y.text[:0]
	if i > 0 {
		y.text = append(y.text, m.c.ContinuingSubwordPrefix...)
	}
	if m.c.ByteLevel {
		y.text = bytelevel.Append(y.text, piece[i:j])
	} else {
		y.text = append(y.text, piece[i:j]...)
	}
	if j == len(piece) {
		y.text = append(y.text, m.c.EndOfWordSuffix...)
	}
}

// fallBack adds the byte tokens of y.text; it adds none if one is missing.
func (y *symbols) fallBack(m *Model) bool {
	n := len(y.ids)
	for _, b := range y.text {
		id, ok := m.c.Vocab[byteTokens[b]]
		if !ok {
			y.ids, y.lens = y.ids[:n], y.lens[:n]
			return false
		}
		y.add(id, 1)
	}
	return true
}

// byteTokens are the names of the bytes in SentencePiece's vocabularies.
var byteTokens = func() (names [256]string) {
	for b := range names {
		names[b] = fmt.Sprintf("<0x%02X>", b)
	}
	return names
}()
