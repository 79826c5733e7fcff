package tokenizer

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"unicode/utf8"
)

// TrainChars makes a vocabulary of the characters that occur in documents, in
// code point order and without special tokens, as nanoGPT's character-level
// example has it. Text that is not UTF-8 is an error.
func TrainChars(ctx context.Context, docs iter.Seq2[[]byte, error]) (*Tokenizer, error) {
	seen := map[rune]bool{}
	n := 0
	for doc, err := range docs {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return nil, fmt.Errorf("tokenizer: train characters: %w", err)
		}
		for i := 0; i < len(doc); {
			r, w := utf8.DecodeRune(doc[i:])
			if r == utf8.RuneError && w == 1 {
				return nil, fmt.Errorf("tokenizer: train characters: document %d is not UTF-8 at byte %d", n, i)
			}
			seen[r] = true
			i += w
		}
		n++
	}
	if len(seen) == 0 {
		return nil, errors.New("tokenizer: train characters: the corpus holds no text")
	}
	chars := make([]rune, 0, len(seen))
	for r := range seen {
		chars = append(chars, r)
	}
	slices.Sort(chars)
	d := document{}
	for id, r := range chars {
		d.vocab = append(d.vocab, entry{string(r), uint32(id)})
	}
	return d.build(roles{})
}
