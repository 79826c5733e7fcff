package bytelevel

import "testing"

func TestAlphabetIsOneToOne(t *testing.T) {
	for b, want := range map[byte]rune{0: 'Ā', ' ': 'Ġ', '!': '!', '\n': 'Ċ', 0x7f: 'ġ', 0xa0: 'ł', 0xad: 'Ń', 0xff: 'ÿ'} {
		if got := Rune(b); got != want {
			t.Errorf("byte %#x is spelled %q, want %q", b, got, want)
		}
	}
	seen := map[rune]bool{}
	for b := range 256 {
		r := Rune(byte(b))
		if back, ok := Byte(r); !ok || int(back) != b || seen[r] {
			t.Errorf("byte %#x is spelled %q, which is %#x (%v)", b, r, back, ok)
		}
		seen[r] = true
	}
	for _, r := range []rune{-1, ' ', 0xad, 0x144, '中'} {
		if _, ok := Byte(r); ok {
			t.Errorf("%q spells a byte", r)
		}
	}
}

func TestAppendBytes(t *testing.T) {
	if got, ok := AppendBytes([]byte("x"), "Ġä¸Ń"); !ok || string(got) != "x 中" {
		t.Errorf("got %q, %v", got, ok)
	}
	if got, ok := AppendBytes([]byte("x"), "Ġ中"); ok || string(got) != "xĠ中" {
		t.Errorf("outside of the alphabet: got %q, %v", got, ok)
	}
	if got := string(Append(nil, []byte(" 中"))); got != "Ġä¸Ń" {
		t.Errorf("spelled %q", got)
	}
}
