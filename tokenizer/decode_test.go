package tokenizer

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestLongPiecesTakeLogLinearTime(t *testing.T) {
	tok := trained(t, TrainConfig{VocabSize: 500}, sample())
	text := bytes.Repeat([]byte("abcaab"), 200_000) // one piece of 1.2 MB; quadratic time would take hours
	if got := tok.AppendDecode(nil, tok.AppendEncode(nil, text, false)...); !bytes.Equal(got, text) {
		t.Error("the text does not come back")
	}
}

func TestStreamDecoderYieldsWholeCharacters(t *testing.T) {
	tok := trained(t, TrainConfig{VocabSize: 258}, sample()) // bytes only
	stream := func(text string) (pieces []string) {
		d := tok.NewStreamDecoder(true)
		for _, id := range tok.Encode(text, false) {
			if s := d.Next(id); s != "" {
				pieces = append(pieces, s)
			}
		}
		if s := d.Flush(); s != "" {
			pieces = append(pieces, s)
		}
		return pieces
	}
	for text, want := range map[string][]string{
		"aé中😀":                     {"a", "é", "中", "😀"},
		"a<|endoftext|>b":          {"a", "b"},
		"x\xffy":                   {"x", "\ufffd", "y"},
		"\xe4\xb8y":                {"\ufffdy"},
		"\xf0\x9f\x98":             {"\ufffd"},
		"\xe4\xb8\xe4\xb8\xad\xe4": {"\ufffd", "中", "\ufffd"},
	} {
		if got := stream(text); !slices.Equal(got, want) {
			t.Errorf("%q streams as %q, want %q", text, got, want)
		}
	}
}

func FuzzStreamDecoder(f *testing.F) {
	tok := trained(f, TrainConfig{VocabSize: 400}, sample())
	f.Add([]byte("aé中😀\xf0\x9f\x98x\xed\xa0\x80"))
	f.Fuzz(func(t *testing.T, text []byte) {
		d := tok.NewStreamDecoder(false)
		var got strings.Builder
		for _, id := range tok.AppendEncode(nil, text, false) {
			s := d.Next(id)
			if !utf8.ValidString(s) {
				t.Fatalf("%q is not UTF-8", s)
			}
			got.WriteString(s)
		}
		got.WriteString(d.Flush())
		n := strings.Count(got.String(), "\ufffd") - bytes.Count(text, []byte("\ufffd"))
		if n != CountInvalid(text) {
			t.Errorf("%d replacements in %q, want %d", n, got.String(), CountInvalid(text))
		}
	})
}
