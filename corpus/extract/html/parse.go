package html

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/athanor-lm/athanor/corpus/charset"
	"golang.org/x/net/html"
)

// parse decodes a page and builds its tree, within bounds.
func parse(page []byte, contentType string) (*html.Node, error) {
	if len(page) > MaxBytes {
		return nil, fmt.Errorf("html: %w: %d bytes, want at most %d", ErrTooLarge, len(page), MaxBytes)
	}
	if n := bytes.Count(page, []byte{'<'}); n > 2*maxElements {
		return nil, fmt.Errorf("html: %w: %d tags, want at most %d", ErrTooLarge, n, 2*maxElements)
	}
	page, err := decode(page, contentType)
	if err != nil {
		return nil, err
	}
	doc, err := tree(page)
	if errors.Is(err, ErrTooDeep) {
		doc, err = tree(flatten(page))
	}
	return doc, err
}

// tree builds the tree of a page, within bounds.
func tree(page []byte) (*html.Node, error) {
	doc, err := html.Parse(bytes.NewReader(page))
	switch {
	case err != nil && strings.Contains(err.Error(), "exceeds 512"):
		return nil, fmt.Errorf("html: %w: more than 512 elements inside each other", ErrTooDeep)
	case err != nil:
		return nil, fmt.Errorf("html: %w", err)
	}
	if err := bound(doc); err != nil {
		return nil, err
	}
	return doc, nil
}

// inline are elements that say how text looks. Where a page forgets to close them they pile up.
var inline = map[string]bool{
	"a": true, "abbr": true, "acronym": true, "b": true, "big": true, "em": true, "font": true, "i": true, "ins": true, "small": true, "span": true,
	"strike": true, "strong": true, "sub": true, "sup": true, "tt": true, "u": true,
}

// flatten takes the inline elements and the drawings out of a page.
func flatten(page []byte) []byte {
	var flat bytes.Buffer
	drawing := false
	z := html.NewTokenizer(bytes.NewReader(page))
	for {
		kind := z.Next()
		raw := z.Raw()
		switch kind {
		case html.ErrorToken:
			return flat.Bytes()
		case html.StartTagToken, html.EndTagToken:
			name, _ := z.TagName()
			switch {
			case string(name) == "svg":
				drawing = kind == html.StartTagToken
				continue
			case inline[string(name)]:
				continue
			}
		}
		if !drawing {
			flat.Write(raw)
		}
	}
}

// bound refuses a tree that would take long to go through, and drops attributes that no page needs for its text.
func bound(doc *html.Node) error {
	elements, depths := 0, 0
	var walk func(n *html.Node, depth int)
	walk = func(n *html.Node, depth int) {
		if n.Type == html.ElementNode {
			elements++
			depths += depth
			if len(n.Attr) > maxAttributes {
				n.Attr = n.Attr[:maxAttributes]
			}
			n.Attr = slices.DeleteFunc(n.Attr, func(a html.Attribute) bool { return len(a.Val) > maxAttribute || len(a.Key) > maxAttribute })
		}
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			walk(c, depth+1)
		}
	}
	walk(doc, 0)
	switch {
	case elements > maxElements:
		return fmt.Errorf("html: %w: %d elements, want at most %d", ErrTooLarge, elements, maxElements)
	case depths > maxDepths:
		return fmt.Errorf("html: %w: %d elements, each inside %d others on the average; the product may be %d", ErrTooDeep, elements, depths/elements, maxDepths)
	}
	return nil
}

// decode turns a page into UTF-8. What its bytes say goes before what is declared; where they say too little, what is
// declared goes.
func decode(page []byte, contentType string) ([]byte, error) {
	hints := Charsets(page, contentType)
	guess := charset.Detect(page, hints...)
	name := guess.Name
	if guess.Margin < surelyBits {
		name = charset.UTF8
		for _, hint := range hints {
			if known, ok := charset.Lookup(hint); ok {
				name = known
				break
			}
		}
	}
	decoded, _, err := charset.Decode(page, name)
	if err != nil {
		return nil, fmt.Errorf("html: %w", err)
	}
	if !utf8.Valid(decoded) {
		decoded = bytes.ToValidUTF8(decoded, []byte("\ufffd"))
	}
	return decoded, nil
}

// surelyBits is how much better a character set must explain a page than any other to go before the declared one.
const surelyBits = 4

// prescanned is how much of a page is looked through for the character set it declares.
const prescanned = 4 << 10

// Charsets returns the character sets that HTTP's content type and the page itself declare, in this order.
func Charsets(page []byte, contentType string) (labels []string) {
	head := bytes.ToLower(page[:min(len(page), prescanned)])
	for _, declared := range [][2]string{{strings.ToLower(contentType), "charset"}, {string(head), "charset"}, {string(head), "encoding"}} {
		if label := value(declared[0], declared[1]); label != "" {
			labels = append(labels, label)
		}
	}
	return labels
}

// value returns what stands behind the first key=, in quotes or without.
func value(text, key string) string {
	for {
		_, rest, ok := strings.Cut(text, key)
		if !ok {
			return ""
		}
		text = rest
		rest = strings.TrimLeft(rest, " \t\r\n")
		if rest, ok = strings.CutPrefix(rest, "="); !ok {
			continue
		}
		rest = strings.TrimLeft(rest, " \t\r\n\"'")
		if end := strings.IndexAny(rest, " \t\r\n\"'/>;?"); end > 0 && end < 40 {
			return rest[:end]
		} else if end < 0 && len(rest) < 40 {
			return rest
		}
	}
}
