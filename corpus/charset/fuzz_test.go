package charset

import (
	"testing"
	"unicode/utf8"
)

// Whatever the data, what is detected can be decoded, and the result is UTF-8.
func FuzzDetect(f *testing.F) {
	for _, s := range []string{"", "plain", "\xef\xbb\xbfmark", "\xff\xfea\x00", "\xfe\xff\x00a", "caf\xe9", "\xd6\xd0\xce\xc4", "\x1b$B$\"\x1b(B", "~{VPND~}", "\xf0\xc8\xc9\xd7\xc5\xd4", "h\x00e\x00l\x00l\x00o\x00 \x00w\x00o\x00", "\x84\x31\xa4\x37"} {
		f.Add([]byte(s), "gbk")
	}
	f.Fuzz(func(t *testing.T, data []byte, hint string) {
		g := Detect(data, hint)
		if g.Name == "" {
			return
		}
		text, bad, err := Decode(data, g.Name)
		if err != nil {
			t.Fatalf("%q is taken for %q: %v", data, g.Name, err)
		}
		if g.Name != UTF8 && !utf8.Valid(text) || g.Name == UTF8 && (bad == 0) != utf8.Valid(text) {
			t.Fatalf("%q as %s is %q, which is not UTF-8; %d bad", data, g.Name, text, bad)
		}
	})
}

// Repair leaves UTF-8 UTF-8, ASCII as it is, and text without Western characters as it is.
func FuzzRepair(f *testing.F) {
	for _, s := range []string{"plain", "cafÃ©", "â€™", "ÖÐÎÄ±àÂëµÄÎÄ±¾", "\u0093a\u0094", "Ã", "\xc3", "\xc2", "é\xc3\xa9\xff", "锟斤拷"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, r := Repair(text)
		if utf8.ValidString(text) && !utf8.ValidString(got) {
			t.Fatalf("%q becomes %q", text, got)
		}
		if got != text && r.UTF8+r.Legacy+r.Controls == 0 {
			t.Fatalf("%q becomes %q without being counted", text, got)
		}
		for _, c := range text {
			if c >= 0x80 && westernByte(c) >= 0 {
				return
			}
		}
		if got != text {
			t.Fatalf("%q becomes %q", text, got)
		}
	})
}
