package read

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"strings"

	"github.com/athanor-lm/athanor/corpus/charset"
	"golang.org/x/text/encoding/unicode"
)

// surelyBits is how much better a character set must explain a text than any other for it to be decoded.
const surelyBits = 4

// decode makes data, in whatever character set it is, the document's text. Hints are declared character sets. The error is
// a *badRecord.
func (d *Document) decode(data []byte, opts *Options, hints ...string) error {
	name := opts.Charset
	if name == "auto" {
		name = detect(data, hints)
	}
	if name == charset.UTF8 {
		d.Text = withoutBOM(data)
		if reason := binaryReason(d.Text); reason != "" {
			return &badRecord{reason: reason}
		}
		return nil
	}
	text, bad, err := charset.Decode(data, name)
	if err != nil {
		return &badRecord{reason: err.Error()}
	}
	if reason := binaryReason(text); reason != "" {
		return &badRecord{reason: reason}
	}
	d.Text, d.charset, d.invalid = text, name, int64(bad)
	return nil
}

// detect names the character set of data, UTF-8 where it is not sure.
func detect(data []byte, hints []string) string {
	if validUTF8(data) && bytes.IndexByte(data, 0x1b) < 0 && bytes.IndexByte(data, 0) < 0 && !bytes.Contains(data, []byte("~{")) {
		return charset.UTF8 // nearly all there is
	}
	g := charset.Detect(data, hints...)
	if g.Name == "" || g.Margin < surelyBits {
		return charset.UTF8
	}
	return g.Name
}

// binaryReason tells whether text is none. Git's rule: a NUL among the first 8000 bytes.
func binaryReason(text []byte) string {
	head := text[:min(len(text), 8000)]
	switch {
	case bytes.HasPrefix(head, []byte("\xff\xfe")), bytes.HasPrefix(head, []byte("\xfe\xff")):
		return "UTF-16 text; let its character set be found out, or convert it to UTF-8"
	case bytes.IndexByte(head, 0) >= 0:
		return "binary data (a zero byte near the start)"
	}
	return ""
}

// sniffed is how much of a file its character set is found out by before it is cut into lines.
const sniffed = 64 << 10

// narrow gives a file in a form whose line ends are single bytes, which UTF-16 has not, and without a byte-order mark. The
// character set of its beginning, where it is another than UTF-8, is a hint for its parts.
func narrow(in io.Reader, opts *Options) (r io.Reader, hint string, err error) {
	b := bufio.NewReaderSize(in, sniffed)
	head, err := b.Peek(sniffed)
	if err != nil && err != io.EOF && err != bufio.ErrBufferFull && len(head) == 0 {
		return nil, "", err
	}
	name := opts.Charset
	if name == "auto" {
		name = detect(wholeLines(head), nil)
	}
	switch {
	case strings.HasPrefix(name, "utf-16"):
		order := unicode.LittleEndian
		if name == "utf-16be" {
			order = unicode.BigEndian
		}
		return unicode.UTF16(order, unicode.UseBOM).NewDecoder().Reader(b), "", nil
	case strings.HasPrefix(name, "utf-32"):
		return nil, "", fmt.Errorf("%s text is not cut into lines; convert it to UTF-8", name)
	case name != charset.UTF8:
		hint = name
	}
	b.Discard(len(head) - len(withoutBOM(head))) // it was peeked
	return b, hint, nil
}

// wholeLines is the beginning of a file up to a line's end, where that is all UTF-8: a character that is cut is no damage.
func wholeLines(head []byte) []byte {
	if lines := head[:bytes.LastIndexByte(head, '\n')+1]; len(lines) > 0 && validUTF8(lines) {
		return lines
	}
	return head
}
