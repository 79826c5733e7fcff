package read

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func FuzzValidUTF8(f *testing.F) {
	for _, s := range []string{"", "ascii ascii ascii", strings.Repeat("中文字符", 5), "中a文b", "\xe0\x80\x80中文", "中\xed\xa0\x80文字", "中文\xe4\xb8", "\xe4\xb8\xad\xe4\xb8", "\xef\xbf\xbd\xee\x80\x80abc", "𠮷𠮷中文中"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, s []byte) {
		if got, want := validUTF8(s), utf8.Valid(s); got != want {
			t.Errorf("%q: %v, want %v", s, got, want)
		}
	})
}

// Every lead byte of three with every byte behind it that is not plain ASCII, as the first and the second of two characters.
func TestValidUTF8KnowsEveryThreeBytes(t *testing.T) {
	buf := []byte("中中中")
	for _, at := range []int{0, 3} {
		for n := range 1 << 24 {
			if n>>16 < 0xE0 || n>>8&0xFF < 0x70 {
				continue
			}
			copy(buf, "中中中")
			buf[at], buf[at+1], buf[at+2] = byte(n>>16), byte(n>>8), byte(n)
			if got, want := validUTF8(buf), utf8.Valid(buf); got != want {
				t.Fatalf("% x: %v, want %v", buf, got, want)
			}
		}
	}
}

func BenchmarkValidUTF8(b *testing.B) {
	text := []byte(strings.Repeat("第一百二十条　侵权人的侵权行为给他人造成损害的，", 4000))
	b.Run("ours", func(b *testing.B) {
		b.SetBytes(int64(len(text)))
		for b.Loop() {
			validUTF8(text)
		}
	})
	b.Run("standard", func(b *testing.B) {
		b.SetBytes(int64(len(text)))
		for b.Loop() {
			utf8.Valid(text)
		}
	})
}
