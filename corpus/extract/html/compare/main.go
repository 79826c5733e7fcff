// Compare scores libraries that extract articles, beside our own extraction, on the article-extraction-benchmark. A module of
// its own, so that what is only compared is no dependency of Athanor.
//
//	go run . ../../../../../shared/data/corpora/dirty-html-article-extraction
package main

import (
	"bytes"
	"fmt"
	"net/url"
	"os"
	"strings"
	"time"

	readability "codeberg.org/readeck/go-readability/v2"
	distiller "github.com/markusmobius/go-domdistiller"
	trafilatura "github.com/markusmobius/go-trafilatura"
	"golang.org/x/net/html"

	ours "github.com/athanor-lm/athanor/corpus/extract/html"
	"github.com/athanor-lm/athanor/corpus/extract/html/internal/bench"
)

// extractor gives the text of a page; none where it finds none.
type extractor struct {
	name string
	text func(p bench.Page) (string, error)
}

func main() {
	if len(os.Args) != 2 {
		fail(fmt.Errorf("compare: %d arguments, want the benchmark's folder", len(os.Args)-1))
	}
	pages, err := bench.Load(os.Args[1])
	if err != nil {
		fail(err)
	}
	bytes := 0
	for _, p := range pages {
		bytes += len(p.HTML)
	}
	fmt.Printf("%d pages, %.1f MB\n", len(pages), float64(bytes)/1e6)
	for _, e := range extractors() {
		var matches []bench.Match
		begun := time.Now()
		var texts []string
		for _, p := range pages {
			text, err := e.text(p)
			if err != nil {
				text = ""
			}
			texts = append(texts, text)
		}
		took := time.Since(begun)
		for i, p := range pages {
			matches = append(matches, bench.Compare(p.Truth, strings.ReplaceAll(texts[i], "\u00ad", "")))
		}
		fmt.Printf("%-34s %v  %5.0f pages/s %6.1f MB/s\n", e.name, bench.Total(matches),
			float64(len(pages))/took.Seconds(), float64(bytes)/1e6/took.Seconds())
	}
}

func extractors() []extractor {
	return []extractor{
		{"whole page", func(p bench.Page) (string, error) { return ours.Text(p.HTML, "") }},
		{"domdistiller", withDistiller},
		{"readability", withReadability},
		{"trafilatura, without fallback", withTrafilatura(trafilatura.Options{})},
		{"trafilatura", withTrafilatura(trafilatura.Options{EnableFallback: true})},
		{"trafilatura, for precision", withTrafilatura(trafilatura.Options{EnableFallback: true, Focus: trafilatura.FavorPrecision})},
		{"trafilatura, for recall", withTrafilatura(trafilatura.Options{EnableFallback: true, Focus: trafilatura.FavorRecall})},
		{"ours: readability and four rules", func(p bench.Page) (string, error) {
			page, err := ours.Extract(p.HTML, p.URL, "")
			return page.Text, err
		}},
	}
}

func withDistiller(p bench.Page) (string, error) {
	doc, err := html.Parse(bytes.NewReader(p.HTML))
	if err != nil {
		return "", err
	}
	r, err := distiller.Apply(doc, &distiller.Options{SkipPagination: true})
	if err != nil || r == nil {
		return "", err
	}
	return r.Text, nil
}

func withReadability(p bench.Page) (string, error) {
	address, err := url.Parse(p.URL)
	if err != nil {
		return "", err
	}
	reader := readability.NewParser()
	article, err := reader.Parse(bytes.NewReader(p.HTML), address)
	if err != nil || article.Node == nil {
		return "", err
	}
	var text strings.Builder
	err = article.RenderText(&text)
	return text.String(), err
}

// withTrafilatura leaves the date of publication alone, which costs more than the text.
func withTrafilatura(o trafilatura.Options) func(bench.Page) (string, error) {
	o.HtmlDateMode = trafilatura.Disabled
	return func(p bench.Page) (string, error) {
		r, err := trafilatura.Extract(bytes.NewReader(p.HTML), o)
		if err != nil {
			return "", err
		}
		return r.ContentText, nil
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
