package main

import (
	"fmt"
	"io"
	"iter"
	"strings"

	"github.com/athanor-lm/athanor/tokenizer"
)

// sentencePieceFlags are for --kind sentencepiece alone.
type sentencePieceFlags struct {
	Model         string   `default:"unigram" enum:"unigram,bpe,word,char" help:"Kind of model: unigram, bpe, word or char."`
	Coverage      float64  `default:"0.9995" help:"Share of the text's characters to know; the rarest are unknown, or bytes."`
	ByteFallback  bool     `help:"Spell unknown characters as bytes, as Llama 2 does."`
	SplitDigits   bool     `help:"Make every digit a token."`
	AcrossSpace   bool     `help:"Let tokens hold spaces between words."`
	MaxPiece      int      `default:"16" placeholder:"N" help:"Longest token to make, in characters."`
	Sentences     int      `placeholder:"N" help:"Train on N lines drawn by --seed; 0 = all. The memory taken grows with the distinct words of the lines."`
	Seed          uint64   `default:"1" help:"Of the draw."`
	Rules         string   `default:"nmt_nfkc" enum:"nmt_nfkc,nfkc,nmt_nfkc_cf,nfkc_cf,identity" help:"Normalization: nmt_nfkc, nfkc, nmt_nfkc_cf and nfkc_cf (these fold case), or identity."`
	NoDummyPrefix bool     `help:"Put no space before a text."`
	KeepSpaces    bool     `help:"Keep repeated spaces and those at the ends of a text."`
	UserSymbol    []string `placeholder:"TEXT" sep:"none" help:"A text that is one token wherever it stands. May be repeated."`
	ControlSymbol []string `placeholder:"TEXT" sep:"none" help:"A token that no text gives. May be repeated."`
	SoftLimit     bool     `help:"Take fewer tokens than --vocab-size where the text does not give more."`
}

// trainSentencePiece calls the trainer and tells what was left out.
func (t *tokenizerTrainCmd) trainSentencePiece(c *cliContext, docs iter.Seq2[[]byte, error], progress func(tokenizer.Progress)) (*tokenizer.Tokenizer, error) {
	symbol := func(piece string, id int) *tokenizer.SentencePieceSymbol {
		if piece == "" {
			return nil
		}
		return &tokenizer.SentencePieceSymbol{ID: id, Piece: piece}
	}
	var report tokenizer.SentencePieceReport
	tok, err := tokenizer.TrainSentencePiece(c.ctx, tokenizer.SentencePieceConfig{
		Kind: t.Model, VocabSize: t.VocabSize, Coverage: t.Coverage, ByteFallback: t.ByteFallback, SplitDigits: t.SplitDigits,
		AcrossSpace: t.AcrossSpace, MaxPiece: t.MaxPiece, Sentences: t.Sentences, Seed: t.Seed, Rules: t.Rules, NoDummyPrefix: t.NoDummyPrefix,
		KeepExtraSpaces: t.KeepSpaces, UserSymbols: t.UserSymbol, ControlSymbols: t.ControlSymbol, SoftLimit: t.SoftLimit,
		UNK: symbol(t.UNK, 0), BOS: symbol(t.BOS, 1), EOS: symbol(t.EOS, 2), PAD: symbol(t.PAD, 3),
		Workers: t.Workers, Progress: progress, Report: &report,
	}, docs)
	if err != nil {
		return nil, err
	}
	reportLines(c.stderr, &report)
	return tok, nil
}

// reportLines says which lines were not trained on.
func reportLines(w io.Writer, r *tokenizer.SentencePieceReport) {
	var out []string
	for _, k := range []struct {
		n    int64
		what string
	}{
		{r.TooLong, "too long"}, {r.Reserved, "with the reserved character ▅"}, {r.Lines - r.TooLong - r.Reserved - r.Used, "not drawn"},
	} {
		if k.n > 0 {
			out = append(out, fmt.Sprintf("%d %s", k.n, k.what))
		}
	}
	if len(out) > 0 {
		fmt.Fprintf(w, "Of %d lines, %d were used; left out: %s.\n", r.Lines, r.Used, strings.Join(out, ", "))
	}
}
