package read

import (
	"bytes"
	"fmt"
	"io"
	"strings"
)

// textReader reads plain text: the whole file is one document, or it is cut at separator lines.
type textReader struct {
	in    *input
	opts  *Options
	lines *lines
	hint  string // the character set of the beginning
	part  int64  // documents so far
	done  bool
}

func openText(in *input, opts *Options) reader {
	return &textReader{in: in, opts: opts}
}

func (t *textReader) next(d *Document) error {
	if t.done {
		return io.EOF
	}
	if t.opts.Separator == "" {
		t.done = true
		text, err := whole(t.in, t.opts)
		if err == nil {
			d.ID = t.in.file.Name
			err = d.decode(text, t.opts)
		}
		return err
	}
	return t.untilSeparator(d)
}

// whole reads a file that is one record.
func whole(in *input, opts *Options) ([]byte, error) {
	max := opts.MaxRecord
	var buf bytes.Buffer
	if in.file.compression == "" {
		buf.Grow(int(min(in.file.Size, int64(max))) + bytes.MinRead) // one allocation for the usual file
	}
	if _, err := buf.ReadFrom(io.LimitReader(in, int64(max)+1)); err != nil {
		return nil, err
	}
	if buf.Len() > max {
		return nil, &badRecord{reason: fmt.Sprintf("a text of more than %d bytes; raise the largest record, or name the separator between its documents", max), head: buf.Bytes()}
	}
	return buf.Bytes(), nil
}

// untilSeparator gathers lines up to the next separator line.
func (t *textReader) untilSeparator(d *Document) error {
	if t.lines == nil {
		in, hint, err := narrow(t.in, t.opts)
		if err != nil {
			return err
		}
		t.lines, t.hint = newLines(in, t.opts.MaxRecord), hint
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
		if string(bytes.TrimSpace(line)) == separator {
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
	if err := d.decode(bytes.Trim(text, "\r\n"), t.opts, t.hint); err != nil {
		err.(*badRecord).line = first
		return err
	}
	d.ID = fmt.Sprintf("%s#%d", t.in.file.Name, t.part)
	t.part++
	return nil
}

// withoutBOM drops the byte-order mark that some editors put before UTF-8; it is no part of the text.
func withoutBOM(text []byte) []byte { return bytes.TrimPrefix(text, []byte("\xef\xbb\xbf")) }
