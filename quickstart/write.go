package quickstart

import (
	"bytes"
	"context"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/athanor-lm/athanor/generate"
	"github.com/athanor-lm/athanor/internal/kernel"
	"github.com/athanor-lm/athanor/pretrained"
	"github.com/athanor-lm/athanor/tensor"
)

// goPrompts ask for functions; each ends at the closing brace.
var goPrompts = []string{
	"// Reverse returns ",
	"func (b *Buffer) Write(",
	"func TestParse(t *testing.T) {\n",
}

const goFunctionEnd = "\n}\n"

// write loads the model from the run, as anybody would, and lets it continue the corpus' prompts.
func (w *workflow) write(ctx context.Context) error {
	pool := kernel.NewPool(w.cfg.Workers)
	defer pool.Close()
	src, m, tok, err := pretrained.Load(w.path(runDir), pool, tensor.BF16)
	if err != nil {
		return err
	}
	defer src.Close()
	tape := tensor.NewTape(tensor.Options{Pool: pool, Compute: tensor.BF16})
	defer tape.Free()
	g, err := generate.New(m, tape, tok)
	if err != nil {
		return err
	}
	o := generate.Options{Sampling: generate.Sampling{Temperature: 0.7, TopP: 0.95, Seed: 1}, MaxTokens: 120}
	if w.res.Corpus.Go {
		o.Stop = []string{goFunctionEnd}
	}
	prompts := w.res.Corpus.prompts
	results, _, err := g.Generate(ctx, prompts, o, nil)
	if err != nil {
		return err
	}
	for i, r := range results {
		text := r.Text
		if r.Finish == generate.FinishStop {
			text += goFunctionEnd
		}
		w.res.Texts = append(w.res.Texts, Text{prompts[i], strings.TrimRight(text, "\n")})
	}
	w.watch.Wrote(w.res.Texts)
	return nil
}

// Bounds of prompts taken from a corpus.
const (
	promptCount = 3
	promptRunes = 24
)

// beginnings are the first words of documents spread over the held-out text.
func beginnings(docs [][]byte) []string {
	var prompts []string
	n := min(promptCount, len(docs))
	for i := range n {
		if p := beginning(docs[len(docs)*(2*i+1)/(2*n)]); p != "" {
			prompts = append(prompts, p)
		}
	}
	if len(prompts) == 0 {
		prompts = []string{"\n"}
	}
	return prompts
}

// beginning cuts a text after some characters: between words, or anywhere in a script that does not space them.
func beginning(doc []byte) string {
	text := string(bytes.ToValidUTF8(doc[:min(len(doc), 4*utf8.UTFMax*promptRunes)], nil))
	text = strings.TrimLeftFunc(text, unicode.IsSpace)
	if line, _, ok := strings.Cut(text, "\n"); ok {
		text = line
	}
	runes := []rune(text)
	if len(runes) <= promptRunes {
		return text
	}
	cut := promptRunes
	for i := promptRunes; i > promptRunes/2; i-- {
		if unicode.IsSpace(runes[i]) {
			cut = i
			break
		}
	}
	return string(runes[:cut])
}
