package charsmap

import (
	"encoding/binary"
	"fmt"
	"maps"
	"strings"
	"testing"
)

var sample = map[string]string{
	"ａ": "a", "①": "1", "\t": " ", "A\u0300": "À", "A": "a", "\u200b": "", "㍿": "株式会社", "か\u3099": "が",
}

func TestBuiltMapsApplyTheirRules(t *testing.T) {
	blob, err := Build(sample)
	if err != nil {
		t.Fatal(err)
	}
	m, err := Parse(blob)
	if err != nil {
		t.Fatal(err)
	}
	if got := m.Rules(); !maps.Equal(got, sample) {
		t.Errorf("rules %q, want %q", got, sample)
	}
	for text, want := range map[string]string{
		"A\u0300x": "À 3", "Ax": "a 1", "x": " 0", "": " 0", "\u200bA": " 3", "㍿": "株式会社 3", "\xe3\x8d": " 0",
	} {
		repl, n := m.Lookup([]byte(text))
		if got := fmt.Sprintf("%s %d", repl, n); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
	if repl, n := m.Shortest([]byte("A\u0300")); string(repl) != "a" || n != 1 {
		t.Errorf("shortest: %q %d", repl, n)
	}
}

func TestParseRefusesDamagedMaps(t *testing.T) {
	blob, err := Build(sample)
	if err != nil {
		t.Fatal(err)
	}
	change := func(f func(b []byte) []byte) []byte { return f(append([]byte(nil), blob...)) }
	size := binary.LittleEndian.Uint32(blob)
	cases := map[string][]byte{
		"empty":       nil,
		"size only":   blob[:4],
		"truncated":   blob[:size],
		"no zero":     blob[:len(blob)-1],
		"huge size":   change(func(b []byte) []byte { binary.LittleEndian.PutUint32(b, 1<<32-1); return b }),
		"odd size":    change(func(b []byte) []byte { binary.LittleEndian.PutUint32(b, size-4); return b }),
		"no trie":     change(func(b []byte) []byte { binary.LittleEndian.PutUint32(b, 0); return b }),
		"no root":     change(func(b []byte) []byte { binary.LittleEndian.PutUint32(b[4:], 1<<31); return b }),
		"wild offset": change(func(b []byte) []byte { binary.LittleEndian.PutUint32(b[4+4*7:], 1<<30); return b }),
		"wild value":  change(func(b []byte) []byte { binary.LittleEndian.PutUint32(b[4+4*7:], 1<<31|1<<20); return b }),
	}
	for name, b := range cases {
		if _, err := Parse(b); err == nil {
			t.Errorf("%s: no error", name)
		} else if !strings.HasPrefix(err.Error(), "charsmap: ") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestBuildRefusesWhatTheFormatCannotHold(t *testing.T) {
	nested := map[string]string{}
	for i := range 32 {
		nested[strings.Repeat("a", i+1)] = "b"
	}
	for name, rules := range map[string]map[string]string{
		"none": {}, "empty source": {"": "a"}, "identity": {"a": "a"}, "zero": {"a\x00": "b"}, "zero target": {"a": "\x00"},
		"not UTF-8": {"\xff": "a"}, "nested": nested,
	} {
		if _, err := Build(rules); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func FuzzParse(f *testing.F) {
	blob, err := Build(sample)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(blob, []byte("A\u0300㍿\xff"))
	f.Fuzz(func(t *testing.T, blob, text []byte) {
		m, err := Parse(blob)
		if err != nil {
			return
		}
		for i := range text {
			if _, n := m.Lookup(text[i:]); n > len(text)-i {
				t.Fatalf("%d bytes consumed of %d", n, len(text)-i)
			}
			m.Shortest(text[i:])
		}
	})
}
