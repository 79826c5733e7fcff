package tokenizer

import (
	"bytes"
	"slices"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// patterns are the scanned patterns, run by regexp2.
var patterns = sync.OnceValue(func() map[string]func([]span, []byte) []span {
	out := map[string]func([]span, []byte) []span{}
	for _, pattern := range []string{patternGPT2, patternLlama3, patternQwen2} {
		find, err := findRegex(pattern)
		if err != nil {
			panic(err)
		}
		out[pattern] = find
	}
	return out
})

// scanAgainstRegex compares the scanners with their patterns run by regexp2.
func scanAgainstRegex(t *testing.T, text []byte) {
	t.Helper()
	for pattern, find := range patterns() {
		s := scanSplit{scannerFor(pattern), classes()}
		got := s.split(nil, text, span{0, len(text)})
		if want := find(nil, text); !slices.Equal(got, want) {
			t.Errorf("%s of %q\n got %d\nwant %d", patternName(pattern), text, got, want)
		}
	}
}

func TestScannersFollowTheirPatterns(t *testing.T) {
	parts := []string{"a", "B", "é", "中", "'", "'s", "'LL", "'Re", " ", "  ", "\n", "\r", "\t", "1", "½", "!", "…", "\u00a0", "\u3000", "\u0301", "\xff"}
	for _, a := range parts {
		for _, b := range parts {
			for _, c := range parts {
				scanAgainstRegex(t, []byte(a+b+c))
				if t.Failed() {
					return
				}
			}
		}
	}
}

func FuzzScanners(f *testing.F) {
	f.Add([]byte("I'll say it's 1234 \r\n\n\t x\u3000中文\xff 'S"))
	f.Fuzz(func(t *testing.T, text []byte) {
		// regexp2 does not fold ſ to s, the reference does.
		if !bytes.Contains(text, []byte("ſ")) {
			scanAgainstRegex(t, text)
		}
	})
}

// The heap and the short method must agree; a direct reading of the definition
// is the oracle of both.
func FuzzMerge(f *testing.F) {
	tok := trained(f, TrainConfig{VocabSize: 500}, sample())
	f.Add([]byte("the cat sat on the mat, and the other cat's hat isn't that flat"))
	f.Add([]byte("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"))
	f.Fuzz(func(t *testing.T, piece []byte) {
		ids := tok.model.symbols(nil, piece)
		want := mergeByDefinition(tok.model, slices.Clone(ids))
		long := slices.Clone(ids)
		if long = long[:tok.model.mergeLong(long, &longState{})]; !slices.Equal(long, want) {
			t.Errorf("with the heap %d, want %d", long, want)
		}
		if len(ids) <= shortPiece {
			if ids = ids[:tok.model.mergeShort(ids)]; !slices.Equal(ids, want) {
				t.Errorf("without the heap %d, want %d", ids, want)
			}
		}
		if got := tok.AppendDecode(nil, tok.AppendEncode(nil, piece, false)...); !bytes.Equal(got, piece) {
			t.Errorf("decoded %q, want %q", got, piece)
		}
	})
}

func mergeByDefinition(m *bpe, ids []uint32) []uint32 {
	for {
		at, best := -1, merge{rank: noID}
		for i := 1; i < len(ids); i++ {
			if g := m.merges.get(ids[i-1], ids[i]); g.rank < best.rank {
				at, best = i, g
			}
		}
		if at < 0 {
			return ids
		}
		ids[at-1] = best.id
		ids = slices.Delete(ids, at, at+1)
	}
}

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

func TestNFC(t *testing.T) {
	for _, s := range []string{"", "abc", "e\u0301", "한국", "\u1112\u1161\u11ab", "a\u0323\u0302", "x\xff\u0301", "\u0301", "中文"} {
		if got, want := string(nfc{}.normalize(nil, []byte(s))), norm.NFC.String(s); got != want {
			t.Errorf("%q normalizes to %q, want %q", s, got, want)
		}
		if got, want := string(composeLong(nil, []byte(s))), norm.NFC.String(s); got != want {
			t.Errorf("%q composes to %q, want %q", s, got, want)
		}
	}
	// 40 marks: in order of class, the first acute composed, nothing put in between.
	in := "e" + strings.Repeat("\u0301\u0323", 20)
	want := "\u1eb9" + strings.Repeat("\u0323", 19) + strings.Repeat("\u0301", 20)
	if got := string(nfc{}.normalize(nil, []byte(in))); got != want {
		t.Errorf("long marks normalize to %q, want %q", got, want)
	}
}

func FuzzCompose(f *testing.F) {
	f.Add([]byte("e\u0301\u0323 \u1112\u1161\u11ab\xff\u0344"))
	f.Fuzz(func(t *testing.T, s []byte) {
		if longMarks(s) || !utf8.Valid(s) { // what x/text makes of marks after a broken byte is its own
			return
		}
		if got, want := composeLong(nil, s), norm.NFC.Bytes(s); !bytes.Equal(got, want) {
			t.Errorf("%q composes to %q, want %q", s, got, want)
		}
	})
}
