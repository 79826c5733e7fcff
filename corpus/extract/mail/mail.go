// Package mail takes the text out of mail: messages of RFC 822 and its successors with MIME, as they are found, not as they
// should be. What can be read is read; what is wrong is named in Message.Defects.
//
// Parsing is our own over the standard library's decoders: libraries that forgive as much decide themselves about
// character sets, and bring a table renderer and a colour printer along.
package mail

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/mail"
	"strings"
	"time"
)

// Message is what a mail says.
type Message struct {
	// Text is what a reader sees of the body: plain parts as they are, with line ends of one byte; where there is only
	// HTML, its text. Parts follow each other with a blank line between.
	Text string

	Subject, From, To, Date, ID string // as in the header, decoded; Date as RFC 3339 where it can be read

	HTML        bool     // some of the text was HTML
	Attachments int      // parts that are none of the text
	Charset     string   // the first that text was decoded from, "" where all was UTF-8
	Defects     []string // what is wrong with the message, each once
}

// Options say how a message is read.
type Options struct {
	// Charset forces the character set of all parts; empty or "auto" = what they declare, unless their bytes say otherwise.
	Charset string
}

// Why a message gives no text.
var (
	ErrNoHeader = errors.New("no mail: it does not begin with the fields of a header")
	ErrNoText   = errors.New("no part of the mail is text")
)

// Bounds of what is looked into; beyond them parts count as attachments.
const (
	maxDepth = 20   // messages and parts within each other
	maxParts = 1000 // of one message
)

// Parse reads one message. It keeps nothing of raw.
func Parse(raw []byte, opts Options) (*Message, error) {
	p := parser{opts: opts, msg: new(Message)}
	raw = skipFromLine(raw)
	h, body, ok := p.header(raw)
	if !ok {
		return nil, ErrNoHeader
	}
	m := p.msg
	hint := h.contentType().params["charset"]
	m.Subject, m.From, m.To = p.words(h.get("subject"), hint), p.words(h.get("from"), hint), p.words(h.get("to"), hint)
	m.ID = strings.Trim(h.get("message-id"), "<> ")
	m.Date = h.get("date")
	if t, err := mail.ParseDate(m.Date); err == nil {
		m.Date = t.Format(time.RFC3339)
	}
	p.part(h, body, 0)
	if len(p.texts) == 0 {
		if len(p.kinds) > 0 {
			return nil, fmt.Errorf("%w (%s)", ErrNoText, strings.Join(p.kinds, ", "))
		}
		return nil, ErrNoText
	}
	m.Text = strings.Join(p.texts, "\n\n")
	return m, nil
}

// Meta is what is known of the message beside its text, as a JSON object: but for addresses and identifiers, which name people
// and are not looked for there by steps that take private data out of texts.
func (m *Message) Meta() (json.RawMessage, error) {
	return json.Marshal(struct {
		Subject     string   `json:"subject,omitempty"`
		Date        string   `json:"date,omitempty"`
		HTML        bool     `json:"html,omitempty"`
		Attachments int      `json:"attachments,omitempty"`
		Charset     string   `json:"charset,omitempty"`
		Defects     []string `json:"defects,omitempty"`
	}{m.Subject, m.Date, m.HTML, m.Attachments, m.Charset, m.Defects})
}

// IsFromLine tells the line that begins a message in an mbox: "From", a sender, a date with a time and a year.
func IsFromLine(line []byte) bool {
	s := string(line[:min(len(line), 200)])
	rest, ok := strings.CutPrefix(s, "From ")
	if !ok {
		return false
	}
	clock, year := false, false
	for _, f := range strings.Fields(rest) {
		switch {
		case len(f) >= 4 && strings.Count(f, ":") >= 1 && strings.Trim(f, "0123456789:") == "":
			clock = true
		case len(f) == 4 && (f[:2] == "19" || f[:2] == "20") && strings.Trim(f, "0123456789") == "":
			year = true
		}
	}
	return clock && year
}

func skipFromLine(raw []byte) []byte {
	s := strings.TrimLeft(string(raw[:min(len(raw), 200)]), "\r\n")
	skipped := min(len(raw), 200) - len(s)
	if strings.HasPrefix(s, "From ") || strings.HasPrefix(s, ">From ") {
		for i := skipped; i < len(raw); i++ {
			if raw[i] == '\n' {
				return raw[i+1:]
			}
		}
	}
	return raw[skipped:]
}
