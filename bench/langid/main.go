// Command langid compares ways to tell the language of texts: fastText's lid.176 with and without the rules of corpus/langid, those
// rules without a model, whatlanggo and lingua-go. It is a module of its own, so that Athanor does not depend on what it compares with.
//
//	cd bench/langid && go run . DATA [engine…]
//
// DATA is the directory of real data. Printed are, for each way: how many of the declarations of human rights it knows the language of
// and gets right; the same of those that all ways know; pieces of 20 characters of these, and of English and Chinese books; speed on
// English and Chinese documents; memory. Run one engine a process to see its memory.
package main

import (
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/abadojack/whatlanggo"
	"github.com/athanor-lm/athanor/corpus/langid"
	"github.com/athanor-lm/athanor/corpus/langid/fasttext"
	"github.com/pemistahl/lingua-go"
	"golang.org/x/text/language"
)

// engine is a way to tell languages.
type engine struct {
	name   string
	detect func(text string) string
	knows  map[string]bool
}

func main() {
	log.SetFlags(0)
	if len(os.Args) < 2 {
		log.Fatal("usage: langid DATA [engine…]")
	}
	data := os.Args[1]
	engines := map[string]func() engine{
		"bare": func() engine { return model(data, "lid.176.ftz, bare", true) }, "rules": func() engine { return model(data, "lid.176.ftz with rules", false) },
		"none": noModel, "whatlanggo": trigrams, "lingua": func() engine { return frequencies("lingua-go", false) },
		"lingua-low": func() engine { return frequencies("lingua-go, low accuracy", true) },
	}
	names := os.Args[2:]
	if len(names) == 0 {
		names = []string{"bare", "rules", "none", "whatlanggo", "lingua-low", "lingua"}
	}
	common := commonLanguages(data)
	for _, n := range names {
		if engines[n] == nil {
			log.Fatalf("unknown engine %q", n)
		}
		measure(data, engines[n](), common)
	}
}

// code brings a language to one code: that of the macrolanguage, in two letters where there are.
func code(s string) string {
	base, _, _ := strings.Cut(s, "_")
	switch base {
	case "nob":
		return "no"
	case "007", "008", "009", "010", "011":
		return "none"
	}
	tag, err := language.All.Parse(base)
	if err != nil {
		return base
	}
	b, _ := tag.Base()
	return b.String()
}

func model(data, name string, bare bool) engine {
	m, err := fasttext.Load(filepath.Join(data, "checkpoints/fasttext-lid176/lid.176.ftz"))
	if err != nil {
		log.Fatal(err)
	}
	id := langid.NewIdentifier(m, bare, langid.Default().Prior)
	e := engine{name, func(text string) string { return id.Identify(text).Lang }, map[string]bool{}}
	for _, l := range m.Labels() {
		e.knows[l] = true
	}
	return e
}

func noModel() engine {
	id := langid.NewIdentifier(nil, false, nil)
	e := engine{"no model", func(text string) string { return id.Identify(text).Lang }, map[string]bool{}}
	for l := range strings.FieldsSeq("en zh ja ko el hy he dv pa gu or ta te kn ml si th lo bo my ka am km") {
		e.knows[l] = true
	}
	return e
}

func trigrams() engine {
	e := engine{"whatlanggo", func(text string) string { return code(whatlanggo.DetectLang(text).Iso6393()) }, map[string]bool{}}
	for l := range whatlanggo.Langs {
		e.knows[code(l.Iso6393())] = true
	}
	return e
}

func frequencies(name string, low bool) engine {
	b := lingua.NewLanguageDetectorBuilder().FromAllLanguages()
	if low {
		b = b.WithLowAccuracyMode()
	}
	d := b.Build()
	of := func(l lingua.Language) string { return code(strings.ToLower(l.IsoCode639_3().String())) }
	e := engine{name, func(text string) string {
		l, _ := d.DetectLanguageOf(text)
		return of(l)
	}, map[string]bool{}}
	for _, l := range lingua.AllLanguages() {
		e.knows[of(l)] = true
	}
	return e
}

// commonLanguages are those that the model, whatlanggo and lingua-go know.
func commonLanguages(data string) map[string]bool {
	out := map[string]bool{}
	m, w, l := model(data, "", true).knows, trigrams().knows, map[string]bool{}
	for _, x := range lingua.AllLanguages() {
		l[code(strings.ToLower(x.IsoCode639_3().String()))] = true
	}
	for k := range m {
		out[k] = w[k] && l[k]
	}
	return out
}

type document struct{ Lang, Text string }

func documents(data, name string, n int) (docs []document) {
	f, err := os.Open(filepath.Join(data, "corpora", name))
	if err != nil {
		log.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		log.Fatal(err)
	}
	for dec := json.NewDecoder(z); len(docs) < n; {
		var d document
		if err := dec.Decode(&d); err == io.EOF {
			break
		} else if err != nil {
			log.Fatal(err)
		}
		docs = append(docs, d)
	}
	return docs
}

func measure(data string, e engine, common map[string]bool) {
	fmt.Printf("%s: %d languages\n", e.name, len(e.knows))
	rng := rand.New(rand.NewPCG(1, 1))
	var full, shared, short tally
	for _, d := range documents(data, "multilingual-udhr/udhr2.jsonl.gz", 1000) {
		c := code(d.Lang)
		if len(d.Text) < 1000 || !e.knows[c] {
			continue
		}
		right := e.detect(d.Text) == c
		full.add(right)
		if !common[c] {
			continue
		}
		shared.add(right)
		for range 30 {
			if s := snippet([]rune(d.Text), rng); s != "" {
				short.add(e.detect(s) == c)
			}
		}
	}
	fmt.Printf("  declarations           %s\n  … in common languages  %s\n  … 20 characters        %s\n", &full, &shared, &short)
	for _, c := range []struct{ corpus, lang string }{{"en-books/books", "en"}, {"en-docs/docs", "en"}, {"zh-laws/laws", "zh"}, {"zh-poetry/poetry", "zh"}} {
		docs := documents(data, c.corpus+".jsonl.gz", 1000)
		var t tally
		for t.n < 500 {
			s := snippet([]rune(docs[rng.IntN(len(docs))].Text), rng)
			if s != "" && (c.lang != "zh" || chinese(s)) {
				t.add(e.detect(s) == c.lang)
			}
		}
		size, start := 0, time.Now()
		for _, d := range docs {
			if size += len(d.Text); time.Since(start) > 2*time.Second {
				break
			}
			e.detect(d.Text)
		}
		fmt.Printf("  20 characters, %-16s %s  %8.2f MB/s on whole documents\n", c.corpus, &t, float64(size)/1e6/time.Since(start).Seconds())
	}
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	fmt.Printf("  heap %d MB, from the system %d MB\n", m.HeapAlloc>>20, m.Sys>>20)
}

type tally struct{ right, n int }

func (t *tally) add(right bool) {
	t.n++
	if right {
		t.right++
	}
}

func (t *tally) String() string {
	return fmt.Sprintf("%6.2f %% of %d", 100*float64(t.right)/float64(max(1, t.n)), t.n)
}

// snippet cuts 20 characters at the start of a word, most of them letters.
func snippet(text []rune, rng *rand.Rand) string {
	for range 100 {
		at := rng.IntN(max(1, len(text)-20))
		for at > 0 && !unicode.IsSpace(text[at-1]) && text[at] < 0x3000 {
			at--
		}
		s := text[at:min(len(text), at+20)]
		letters := len(slices.DeleteFunc(slices.Clone(s), func(c rune) bool { return !unicode.IsLetter(c) }))
		if len(s) == 20 && letters >= 12 {
			return string(s)
		}
	}
	return ""
}

// chinese says whether half of a piece are Han characters: some documents have other lines too.
func chinese(s string) bool {
	n := 0
	for _, c := range s {
		if unicode.Is(unicode.Han, c) {
			n++
		}
	}
	return n >= 10
}
