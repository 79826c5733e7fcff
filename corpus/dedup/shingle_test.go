package dedup

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

var numbers = regexp.MustCompile(`\p{Nd}+([.,،٫⎖⎗⎘]\p{Nd}+)?`)

// plainTokens is what the shingler does, step by step.
func plainTokens(text string) []string {
	text = numbers.ReplaceAllString(text, "0")
	var b strings.Builder
	for _, r := range text {
		if r == utf8.RuneError || !unicode.In(r, unicode.L, unicode.M, unicode.N) {
			b.WriteByte(' ')
			continue
		}
		if 0xff21 <= r && r <= 0xff5a {
			r -= 0xfee0
		}
		r = unicode.ToLower(r)
		if unicode.Is(unicode.Mn, r) {
			continue
		}
		if unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar, unicode.Tibetan) || r == 'ー' || r == '゠' {
			b.WriteString(" " + string(r) + " ")
			continue
		}
		if r < tableEndRune {
			base := ""
			for _, c := range norm.NFD.String(string(r)) {
				if !unicode.Is(unicode.Mn, c) {
					base += string(c)
				}
			}
			if utf8.RuneCountInString(base) == 1 {
				r, _ = utf8.DecodeRuneInString(base)
			}
		}
		b.WriteRune(r)
	}
	return strings.Fields(b.String())
}

// plainHashes hashes tokens as the shingler does.
func plainHashes(tokens []string) []uint64 {
	var out []uint64
	for _, w := range tokens {
		r, size := utf8.DecodeRuneInString(w)
		if size == len(w) && (unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar, unicode.Tibetan) || r == 'ー' || r == '゠') {
			out = append(out, mix(charSeed, uint64(r)))
		} else {
			out = append(out, hashWord([]byte(w)))
		}
	}
	return out
}

var shingleTexts = []string{"", "0\u3098 か\u3099゠〇㐀䷀𠀀豈", "a", "Hello, World!", "It isn't  one;\n\ttwo", "abcdefgh ABCDEFGHI internationalisation", "3.14 1,234,567 v2.0 ٣٫٥ a1b2 10km 1.",
	"café Café cafe\u0301 naïve Übermaß ŒUVRE ﬁne", "中文和English混排123个字", "ｆｕｌｌＷＩＤＴＨ １２３．５", "ภาษาไทย ひらがなカタカナー・が", "한국어 텍스트", "\xff\xfebad\xffutf8",
	"x\u0300", "tail1", "é", "9", "İstanbul ǅ ẞ"}

func TestShinglerTokens(t *testing.T) {
	s := newShingler(1, 1)
	for _, text := range shingleTexts {
		s.text(text)
		if want := plainHashes(plainTokens(text)); !slices.Equal(s.tokens, want) {
			t.Errorf("%q: %d tokens, want %d: %q", text, len(s.tokens), len(want), plainTokens(text))
		}
	}
	if got := plainTokens("The café, in 1,234.5 中文 Don't"); strings.Join(got, "|") != "the|cafe|in|0|0|中|文|don|t" {
		t.Errorf("tokens %q", got)
	}
}

// Every character there is, by itself and within a word.
func TestShinglerCharacters(t *testing.T) {
	s := newShingler(1, 1)
	for block := rune(0); block <= unicode.MaxRune; block += 64 {
		var b strings.Builder
		for r := block; r < block+64; r++ {
			b.WriteString("x" + string(r) + "y " + string(r) + " ")
		}
		s.text(b.String())
		if want := plainHashes(plainTokens(b.String())); !slices.Equal(s.tokens, want) {
			t.Errorf("U+%04X to U+%04X: other tokens than %q", block, block+63, plainTokens(b.String()))
		}
	}
}

func FuzzShingler(f *testing.F) {
	for _, text := range shingleTexts {
		f.Add(text)
	}
	s := newShingler(1, 1)
	f.Fuzz(func(t *testing.T, text string) {
		// Between words at every place of 64 bytes, and of so many that the end is looked at otherwise.
		long := strings.Repeat(text+" seven letters ", 1+200/(len(text)+14)) + text + strings.Repeat("x", len(text)%20)
		for _, text := range []string{text, long} {
			s.text(text)
			if want := plainHashes(plainTokens(text)); !slices.Equal(s.tokens, want) {
				t.Errorf("%q: %d tokens, want %d: %q", text, len(s.tokens), len(want), plainTokens(text))
			}
		}
	})
}

// Rolling hashes are those of each run by itself, and depend on the order of tokens.
func TestRoll(t *testing.T) {
	s := newShingler(3, 2)
	all := slices.Clone(s.text("one two three four five six"))
	if len(all) != 4 {
		t.Fatalf("%d shingles, want 4", len(all))
	}
	for i, text := range []string{"one two three", "Two, three 'four'", "three four five", "four five six"} {
		if got := s.text(text); len(got) != 1 || got[0] != all[i] {
			t.Errorf("%q: %v, want %v", text, got, all[i])
		}
	}
	if got := s.text("three two one"); got[0] == all[0] {
		t.Error("another order of words has the same hash")
	}
	if got := s.text("two words"); len(got) != 0 {
		t.Errorf("%d shingles of two words, want none", len(got))
	}
	if got := s.text("三个字"); len(got) != 2 {
		t.Errorf("%d shingles of two characters in three, want 2", len(got))
	}
}
