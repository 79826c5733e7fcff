package html

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

// hostile are pages made to take long.
func hostile() map[string]string {
	const text = "the kiln is hot, and the wood is dry, says he. "
	fill := func(s string, n int) string { return strings.Repeat(s, n/len(s)) }
	var attributes strings.Builder
	for i := range 400_000 {
		fmt.Fprintf(&attributes, "a%d=x ", i)
	}
	nested := func(tag string, depth, times int) string {
		return strings.Repeat("<div>"+strings.Repeat("<"+tag+">", depth)+text+strings.Repeat("</"+tag+">", depth)+"</div>", times)
	}
	return map[string]string{
		"paragraphs":         fill("<p>"+text, 4<<20),
		"short paragraphs":   fill("<p>a", 4*maxElements-40),
		"line breaks":        fill("a<br><br>", 9*maxElements/2-90),
		"deep paragraphs":    strings.Repeat("<div>", 480) + strings.Repeat("<p>"+text, maxDepths/500),
		"deep divs":          nested("div", 200, 90),
		"deep insertions":    nested("ins", 200, 90),
		"nested tables":      strings.Repeat("<table><tr><td>", 100) + fill("<p>"+text, 500_000),
		"class of 15 MB":     "<div class='" + fill("related ", 15<<20) + "'><p>" + text + "</div>",
		"400,000 attributes": "<div " + attributes.String() + "><p>" + text,
		"open links":         fill("<a href=x>"+text, 2<<20),
		"open bold":          fill("<b><p>"+text, 200_000),
		"entities":           "<p>" + fill("&amp;", 15<<20),
		"one paragraph":      "<p>" + fill(text, 15<<20),
		"lists of links":     fill("<ul><li><a href=x>"+text+"</a></ul>", 4<<20),
		"siblings alike":     fill("<div class=x>"+text+", , , , , , , , , ,</div>", 4<<20),
		"JSON-LD":            `<script type=application/ld+json>{"a":` + strings.Repeat("[", 5<<20) + "</script><p>" + text,
		"title":              "<title>" + fill("a - b | c ", 4<<20) + "</title><p>" + text,
		"images":             fill("<img src=x><noscript><img src=y></noscript>", 4<<20),
		"figures":            fill("<figure><img src=x><figcaption>"+text+"</figure>", 4<<20),
		"forms":              fill("<form><input>"+text+"</form>", 2<<20),
		"misnested":          fill("<a><div><a><table><a>", 300_000),
	}
}

func BenchmarkHostile(b *testing.B) {
	pages := hostile()
	for _, name := range slices.Sorted(maps.Keys(pages)) {
		b.Run(name, func(b *testing.B) {
			page := []byte(pages[name])
			b.ReportAllocs()
			for b.Loop() {
				_, err := Extract(page, "https://a.example/", "")
				if err != nil && !errors.Is(err, ErrTooDeep) && !errors.Is(err, ErrTooLarge) {
					b.Fatal(err)
				}
				if err != nil {
					b.Log(err)
				}
			}
		})
	}
}

func FuzzExtract(f *testing.F) {
	f.Add([]byte(article), "text/html")
	f.Add([]byte("<table><a><p><svg><title>x<base href=//y><link rel=canonical href=z>"), "text/html; charset=utf-16")
	f.Add([]byte("\xff\xfe<\x00p\x00>"), "")
	f.Add([]byte("\u00ad a"), "text/html; charset=utf-8")
	f.Add([]byte("<title>The kiln</title><h1>The kiln</h1><pre>    the wood is dry"), "text/html")
	f.Fuzz(func(t *testing.T, page []byte, contentType string) {
		if len(page) > 1<<14 {
			return
		}
		first, err := Extract(page, "https://a.example/b?c", contentType)
		again, againErr := Extract(page, "https://a.example/b?c", contentType)
		if first != again || (err == nil) != (againErr == nil) {
			t.Fatalf("two outcomes: %+v, %v and %+v, %v", first, err, again, againErr)
		}
		if strings.Contains(first.Text, "\n\n\n") || strings.TrimSpace(first.Text) != first.Text {
			t.Fatalf("untidy text %q", first.Text)
		}
	})
}
