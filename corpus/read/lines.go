package read

import (
	"bufio"
	"io"
)

// lines reads lines up to a size and passes over longer ones without holding them.
type lines struct {
	r    *bufio.Reader
	max  int
	buf  []byte
	line int64 // number of the line last returned, from 1
}

func newLines(r io.Reader, max int) *lines {
	return &lines{r: bufio.NewReaderSize(r, 1<<18), max: max}
}

// next returns a line with its line end, valid until the next call, or io.EOF. Of a line longer than max it
// returns the first max bytes and sets size to its full length.
func (l *lines) next() (line []byte, size int64, err error) {
	l.buf = l.buf[:0]
	for {
		part, err := l.r.ReadSlice('\n')
		size += int64(len(part))
		if err == nil && size == int64(len(part)) && len(part) <= l.max {
			l.line++
			return part, size, nil // the common case: no copy
		}
		if room := l.max - len(l.buf); room > 0 {
			l.hold(part[:min(len(part), room)])
		}
		switch {
		case err == nil, err == io.EOF && size > 0:
			l.line++
			return l.buf, size, nil
		case err != bufio.ErrBufferFull:
			return nil, 0, err
		}
	}
}

// hold appends a part of a line. The buffer doubles: append's smaller steps leave five times a long line behind for the collector.
func (l *lines) hold(part []byte) {
	if need := len(l.buf) + len(part); need > cap(l.buf) {
		grown := make([]byte, len(l.buf), max(need, min(2*cap(l.buf), l.max)))
		copy(grown, l.buf)
		l.buf = grown
	}
	l.buf = append(l.buf, part...)
}
