package read

import (
	"bytes"
	"fmt"
	"io"
	"strings"
)

// textReader reads plain text: the whole file is one document, or it is cut at separator lines.
type textReader struct {
	in    io.Reader
	file  *File
	opts  *Options
	lines *lines
	part  int64 // documents so far
	done  bool
}

func openText(in io.Reader, f *File, opts *Options) reader {
	return &textReader{in: in, file: f, opts: opts}
}

func (t *textReader) next(d *Document) error {
	if t.done {
		return io.EOF
	}
	if t.opts.Separator == "" {
		t.done = true
		return t.whole(d)
	}
	return t.untilSeparator(d)
}

func (t *textReader) whole(d *Document) error {
	max := t.opts.MaxRecord
	var buf bytes.Buffer
	if t.file.compression == "" {
		buf.Grow(int(min(t.file.Size, int64(max))) + bytes.MinRead) // one allocation for the usual file
	}
	if _, err := buf.ReadFrom(io.LimitReader(t.in, int64(max)+1)); err != nil {
		return err
	}
	if buf.Len() > max {
		return &badRecord{reason: fmt.Sprintf("a text of more than %d bytes; raise the largest record, or name the separator between its documents", max), head: buf.Bytes()}
	}
	text := withoutBOM(buf.Bytes())
	if reason := binaryReason(text); reason != "" {
		return &badRecord{reason: reason}
	}
	d.ID, d.Text = t.file.Name, text
	return nil
}

// untilSeparator gathers lines up to the next separator line.
func (t *textReader) untilSeparator(d *Document) error {
	if t.lines == nil {
		t.lines = newLines(t.in, t.opts.MaxRecord)
	}
	first, separator := t.lines.line+1, strings.TrimSpace(t.opts.Separator)
	var text []byte
	var size int64
	for {
		line, n, err := t.lines.next()
		if err == io.EOF {
			t.done = true
			break
		}
		if err != nil {
			return err
		}
		if strings.TrimSpace(string(line[:min(len(line), len(t.opts.Separator)+16)])) == separator {
			break
		}
		size += n
		if size <= int64(t.opts.MaxRecord) {
			text = append(text, line...)
		}
	}
	if size > int64(t.opts.MaxRecord) {
		return &badRecord{line: first, reason: fmt.Sprintf("a document of %d bytes, above the largest record of %d", size, t.opts.MaxRecord), head: text}
	}
	if t.part == 0 {
		text = withoutBOM(text)
	}
	if reason := binaryReason(text); reason != "" {
		return &badRecord{line: first, reason: reason}
	}
	d.ID = fmt.Sprintf("%s#%d", t.file.Name, t.part)
	d.Text = bytes.Trim(text, "\r\n")
	t.part++
	return nil
}

// withoutBOM drops the byte-order mark that some editors put before UTF-8; it is no part of the text.
func withoutBOM(text []byte) []byte { return bytes.TrimPrefix(text, []byte("\xef\xbb\xbf")) }

// binaryReason tells whether text is none. Git's rule: a NUL among the first 8000 bytes.
func binaryReason(text []byte) string {
	head := text[:min(len(text), 8000)]
	switch {
	case bytes.HasPrefix(head, []byte("\xff\xfe")), bytes.HasPrefix(head, []byte("\xfe\xff")):
		return "UTF-16 text; convert it to UTF-8"
	case bytes.IndexByte(head, 0) >= 0:
		return "binary data (a zero byte near the start)"
	}
	return ""
}
