package warc

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
)

const (
	lineEnds = 4            // bytes between records
	tail     = lineEnds + 5 // bytes behind a block that are looked at: with the next record's version
)

// header parses the header that should begin here, and returns its size with the empty line.
func (r *Reader) header() (Header, int, error) {
	if start := r.in.peek(len(versionPrefix)); !bytes.Equal(start, versionPrefix) {
		return nil, 0, fmt.Errorf("no record begins here: %.40q, want %q", r.in.peek(40), versionPrefix)
	}
	for want := 4 << 10; ; want *= 2 {
		ahead := r.in.peek(min(want, maxHeader))
		if size := headerSize(ahead); size > 0 {
			h, err := parseFields(ahead[:size])
			return h, size, err
		}
		switch {
		case want >= maxHeader:
			return nil, 0, fmt.Errorf("a header of more than %d bytes", maxHeader)
		case len(ahead) < want:
			return nil, 0, fmt.Errorf("the header is cut off after %d bytes", len(ahead))
		}
	}
}

// headerSize returns where the first empty line ends, or 0.
func headerSize(b []byte) int {
	for at := 0; ; {
		i := bytes.IndexByte(b[at:], '\n')
		if i < 0 {
			return 0
		}
		at += i + 1
		switch rest := b[at:]; {
		case len(rest) > 0 && rest[0] == '\n':
			return at + 1
		case len(rest) > 1 && rest[0] == '\r' && rest[1] == '\n':
			return at + 2
		}
	}
}

// parseFields parses the fields behind the first line. A line that begins with white space continues the one before.
func parseFields(head []byte) (Header, error) {
	lines := strings.Split(string(head), "\n")[1:]
	var h Header
	var more []string // of the last field
	end := func() {
		if len(more) > 0 {
			h[len(h)-1].Value += " " + strings.Join(more, " ")
			more = more[:0]
		}
	}
	for _, line := range lines {
		line = strings.TrimRight(line, "\r")
		if line == "" {
			continue
		}
		if line[0] == ' ' || line[0] == '\t' {
			if len(h) == 0 {
				return nil, errors.New("the header begins with a continued line")
			}
			more = append(more, strings.TrimSpace(line))
			continue
		}
		end()
		name, value, ok := strings.Cut(line, ":")
		if !ok {
			return nil, fmt.Errorf("header line %.60q, want name: value", line)
		}
		h = append(h, Field{strings.TrimSpace(name), strings.TrimSpace(value)})
	}
	end()
	return h, nil
}

// recordEnds tells whether what follows a block may follow a record: nothing, or line ends and then nothing or the next
// record.
func recordEnds(b []byte) bool {
	rest := bytes.TrimLeft(b, "\r\n")
	return len(rest) == 0 || bytes.HasPrefix(rest, versionPrefix[:min(len(rest), len(versionPrefix))])
}

// find goes to the next record behind here, or to the end of the bytes.
func (r *Reader) find() {
	if _, found := r.search(maxPassedOver); !found && r.members != nil && r.cleanEnd() && len(r.in.peek(1)) > 0 {
		r.nextMember()
	}
}

// search passes over at most n bytes until a record begins, and returns how many it passed.
func (r *Reader) search(n int64) (passed int64, found bool) {
	const longest = len("\n\r\nWARC/1.0")
	for passed < n {
		ahead := r.in.peek(readAhead)
		ahead = ahead[:min(int64(len(ahead)), n-passed)]
		if at := recordStart(ahead); at >= 0 {
			r.in.discard(at)
			return passed + int64(at), true
		}
		step := len(ahead)
		if r.in.err == nil && passed+int64(step) < n {
			step -= longest
		}
		r.in.discard(step)
		passed += int64(step)
		if step <= 0 || (r.in.err != nil && len(r.in.peek(1)) == 0) {
			break
		}
	}
	return passed, false
}

// recordStart returns where a record's version stands behind an empty line, or -1.
func recordStart(b []byte) int {
	for at := 0; ; {
		i := bytes.Index(b[at:], versionPrefix)
		if i < 0 {
			return -1
		}
		at += i
		before, after := b[:at], b[at+len(versionPrefix):]
		if len(after) > 1 && isDigit(after[0]) && after[1] == '.' &&
			(bytes.HasSuffix(before, []byte("\n\r\n")) || bytes.HasSuffix(before, []byte("\n\n"))) {
			return at
		}
		at++
	}
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func lower(s string) string { return strings.ToLower(strings.TrimSpace(s)) }
