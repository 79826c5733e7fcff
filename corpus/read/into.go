package read

import (
	"bytes"
	"unsafe"

	"github.com/athanor-lm/athanor/corpus"
)

// Into makes dst the document, for the steps of a recipe; what steps found out about another is forgotten, the memory for
// segments stays. Bytes that belong to no character become U+FFFD, one for each run of them. Text and Meta share d's
// memory, which must not be changed any more.
func (d *Document) Into(dst *corpus.Document) {
	dst.ID, dst.Source, dst.Lang, dst.URL, dst.Synthetic, dst.Meta = d.ID, d.Source, d.Lang, d.URL, d.Synthetic, d.Meta
	dst.Attrs = dst.Attrs[:0]
	text := d.Text
	if d.invalid > 0 && d.charset == "" {
		text = bytes.ToValidUTF8(text, []byte("\ufffd"))
	}
	dst.SetText(unsafe.String(unsafe.SliceData(text), len(text)))
}
