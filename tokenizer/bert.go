package tokenizer

import (
	"github.com/athanor-lm/athanor/tokenizer/internal/normalize"
	"github.com/athanor-lm/athanor/tokenizer/internal/pretokenize"
	"github.com/athanor-lm/athanor/tokenizer/internal/wordpiece"
)

// findBert chooses the encoder that does normalizer, pre-tokenizer and model in
// one pass, if they are BERT's and nothing happens between them.
func (t *Tokenizer) findBert() {
	norm, ok := t.norm.(normalize.Bert)
	if !ok || t.late != nil || t.model.wordPiece == nil {
		return
	}
	if _, ok := t.pre.(pretokenize.Bert); ok {
		t.bert = wordpiece.NewBert(norm, t.model.wordPiece)
	}
}

// CLS returns the token that begins a text in BERT's template, if there is one.
// BERT has neither BOS nor EOS.
func (t *Tokenizer) CLS() (uint32, bool) { return t.role(t.roles.cls) }

// SEP returns the token that ends each text in BERT's template, if there is one.
func (t *Tokenizer) SEP() (uint32, bool) { return t.role(t.roles.sep) }

// MASK returns the token that stands for one to be guessed in masked language
// modelling, if there is one.
func (t *Tokenizer) MASK() (uint32, bool) { return t.role(t.roles.mask) }
