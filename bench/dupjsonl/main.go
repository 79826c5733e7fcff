// Dupjsonl makes any number of documents for trials of deduplication at scale, some of them copies of others, out of the sentences of
// real corpora. The same arguments give the same bytes.
//
//	go run ./bench/dupjsonl -documents 10000000 -mean 2000 -exact 0.2 -near 0.2 -files 40 -out dup books.jsonl.gz laws.jsonl.gz
//
// A document that is a copy says in its field "of" of which, and in "copy" whether it is "exact" or "near": there 1 word of 50 is another
// one. Originals have sentences in common, as real documents do, but no stretch of text.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"unicode/utf8"

	"github.com/athanor-lm/athanor/corpus/read"
)

func main() {
	var g generator
	flag.IntVar(&g.documents, "documents", 100_000, "documents in all")
	flag.IntVar(&g.mean, "mean", 2000, "bytes of a document, on the average")
	flag.Float64Var(&g.exact, "exact", 0.2, "share of documents that are copies of others")
	flag.Float64Var(&g.near, "near", 0.2, "share of documents that are nearly copies of others")
	files := flag.Int("files", 8, "JSON Lines files to write")
	out := flag.String("out", "", "directory for them")
	flag.Parse()
	if err := run(&g, *files, *out, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "dupjsonl:", err)
		os.Exit(1)
	}
}

// generator makes documents by their numbers.
type generator struct {
	documents, mean int
	exact, near     float64
	sentences       [][]byte
}

func run(g *generator, files int, out string, inputs []string) error {
	if out == "" || files < 1 || len(inputs) == 0 || g.mean < 1 {
		return fmt.Errorf("want -out, -files and -mean of at least 1, and inputs")
	}
	if err := g.load(inputs); err != nil {
		return err
	}
	if err := os.MkdirAll(out, 0o777); err != nil {
		return err
	}
	errs := make([]error, files)
	turns := make(chan bool, runtime.GOMAXPROCS(0))
	var wg sync.WaitGroup
	for k := range files {
		wg.Go(func() {
			turns <- true
			defer func() { <-turns }()
			errs[k] = g.write(filepath.Join(out, fmt.Sprintf("dup-%03d.jsonl", k)), k*g.documents/files, (k+1)*g.documents/files)
		})
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// load takes the sentences of real documents, of at least 20 bytes.
func (g *generator) load(inputs []string) error {
	var bad error
	corpus, err := read.Open(inputs, read.Options{OnBad: func(b read.Bad) { bad = errors.Join(bad, errors.New(b.String())) }})
	if err != nil {
		return err
	}
	for doc, err := range corpus.Documents(context.Background()) {
		if err != nil {
			return err
		}
		start := 0
		for i, r := range string(doc.Text) {
			if end := i + utf8.RuneLen(r); (r == '.' || r == '\n' || r == '。' || r == '；') && end-start >= 20 {
				g.sentences = append(g.sentences, doc.Text[start:end])
				start = end
			}
		}
	}
	if bad != nil {
		return bad
	}
	if len(g.sentences) == 0 {
		return fmt.Errorf("no sentences in %q", inputs)
	}
	return nil
}

// row is a line of the output.
type row struct {
	ID   string `json:"id"`
	Text string `json:"text"`
	Copy string `json:"copy,omitempty"`
	Of   string `json:"of,omitempty"`
}

func (g *generator) write(name string, from, to int) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	w := bufio.NewWriterSize(f, 1<<20)
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	var text []byte
	for i := from; i < to; i++ {
		r := row{ID: fmt.Sprint(i)}
		of := i
		kind, rng := g.kind(i)
		if kind != "" {
			if of = g.original(i, rng); of < i {
				r.Copy, r.Of = kind, fmt.Sprint(of)
			}
		}
		text = g.text(text[:0], of)
		if r.Copy == "near" {
			text = g.change(text, rng)
		}
		r.Text = string(text)
		if err := e.Encode(r); err != nil {
			return err
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return f.Close()
}

// kind says what document i is: "exact", "near", or an original.
func (g *generator) kind(i int) (string, *rand.Rand) {
	rng := rand.New(rand.NewPCG(2, uint64(i)))
	switch p := rng.Float64(); {
	case p < g.exact:
		return "exact", rng
	case p < g.exact+g.near:
		return "near", rng
	}
	return "", rng
}

// original finds an original before document i, or i itself where it finds none.
func (g *generator) original(i int, rng *rand.Rand) int {
	for range 20 {
		if of := rng.IntN(i + 1); of < i {
			if kind, _ := g.kind(of); kind == "" {
				return of
			}
		}
	}
	return i
}

// text appends the text of original i: sentences, of half of which a few bytes are others.
func (g *generator) text(dst []byte, i int) []byte {
	rng := rand.New(rand.NewPCG(1, uint64(i)))
	for limit := 1 + rng.IntN(2*g.mean); len(dst) < limit; {
		dst = append(dst, g.sentences[rng.IntN(len(g.sentences))]...)
		if rng.IntN(2) == 0 {
			dst = fmt.Appendf(dst, " %s", letters(rng))
		}
		dst = append(dst, ' ')
	}
	return dst
}

// change replaces words, or two characters of a script without spaces, by letters: one of 50.
func (g *generator) change(text []byte, rng *rand.Rand) []byte {
	out := make([]byte, 0, len(text)+len(text)/20)
	for i := 0; i < len(text); {
		end := i
		for end < len(text) && end-i < 12 && text[end] != ' ' {
			_, size := utf8.DecodeRune(text[end:])
			end += size
		}
		if end > i && rng.IntN(50) == 0 {
			out = append(out, letters(rng)...)
		} else {
			out = append(out, text[i:end]...)
		}
		for ; end < len(text) && text[end] == ' '; end++ {
			out = append(out, ' ')
		}
		i = end
	}
	return out
}

// letters makes a word that hardly any other is like.
func letters(rng *rand.Rand) []byte {
	w := make([]byte, 6)
	for i := range w {
		w[i] = byte('a' + rng.IntN(26))
	}
	return w
}
