package html

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/html"
	"golang.org/x/net/html/charset"
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
	doc, err := html.Parse(bytes.NewReader(page))
	if err != nil {
		if strings.Contains(err.Error(), "exceeds 512") {
			return nil, fmt.Errorf("html: %w: more than 512 elements inside each other", ErrTooDeep)
		}
		return nil, fmt.Errorf("html: %w", err)
	}
	elements := 0
	for n := range doc.Descendants() {
		if n.Type == html.ElementNode {
			elements++
		}
	}
	if elements > maxElements {
		return nil, fmt.Errorf("html: %w: %d elements, want at most %d", ErrTooLarge, elements, maxElements)
	}
	return doc, nil
}

// decode turns a page into UTF-8. Bytes above 0x7f that are UTF-8 throughout are no other encoding, whatever the page says.
func decode(page []byte, contentType string) ([]byte, error) {
	e, name, certain := charset.DetermineEncoding(page, contentType)
	if name == "utf-8" || (!certain && !ascii(page) && utf8.Valid(page)) {
		return bytes.TrimPrefix(page, mark), nil
	}
	decoded, err := e.NewDecoder().Bytes(page)
	if err != nil {
		return nil, fmt.Errorf("html: decode from %s: %w", name, err)
	}
	return bytes.TrimPrefix(decoded, mark), nil
}

var mark = []byte("\ufeff")

func ascii(page []byte) bool {
	for _, b := range page {
		if b >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
