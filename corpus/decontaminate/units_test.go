package decontaminate

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// slowUnits cuts a text into units a character at a time.
func slowUnits(text string) (units []unit) {
	var word []byte
	start, end := -1, 0
	endWord := func() {
		if start >= 0 {
			units = append(units, unit{hashWord(word), int32(start), int32(end)})
		}
		word, start = word[:0], -1
	}
	for at := 0; at < len(text); {
		r, size := utf8.DecodeRuneInString(text[at:])
		if r < utf8.RuneSelf {
			r = rune(folded[r])
		} else {
			r = foldRune(r)
		}
		switch {
		case r == isSpace:
			endWord()
		case isHan(r):
			endWord()
			units = append(units, unit{mix((charSeed ^ uint64(r)) * wordPrime), int32(at), int32(at + size)})
		case r != isSkipped:
			word = utf8.AppendRune(word, r)
			if start < 0 {
				start = at
			}
			end = at + size
		}
		at += size
	}
	endWord()
	return units
}

func FuzzUnits(f *testing.F) {
	for _, text := range []string{
		"", " ", "a", "Twelve o'clock, and all is WELL-known: 3.14 (pi).", "eightlet seventh- sixteenletters16 fifteenletters1", "“Quoted” …", "- -- ---a",
		"中文，標點。and English 中English文", "ＦＵＬＬ　ｗｉｄｔｈ", "naïve Ärger\u00a0x", "\xff\xfe broken \xe4\xb8", strings.Repeat("long", 50) + "," + strings.Repeat("中", 300), "a\x00b\x01 c",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		want := slowUnits(text)
		var s scanner
		for _, room := range []int{2, 3, 7, 40, 300} {
			var got []unit
			for s.reset(text); s.at < len(text); {
				got = append(got, s.fill(make([]unit, 0, room))...)
			}
			if !slices.Equal(got, want) {
				t.Fatalf("%q, %d at a time: %v, want %v", text, room-1, got, want)
			}
		}
	})
}
