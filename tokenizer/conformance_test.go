package tokenizer

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/athanor-lm/athanor/internal/realdata"
)

// conformant are the tokenizers of tools/oracle/tokenizer_conformance.py: the file to load, below the data directory's
// tokenizers, and whether special tokens in a text and those of the template count.
var conformant = []struct {
	name, file string
	special    bool
}{
	{"hf-gpt2", "hf-gpt2/tokenizer.json", true},
	{"qwen3", "qwen3/tokenizer.json", true},
	{"hf-llama", "hf-llama/tokenizer.json", true},
	{"hf-bytelevel-lmkit", "hf-bytelevel-lmkit/tokenizer.json", true},
	{"tiktoken-r50k_base", "tiktoken/r50k_base.tiktoken", false},
	{"tiktoken-p50k_base", "tiktoken/p50k_base.tiktoken", false},
	{"tiktoken-cl100k_base", "tiktoken/cl100k_base.tiktoken", false},
	{"tiktoken-o200k_base", "tiktoken/o200k_base.tiktoken", false},
	{"sp-llama2", "llama2/tokenizer.model", false},
	{"sp-unigram-1000", "sentencepiece/test_model.model", false},
	{"sp-unigram-ja-8000", "sentencepiece/test_ja_model.model", false},
	{"sp-tok512", "spm-tok512/tok512.model", false},
	{"bert-uncased", "bert-uncased/vocab.txt", true},
}

// TestConformance compares ids, offsets and decoded text with the outputs of the reference implementations that
// tools/oracle/tokenizer_conformance.py has written to the directory ATHANOR_CONFORMANCE.
func TestConformance(t *testing.T) {
	dir := os.Getenv("ATHANOR_CONFORMANCE")
	if dir == "" {
		t.Skip("ATHANOR_CONFORMANCE is not set: it names the directory that tools/oracle/tokenizer_conformance.py makes")
	}
	for _, c := range conformant {
		inputs, _ := filepath.Glob(filepath.Join(dir, c.name, "*.bin"))
		if len(inputs) == 0 {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			tok, err := Load(realdata.Path(t, "tokenizers/"+c.file))
			if err != nil {
				t.Fatal(err)
			}
			data, err := os.ReadFile(filepath.Join(dir, c.name, "meta.json"))
			if err != nil {
				t.Fatal(err)
			}
			var meta struct {
				Offsets bool   `json:"offsets"`
				Invalid string `json:"invalid"` // "replace": the reference got text with U+FFFD for what is not UTF-8
			}
			if err := json.Unmarshal(data, &meta); err != nil {
				t.Fatal(err)
			}
			for _, input := range inputs {
				name := filepath.Base(input)
				t.Run(strings.TrimSuffix(name, ".bin"), func(t *testing.T) {
					conform(t, tok, c.special, meta.Offsets, meta.Invalid == "replace", filepath.Join(dir, "inputs", name), input)
				})
			}
		})
	}
}

// conform compares one input's documents and reports the first differences.
func conform(t *testing.T, tok *Tokenizer, special, offsets, replace bool, inputs, outputs string) {
	texts, want := &binReader{t: t, name: inputs}, &binReader{t: t, name: outputs}
	texts.open()
	want.open()
	documents, different := 0, 0
	for ; len(texts.data) > 0; documents++ {
		text := texts.bytes()
		if replace {
			text = toValid(text)
		}
		ids := want.words(int(want.word()))
		var spans []uint32
		if offsets {
			spans = want.words(2 * len(ids))
		}
		decoded := want.bytes()
		if diff := difference(tok, text, special, ids, spans, decoded); diff != "" {
			if different++; different <= 5 {
				t.Errorf("document %d: %s", documents, diff)
			}
		}
	}
	if len(want.data) > 0 {
		t.Errorf("%d bytes of outputs are left after %d documents", len(want.data), documents)
	}
	t.Logf("%d documents, %d different", documents, different)
	if different > 5 {
		t.Errorf("%d of %d documents differ", different, documents)
	}
}

// difference says how tok's encoding of text differs from the reference's; spans are offsets in characters, nil if unknown.
func difference(tok *Tokenizer, text []byte, special bool, ids, spans []uint32, decoded []byte) string {
	var got []uint32
	if special {
		got = tok.AppendEncode(nil, text, true)
	} else {
		got = tok.AppendEncodePlain(nil, text)
	}
	if n := firstDifference(got, ids); n >= 0 {
		lo, hi := max(n-3, 0), n+4
		return fmt.Sprintf("%.300q\nid %d of %d and %d: got %v, want %v", text, n, len(got), len(ids), clip(got, lo, hi), clip(ids, lo, hi))
	}
	if spans != nil {
		if diff := offsetDifference(tok, text, special, ids, spans); diff != "" {
			return diff
		}
	}
	if back := toValid([]byte(tok.Decode(ids, false))); !bytes.Equal(back, decoded) {
		n := firstDifference(back, decoded)
		lo, hi := max(n-20, 0), n+20
		return fmt.Sprintf("%.300q\ndecoded to %q, want %q (at byte %d)", text, clip(back, lo, hi), clip(decoded, lo, hi), n)
	}
	return ""
}

// offsetDifference compares EncodeFull's offsets.
func offsetDifference(tok *Tokenizer, text []byte, special bool, ids, spans []uint32) string {
	full, err := tok.EncodeFull(text, nil, EncodeOptions{AddSpecial: special, Plain: !special})
	if err != nil {
		return err.Error()
	}
	if n := firstDifference(full.IDs, ids); n >= 0 {
		lo, hi := max(n-3, 0), n+4
		return fmt.Sprintf("%.300q\nwith offsets, id %d of %d and %d: got %v, want %v", text, n, len(full.IDs), len(ids), clip(full.IDs, lo, hi), clip(ids, lo, hi))
	}
	got := inCharacters(text, full.Offsets)
	if n := firstDifference(got, spans); n >= 0 {
		lo, hi := n&^1, n|1+1
		return fmt.Sprintf("%.300q\noffsets of id %d, %d, %q: got %v, want %v", text, n/2, ids[n/2], spell(tok, ids[n/2:n/2+1]), clip(got, lo, hi), clip(spans, lo, hi))
	}
	return ""
}

// inCharacters turns offsets in bytes into offsets in characters.
func inCharacters(text []byte, offsets []Offset) []uint32 {
	number := make([]uint32, len(text)+1) // of the character that a byte belongs to
	n := uint32(0)
	for i := 0; i < len(text); n++ {
		_, w := utf8.DecodeRune(text[i:])
		for k := range w {
			number[i+k] = n
		}
		i += w
	}
	number[len(text)] = n
	out := make([]uint32, 0, 2*len(offsets))
	for _, o := range offsets {
		out = append(out, number[o.Lo], number[o.Hi])
	}
	return out
}

// firstDifference returns where a and b differ, -1 if they do not.
func firstDifference[T comparable](a, b []T) int {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return i
		}
	}
	if len(a) != len(b) {
		return min(len(a), len(b))
	}
	return -1
}

func clip[T any](s []T, lo, hi int) []T { return s[min(lo, len(s)):min(hi, len(s))] }

// toValid replaces what is not UTF-8 as Python's and Rust's decoders do: one U+FFFD for each maximal subpart.
func toValid(s []byte) []byte {
	if utf8.Valid(s) {
		return s
	}
	out := make([]byte, 0, len(s)+16)
	for i := 0; i < len(s); {
		r, w := utf8.DecodeRune(s[i:])
		if r == utf8.RuneError && w == 1 {
			w = invalidLen(s[i:])
		}
		out = utf8.AppendRune(out, r)
		i += w
	}
	return out
}

// binReader reads the oracle's files.
type binReader struct {
	t    *testing.T
	name string
	data []byte
}

func (r *binReader) open() {
	var err error
	if r.data, err = os.ReadFile(r.name); err != nil {
		r.t.Fatal(err)
	}
}

func (r *binReader) take(n int) []byte {
	if n < 0 || n > len(r.data) {
		r.t.Fatalf("%s ends in the middle of a document", r.name)
	}
	b := r.data[:n]
	r.data = r.data[n:]
	return b
}

func (r *binReader) word() uint32 { return binary.LittleEndian.Uint32(r.take(4)) }

func (r *binReader) bytes() []byte { return r.take(int(r.word())) }

func (r *binReader) words(n int) []uint32 {
	out, b := make([]uint32, n), r.take(4*n)
	for i := range out {
		out[i] = binary.LittleEndian.Uint32(b[4*i:])
	}
	return out
}
