package spm

import (
	"bytes"
	"slices"
	"testing"
	"unicode/utf8"
)

// FuzzParse: whatever a model file holds, it is refused or runs.
func FuzzParse(f *testing.F) {
	for _, c := range readGoldens(f).Models {
		f.Add(c.Model, []byte("ab\xff <user> 名前 the"))
	}
	f.Fuzz(func(t *testing.T, data, text []byte) {
		p, err := ParseProto(data)
		if err != nil {
			return
		}
		if again, err := ParseProto(p.Marshal()); err != nil || !bytes.Equal(again.Marshal(), p.Marshal()) {
			t.Fatalf("written and read again it is another model (%v)", err)
		}
		m, err := New(p)
		if err != nil || len(text) > 1<<12 {
			return
		}
		check(t, m, text)
	})
}

// FuzzText: the fast road, the cache and the chunks give what one look at the
// whole text gives, and decoding gives the normalized text.
func FuzzText(f *testing.F) {
	g := readGoldens(f)
	var models []*Model
	for _, c := range g.Models {
		m, err := Parse(c.Model)
		if err != nil {
			f.Fatal(err)
		}
		models = append(models, m)
	}
	for _, t := range g.Texts {
		f.Add(t)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		for _, m := range models {
			check(t, m, text)
		}
	})
}

func check(t *testing.T, m *Model, text []byte) {
	s := m.NewState()
	spans := m.AppendSpans(nil, text, s)
	at := 0
	for _, p := range spans {
		if int(p.ID) >= m.Size() || p.Lo > p.Hi || p.Lo < at || p.Hi > len(text) {
			t.Fatalf("%q: span %v after byte %d", text, p, at)
		}
		at = p.Lo
	}
	for round := range 2 {
		if got := m.AppendEncode(nil, text, s); !slices.Equal(got, ids(spans)) {
			t.Fatalf("round %d: %q: ids %v, of the whole %v", round, text, got, ids(spans))
		}
	}
	decoded := m.AppendDecode(nil, ids(spans)...)
	d := m.NewDecoder()
	var streamed []byte
	for _, p := range spans {
		streamed = d.Append(streamed, p.ID)
	}
	if streamed = d.Close(streamed); !bytes.Equal(streamed, decoded) {
		t.Fatalf("%q: decoded %q, streamed %q", text, decoded, streamed)
	}
	// With byte fallback nothing is lost but what normalization takes.
	spec := &m.proto.Normalizer
	if m.bytes == nil || m.denorm != nil || !spec.EscapeWhitespaces || spec.AddDummyPrefix || spec.RemoveExtraWhitespaces || !utf8.Valid(text) {
		return
	}
	want := bytes.ReplaceAll(m.norm.Append(nil, text), []byte(space), []byte(" "))
	if !bytes.Equal(decoded, want) {
		t.Fatalf("%q: decoded %q, want %q", text, decoded, want)
	}
}
