package main

import (
	"iter"

	"github.com/athanor-lm/athanor/tokenizer"
)

// flagKinds are the kinds of tokenizer that a flag is for; the flags that are not here are for all.
func flagKinds() map[string]string {
	return map[string]string{
		"vocab-size": "bpe sentencepiece wordpiece", "special": "bpe wordpiece", "min-frequency": "bpe wordpiece",
		"bos": "bpe sentencepiece", "eos": "bpe sentencepiece", "pad": "bpe sentencepiece", "unk": "bpe sentencepiece", "add-bos": "bpe", "add-eos": "bpe", "memory-limit": "bpe",
		"pattern": "bpe", "regex": "bpe", "nfc": "bpe", "token": "bpe", "max-length": "bpe", "alphabet-limit": "bpe", "state-dir": "bpe", "extend": "bpe",
		"model": "sentencepiece", "coverage": "sentencepiece", "byte-fallback": "sentencepiece", "split-digits": "sentencepiece", "across-space": "sentencepiece",
		"max-piece": "sentencepiece", "sentences": "sentencepiece", "seed": "sentencepiece", "rules": "sentencepiece", "no-dummy-prefix": "sentencepiece",
		"keep-spaces": "sentencepiece", "user-symbol": "sentencepiece", "control-symbol": "sentencepiece", "soft-limit": "sentencepiece",
		"cased": "wordpiece", "strip-accents": "wordpiece", "join-chinese": "wordpiece", "limit-alphabet": "wordpiece", "alphabet": "wordpiece",
	}
}

// leastMemory is the least memory limit: less gives the trainer less than it takes.
const leastMemory = 48 << 20

// train calls the trainer of the kind.
func (t *tokenizerTrainCmd) train(c *cliContext, docs iter.Seq2[[]byte, error], progress func(tokenizer.Progress), report *tokenizer.TrainReport) (*tokenizer.Tokenizer, error) {
	switch t.Kind {
	case "chars":
		return tokenizer.TrainChars(c.ctx, docs)
	case "sentencepiece":
		return t.trainSentencePiece(c, docs, progress)
	case "wordpiece":
		return tokenizer.TrainWordPiece(c.ctx, tokenizer.WordPieceConfig{
			VocabSize: t.VocabSize, MinFrequency: t.MinFrequency, LimitAlphabet: t.LimitAlphabet, InitialAlphabet: t.Alphabet, Special: t.Special,
			Cased: t.Cased, StripAccents: t.StripAccents, JoinChinese: t.JoinChinese, Workers: t.Workers, Progress: progress,
		}, docs)
	}
	cfg := tokenizer.TrainConfig{
		VocabSize: t.VocabSize, MinFrequency: t.MinFrequency, MaxTokenLength: t.MaxLength,
		Pattern: t.Pattern, Regex: t.Regex, NFC: t.NFC, AlphabetLimit: t.AlphabetLimit,
		Special: t.Special, BOS: t.BOS, EOS: t.EOS, PAD: t.PAD, UNK: t.UNK, AddBOS: t.AddBOS, AddEOS: t.AddEOS, Forced: t.Token,
		Workers: t.Workers, MemoryLimit: trainerShare(int64(t.MemoryLimit)), StateDir: t.StateDir, Progress: progress, Report: report,
	}
	if t.Extend != "" {
		var err error
		if cfg.Base, err = tokenizer.Load(t.Extend); err != nil {
			return nil, err
		}
	}
	return tokenizer.Train(c.ctx, cfg, docs)
}

// trainerShare is what a trainer may hold of the memory that the program may take: the rest is for the texts that are
// being read, the program itself, and garbage.
func trainerShare(limit int64) int64 { return limit / 4 * 3 }
