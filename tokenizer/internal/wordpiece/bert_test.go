package wordpiece

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/athanor-lm/athanor/internal/realdata"
	"github.com/athanor-lm/athanor/tokenizer/internal/normalize"
	"github.com/athanor-lm/athanor/tokenizer/internal/pretokenize"
)

// variants are the normalizers the tests go through.
var variants = []normalize.Bert{
	{CleanText: true, ChineseChars: true, StripAccents: true, Lowercase: true},
	{CleanText: true, ChineseChars: true},
	{CleanText: true, ChineseChars: true, Lowercase: true},
	{CleanText: true, StripAccents: true},
	{Lowercase: true, StripAccents: true},
	{},
}

// separate normalizes, cuts and encodes a whole text, one step after the other. It counts the bytes of the normalized text that are no UTF-8.
func separate(norm normalize.Bert, m *Model, text []byte) (out []uint32, torn int) {
	var p pretokenize.Pieces
	p.Text.Reset(text, 0, false)
	norm.Normalize(&p.Text)
	p.Reset()
	pretokenize.Bert{}.Split(&p)
	for _, piece := range p.List {
		out = m.cut(out, p.Text.B[piece.Lo:piece.Hi])
	}
	return out, tornBytes(p.Text.B)
}

func tornBytes(b []byte) (n int) {
	for i := 0; i < len(b); {
		r, w := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && w == 1 {
			n++
		}
		i += w
	}
	return n
}

// letters is a vocabulary that keeps words of several scripts apart.
func letters(t testing.TB) *Model {
	v := vocabulary("[UNK]")
	for c := range rune(0x3000) {
		for _, p := range []string{"", "##"} {
			if s := p + string(c); c > 0 && v[s] == 0 {
				v[s] = uint32(len(v))
			}
		}
	}
	for _, s := range []string{"中", "文", "##中", "the", "##ing", "。", "，", "豈", "##豈", "\ufffd", "##\ufffd"} {
		v[s] = uint32(len(v))
	}
	return mustNew(t, Config{v, "[UNK]", "##", 100})
}

func agree(t testing.TB, b *Bert, norm normalize.Bert, s *BertState, text []byte) {
	want, torn := separate(norm, b.m, text)
	if !norm.CleanText && torn < tornBytes(text) {
		b.Append(nil, text, s) // of bytes between which a mark stood that was dropped came a character: it has no one meaning
		return
	}
	for range 2 { // the second time from the cache
		if got := b.Append(nil, text, s); !slices.Equal(got, want) {
			t.Fatalf("%+v: %q:\ngot  %v\nwant %v", norm, text, got, want)
		}
	}
}

func TestOnePassGivesTheIdsOfTheParts(t *testing.T) {
	m := letters(t)
	for _, norm := range variants {
		b := NewBert(norm, m)
		s := b.NewState()
		for c := rune(0); c <= utf8.MaxRune; c++ { // characters before and after others
			x := string(c)
			agree(t, b, norm, s, []byte("a"+x+"E\u0301 \u0301"+x+"\u0323中"+x+"\u0301."+x+"B"))
			if c >= 0x30000 {
				c += 0x3ff // private use and unassigned planes
			} else if c >= 0x20000 || c >= 0x3400 && c < 0xd7ff && c&0xff != 0 {
				c += 0x1f // Chinese and Korean characters, which are alike
			}
		}
	}
}

func TestOnePassGivesTheIdsOfThePartsOnMixtures(t *testing.T) {
	parts := []string{"the", "THE", " ", "  ", "\n", "\t", "\v", "\x00", "\x1f", "\x85", "\u0085", "\u00a0", "\u2002", "\u2000", "\u3000", "中", "文", "豈", "\U0002f800", "\U00020000",
		"。", ".", "!", "'", "<", "\u0338", "≠", "é", "e\u0301", "\u0323", "İ", "ſ", "ß", "각", "\u302e", "\U0001d165", "\u200d", "\ufeff", "\ufffd", "\xff", "\xe4\xb8", "\xf0\x9f", "👍🏽", "ａ", "１",
		strings.Repeat("x", 101), strings.Repeat("y", 130), "\U00010fff", "\U00010100", "\u037e", "\u1fef", "ΑΣ", "ing"}
	m := letters(t)
	r := rand.New(rand.NewPCG(1, 2))
	for _, norm := range variants {
		b := NewBert(norm, m)
		s := b.NewState()
		for range 20_000 {
			var text []byte
			for range r.IntN(12) {
				text = append(text, parts[r.IntN(len(parts))]...)
			}
			agree(t, b, norm, s, text)
		}
	}
}

func FuzzOnePass(f *testing.F) {
	m := letters(f)
	var all []*Bert
	for _, norm := range variants {
		all = append(all, NewBert(norm, m))
	}
	f.Add([]byte("Don't stop, 中文。 naïve\u0301\x00 ≠"), 0)
	f.Add([]byte("\u06ed\xc8\u06ed\xba"), 4)
	f.Fuzz(func(t *testing.T, text []byte, k int) {
		k = int(uint(k) % uint(len(all)))
		agree(t, all[k], variants[k], all[k].NewState(), text)
	})
}

func TestCutsCoverTheText(t *testing.T) {
	text := []byte("Don't  stop,\n\n中文。 naïve\x00 \xff!")
	r := NewRuns(variants[0], nil)
	var got []string
	for i := 0; i < len(text); {
		j := r.Cut(text, i)
		got = append(got, string(text[i:j]))
		i = j
	}
	want := []string{"Don", "'", "t", "  ", "stop", ",", "\n\n", "中", "文", "。", " ", "naïve\x00", " ", "\xff", "!"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestOnePassDoesNotAllocate(t *testing.T) {
	b := NewBert(variants[0], letters(t))
	s, dst := b.NewState(), make([]uint32, 0, 1000)
	text := []byte("The naïve 中文 ，text isn't UPPER. \u0301")
	if n := testing.AllocsPerRun(100, func() {
		for i := range 10 {
			text[0] = 'A' + byte(i)
			dst = b.Append(dst[:0], text, s)
		}
	}); n != 0 {
		t.Errorf("%v allocations a text", n)
	}
}

func BenchmarkBert(b *testing.B) {
	raw, err := os.ReadFile(realdata.Path(b, "tokenizers/bert-uncased/vocab.txt"))
	if err != nil {
		b.Fatal(err)
	}
	m := mustNew(b, Config{vocabulary(strings.Split(string(raw), "\n")...), "[UNK]", "##", 100})
	bert := NewBert(variants[0], m)
	for _, name := range []string{"english", "chinese", "code"} {
		text, err := os.ReadFile(filepath.Join(os.Getenv("ATHANOR_CONFORMANCE"), "inputs", name+".bin"))
		if err != nil {
			b.Skip("needs the conformance inputs: ", err)
		}
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			var dst []uint32
			for b.Loop() {
				dst = bert.Append(dst[:0], text, bert.NewState())
			}
		})
	}
}
