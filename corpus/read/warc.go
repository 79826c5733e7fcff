package read

import (
	"bytes"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"strings"

	"github.com/athanor-lm/athanor/corpus/extract/html"
	"github.com/athanor-lm/athanor/corpus/warc"
)

// warcReader reads a web archive: the main text of the pages that a WARC holds, and the text that a WET holds. All other
// records are left out and counted by what they are.
type warcReader struct {
	in   *input
	opts *Options
	warc *warc.Reader
}

func openWARC(in *input, opts *Options) reader {
	return &warcReader{in: in, opts: opts, warc: warc.NewReader(in, opts.MaxRecord)}
}

// next gives a record of the archive each time, so that records can be counted.
func (w *warcReader) next(d *Document) error {
	rec, err := w.record()
	if err != nil {
		return err
	}
	d.ID = rec.ID()
	if d.ID == "" {
		d.ID = fmt.Sprintf("%s#%d", w.in.file.Name, rec.Number)
	}
	d.URL = rec.URI()
	switch rec.Type {
	case "response":
		err = w.response(d, rec)
	case "resource":
		err = w.resource(d, rec)
	case "conversion":
		err = d.conversion(rec, w.opts)
	default:
		return leftOut(named(rec.Type, "unknown record type"))
	}
	var bad *badRecord
	if errors.As(err, &bad) {
		bad.record = rec.Number
		if d.URL != "" {
			bad.reason = d.URL + ": " + bad.reason
		}
	}
	return err
}

// record reads a record of the archive.
func (w *warcReader) record() (*warc.Record, error) {
	rec, err := w.warc.Next()
	var bad *warc.BadRecord
	if errors.As(err, &bad) {
		reason := fmt.Sprintf("at byte %d: %s", bad.Offset, bad.Reason)
		if bad.URI != "" {
			reason = bad.URI + ": " + reason
		}
		return nil, &badRecord{record: bad.Number, reason: reason, head: bad.Head}
	}
	return rec, err
}

// skip passes over records without looking for their text.
func (w *warcReader) skip(n int64) (left int64, err error) {
	for ; n > 0; n-- {
		_, err := w.record()
		if bad := (*badRecord)(nil); err != nil && !errors.As(err, &bad) {
			return n, err
		}
	}
	return 0, nil
}

// response takes the text of a page that was fetched.
func (w *warcReader) response(d *Document, rec *warc.Record) error {
	if kind := mediaType(rec.Header.Get("Content-Type")); kind != "" && kind != "application/http" {
		return leftOut("response " + kind) // of DNS, for one
	}
	unusable := func(err error) error {
		return &badRecord{reason: strings.TrimPrefix(err.Error(), "warc: "), head: bytes.Clone(rec.Block[:min(len(rec.Block), headBytes)])}
	}
	resp, err := warc.ParseResponse(rec.Block)
	switch {
	case err != nil:
		return unusable(err)
	case resp.Status != http.StatusOK:
		return leftOut(fmt.Sprintf("status %d", resp.Status))
	}
	contentType := resp.Header.Get("Content-Type")
	if contentType == "" {
		contentType = rec.Header.Get("WARC-Identified-Payload-Type")
	}
	if left := noPage(contentType); left != "" {
		return left
	}
	if err := resp.Unpack(html.MaxBytes); err != nil {
		return unusable(err)
	}
	truncated := resp.Truncated || rec.Header.Get("WARC-Truncated") != ""
	return w.page(d, rec, resp.Body, contentType, truncated)
}

// resource takes the text of a page that is stored without the response around it.
func (w *warcReader) resource(d *Document, rec *warc.Record) error {
	contentType := rec.Header.Get("Content-Type")
	if left := noPage(contentType); left != "" {
		return left
	}
	return w.page(d, rec, rec.Block, contentType, rec.Header.Get("WARC-Truncated") != "")
}

// noPage says what a record is whose content is no HTML.
func noPage(contentType string) leftOut {
	switch kind := mediaType(contentType); kind {
	case "text/html", "application/xhtml+xml":
		return ""
	case "":
		return "without content type"
	default:
		return leftOut(kind)
	}
}

func (w *warcReader) page(d *Document, rec *warc.Record, page []byte, contentType string, truncated bool) error {
	meta, err := d.page(page, w.opts, d.URL, contentType)
	if err != nil {
		return err
	}
	meta.Date, meta.Truncated = rec.Header.Get("WARC-Date"), truncated
	return d.setMeta(meta, w.opts)
}

// mediaType returns a content type without its parameters, as far as it is one.
func mediaType(contentType string) string {
	kind, _, err := mime.ParseMediaType(contentType)
	if err != nil { // of a parameter, as a rule
		kind, _, _ = strings.Cut(contentType, ";")
		kind = strings.ToLower(strings.TrimSpace(kind))
	}
	if kind == "" {
		return ""
	}
	return named(kind, "unknown content type")
}

// named is a name of the file's if it can be one, to count by.
func named(name, otherwise string) string {
	if name == "" || len(name) > 60 || strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return otherwise
	}
	return name
}

// leftOut is a record that is none of those that are asked for: what it is.
type leftOut string

func (l leftOut) Error() string { return "left out: " + string(l) }

// maxLeftOut is how many kinds of records are counted one by one.
const maxLeftOut = 100

// leaveOut counts a record.
func (s *Stats) leaveOut(what leftOut) {
	if s.LeftOutRecords == nil {
		s.LeftOutRecords = map[string]int{}
	}
	if _, known := s.LeftOutRecords[string(what)]; !known && len(s.LeftOutRecords) >= maxLeftOut {
		what = "others"
	}
	s.LeftOutRecords[string(what)]++
}
