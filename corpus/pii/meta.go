package pii

import (
	"bytes"
	"encoding/json"
	"slices"

	"github.com/athanor-lm/athanor/corpus"
)

// cleanAround replaces the finds in what is known of a document beside its text: the strings of its metadata and of what steps found
// out, and its address. Kinds for which a text would be dropped are replaced here too.
func (f *filter) cleanAround(d *corpus.Document, r *corpus.Report) {
	if meta, changed := f.cleanJSON(d.Meta, r); changed {
		d.Meta = meta
	}
	d.URL = f.clean(d.URL, r)
	for i, a := range d.Attrs {
		if s, ok := a.Value.(string); ok {
			if c := f.clean(s, r); c != s {
				d.Attrs[i].Value = c
			}
		}
	}
}

// cleanJSON returns JSON with the finds in its strings replaced. Keys, numbers and the order stay as they are.
func (f *filter) cleanJSON(in json.RawMessage, r *corpus.Report) (json.RawMessage, bool) {
	var out []byte
	done := 0 // bytes of in that are in out
	for i := 0; i < len(in); i++ {
		if in[i] != '"' {
			continue
		}
		end := stringEnd(in, i)
		if isKey(in, end) {
			i = end - 1
			continue
		}
		var s string
		if json.Unmarshal(in[i:end], &s) == nil {
			if c := f.clean(s, r); c != s {
				out = append(out, in[done:i]...)
				out = appendJSON(out, c)
				done = end
			}
		}
		i = end - 1
	}
	if done == 0 {
		return in, false
	}
	return append(out, in[done:]...), true
}

// stringEnd returns the index behind the string that begins at start.
func stringEnd(in []byte, start int) int {
	for i := start + 1; i < len(in); i++ {
		switch in[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(in)
}

// isKey tells whether the string that ends before i is a key.
func isKey(in []byte, i int) bool {
	rest := bytes.TrimLeft(in[i:], " \t\r\n")
	return len(rest) > 0 && rest[0] == ':'
}

func appendJSON(dst []byte, s string) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(s); err != nil {
		panic(err) // a string
	}
	return append(dst, bytes.TrimSuffix(b.Bytes(), []byte("\n"))...)
}

// clean returns a string with its finds replaced, and counts them.
func (f *filter) clean(s string, r *corpus.Report) string {
	var out []byte
	end := 0
	for _, m := range f.scan.Scan(s) {
		rule := &f.rules[m.Kind]
		if rule.Action == Keep {
			continue
		}
		with := m.Kind.Placeholder()
		if rule.Action == Replace {
			with = rule.With[0]
		}
		if slices.Contains(rule.With, s[m.Start:m.End]) {
			continue // an earlier replacement
		}
		r.Add(m.Kind.String()+" in metadata", 1)
		out = append(out, s[end:m.Start]...)
		out = append(out, bytes.ReplaceAll([]byte(with), []byte("{}"), []byte(s[m.Start:m.End]))...)
		end = m.End
	}
	if end == 0 {
		return s
	}
	return string(append(out, s[end:]...))
}
