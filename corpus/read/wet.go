package read

import (
	"strings"

	"github.com/athanor-lm/athanor/corpus/extract/html"
	"github.com/athanor-lm/athanor/corpus/warc"
)

// conversion takes the text that was taken from a page before, as a WET holds it. It is UTF-8 by what the format says.
func (d *Document) conversion(rec *warc.Record, opts *Options) error {
	contentType := rec.Header.Get("Content-Type")
	if kind := mediaType(contentType); kind != "text/plain" {
		return leftOut("conversion " + kind)
	}
	if err := d.decode(rec.Block, opts); err != nil {
		return err
	}
	d.Text = append([]byte(nil), d.Text...) // the block is the archive's
	stated := rec.Header.Get("WARC-Identified-Content-Language")
	first, _, _ := strings.Cut(stated, ",")
	d.Lang = html.BaseLanguage(first)
	return d.setMeta(pageMeta{Lang: stated, Date: rec.Header.Get("WARC-Date")}, opts)
}
