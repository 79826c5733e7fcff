package mail

import (
	"bytes"
	"io"
	"mime"
	"strings"
	"unicode/utf8"

	"github.com/athanor-lm/athanor/corpus/charset"
)

// header is the fields of a message or a part, by name in lower case, the first of each.
type header map[string]string

func (h header) get(name string) string { return h[name] }

// mostHeader is the most bytes of a header that are looked at.
const mostHeader = 1 << 20

// header splits the fields from the body behind the first blank line. It tells whether there is any field. Lines that are
// none are passed over; many programs have put some there.
func (p *parser) header(raw []byte) (h header, body []byte, ok bool) {
	h = header{}
	var f folded
	defer func() { f.end(h) }()
	for at := 0; at < len(raw); {
		line, _, _ := bytes.Cut(raw[at:], []byte("\n"))
		next := min(at+len(line)+1, len(raw))
		line = bytes.TrimRight(line, "\r")
		switch {
		case len(bytes.TrimRight(line, " \t")) == 0 && len(h) > 0:
			return h, raw[next:], true
		case len(line) > 0 && (line[0] == ' ' || line[0] == '\t'):
			f.add(line)
		default:
			f.end(h)
			name, value, found := fieldOf(line)
			if !found {
				if len(h) == 0 {
					return h, raw, false
				}
				p.defect("a line in the header that is no field")
				break
			}
			if _, twice := h[name]; !twice {
				h[name] = value
				f = folded{name: name, size: len(value), more: f.more}
			}
		}
		at = next
	}
	return h, nil, len(h) > 0
}

// folded gathers the lines that go on with a field, to be joined at once: there may be many.
type folded struct {
	name string // of the field, "" where there is none that is wanted
	more []string
	size int // of its value, in bytes
}

func (f *folded) add(line []byte) {
	if f.name != "" && f.size+len(line) < mostHeader {
		f.more = append(f.more, string(bytes.TrimLeft(line, " \t")))
		f.size += 1 + len(f.more[len(f.more)-1])
	}
}

// end gives the field the lines that were gathered.
func (f *folded) end(h header) {
	if len(f.more) > 0 {
		h[f.name] += " " + strings.Join(f.more, " ")
	}
	f.name, f.more = "", f.more[:0]
}

// fieldOf splits "Name: value".
func fieldOf(line []byte) (name, value string, ok bool) {
	n, v, ok := bytes.Cut(line, []byte(":"))
	n = bytes.TrimRight(n, " \t")
	if !ok || len(n) == 0 || len(n) > 100 {
		return "", "", false
	}
	for _, c := range n {
		if c <= ' ' || c >= 0x7f {
			return "", "", false
		}
	}
	return strings.ToLower(string(n)), strings.TrimSpace(string(v)), true
}

// words decodes a field's encoded words (RFC 2047) and what is plain bytes of some character set.
func (p *parser) words(value, hint string) string {
	dec := mime.WordDecoder{CharsetReader: func(label string, in io.Reader) (io.Reader, error) {
		data, err := io.ReadAll(in)
		if err != nil {
			return nil, err
		}
		text, _, err := charset.Decode(data, label)
		if err != nil {
			text, _ = p.decode(data, "")
		}
		return bytes.NewReader(text), nil
	}}
	if s, err := dec.DecodeHeader(value); err == nil {
		value = s
	} else {
		p.defect("an encoded word that cannot be decoded")
	}
	if !utf8.ValidString(value) {
		decoded, _ := p.decode([]byte(value), hint)
		value = string(decoded)
	}
	return strings.ToValidUTF8(value, "\ufffd")
}

// mediaType is what a part says it is.
type mediaType struct {
	kind   string // "text/plain", in lower case
	params map[string]string
}

func (h header) contentType() mediaType { return parseMedia(h.get("content-type"), "text/plain") }

// parseMedia reads a field of a type with parameters, by RFC 2045 and 2231 where it keeps to them, by what can be made out
// where it does not.
func parseMedia(value, missing string) mediaType {
	if value == "" {
		return mediaType{missing, nil}
	}
	if kind, params, err := mime.ParseMediaType(value); err == nil {
		return mediaType{kind, params}
	}
	kind, rest, _ := strings.Cut(value, ";")
	m := mediaType{strings.ToLower(strings.TrimSpace(kind)), map[string]string{}}
	if f := strings.Fields(m.kind); len(f) > 0 {
		m.kind = f[0]
	}
	lower := lowerASCII(rest)
	for _, name := range []string{"charset", "boundary", "name", "filename"} {
		at := strings.Index(lower, name+"=")
		if at < 0 {
			continue
		}
		v := strings.TrimLeft(rest[at+len(name)+1:], " \t")
		if quoted, ok := strings.CutPrefix(v, `"`); ok {
			v, _, _ = strings.Cut(quoted, `"`)
		} else if end := strings.IndexAny(v, "; \t"); end >= 0 {
			v = v[:end]
		}
		m.params[name] = v
	}
	return m
}

// lowerASCII is strings.ToLower that keeps the place of every byte.
func lowerASCII(s string) string {
	b := []byte(s)
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c | 0x20
		}
	}
	return string(b)
}
