package read

import (
	"bytes"
	"encoding/json"
	"io"

	"github.com/athanor-lm/athanor/corpus/extract/html"
)

// htmlReader reads a web page as one document: its main text.
type htmlReader struct {
	in   *input
	opts *Options
	done bool
}

func openHTML(in *input, opts *Options) reader { return &htmlReader{in: in, opts: opts} }

func (h *htmlReader) next(d *Document) error {
	if h.done {
		return io.EOF
	}
	h.done = true
	page, err := whole(h.in, h.opts)
	if err != nil {
		return err
	}
	d.ID = h.in.file.Name
	meta, err := d.page(page, h.opts, "", "")
	if err != nil {
		return err
	}
	d.URL = meta.Canonical
	return d.setMeta(meta, h.opts)
}

// pageMeta is what is known of a web page beside its text.
type pageMeta struct {
	Title       string `json:"title,omitempty"`
	Canonical   string `json:"canonical,omitempty"` // address, as the page states it
	Lang        string `json:"html_lang,omitempty"` // as the page states it
	Date        string `json:"date,omitempty"`      // when it was fetched
	ContentType string `json:"content_type,omitempty"`
	Truncated   bool   `json:"truncated,omitempty"` // the crawler did not store all of it
}

func (d *Document) setMeta(m pageMeta, opts *Options) (err error) {
	if opts.KeepMeta && m != (pageMeta{}) {
		d.Meta, err = json.Marshal(m)
	}
	return err
}

// page makes the main text of a page the document's. The address and the content type are those under which it was
// fetched. The error is a *badRecord.
func (d *Document) page(page []byte, opts *Options, address, contentType string) (pageMeta, error) {
	if err := d.decode(page, opts, html.Charsets(page, contentType)...); err != nil {
		return pageMeta{}, err
	}
	damaged := d.charset != "" || !validUTF8(d.Text)
	found, err := html.Extract(d.Text, address, "text/html; charset=utf-8")
	if err != nil {
		return pageMeta{}, &badRecord{reason: err.Error(), head: bytes.Clone(page[:min(len(page), headBytes)])}
	}
	d.Text, d.Lang = []byte(found.Text), found.Language()
	if damaged {
		d.invalid = int64(bytes.Count(d.Text, []byte("\ufffd")))
	}
	return pageMeta{Title: found.Title, Canonical: found.URL, Lang: found.Lang}, nil
}
