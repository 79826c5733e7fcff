package tokenizer

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/athanor-lm/athanor/tokenizer/internal/bpe"
	"github.com/athanor-lm/athanor/tokenizer/internal/bytelevel"
)

// tiktokenEncoding is what a .tiktoken file does not say: tiktoken has it in
// its code (tiktoken_ext/openai_public.py).
type tiktokenEncoding struct {
	name    string
	file    string // base name of the usual file
	size    int    // tokens in it
	pattern string // of package scan
	special []AddedToken
}

func tiktokenEncodings() []tiktokenEncoding {
	special := func(id uint32, content string) AddedToken {
		return AddedToken{ID: id, Content: content, Special: true}
	}
	end := special(50256, "<|endoftext|>")
	return []tiktokenEncoding{
		{"r50k_base", "r50k_base", 50256, "r50k", []AddedToken{end}},
		{"p50k_base", "p50k_base", 50280, "p50k", []AddedToken{end}},
		{"p50k_edit", "p50k_base", 50280, "p50k", []AddedToken{end, special(50281, "<|fim_prefix|>"), special(50282, "<|fim_middle|>"), special(50283, "<|fim_suffix|>")}},
		{"cl100k_base", "cl100k_base", 100256, "cl100k", []AddedToken{
			special(100257, "<|endoftext|>"), special(100258, "<|fim_prefix|>"), special(100259, "<|fim_middle|>"), special(100260, "<|fim_suffix|>"), special(100276, "<|endofprompt|>")}},
		{"o200k_base", "o200k_base", 199998, "o200k", []AddedToken{special(199999, "<|endoftext|>"), special(200018, "<|endofprompt|>")}},
	}
}

// LoadTiktoken reads a .tiktoken file: a line has a token in base 64 and its
// rank, which is its id. The file does not say how text is cut before, nor what
// the special tokens are. Encoding says it: r50k_base, p50k_base, p50k_edit,
// cl100k_base or o200k_base; "" means the one that the file's name begins with,
// or else the one with as many tokens. A file with the name of an encoding and
// another number of tokens is refused: it is not whole.
//
// The ids are tiktoken's. Save writes a tokenizer.json that gives the same ids
// in Hugging Face's libraries.
func LoadTiktoken(path, encoding string) (*Tokenizer, error) {
	t, err := loadTiktoken(path, encoding)
	if err != nil {
		return nil, fmt.Errorf("tokenizer: load %s: %w", path, err)
	}
	return t, nil
}

func loadTiktoken(path, encoding string) (*Tokenizer, error) {
	data, err := readFile(path)
	if err != nil {
		return nil, err
	}
	tokens, err := parseTiktoken(data)
	if err != nil {
		return nil, err
	}
	enc, err := pickTiktoken(filepath.Base(path), len(tokens), encoding)
	if err != nil {
		return nil, err
	}
	if encoding == "" && len(tokens) != enc.size {
		return nil, fmt.Errorf("the file has %d tokens, %s has %d: it is not whole, or it is another's under this name", len(tokens), enc.name, enc.size)
	}
	merges, err := bpe.RecoverMerges(tokens)
	if err != nil {
		return nil, err
	}
	d := document{pattern: enc.pattern, byteLevel: true, ignoreMerges: true, added: enc.special}
	spelled := make(map[string]string, len(tokens))
	for _, t := range tokens {
		text := string(bytelevel.Append(nil, []byte(t.Text)))
		spelled[t.Text] = text
		d.vocab = append(d.vocab, entry{text, t.ID})
	}
	for _, m := range merges {
		d.merges = append(d.merges, [2]string{spelled[m[0]], spelled[m[1]]})
	}
	return d.build(roles{bos: "<|endoftext|>", eos: "<|endoftext|>"})
}

// parseTiktoken reads the tokens, in order of rank.
func parseTiktoken(data []byte) ([]bpe.Token, error) {
	var tokens []bpe.Token
	n := 0
	for line := range bytes.Lines(data) {
		n++
		line = bytes.TrimSpace(line)
		if len(line) == 0 {
			continue
		}
		text, rank, ok := bytes.Cut(line, []byte(" "))
		if !ok {
			return nil, fmt.Errorf("line %d is %.80q, want a token in base 64, a space and its rank", n, line)
		}
		raw, err := base64.StdEncoding.AppendDecode(nil, text)
		if err != nil || len(raw) == 0 {
			return nil, fmt.Errorf("line %d: token %.80q is not base 64 of one byte or more", n, text)
		}
		id, err := strconv.ParseUint(string(rank), 10, 32)
		if err != nil || id >= MaxVocab {
			return nil, fmt.Errorf("line %d: rank %.20q, want a number below %d", n, rank, MaxVocab)
		}
		tokens = append(tokens, bpe.Token{Text: string(raw), ID: uint32(id)})
	}
	if len(tokens) == 0 {
		return nil, errors.New("the file holds no tokens")
	}
	slices.SortFunc(tokens, func(a, b bpe.Token) int { return int(a.ID) - int(b.ID) })
	return tokens, nil
}

func pickTiktoken(file string, size int, encoding string) (tiktokenEncoding, error) {
	all := tiktokenEncodings()
	var names []string
	for _, e := range all {
		names = append(names, e.name)
		if encoding == e.name || encoding == "" && strings.HasPrefix(file, e.file) {
			return e, nil
		}
	}
	for _, e := range all {
		if encoding == "" && size == e.size {
			return e, nil
		}
	}
	if encoding != "" {
		return tiktokenEncoding{}, fmt.Errorf("encoding %q is unknown (known: %s)", encoding, strings.Join(names, ", "))
	}
	return tiktokenEncoding{}, fmt.Errorf("neither the file's name nor its %d tokens tell which encoding it is (known: %s)", size, strings.Join(names, ", "))
}
