// Package extract takes the text out of records that hold a raw web page or a raw mail: the step "extract". Files of pages,
// web archives and mail need it not; package corpus/read takes the text out of them itself.
package extract

import (
	"errors"
	"fmt"
	"unicode/utf8"
	"unsafe"

	"github.com/athanor-lm/athanor/corpus"
	"github.com/athanor-lm/athanor/corpus/extract/html"
	"github.com/athanor-lm/athanor/corpus/extract/mail"
)

// Settings of the step "extract".
//
//	use: extract
//	kind: auto
type Settings struct {
	// Kind says what the texts are: "html", "mail", or "auto" = each is looked at, and what is neither stays as it is.
	Kind string `yaml:"kind"`
	// Title puts a page's title, or a mail's subject, before its text as a paragraph of its own.
	Title bool `yaml:"title"`
	// Stated takes language and address from a page that states them, where the record does not.
	Stated bool `yaml:"stated"`
}

// Default looks at each text, leaves titles out, and takes language and address from pages.
func Default() Settings { return Settings{Kind: kindAuto, Stated: true} }

const (
	kindAuto = "auto"
	kindHTML = "html"
	kindMail = "mail"
)

// Rules by which a document is dropped.
const (
	ruleUnreadable = "unreadable" // too large, too deep, or no mail
	ruleNoText     = "no-text"    // nothing is left of it
)

// Validate refuses settings that cannot be.
func (s *Settings) Validate() error {
	switch s.Kind {
	case kindAuto, kindHTML, kindMail:
		return nil
	}
	return fmt.Errorf("extract: kind is %q, want auto, html or mail", s.Kind)
}

// Files returns nothing: the outcome depends on the document and the settings.
func (s *Settings) Files() []string { return nil }

// Open returns the filter.
func (s *Settings) Open(corpus.Env) (func() corpus.Filter, error) {
	if err := s.Validate(); err != nil {
		return nil, err
	}
	return func() corpus.Filter { return &filter{*s} }, nil
}

type filter struct{ Settings }

// Apply replaces the document's text by what a page or a mail says. It counts pages, mails and texts that are neither, and
// drops a document by the rules "unreadable" and "no-text".
func (f *filter) Apply(d *corpus.Document, r *corpus.Report) {
	kind := f.Kind
	if kind == kindAuto {
		kind = kindOf(d.Text())
	}
	var title, text string
	var err error
	raw := d.Text()
	switch kind {
	case kindHTML:
		title, text, err = f.page(d)
	case kindMail:
		title, text, err = message(raw)
	default:
		r.Add("plain", 1)
		return
	}
	r.Add(kind, 1)
	unreadable, empty := err != nil, err == nil && text == ""
	if unreadable {
		r.Drop(ruleUnreadable, float64(len(raw)), 0)
	}
	if empty {
		r.Drop(ruleNoText, 0, 1)
	}
	if r.Explain {
		f.explain(r, len(raw), text, err)
	}
	if unreadable || empty {
		return
	}
	if f.Title && title != "" {
		text = title + "\n\n" + text
	}
	d.SetText(text)
}

func (f *filter) explain(r *corpus.Report, size int, text string, err error) {
	reason := "a page or a mail"
	if err != nil {
		reason = err.Error()
	}
	r.Find(corpus.Finding{Rule: ruleUnreadable, Value: float64(size), Limit: reason, Failed: err != nil})
	r.Find(corpus.Finding{Rule: ruleNoText, Value: float64(utf8.RuneCountInString(text)), Limit: "≥ 1 character", Failed: err == nil && text == ""})
}

// page returns the title and the main text of the page that a document is.
func (f *filter) page(d *corpus.Document) (title, text string, err error) {
	p, err := html.Extract(bytesOf(d.Text()), d.URL, "text/html; charset=utf-8")
	if err != nil {
		return "", "", err
	}
	if f.Stated && d.Lang == "" {
		d.Lang = p.Language()
	}
	if f.Stated && d.URL == "" {
		d.URL = p.URL
	}
	return p.Title, p.Text, nil
}

// message returns the subject and the text of a mail. One without any text is readable, and empty.
func message(raw string) (subject, text string, err error) {
	m, err := mail.Parse(bytesOf(raw), mail.Options{})
	switch {
	case errors.Is(err, mail.ErrNoText):
		return "", "", nil
	case err != nil:
		return "", "", err
	}
	return m.Subject, m.Text, nil
}

// bytesOf shares a text's memory with those who only read it.
func bytesOf(text string) []byte { return unsafe.Slice(unsafe.StringData(text), len(text)) }
