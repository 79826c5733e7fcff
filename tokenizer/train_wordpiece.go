package tokenizer

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"runtime"
	"slices"
	"sync"
	"unicode/utf8"

	"github.com/athanor-lm/athanor/tokenizer/internal/align"
	"github.com/athanor-lm/athanor/tokenizer/internal/normalize"
	"github.com/athanor-lm/athanor/tokenizer/internal/wordpiece"
)

// WordPieceConfig says what TrainWordPiece makes. The zero value of every field
// but VocabSize is that of BERT's uncased tokenizers.
type WordPieceConfig struct {
	VocabSize       int      // ids in all: special tokens, characters, longer pieces
	MinFrequency    int64    // a pair of pieces seen less often is not joined; 0 means 2
	LimitAlphabet   int      // the most characters, the rarest are unknown; 0 means 1000
	InitialAlphabet string   // characters to have in any case, as long as LimitAlphabet allows
	Special         []string // special tokens after [PAD], [UNK], [CLS], [SEP] and [MASK], which have the ids 0 to 4
	Cased           bool     // keep upper case
	StripAccents    *bool    // take accents off; nil means: unless Cased
	JoinChinese     bool     // do not set Chinese characters apart as words of their own
	Workers         int      // goroutines that count; 0 means GOMAXPROCS. The result does not depend on it
	Progress        func(Progress)
}

// bertSpecial are the tokens that every BERT tokenizer has.
var bertSpecial = []string{"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"}

func (c *WordPieceConfig) check() error {
	if c.MinFrequency == 0 {
		c.MinFrequency = 2
	}
	if c.LimitAlphabet == 0 {
		c.LimitAlphabet = 1000
	}
	if c.Workers <= 0 {
		c.Workers = runtime.GOMAXPROCS(0)
	}
	c.Special = append(slices.Clone(bertSpecial), c.Special...)
	if c.VocabSize < len(c.Special) || c.VocabSize > MaxVocab {
		return fmt.Errorf("vocabulary size %d, want %d (special tokens) to %d", c.VocabSize, len(c.Special), MaxVocab)
	}
	if c.MinFrequency < 0 || c.LimitAlphabet < 0 {
		return fmt.Errorf("minimum frequency %d and at most %d characters, want no negative numbers", c.MinFrequency, c.LimitAlphabet)
	}
	for k, s := range c.Special {
		if s == "" || !utf8.ValidString(s) {
			return fmt.Errorf("special token %q, want non-empty UTF-8", s)
		}
		if slices.Contains(c.Special[:k], s) {
			return fmt.Errorf("special token %q is listed twice", s)
		}
	}
	return nil
}

func (c *WordPieceConfig) stripAccents() bool {
	if c.StripAccents == nil {
		return !c.Cased
	}
	return *c.StripAccents
}

// TrainWordPiece learns a WordPiece vocabulary from documents and returns a
// BERT tokenizer: text is cleaned, put into lower case and stripped of accents
// unless the configuration says otherwise, cut at white space, punctuation and
// Chinese characters, and each word encoded by itself, within [CLS] and [SEP].
// A document's bytes need be valid only until the next one is asked for; an
// error from docs ends the training.
//
// There are several algorithms of that name. This is the one of Hugging Face's
// WordPieceTrainer, which is byte-pair encoding with "##" before what continues
// a word, and differs from it in ties only: the reference numbers the "##"
// characters in an order that changes from run to run, and of equally frequent
// pairs the one with the smaller ids is joined first, so that two of its own
// runs disagree on which of the rarest pieces are in the vocabulary. Here
// characters are numbered by code point, and the result depends on the texts
// and the configuration alone. The trainer of the original BERT, which joins
// the pair that raises the likelihood of the corpus most, was never published.
func TrainWordPiece(ctx context.Context, cfg WordPieceConfig, docs iter.Seq2[[]byte, error]) (*Tokenizer, error) {
	fail := func(err error) (*Tokenizer, error) { return nil, fmt.Errorf("tokenizer: train WordPiece: %w", err) }
	if err := cfg.check(); err != nil {
		return fail(err)
	}
	words, err := countWords(ctx, &cfg, docs)
	if err != nil {
		return fail(err)
	}
	if len(words) == 0 {
		return fail(errors.New("the corpus holds no text"))
	}
	l := wordpiece.Learning{
		Special: cfg.Special, VocabSize: cfg.VocabSize, MinFrequency: cfg.MinFrequency,
		LimitAlphabet: cfg.LimitAlphabet, Initial: []rune(cfg.InitialAlphabet), Prefix: wordPiecePrefix,
	}
	if cfg.Progress != nil {
		l.Progress = func(n int) { cfg.Progress(Progress{Phase: "merge", Done: int64(n), Total: int64(cfg.VocabSize)}) }
	}
	tokens, err := wordpiece.Learn(ctx, l, words)
	if err != nil {
		return fail(err)
	}
	d := wordPieceDocument{
		cleanText: true, chineseChars: !cfg.JoinChinese, stripAccents: cfg.StripAccents, lowercase: !cfg.Cased,
		unk: "[UNK]", cls: "[CLS]", sep: "[SEP]", special: cfg.Special,
	}
	for id, token := range tokens {
		d.vocab = append(d.vocab, entry{token, uint32(id)})
	}
	data, err := d.json()
	if err != nil {
		return fail(err)
	}
	t, err := Parse(data, nil)
	if err != nil {
		return fail(fmt.Errorf("read back what was trained: %w", err))
	}
	return t, nil
}

// countWords counts the words of all documents. What is counted while reading
// are runs as they stand in the text; each distinct one is normalized once.
func countWords(ctx context.Context, cfg *WordPieceConfig, docs iter.Seq2[[]byte, error]) (map[string]int64, error) {
	runs := wordpiece.NewRuns(normalize.Bert{
		CleanText: true, ChineseChars: !cfg.JoinChinese, StripAccents: cfg.stripAccents(), Lowercase: !cfg.Cased,
	}, nil)
	texts := make(chan []byte, cfg.Workers)
	counts := make([]map[string]*int64, cfg.Workers)
	var wg sync.WaitGroup
	for w := range counts {
		counts[w] = map[string]*int64{}
		wg.Go(func() {
			for text := range texts {
				countRuns(counts[w], runs, text)
			}
		})
	}
	err := readTexts(ctx, cfg, docs, texts)
	close(texts)
	wg.Wait()
	if err != nil {
		return nil, err
	}
	words := map[string]int64{}
	var t align.Text
	for _, c := range counts {
		for run, n := range c {
			runs.Words([]byte(run), &t, func(word []byte) { words[string(word)] += *n })
		}
	}
	return words, nil
}

func countRuns(counts map[string]*int64, runs *wordpiece.Runs, text []byte) {
	for i := 0; i < len(text); {
		j := runs.Cut(text, i)
		if n := counts[string(text[i:j])]; n != nil {
			*n++
		} else {
			n := int64(1)
			counts[string(text[i:j])] = &n
		}
		i = j
	}
}

// readTexts sends the documents in texts of about a megabyte, with line breaks
// between them.
func readTexts(ctx context.Context, cfg *WordPieceConfig, docs iter.Seq2[[]byte, error], texts chan<- []byte) error {
	var text []byte
	var total int64
	report := func() {
		if cfg.Progress != nil {
			cfg.Progress(Progress{Phase: "count", Done: total})
		}
	}
	for doc, err := range docs {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return err
		}
		text = append(append(text, doc...), '\n')
		if total += int64(len(doc)); len(text) >= 1<<20 {
			texts <- text
			text = make([]byte, 0, cap(text))
			report()
		}
	}
	if len(text) > 0 {
		texts <- text
	}
	report()
	return nil
}
