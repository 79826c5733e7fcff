package warc

import (
	"bufio"
	"bytes"
	"io"

	"github.com/klauspost/compress/gzip"
)

const (
	readAhead = 256 << 10
	keepMost  = 4 << 20 // compressed bytes of a member that are kept to look through if it turns out damaged
	probe     = 4 << 10 // compressed bytes that show whether a member holds a record
)

var gzipMagic = []byte{0x1f, 0x8b, 8}

// members takes a compressed file apart: Read gives the bytes of one gzip member until io.EOF, open goes to the next.
type members struct {
	file  *recorder
	in    *bufio.Reader // over file
	z     *gzip.Reader
	start int64 // offset of the member
	again int64 // bytes read again for a search
}

func newMembers(r io.Reader) *members {
	file := &recorder{r: r}
	return &members{file: file, in: bufio.NewReaderSize(file, readAhead)}
}

// open goes to the member that begins here. It returns io.EOF at the end of the file, or why no member begins.
func (m *members) open() error {
	m.start = m.file.at - int64(m.in.Buffered())
	m.file.keepFrom(m.start)
	if _, err := m.in.Peek(1); err != nil {
		return err
	}
	var err error
	if m.z == nil {
		m.z, err = gzip.NewReader(m.in)
	} else {
		err = m.z.Reset(m.in)
	}
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	if err == nil {
		m.z.Multistream(false)
	}
	return err
}

// Read reads from the open member.
func (m *members) Read(p []byte) (int, error) { return m.z.Read(p) }

// resync goes to where the next member begins that holds a record, behind the first byte of the open one as far as that is
// kept: the decoder of a member that is cut off runs on into the next one, so that what has been used must be looked at
// again. It returns io.EOF if there is none.
func (m *members) resync() error {
	if m.again < maxPassedOver { // a file can be made so that every search begins far back
		m.again += m.file.at - m.start
		m.file.rewind(m.start + 1)
		m.in.Reset(m.file)
	}
	for {
		window, err := m.in.Peek(readAhead)
		at := bytes.Index(window, gzipMagic)
		switch {
		case at < 0 && err != nil:
			m.in.Discard(len(window))
			return err
		case at < 0:
			m.in.Discard(len(window) - len(gzipMagic) + 1)
		case at > 0:
			m.in.Discard(at)
		case m.holdsRecord():
			return nil
		default:
			m.in.Discard(1)
		}
	}
}

// holdsRecord tells whether a member begins here whose first bytes are those of a record.
func (m *members) holdsRecord() bool {
	window, _ := m.in.Peek(probe)
	z, err := gzip.NewReader(bytes.NewReader(window))
	if err != nil {
		return false
	}
	head := make([]byte, len(versionPrefix))
	_, err = io.ReadFull(z, head)
	return err == nil && bytes.Equal(head, versionPrefix)
}

// recorder keeps what was read of a file from a place on, so that it can be read again.
type recorder struct {
	r      io.Reader
	kept   []byte
	base   int64 // offset of kept
	at     int64 // offset of the next byte that Read gives
	failed error // of r, other than io.EOF
}

func (f *recorder) Read(p []byte) (int, error) {
	if again := f.kept[f.at-f.base:]; len(again) > 0 {
		n := copy(p, again)
		f.at += int64(n)
		return n, nil
	}
	n, err := f.r.Read(p)
	f.kept = append(f.kept, p[:n]...)
	f.at += int64(n)
	if len(f.kept) > 2*keepMost {
		f.forget(f.at - keepMost)
	}
	if err != nil && err != io.EOF {
		f.failed = err
	}
	return n, err
}

// keepFrom says that what stands before an offset is not read again.
func (f *recorder) keepFrom(offset int64) {
	if offset-f.base > readAhead {
		f.forget(offset)
	}
}

func (f *recorder) forget(offset int64) {
	f.kept = f.kept[:copy(f.kept, f.kept[offset-f.base:])]
	f.base = offset
}

// rewind makes Read go on from an offset, or from the first that is kept.
func (f *recorder) rewind(offset int64) { f.at = min(f.at, max(offset, f.base)) }
