package corpus

import (
	"encoding/json"

	"github.com/athanor-lm/athanor/corpus/segment"
	"github.com/tidwall/gjson"
)

// Document is one text on its way through the steps of a recipe. One goroutine holds it at a time.
type Document struct {
	ID     string // the record's own, or file name and line
	Source string // the recipe's name of the input
	Lang   string // ISO 639 code, of the record or found by a step; empty where nobody said
	URL    string // where the text was found, empty where unknown
	// Synthetic marks text that a model wrote: it keeps the label to the end and can be capped by the mix.
	Synthetic bool
	// Meta is a JSON object of the record's other fields, as they came; nil where there are none.
	Meta json.RawMessage
	// Attrs are what steps found out, in the order in which they were set. They are written beside Meta's fields.
	Attrs []Attr

	text string
	seg  *segment.Text // the worker's
	fits bool          // seg is of text
}

// Attr is a named finding about a document: a score, a bucket.
type Attr struct {
	Key   string
	Value any // float64 or string
}

// NewDocument returns a document with a text, whose segments are found with seg's memory.
func NewDocument(text string, seg *segment.Text) *Document {
	return &Document{text: text, seg: seg}
}

// Lend gives the document the memory in which its segments are found; nil takes it back. The memory serves one document at a
// time.
func (d *Document) Lend(seg *segment.Text) { d.seg, d.fits = seg, false }

// Text returns the text.
func (d *Document) Text() string { return d.text }

// SetText replaces the text.
func (d *Document) SetText(text string) { d.text, d.fits = text, false }

// Segments returns the text's words, lines and paragraphs, each found when first asked for. They are valid until the text
// is replaced.
func (d *Document) Segments() *segment.Text {
	if d.seg == nil {
		d.seg = new(segment.Text)
	}
	if !d.fits {
		d.seg.Reset(d.text)
		d.fits = true
	}
	return d.seg
}

// Set records a finding; one of the same key is replaced. The value is a float64 or a string.
func (d *Document) Set(key string, value any) {
	for i := range d.Attrs {
		if d.Attrs[i].Key == key {
			d.Attrs[i].Value = value
			return
		}
	}
	d.Attrs = append(d.Attrs, Attr{key, value})
}

// Number returns a numeric finding of a step, or else a number that came with the record under that key (dots descend into
// objects).
func (d *Document) Number(key string) (float64, bool) {
	for _, a := range d.Attrs {
		if a.Key == key {
			v, ok := a.Value.(float64)
			return v, ok
		}
	}
	r := gjson.GetBytes(d.Meta, key)
	return r.Num, r.Type == gjson.Number
}

// String returns a finding of a step in words, or else a string that came with the record under that key, or "true" or "false" where
// it came with that.
func (d *Document) String(key string) (string, bool) {
	for _, a := range d.Attrs {
		if a.Key == key {
			v, ok := a.Value.(string)
			return v, ok
		}
	}
	r := gjson.GetBytes(d.Meta, key)
	return r.String(), r.Type == gjson.String || r.IsBool()
}
