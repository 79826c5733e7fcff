// Package html takes the main text out of web pages: the article without menus, teasers, share buttons and cookie notices.
//
// Which part of a page that is, is found by Mozilla's Readability (in Go: codeberg.org/readeck/go-readability); what it
// keeps too much of, by our own rules (furniture.go). docs/decisions argues the choice by its score.
package html

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	readability "codeberg.org/readeck/go-readability/v2"
	"codeberg.org/readeck/go-readability/v2/render"
	"golang.org/x/net/html"
	"golang.org/x/text/language"
)

// Page is what is known of a web page.
type Page struct {
	Title string // without the site's name where the two can be told apart
	// Text is the main text: paragraphs, headings and tables parted by an empty line, list items, rows and <br> by a line
	// end. Empty where the page has none.
	Text string
	Lang string // as the page states it, such as "en" or "zh-Hans"; empty where it does not
	URL  string // the canonical address as the page states it, absolute; empty where it does not
}

// MaxBytes is the size of the largest page. Beyond it, and beyond the bounds below, a page is refused: Readability looks at
// every element from many of those around it, so that its time grows with the elements and with how deep they lie. Ordinary
// pages have some thousand elements, at a depth of 10 to 20. The slowest page within the bounds that
// was found takes 1.5 s (BenchmarkHostile).
const (
	MaxBytes      = 16 << 20
	maxElements   = 200_000
	maxDepths     = 4_000_000 // the sum over elements of how deep they lie; the parser refuses depths above 512
	maxAttributes = 100       // of an element; further ones are dropped
	maxAttribute  = 8 << 10   // bytes; longer ones are dropped
)

// ErrTooLarge and ErrTooDeep are the reasons why a page is refused.
var (
	ErrTooLarge = errors.New("page too large")
	ErrTooDeep  = errors.New("page nested too deeply")
)

// Extract finds the main text of a page. The address, where known, makes a relative canonical address absolute. The content
// type, as HTTP states it, may name the character set, which goes before the page's own word; without either it is guessed.
func Extract(page []byte, address, contentType string) (Page, error) {
	doc, err := parse(page, contentType)
	if err != nil {
		return Page{}, err
	}
	base, err := url.Parse(address)
	if err != nil || !base.IsAbs() {
		base = nil
	}
	p, headings := statements(doc, base)
	article, err := find(doc, base)
	if err != nil {
		return Page{}, err
	}
	p.Title = withoutSite(firstOf(oneLine(article.Title()), p.Title), headings)
	if article.Node != nil {
		trimArticle(article.Node)
		p.Text = tidy(trimLines(tidy(render.InnerText(article.Node)), p.Title))
	}
	return p, nil
}

// find runs Readability, which takes the tree apart. It is written for pages as they are; one for which it is not ready must
// not end the reading of a million others.
func find(doc *html.Node, base *url.URL) (article readability.Article, err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("html: Readability panicked: %v", cause)
		}
	}()
	reader := readability.NewParser()
	reader.KeepClasses = true
	if article, err = reader.ParseAndMutate(doc, base); err != nil {
		err = fmt.Errorf("html: %w", err)
	}
	return article, err
}

// Text returns all of a page that a reader would see, for pages without furniture such as mails.
func Text(page []byte, contentType string) (string, error) {
	doc, err := parse(page, contentType)
	if err != nil {
		return "", err
	}
	return tidy(render.InnerText(doc)), nil
}

// statements are what the page says of itself, and its headings of the first level.
func statements(doc *html.Node, base *url.URL) (p Page, headings []string) {
	canonical := ""
	for n := range doc.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		switch n.Data {
		case "html":
			p.Lang = firstOf(attribute(n, "lang"), attribute(n, "xml:lang"))
		case "title":
			if p.Title == "" && n.FirstChild != nil && n.Namespace == "" {
				p.Title = oneLine(n.FirstChild.Data)
			}
		case "h1":
			if len(headings) < 10 {
				headings = append(headings, oneLine(render.InnerText(n)))
			}
		case "link":
			if canonical == "" && strings.EqualFold(attribute(n, "rel"), "canonical") {
				canonical = attribute(n, "href")
			}
		case "meta":
			switch {
			case strings.EqualFold(attribute(n, "property"), "og:url"):
				p.URL = firstOf(p.URL, attribute(n, "content"))
			case strings.EqualFold(attribute(n, "http-equiv"), "content-language"):
				p.Lang = firstOf(p.Lang, attribute(n, "content"))
			}
		}
	}
	p.Lang = languageTag(p.Lang)
	p.URL = absolute(firstOf(canonical, p.URL), base)
	return p, headings
}

// withoutSite returns the heading that begins the title and is most of it, or else the title.
func withoutSite(title string, headings []string) string {
	for _, heading := range headings {
		if begins(heading, title) {
			return heading
		}
	}
	return title
}

// begins tells whether a line is the title or its first part, punctuation aside.
func begins(line, title string) bool {
	got, want := letters(line), letters(title)
	return got != "" && strings.HasPrefix(want, got) && 3*len(got) >= len(want)
}

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

// languageTag returns a tag such as "zh-Hans", or nothing where s is none.
func languageTag(s string) string {
	s, _, _ = strings.Cut(strings.TrimSpace(s), ",")
	s = strings.ReplaceAll(strings.TrimSpace(s), "_", "-")
	if len(s) < 2 || len(s) > 35 {
		return ""
	}
	for _, c := range []byte(s) {
		if !(c == '-' || '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'z') {
			return ""
		}
	}
	return s
}

// Language returns the ISO 639 code of the language that the page states, or nothing.
func (p *Page) Language() string { return BaseLanguage(p.Lang) }

// BaseLanguage returns the ISO 639 code of a language tag ("en" for "en-GB", and for the "eng" of crawlers), or nothing.
func BaseLanguage(tag string) string {
	t, err := language.All.Parse(tag)
	if err != nil && !errors.As(err, new(language.ValueError)) {
		return ""
	}
	if base, _, _ := t.Raw(); base.String() != "und" {
		return base.String()
	}
	return ""
}

// absolute returns an http address, or nothing where it is none.
func absolute(address string, base *url.URL) string {
	u, err := url.Parse(strings.TrimSpace(address))
	if address == "" || err != nil {
		return ""
	}
	if base != nil {
		u = base.ResolveReference(u)
	}
	if (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		return ""
	}
	return u.String()
}

func attribute(n *html.Node, key string) string {
	for i := range n.Attr {
		if n.Attr[i].Key == key {
			return n.Attr[i].Val
		}
	}
	return ""
}

func firstOf(a, b string) string {
	if a != "" {
		return a
	}
	return b
}
