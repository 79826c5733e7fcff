package read

import (
	"bytes"
	"fmt"
	"io"

	"github.com/athanor-lm/athanor/corpus/extract/mail"
)

// mailReader reads a message (.eml), or an mbox: messages one after the other, each behind a line "From sender date".
type mailReader struct {
	in      *input
	opts    *Options
	lines   *lines
	first   int64  // line of the message that is being read, without its "From " line
	message []byte // so far
	size    int64
	begun   bool // a line of the file was read
	mbox    bool
	part    int64
	done    bool
}

func openMail(in *input, opts *Options) reader {
	return &mailReader{in: in, opts: opts, lines: newLines(in, opts.MaxRecord)}
}

func (m *mailReader) next(d *Document) error {
	for !m.done {
		found, err := m.read()
		if err != nil {
			return err
		}
		if found {
			return m.parse(d)
		}
	}
	return io.EOF
}

// read gathers the lines of one message; it finds none before the first "From " line.
func (m *mailReader) read() (found bool, err error) {
	m.message, m.size, m.first = m.message[:0], 0, m.lines.line+1
	blank := true // a "From " line begins a message behind a blank line
	for {
		line, n, err := m.lines.next()
		if err == io.EOF {
			m.done = true
			return m.size > 0, nil
		}
		if err != nil {
			return false, err
		}
		first := !m.begun
		m.begun = true
		if first {
			line = withoutBOM(line)
			m.mbox = bytes.HasPrefix(line, []byte("From "))
		}
		if m.mbox && blank && mail.IsFromLine(line) {
			return m.size > 0, nil
		}
		blank = len(bytes.TrimRight(line, "\r\n")) == 0
		if m.size += n; m.size > int64(m.opts.MaxRecord) {
			continue
		}
		if m.mbox {
			line = unquoteFrom(line)
		}
		m.message = append(m.message, line...)
	}
}

// unquoteFrom takes away one of the signs that an mbox writes before "From " in a text (the mboxrd rule).
func unquoteFrom(line []byte) []byte {
	if rest := bytes.TrimLeft(line, ">"); len(rest) < len(line) && bytes.HasPrefix(rest, []byte("From ")) {
		return line[1:]
	}
	return line
}

// parse makes the message the document.
func (m *mailReader) parse(d *Document) error {
	d.ID = m.in.file.Name
	if m.mbox {
		d.ID = fmt.Sprintf("%s#%d", m.in.file.Name, m.part)
		m.part++
	}
	if m.size > int64(m.opts.MaxRecord) {
		return &badRecord{line: m.first, reason: fmt.Sprintf("a message of %d bytes, above the largest record of %d", m.size, m.opts.MaxRecord), head: m.message}
	}
	msg, err := mail.Parse(m.message, mail.Options{Charset: m.opts.Charset})
	if err != nil {
		return &badRecord{line: m.first, reason: err.Error(), head: m.message}
	}
	d.Text = []byte(msg.Text)
	if m.opts.KeepMeta {
		d.Meta, err = msg.Meta()
	}
	return err
}
