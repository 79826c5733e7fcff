// Package warc reads web archives: WARC 1.0 and 1.1 (ISO 28500) with whole HTTP responses, and WET with the text that was
// taken from them, plain or compressed with gzip, a member a record as crawlers write it or otherwise.
//
// Archives are large and come damaged. A record that cannot be used (a false Content-Length, a header that is none, a
// gzip member that is cut off, a block above the limit) is reported as a *[BadRecord] with where it is and why, and reading
// goes on with the next record that can be found. Memory stays within the largest record and a few megabytes, whatever
// the lengths say and however far a member unpacks.
package warc

import (
	"fmt"
	"strings"
)

// Record is one record. It is valid until the next is read.
type Record struct {
	Number int64  // from 1, bad ones counted
	Offset int64  // where it begins in the file; in a compressed file, where its member begins
	Type   string // "response", "conversion", "warcinfo", … in lower case
	Header Header
	Block  []byte // what the record holds, as long as the header says
}

// URI returns the address the record is about, without the angle brackets that some writers put.
func (r *Record) URI() string { return strings.Trim(r.Header.Get("WARC-Target-URI"), "<> ") }

// ID returns the record's identifier, as a rule "urn:uuid:…", without angle brackets.
func (r *Record) ID() string { return strings.Trim(r.Header.Get("WARC-Record-ID"), "<> ") }

// Field is a named field of a header.
type Field struct{ Name, Value string }

// Header is the fields of a record or of an HTTP response, in their order.
type Header []Field

// Get returns the value of the first field of that name, in whatever case, or nothing.
func (h Header) Get(name string) string {
	for i := range h {
		if strings.EqualFold(h[i].Name, name) {
			return h[i].Value
		}
	}
	return ""
}

// BadRecord is a record that cannot be used, or bytes between records that are none. Reading can go on.
type BadRecord struct {
	Number int64 // of the record, from 1
	Offset int64 // where it begins; in a compressed file, where its member begins
	URI    string
	Reason string
	Head   []byte // the first bytes of the record as far as they are known, at most 512
}

// Error says which record is bad, and why.
func (b *BadRecord) Error() string {
	about := ""
	if b.URI != "" {
		about = " (" + b.URI + ")"
	}
	return fmt.Sprintf("warc: record %d at byte %d%s: %s", b.Number, b.Offset, about, b.Reason)
}
