package warc

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"

	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/gzip"
)

const (
	defaultMaxBlock = 64 << 20
	maxHeader       = 256 << 10
	maxPassedOver   = 1 << 30 // unpacked bytes of a member that are looked through for the next record
	headBytes       = 512     // of a bad record that are reported
)

var versionPrefix = []byte("WARC/")

// Reader reads the records of one file.
type Reader struct {
	file    io.Reader
	max     int
	members *members // nil where the file is not compressed
	in      window   // the file, or the open member
	begun   bool
	inside  bool // a member is open

	number int64
	lost   bool // the next record must be looked for
	record Record
	length int // of the record last returned, with its header, in the window
}

// NewReader reads a file from its beginning. Blocks of more than maxBlock bytes, 0 = 64 MiB, are refused.
func NewReader(file io.Reader, maxBlock int) *Reader {
	return &Reader{file: file, max: cmp.Or(maxBlock, defaultMaxBlock)}
}

// Next returns the next record, a *BadRecord after which it can be called again, io.EOF, or the error that ended the reading
// of the file.
func (r *Reader) Next() (*Record, error) {
	if !r.begun {
		r.begin()
	}
	r.in.discard(r.length)
	r.length = 0
	for {
		if r.members != nil && !r.inside {
			if err := r.openMember(); err != nil {
				return nil, err
			}
		}
		if r.lost {
			r.lost = false
			r.find()
			continue
		}
		r.skipLineEnds()
		switch {
		case len(r.in.peek(1)) > 0:
			return r.parse()
		case r.in.err != io.EOF:
			return nil, r.broken(r.in.err)
		case r.members == nil:
			return nil, io.EOF
		}
		r.inside = false
	}
}

// begin looks whether the file is compressed.
func (r *Reader) begin() {
	r.begun = true
	r.in.reset(r.file)
	if magic := r.in.peek(len(gzipMagic)); bytes.Equal(magic, gzipMagic) {
		r.members = newMembers(io.MultiReader(bytes.NewReader(bytes.Clone(r.in.peek(r.in.hi-r.in.lo))), r.file))
	}
}

// openMember goes to the next member.
func (r *Reader) openMember() error {
	err := r.members.open()
	switch {
	case err == io.EOF, r.members.file.failed != nil:
		return err
	case err == nil:
		r.in.reset(r.members)
		r.inside = true
		return nil
	}
	bad := r.bad("no gzip member begins here: " + err.Error())
	r.nextMember()
	return bad
}

// nextMember leaves the open member for the next one that holds a record.
func (r *Reader) nextMember() {
	r.lost, r.inside = false, false
	// At the end of the file, or where it cannot be read, opening says so again.
	_ = r.members.resync()
}

// broken is what to return when the bytes end with an error: a damaged member is a bad record, others end the reading.
func (r *Reader) broken(err error) error {
	if r.members == nil || r.members.file.failed != nil {
		return fmt.Errorf("warc: record %d: %w", r.number+1, err)
	}
	bad := r.bad(memberReason(err, r.in.offset+int64(r.in.hi-r.in.lo)))
	r.nextMember()
	return bad
}

func memberReason(err error, n int64) string {
	var corrupt flate.CorruptInputError
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Sprintf("the gzip member is cut off after %d bytes of text", n)
	case errors.Is(err, gzip.ErrChecksum):
		return fmt.Sprintf("the gzip member's %d bytes of text do not have its checksum", n)
	case errors.As(err, &corrupt):
		return fmt.Sprintf("the gzip member is damaged after %d bytes of text", n)
	}
	return fmt.Sprintf("the gzip member is damaged after %d bytes of text: %v", n, err)
}

// bad counts a record that cannot be used.
func (r *Reader) bad(reason string) *BadRecord {
	r.number++
	return &BadRecord{Number: r.number, Offset: r.offset(), Reason: reason, Head: bytes.Clone(r.in.peek(headBytes))}
}

func (r *Reader) offset() int64 {
	if r.members != nil {
		return r.members.start
	}
	return r.in.offset
}

// skipLineEnds passes over those between records, of which there should be four.
func (r *Reader) skipLineEnds() {
	for range 64 {
		b := r.in.peek(1)
		if len(b) == 0 || (b[0] != '\r' && b[0] != '\n') {
			return
		}
		r.in.discard(1)
	}
}

// parse reads the record that should begin here.
func (r *Reader) parse() (*Record, error) {
	header, size, err := r.header()
	switch {
	case err != nil && !r.cleanEnd() && r.in.hi-r.in.lo < maxHeader:
		return nil, r.broken(r.in.err)
	case err != nil:
		return nil, r.wrong(err.Error(), "", 1)
	}
	rec := &r.record
	rec.Header, rec.Type = header, lower(header.Get("WARC-Type"))
	stated := header.Get("Content-Length")
	n, err := strconv.ParseUint(stated, 10, 63)
	if err != nil {
		return nil, r.wrong(fmt.Sprintf("Content-Length %.40q, want a number of bytes", stated), rec.URI(), size)
	}
	if n > uint64(r.max) {
		return nil, r.passOver(size, int64(n), rec.URI())
	}
	total := size + int(n)
	ahead := r.in.peek(total + tail)
	if len(ahead) < total || (len(ahead) < total+tail && !r.cleanEnd()) {
		return nil, r.short(int64(n), size, rec.URI())
	}
	if !recordEnds(ahead[total:]) {
		reason := fmt.Sprintf("Content-Length %d, but no record ends there: %.40q follows", n, ahead[total:])
		return nil, r.wrong(reason, rec.URI(), size)
	}
	r.number++
	rec.Number, rec.Offset, rec.Block = r.number, r.offset(), ahead[size:total:total]
	r.length = total
	return rec, nil
}

// cleanEnd tells whether the bytes ahead end without damage, as far as they have been read.
func (r *Reader) cleanEnd() bool { return r.in.err == nil || r.in.err == io.EOF }

// short reports a record whose block does not come.
func (r *Reader) short(n int64, size int, uri string) error {
	if !r.cleanEnd() {
		err := r.broken(r.in.err)
		if bad, ok := err.(*BadRecord); ok {
			bad.URI = uri
		}
		return err
	}
	what := "file"
	if r.members != nil {
		what = "gzip member"
	}
	return r.wrong(fmt.Sprintf("Content-Length %d, but the %s ends after %d bytes", n, what, r.in.hi-r.in.lo-size), uri, size)
}

// wrong reports a bad record. The next one is looked for behind its first n bytes, of which the last may be the line ends
// before it.
func (r *Reader) wrong(reason, uri string, n int) error {
	bad := r.bad(reason)
	bad.URI = uri
	r.in.discard(max(1, n-lineEnds))
	r.lost = true
	return bad
}

// passOver reports a record above the limit and goes to its end, unless another begins before.
func (r *Reader) passOver(size int, n int64, uri string) error {
	bad := r.bad(fmt.Sprintf("a block of %d bytes, above the largest of %d", n, r.max))
	bad.URI = uri
	r.in.discard(size - lineEnds)
	limit := min(n, math.MaxInt64-lineEnds)
	if r.members != nil {
		limit = min(n, maxPassedOver)
	}
	passed, found := r.search(limit + lineEnds)
	passed -= lineEnds
	switch {
	case found:
		bad.Reason += fmt.Sprintf(", and another record begins after %d of them", passed)
	case passed == limit && limit < n:
		r.nextMember()
	case passed == limit:
	case r.cleanEnd():
		bad.Reason += fmt.Sprintf(", of which there are %d", passed)
	case r.members != nil && r.members.file.failed == nil:
		bad.Reason += "; " + memberReason(r.in.err, r.in.offset)
		r.nextMember()
	}
	return bad
}
