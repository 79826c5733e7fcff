package tokenizer

import (
	"context"
	"fmt"
	"iter"

	"github.com/athanor-lm/athanor/tokenizer/internal/spmtrain"
)

// SentencePieceSymbol is one of the special pieces of a SentencePieceConfig.
type SentencePieceSymbol struct {
	ID    int    // below 0: the model has none
	Piece string // "" means the usual spelling
}

// SentencePieceConfig says what TrainSentencePiece makes. The zero value of
// every field but VocabSize is the original program's default.
type SentencePieceConfig struct {
	Kind      string // unigram, bpe, word or char; "" means unigram
	VocabSize int    // ids in all: special pieces, characters, longer pieces

	Coverage      float64 // share of the text's characters that the vocabulary has, 0.98 to 1; 0 means 0.9995
	RequiredChars string  // characters to have however rare they are
	MaxPiece      int     // longest piece in characters, 1 to 512; 0 means 16
	MaxSentence   int     // longer lines are left out, in bytes; 0 means 4192
	Sentences     int     // lines to train on at most; 0 means all. Lines are drawn by a hash of Seed and their text
	Seed          uint64  // of the draw

	SeedPieces    int     // unigram: candidates to begin with; 0 means 1,000,000
	Shrink        float64 // unigram: share of the pieces that a pruning keeps, 0.5 to 0.95; 0 means 0.75
	SubIterations int     // unigram: rounds of EM between prunings, 1 to 10; 0 means 2

	AcrossSpace   bool // pieces may hold spaces between words
	AcrossScripts bool // pieces may mix scripts
	AcrossNumbers bool // pieces may mix letters and digits
	SplitDigits   bool // every digit is a piece
	SpaceSuffix   bool // the space belongs to the word before it
	SpacePieces   bool // there may be pieces of several spaces
	SoftLimit     bool // fewer pieces than VocabSize are no error
	UseAll        bool // word and char: take all of them, whatever VocabSize says

	ByteFallback   bool     // 256 pieces for bytes spell what else would be unknown
	ControlSymbols []string // pieces that encoding never makes
	UserSymbols    []string // pieces that encoding makes wherever they stand in a text

	UNK, BOS, EOS, PAD *SentencePieceSymbol // nil: <unk> is 0, <s> 1, </s> 2, and there is no <pad>
	UnkSurface         string               // what the unknown piece decodes to; "" means " ⁇ "

	Rules           string // normalization: nmt_nfkc, nfkc, nmt_nfkc_cf, nfkc_cf (the cf ones fold case) or identity; "" means nmt_nfkc
	RulesTSV        []byte // rules of one's own instead, lines of: source, tab, target, as hexadecimal code points
	NoDummyPrefix   bool   // put no space before a text
	KeepExtraSpaces bool   // leave repeated spaces and those at the ends

	Workers  int // goroutines; 0 means GOMAXPROCS. The result does not depend on it
	Progress func(Progress)
	Report   *SentencePieceReport // filled in when training ends, if not nil
}

// SentencePieceReport says what TrainSentencePiece trained on.
type SentencePieceReport struct {
	Lines    int64   // lines that are not empty
	Used     int64   // of these, lines trained on
	TooLong  int64   // lines left out because they are longer than MaxSentence
	Reserved int64   // lines left out because they hold ▅ (U+2585), which stands for unknown characters
	BadBytes int64   // bytes trained on that are not UTF-8; each counts as a U+FFFD
	Bytes    int64   // of all lines, with their ends
	Alphabet int     // characters in the vocabulary
	Covered  float64 // share of the text's characters that they are
}

// TrainSentencePiece learns a SentencePiece model from documents: a unigram
// language model (Kudo 2018, "Subword Regularization"), BPE, words or
// characters. A document's lines are what SentencePiece calls sentences. Its
// bytes need be valid only until the next document is asked for; an error from
// docs ends the training.
//
// The algorithms and their defaults are those of the original program, version
// 0.2.3. BPE, words and characters come out the same. Unigram comes out the
// same but for pieces that are equally good up to rounding: the original adds
// up in single precision. What the original leaves to chance is fixed here: the
// draw of lines, and which of two pairs that spell the same BPE merges first.
//
// Memory grows with the number of distinct words (stretches between spaces,
// punctuation and changes of script), not with the corpus; where it is too
// much, Sentences bounds it. The result depends on the lines and the
// configuration alone, not on the order of the lines or on Workers.
//
// Progress has the phases "read" (bytes, no Total), "seed", "em" (pieces that
// have been pruned away) and "merge" (merges of BPE).
func TrainSentencePiece(ctx context.Context, cfg SentencePieceConfig, docs iter.Seq2[[]byte, error]) (*Tokenizer, error) {
	model, report, err := spmtrain.Train(ctx, cfg.internal(), docs)
	if report != nil && cfg.Report != nil {
		*cfg.Report = SentencePieceReport{
			Lines: report.Lines, Used: report.Sampled, TooLong: report.TooLong, Reserved: report.Reserved,
			BadBytes: report.BadBytes, Bytes: report.Bytes, Alphabet: report.Alphabet, Covered: report.Covered,
		}
	}
	var t *Tokenizer
	if err == nil {
		t, err = fromSentencePiece(model.Marshal())
	}
	if err != nil {
		return nil, fmt.Errorf("tokenizer: train SentencePiece: %w", err)
	}
	return t, nil
}

func (c *SentencePieceConfig) internal() spmtrain.Config {
	out := spmtrain.Config{
		Kind: spmtrain.Kind(c.Kind), VocabSize: c.VocabSize, Coverage: c.Coverage, RequiredChars: c.RequiredChars,
		MaxPiece: c.MaxPiece, MaxSentence: c.MaxSentence, Sentences: c.Sentences, Seed: c.Seed,
		SeedPieces: c.SeedPieces, Shrink: c.Shrink, SubIterations: c.SubIterations,
		AcrossSpace: c.AcrossSpace, AcrossScripts: c.AcrossScripts, AcrossNumbers: c.AcrossNumbers, SplitDigits: c.SplitDigits,
		SpaceSuffix: c.SpaceSuffix, SpacePieces: c.SpacePieces, SoftLimit: c.SoftLimit, UseAll: c.UseAll,
		ByteFallback: c.ByteFallback, ControlSymbols: c.ControlSymbols, UserSymbols: c.UserSymbols,
		Unk: (*spmtrain.Symbol)(c.UNK), BOS: (*spmtrain.Symbol)(c.BOS), EOS: (*spmtrain.Symbol)(c.EOS), Pad: (*spmtrain.Symbol)(c.PAD),
		UnkSurface: c.UnkSurface, Rules: c.Rules, RulesTSV: c.RulesTSV, NoDummyPrefix: c.NoDummyPrefix, KeepExtraSpaces: c.KeepExtraSpaces,
		Workers: c.Workers,
	}
	if c.Progress != nil {
		out.Progress = func(phase string, done, total int64) { c.Progress(Progress{phase, done, total}) }
	}
	return out
}
