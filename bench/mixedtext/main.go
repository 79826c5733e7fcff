// Mixedtext makes any amount of text for trials at scale out of real corpora: it
// recombines their sentences and varies words in them, so that, as in real text,
// new words keep coming however much there is. The same arguments give the same
// bytes.
//
//	go run ./bench/mixedtext -bytes 10000000000 -files 40 -out mixed books.jsonl.gz laws.jsonl.gz
//
// Every input gets the same share of the text.
package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"unicode"
	"unicode/utf8"

	"github.com/athanor-lm/athanor/corpus/read"
)

func main() {
	size := flag.Int64("bytes", 1_000_000_000, "bytes of text in all")
	files := flag.Int("files", 8, "JSON Lines files to write")
	out := flag.String("out", "", "directory for them")
	vary := flag.Float64("vary", 0.5, "share of sentences that have a varied word")
	flag.Parse()
	if err := run(*size, *files, *out, *vary, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "mixedtext:", err)
		os.Exit(1)
	}
}

// source is the sentences of an input, and its words, to vary them with.
type source struct {
	sentences []sentence
	words     [][]byte
}

type sentence struct {
	text  []byte
	words [][2]int32 // from, to
}

func run(size int64, files int, out string, vary float64, inputs []string) error {
	if out == "" || files < 1 || len(inputs) == 0 {
		return fmt.Errorf("want -out, -files of at least 1, and inputs")
	}
	var sources []source
	for _, in := range inputs {
		s, err := load(in)
		if err != nil {
			return err
		}
		sources = append(sources, s)
	}
	if err := os.MkdirAll(out, 0o777); err != nil {
		return err
	}
	errs := make([]error, files)
	var wg sync.WaitGroup
	turns := make(chan bool, 2)
	for k := range files {
		wg.Go(func() {
			turns <- true
			defer func() { <-turns }()
			m := mixer{rng: rand.New(rand.NewPCG(1, uint64(k))), sources: sources, vary: vary}
			errs[k] = m.write(filepath.Join(out, fmt.Sprintf("mixed-%03d.jsonl", k)), size/int64(files))
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

func load(input string) (s source, err error) {
	corpus, err := read.Open([]string{input}, read.Options{})
	if err != nil {
		return s, err
	}
	for doc, err := range corpus.Documents(context.Background()) {
		if err != nil {
			return s, err
		}
		for text := doc.Text; len(text) > 0; {
			n := sentenceLen(text)
			s.sentences = append(s.sentences, sentence{text: text[:n]})
			text = text[n:]
		}
	}
	seen := map[string]bool{}
	for k := range s.sentences {
		t := &s.sentences[k]
		for i := 0; i < len(t.text); {
			n, isWord := word(t.text[i:])
			if w := t.text[i : i+n]; isWord {
				t.words = append(t.words, [2]int32{int32(i), int32(i + n)})
				if !seen[string(w)] {
					seen[string(w)] = true
					s.words = append(s.words, w)
				}
			}
			i += n
		}
	}
	if len(s.words) == 0 {
		return s, fmt.Errorf("%s holds no words", input)
	}
	return s, nil
}

// sentenceLen returns the length of the first sentence, its ending included.
func sentenceLen(text []byte) int {
	for i := 0; i < len(text); {
		r, w := utf8.DecodeRune(text[i:])
		if i += w; r == '\n' || r == '。' || r == '；' || (r == '.' || r == '!' || r == '?') && i < len(text) && text[i] == ' ' {
			return i
		}
	}
	return len(text)
}

// word returns the length of the letters text begins with, or else of what is
// before the next letter.
func word(text []byte) (n int, isWord bool) {
	for n < len(text) {
		r, w := utf8.DecodeRune(text[n:])
		if letter := unicode.IsLetter(r); n == 0 {
			isWord = letter
		} else if letter != isWord {
			break
		}
		n += w
	}
	return n, isWord
}

type mixer struct {
	rng     *rand.Rand
	sources []source
	vary    float64
	text    []byte
}

func (m *mixer) write(name string, size int64) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	w := bufio.NewWriterSize(f, 1<<20)
	var line bytes.Buffer
	e := json.NewEncoder(&line)
	e.SetEscapeHTML(false)
	for k := m.rng.IntN(len(m.sources)); size > 0; k++ {
		m.document(&m.sources[k%len(m.sources)])
		size -= int64(len(m.text))
		line.Reset()
		if err := e.Encode(map[string]string{"text": string(m.text)}); err != nil {
			return err
		}
		w.Write(line.Bytes()) // Flush tells of its errors
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return f.Close()
}

// document fills m.text with sentences, 8 KB on the average.
func (m *mixer) document(s *source) {
	m.text = m.text[:0]
	for limit := 1 + m.rng.IntN(16<<10); len(m.text) < limit; {
		t := &s.sentences[m.rng.IntN(len(s.sentences))]
		if len(t.words) > 0 && m.rng.Float64() < m.vary {
			w := t.words[m.rng.IntN(len(t.words))]
			m.text = append(m.text, t.text[:w[0]]...)
			m.text = m.varied(m.text, t.text[w[0]:w[1]], s)
			m.text = append(m.text, t.text[w[1]:]...)
		} else {
			m.text = append(m.text, t.text...)
		}
		if m.rng.IntN(4) == 0 {
			m.text = append(m.text, '\n')
		}
	}
}

// varied appends the beginning of one word and the end of another.
func (m *mixer) varied(dst, word []byte, s *source) []byte {
	other := s.words[m.rng.IntN(len(s.words))]
	dst = append(dst, word[:m.boundary(word)]...)
	return append(dst, other[m.boundary(other):]...)
}

// boundary is a place between two characters of a word, its end included.
func (m *mixer) boundary(word []byte) int {
	i := 1 + m.rng.IntN(len(word))
	for i < len(word) && !utf8.RuneStart(word[i]) {
		i++
	}
	return i
}
