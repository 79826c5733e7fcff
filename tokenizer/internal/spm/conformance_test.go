package spm

import (
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"
)

// conformance holds what tools/oracle/tokenizer_conformance.py wrote.
type conformance struct {
	t    testing.TB
	data []byte
}

func open(t testing.TB, parts ...string) *conformance {
	dir := os.Getenv("ATHANOR_CONFORMANCE")
	if dir == "" {
		t.Skip("needs the reference encodings ($ATHANOR_CONFORMANCE, see tools/oracle/tokenizer_conformance.py)")
	}
	b, err := os.ReadFile(filepath.Join(append([]string{dir}, parts...)...))
	if err != nil {
		t.Skipf("needs the reference encodings: %v", err)
	}
	return &conformance{t, b}
}

func (c *conformance) u32() int {
	v := binary.LittleEndian.Uint32(c.data)
	c.data = c.data[4:]
	return int(v)
}

func (c *conformance) bytes() []byte {
	n := c.u32()
	b := c.data[:n]
	c.data = c.data[n:]
	return b
}

// pythonReplace is bytes.decode("utf-8", "replace"): one U+FFFD for every
// maximal beginning of a character (Unicode, chapter 3, table 3-8).
func pythonReplace(b []byte) []byte {
	if utf8.Valid(b) {
		return b
	}
	var out []byte
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		if r == utf8.RuneError && n == 1 {
			for n < len(b) && n < 4 && !utf8.FullRune(b[:n+1]) {
				n++
			}
			if n > 1 && utf8.FullRune(b[:n]) {
				n = 1
			}
			for n > 1 && utf8.FullRune(b[:n]) {
				n--
			}
		}
		out = utf8.AppendRune(out, r)
		b = b[n:]
	}
	return out
}

var conforming = map[string]string{
	"sp-llama2": "llama2/tokenizer.model", "sp-unigram-1000": "sentencepiece/test_model.model",
	"sp-unigram-ja-8000": "sentencepiece/test_ja_model.model", "sp-tok512": "spm-tok512/tok512.model",
}

func TestConformance(t *testing.T) {
	for name, file := range conforming {
		m, err := Parse(realModel(t, file))
		if err != nil {
			t.Fatal(err)
		}
		for _, input := range []string{"english", "chinese", "code", "mail", "udhr", "random"} {
			t.Run(name+"/"+input, func(t *testing.T) { conform(t, m, name, input) })
		}
	}
}

func conform(t *testing.T, m *Model, name, input string) {
	in, want := open(t, "inputs", input+".bin"), open(t, name, input+".bin")
	s := m.NewState()
	var ids []uint32
	var chars []int
	docs, bad := 0, 0
	for len(in.data) > 0 && bad < 5 {
		text := pythonReplace(in.bytes())
		docs++
		n := want.u32()
		wantIDs := make([]uint32, n)
		for i := range wantIDs {
			wantIDs[i] = uint32(want.u32())
		}
		ids = m.AppendEncode(ids[:0], text, s)
		if at := differ(ids, wantIDs); at >= 0 {
			bad++
			lo := max(at-3, 0)
			t.Errorf("document %d, %q…: id %d of %d (want %d): %s, want %s", docs, text[:min(len(text), 60)], at, len(ids), n,
				m.spell(ids[lo:]), m.spell(wantIDs[lo:]))
		}
		spans := m.AppendSpans(nil, text, s)
		chars = append(chars[:0], make([]int, len(text)+1)...) // byte → character
		count := 0
		for i := range string(text) {
			chars[i] = count
			count++
		}
		chars[len(text)] = count
		wrong := len(spans) != n
		for i := range n {
			lo, hi := want.u32(), want.u32()
			if !wrong && (spans[i].ID != wantIDs[i] || chars[spans[i].Lo] != lo || chars[spans[i].Hi] != hi) {
				t.Errorf("document %d, %q: span %d is %v (characters %d-%d), want %d at %d-%d", docs, text[:min(len(text), 60)], i, spans[i],
					chars[spans[i].Lo], chars[spans[i].Hi], wantIDs[i], lo, hi)
				wrong = true
			}
		}
		if wrong {
			bad++
		}
		if got, want := m.AppendDecode(nil, wantIDs...), want.bytes(); !bytes.Equal(got, want) {
			bad++
			t.Errorf("document %d: decoded %q, want %q", docs, got[:min(len(got), 100)], want[:min(len(want), 100)])
		}
	}
	t.Logf("%d documents", docs)
}

func differ(a, b []uint32) int {
	for i := range a {
		if i >= len(b) || a[i] != b[i] {
			return i
		}
	}
	if len(b) > len(a) {
		return len(a)
	}
	return -1
}

func (m *Model) spell(ids []uint32) string {
	var out []string
	for _, id := range ids[:min(len(ids), 12)] {
		out = append(out, m.Piece(id).Text)
	}
	return strings.Join(out, "|")
}
