package mail

import (
	"bytes"
	"slices"
	"strings"

	"github.com/athanor-lm/athanor/corpus/charset"
	"github.com/athanor-lm/athanor/corpus/extract/html"
)

// parser gathers the texts of a message.
type parser struct {
	opts  Options
	msg   *Message
	texts []string
	kinds []string // of parts that are no text, a few
	parts int
}

func (p *parser) defect(what string) {
	if !slices.Contains(p.msg.Defects, what) {
		p.msg.Defects = append(p.msg.Defects, what)
	}
}

// part takes the texts of a part and those within it.
func (p *parser) part(h header, body []byte, depth int) {
	t := h.contentType()
	if p.parts++; depth > maxDepth || p.parts > maxParts {
		p.defect("more parts, or parts within each other, than are looked into")
		p.attachment(t.kind)
		return
	}
	disposition := parseMedia(h.get("content-disposition"), "inline")
	boundary := t.params["boundary"]
	switch {
	case strings.HasPrefix(t.kind, "multipart/") && boundary == "":
		p.defect("a part of several without the boundary between them")
		p.text(h, body, mediaType{kind: "text/plain"})
	case t.kind == "multipart/alternative":
		p.alternative(p.split(body, boundary), depth)
	case t.kind == "multipart/signed", t.kind == "multipart/related", t.kind == "multipart/report":
		p.first(p.split(body, boundary), depth)
	case strings.HasPrefix(t.kind, "multipart/"):
		for _, part := range p.split(body, boundary) {
			p.inside(part, t.kind, depth)
		}
	case disposition.kind == "attachment":
		p.attachment(t.kind)
	case t.kind == "message/rfc822":
		h, inner, ok := p.header(skipFromLine(p.transfer(h, body)))
		if !ok {
			p.defect("a message within that has no header")
			p.attachment(t.kind)
			return
		}
		p.part(h, inner, depth+1)
	case t.kind == "text/plain", t.kind == "text/html", t.kind == "text/enriched", t.kind == "text", t.kind == "plain/text", t.kind == "text/markdown":
		p.text(h, body, t)
	case strings.HasPrefix(t.kind, "text/") && disposition.params["filename"] == "" && t.params["name"] == "":
		p.text(h, body, t)
	default:
		p.attachment(t.kind)
	}
}

func (p *parser) attachment(kind string) {
	p.msg.Attachments++
	if len(p.kinds) < 5 && !slices.Contains(p.kinds, kind) {
		p.kinds = append(p.kinds, kind)
	}
}

// inside reads a part of several. Within a digest a part is a message unless it says otherwise.
func (p *parser) inside(raw []byte, outer string, depth int) {
	h, body, ok := p.header(raw)
	if !ok { // a part may be without a header: then it begins with a blank line
		h, body = header{}, bytes.TrimLeft(raw, "\r\n")
	}
	if outer == "multipart/digest" && h.get("content-type") == "" {
		h["content-type"] = "message/rfc822"
	}
	p.part(h, body, depth+1)
}

// first reads the first of several parts: the others are its signature, its pictures, its technical report.
func (p *parser) first(parts [][]byte, depth int) {
	for i, part := range parts {
		if i == 0 {
			p.inside(part, "", depth)
			continue
		}
		h, _, _ := p.header(part)
		p.attachment(h.contentType().kind)
	}
}

// alternative reads one of several parts that say the same: the plain one, or else the one with most text.
func (p *parser) alternative(parts [][]byte, depth int) {
	var best *parser
	for _, part := range parts {
		sub := &parser{opts: p.opts, msg: new(Message), parts: p.parts}
		sub.inside(part, "", depth)
		p.parts = sub.parts
		if best == nil || better(sub, best) {
			best = sub
		}
	}
	if best == nil {
		return
	}
	p.texts, p.kinds = append(p.texts, best.texts...), append(p.kinds, best.kinds...)
	p.msg.HTML = p.msg.HTML || best.msg.HTML
	p.msg.Attachments += best.msg.Attachments
	if p.msg.Charset == "" {
		p.msg.Charset = best.msg.Charset
	}
	for _, d := range best.msg.Defects {
		p.defect(d)
	}
}

// better tells whether a is the better of two alternatives. Some mails have a plain part that only says that there is
// another one.
func better(a, b *parser) bool {
	size := func(p *parser) (n int) {
		for _, t := range p.texts {
			n += len(strings.TrimSpace(t))
		}
		return n
	}
	na, nb := size(a), size(b)
	switch {
	case na == 0 || nb == 0:
		return na > nb
	case a.msg.HTML != b.msg.HTML:
		return b.msg.HTML && 4*na > nb || a.msg.HTML && na > 4*nb
	}
	return na > nb
}

// split cuts a body at its boundary (RFC 2046, 5.1.1). What is before the first and behind the last is no part of it. A
// part that is cut off is kept.
func (p *parser) split(body []byte, boundary string) (parts [][]byte) {
	mark := append([]byte("--"), boundary...)
	start := -1
	for at := 0; at < len(body); {
		line, _, _ := bytes.Cut(body[at:], []byte("\n"))
		next := min(at+len(line)+1, len(body))
		rest, found := bytes.CutPrefix(line, mark)
		rest = bytes.TrimRight(rest, " \t\r")
		if last := string(rest) == "--"; found && (last || len(rest) == 0) {
			if start >= 0 {
				parts = append(parts, bytes.TrimSuffix(bytes.TrimSuffix(body[start:at], []byte("\n")), []byte("\r")))
			}
			start = next
			if last {
				return parts
			}
		}
		at = next
	}
	switch {
	case start < 0:
		p.defect("a part of several in which their boundary is not found")
		return [][]byte{body}
	case start < len(body):
		parts = append(parts, body[start:])
	}
	p.defect("the last boundary is missing")
	return parts
}

// text takes a part that is text.
func (p *parser) text(h header, body []byte, t mediaType) {
	data := p.transfer(h, body)
	hint := t.params["charset"]
	if t.kind == "text/html" {
		p.msg.HTML = true
		if declared := metaCharset(data); hint == "" {
			hint = declared
		}
		text, err := html.Text(p.decodeText(data, hint), "text/html; charset=utf-8")
		if err != nil {
			p.defect("HTML that cannot be read: " + err.Error())
			p.attachment(t.kind)
			return
		}
		p.texts = append(p.texts, strings.TrimSpace(text))
		return
	}
	text := strings.ReplaceAll(string(p.decodeText(data, hint)), "\r\n", "\n")
	if strings.IndexByte(text[:min(len(text), 8000)], 0) >= 0 {
		p.defect("text that is binary data")
		p.attachment(t.kind)
		return
	}
	p.texts = append(p.texts, strings.Trim(text, "\r\n"))
}

// decodeText is decode for text, whose character set is taken note of.
func (p *parser) decodeText(data []byte, declared string) []byte {
	text, name := p.decode(data, declared)
	if name != charset.UTF8 && p.msg.Charset == "" {
		p.msg.Charset = name
	}
	return text
}

// decode turns bytes into UTF-8 and says what they were. What it declares is believed unless its bytes say otherwise; what nothing explains is
// Windows-1252, which has a character for nearly every byte.
func (p *parser) decode(data []byte, declared string) (text []byte, name string) {
	name = p.opts.Charset
	if name == "" || name == "auto" {
		g := charset.Detect(data, declared)
		known, ok := charset.Lookup(declared)
		switch {
		case g.Name != "" && (g.Margin >= surelyBits || g.Name == known):
			name = g.Name
		case ok && known != charset.UTF8:
			name = known
		default:
			name = "windows-1252"
		}
	}
	text, bad, err := charset.Decode(data, name)
	if err != nil { // a name that Options has wrong
		return bytes.ToValidUTF8(data, []byte("\ufffd")), charset.UTF8
	}
	if bad > 0 {
		p.defect("bytes that are no character of " + name)
		text = bytes.ToValidUTF8(text, []byte("\ufffd"))
	}
	return text, name
}

// surelyBits is how much better a character set must explain a part than any other to overrule what it declares.
const surelyBits = 4

// metaCharset is what a page declares of itself.
func metaCharset(page []byte) string {
	head := bytes.ToLower(page[:min(len(page), 1024)])
	_, v, ok := bytes.Cut(head, []byte("charset="))
	if !ok {
		return ""
	}
	v = bytes.TrimLeft(v, "\"' ")
	if end := bytes.IndexAny(v, "\"' />;"); end >= 0 {
		v = v[:end]
	}
	return string(v)
}
