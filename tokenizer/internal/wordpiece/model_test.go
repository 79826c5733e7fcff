package wordpiece

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/athanor-lm/athanor/tokenizer/internal/token"
)

func vocabulary(pieces ...string) map[string]uint32 {
	v := map[string]uint32{}
	for id, p := range pieces {
		v[p] = uint32(id)
	}
	return v
}

func mustNew(t testing.TB, c Config) *Model {
	t.Helper()
	m, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// slowCut is the algorithm as the reference writes it down.
func slowCut(c Config, word string) (out []token.Span) {
	unknown := []token.Span{{ID: c.Vocab[c.UnkToken], Hi: len(word)}}
	if utf8.RuneCountInString(word) > c.MaxInputChars {
		return unknown
	}
	for at := 0; at < len(word); {
		end, prefix := len(word), ""
		if at > 0 {
			prefix = c.ContinuingSubwordPrefix
		}
		for ; end > at; end-- {
			if id, ok := c.Vocab[prefix+word[at:end]]; ok {
				out = append(out, token.Span{ID: id, Lo: at, Hi: end})
				break
			}
		}
		if end == at {
			return unknown
		}
		at = end
	}
	return out
}

func TestWordsAreCutAsTheReferenceCutsThem(t *testing.T) {
	base := vocabulary("[UNK]", "ba", "##na", "##n", "##", "b", "##ana", "un", "##aff", "##able", "中", "##文", "aa", "##aaa", "#", "##b")
	for _, c := range []Config{
		{base, "[UNK]", "##", 100},
		{base, "[UNK]", "", 100},
		{base, "[UNK]", "##", 5},
		{base, "[UNK]", "##", 0},
		{vocabulary("?", "a", "ab"), "?", "##", 100}, // nothing continues a word
		{vocabulary("?"), "?", "?", 100},
	} {
		m := mustNew(t, c)
		s := m.NewState()
		for _, word := range []string{"ba", "bana", "banana", "nanana", "unaffable", "中文", "中", "文", "aaaa", "aaaaaaaa", "b#", "##", "##na", "#",
			"b\x00", "\x00", "\xff", "ba\xff", "x", "bab", "?", "??", strings.Repeat("中", 5), strings.Repeat("a", 200), strings.Repeat("ab", 1000)} {
			want := slowCut(c, word)
			if got := m.AppendSpans(nil, []byte(word), s); !slices.Equal(got, want) {
				t.Errorf("prefix %q, at most %d: %q: got %v, want %v", c.ContinuingSubwordPrefix, c.MaxInputChars, word, got, want)
			}
			for range 2 { // the second time from the cache
				got := m.Append([]uint32{7}, []byte("x"+word+"y"), 1, 1+len(word), s)
				if !slices.Equal(got[1:], ids(want)) || got[0] != 7 {
					t.Errorf("prefix %q, at most %d: %q: ids %v, want %v after a 7", c.ContinuingSubwordPrefix, c.MaxInputChars, word, got, ids(want))
				}
			}
		}
		if got := m.Append(nil, nil, 0, 0, s); len(got) != 0 {
			t.Errorf("an empty word has ids %v", got)
		}
	}
}

func ids(spans []token.Span) (out []uint32) {
	for _, s := range spans {
		out = append(out, s.ID)
	}
	return out
}

func TestBadModelsAreRefused(t *testing.T) {
	for _, c := range []struct {
		c    Config
		want string
	}{
		{Config{Vocab: vocabulary("a")}, `unk_token "" is not in the vocabulary`},
		{Config{Vocab: vocabulary("a"), UnkToken: "[UNK]"}, `unk_token "[UNK]" is not`},
		{Config{Vocab: vocabulary("a"), UnkToken: "a", MaxInputChars: -1}, "max_input_chars_per_word is -1"},
		{Config{Vocab: vocabulary("a", "b\x00"), UnkToken: "a"}, "byte 0"},
		{Config{Vocab: map[string]uint32{"a": 0, "b": 1 << 30}, UnkToken: "a"}, "has id 1073741824"},
	} {
		if _, err := New(c.c); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: error %v, want %q", c.c, err, c.want)
		}
	}
}

func TestCuttingDoesNotAllocate(t *testing.T) {
	m := mustNew(t, Config{vocabulary("[UNK]", "a", "##a"), "[UNK]", "##", 100})
	s, word, dst := m.NewState(), []byte(strings.Repeat("a", 90)), make([]uint32, 0, 100)
	if n := testing.AllocsPerRun(20, func() { dst = m.cut(dst[:0], word) }); n != 0 {
		t.Errorf("%v allocations a word", n)
	}
	if n := testing.AllocsPerRun(20, func() { dst = m.Append(dst[:0], word, 0, 9, s) }); n != 0 {
		t.Errorf("%v allocations a cached word", n)
	}
}

func FuzzWords(f *testing.F) {
	f.Add("[UNK] ba ##na ##n", "banana", 100)
	f.Add("? a ##a ##ab ##b", "aabab", 4)
	f.Fuzz(func(t *testing.T, pieces, word string, most int) {
		list := append([]string{"?"}, strings.Fields(strings.ToValidUTF8(strings.ReplaceAll(pieces, "\x00", ""), ""))...)
		c := Config{vocabulary(list...), "?", "##", max(0, most%1000)}
		m := mustNew(t, c)
		if got, want := m.AppendSpans(nil, []byte(word), nil), slowCut(c, word); !slices.Equal(got, want) {
			t.Fatalf("%q in %q: got %v, want %v", word, list, got, want)
		}
	})
}
