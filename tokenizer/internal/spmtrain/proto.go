package spmtrain

import (
	"github.com/athanor-lm/athanor/tokenizer/internal/charsmap"
	"github.com/athanor-lm/athanor/tokenizer/internal/spm"
)

var modelTypes = map[Kind]spm.ModelType{Unigram: spm.Unigram, BPE: spm.BPE, Word: spm.Word, Char: spm.Char}

// proto returns a model without pieces that says how it is trained. The number
// of goroutines is not in it: it makes no difference.
func (c *Config) proto() (*spm.ModelProto, error) {
	m := spm.NewProto()
	t := &m.Trainer
	t.ModelType, t.VocabSize = modelTypes[c.Kind], int32(c.VocabSize)
	t.CharacterCoverage, t.RequiredChars = float32(c.Coverage), c.RequiredChars
	t.MaxSentencepieceLength, t.MaxSentenceLength = int32(c.MaxPiece), int32(c.MaxSentence)
	t.InputSentenceSize = uint64(c.Sentences)
	t.SeedSentencepieceSize, t.ShrinkingFactor, t.NumSubIterations = int32(c.SeedPieces), float32(c.Shrink), int32(c.SubIterations)
	t.SplitByWhitespace, t.SplitByUnicodeScript, t.SplitByNumber = !c.AcrossSpace, !c.AcrossScripts, !c.AcrossNumbers
	t.SplitDigits, t.TreatWhitespaceAsSuffix, t.AllowWhitespaceOnlyPieces = c.SplitDigits, c.SpaceSuffix, c.SpacePieces
	t.HardVocabLimit, t.UseAllVocab, t.ByteFallback = !c.SoftLimit, c.UseAll, c.ByteFallback
	t.ControlSymbols, t.UserDefinedSymbols = c.ControlSymbols, c.UserSymbols
	t.UnkID, t.BosID, t.EosID, t.PadID = int32(c.Unk.ID), int32(c.BOS.ID), int32(c.EOS.ID), int32(c.Pad.ID)
	t.UnkPiece, t.BosPiece, t.EosPiece, t.PadPiece = c.Unk.Piece, c.BOS.Piece, c.EOS.Piece, c.Pad.Piece
	t.UnkSurface = c.UnkSurface
	n := &m.Normalizer
	n.AddDummyPrefix, n.RemoveExtraWhitespaces = !c.NoDummyPrefix, !c.KeepExtraSpaces
	var err error
	if c.RulesTSV == nil {
		n.Name = c.Rules
		n.PrecompiledCharsmap, err = charsMap(c.Rules)
		return m, err
	}
	n.Name = "user_defined"
	rules, err := parseRules(c.RulesTSV)
	if err != nil {
		return nil, err
	}
	n.PrecompiledCharsmap, err = charsmap.Build(rules)
	return m, err
}
