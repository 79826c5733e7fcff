package main

import (
	"fmt"
	"strings"

	"github.com/athanor-lm/athanor/runlog"
	"github.com/athanor-lm/athanor/tokenizer"
)

type tokenizerInfoCmd struct {
	Tokenizer string `arg:"" help:"Tokenizer: a file (tokenizer.json, .model, .tiktoken, vocab.txt) or a directory that holds one."`
	Longest   int    `default:"10" help:"How many of the longest tokens to show."`
	JSON      bool   `name:"json" help:"Print as JSON."`
}

// Help is shown by athanor tokenizer info --help.
func (*tokenizerInfoCmd) Help() string {
	return `Examples:
  athanor tokenizer info tok
  athanor tokenizer info qwen3/tokenizer.json --json | jq .scripts`
}

func (t *tokenizerInfoCmd) Run(c *cliContext) error {
	if t.Longest < 0 {
		return fmt.Errorf("--longest is %d, want at least 0", t.Longest)
	}
	tok, err := tokenizer.Load(t.Tokenizer)
	if err != nil {
		return err
	}
	in := tok.Info(t.Longest)
	if t.JSON {
		return printJSON(c.stdout, in)
	}
	return runlog.RenderSummary(runlog.NewTerminal(c.stdout), "Tokenizer "+t.Tokenizer, infoSections(&in))
}

func infoSections(in *tokenizer.Info) []runlog.Section {
	parts := runlog.Section{Title: "Parts"}
	for _, r := range []runlog.Row{
		{Name: "normalizer", Value: in.Normalizer}, {Name: "pre-tokenizer", Value: in.PreTokenizer}, {Name: "model", Value: in.Model},
		{Name: "post-processor", Value: in.PostProcessor}, {Name: "decoder", Value: in.Decoder},
	} {
		if r.Value == "" {
			r.Value = "none"
		}
		parts.Rows = append(parts.Rows, r)
	}
	size := runlog.Section{Rows: []runlog.Row{
		{Name: "vocabulary", Value: fmt.Sprintf("%d ids, %d in use, %d merges", in.VocabSize, in.Tokens, in.Merges)},
		{Name: "mean token", Value: fmt.Sprintf("%.2f bytes", in.MeanBytes)},
	}}
	if in.MissingBytes > 0 {
		size.Rows = append(size.Rows, runlog.Row{Name: "missing bytes", Value: fmt.Sprintf("%d of 256 have no token and are lost", in.MissingBytes)})
	}
	for _, r := range []runlog.Row{{Name: "BOS", Value: in.BOS}, {Name: "EOS", Value: in.EOS}, {Name: "PAD", Value: in.PAD}, {Name: "UNK", Value: in.UNK},
		{Name: "CLS", Value: in.CLS}, {Name: "SEP", Value: in.SEP}, {Name: "MASK", Value: in.MASK}} {
		if r.Value != "" {
			size.Rows = append(size.Rows, r)
		}
	}
	size.Rows = append(size.Rows, runlog.Row{Name: "hash", Value: in.Hash[:16]})
	added, kinds, longest := runlog.Section{Title: "Added tokens"}, runlog.Section{Title: "Kinds of tokens"}, runlog.Section{Title: "Longest tokens"}
	for _, a := range in.Added {
		added.Rows = append(added.Rows, runlog.Row{Name: fmt.Sprint(a.ID), Value: a.Content})
	}
	for _, k := range in.Kinds {
		kinds.Rows = append(kinds.Rows, runlog.Row{Name: string(k.Kind), Value: fmt.Sprintf("%s  %s", share(k.Tokens, in.Tokens), examples(k.Examples, 5))})
	}
	for _, l := range in.Longest {
		longest.Rows = append(longest.Rows, runlog.Row{Name: fmt.Sprint(l.ID), Value: fmt.Sprintf("%4d bytes  %s", l.Bytes, quoteShort(l.Text))})
	}
	return []runlog.Section{size, parts, added, kinds, scriptSection(in), longest}
}

// shownScripts keeps the section on a screen.
const shownScripts = 16

// scriptSection lists the scripts with their longest tokens.
func scriptSection(in *tokenizer.Info) runlog.Section {
	s := runlog.Section{Title: "Scripts, with their longest tokens"}
	rest := 0
	for i, script := range in.Scripts {
		if i >= shownScripts {
			rest += script.Tokens
			continue
		}
		s.Rows = append(s.Rows, runlog.Row{Name: script.Script, Value: fmt.Sprintf("%s  %s", share(script.Tokens, in.Tokens), examples(script.Longest, 3))})
	}
	if rest > 0 {
		s.Rows = append(s.Rows, runlog.Row{Name: fmt.Sprintf("%d others", len(in.Scripts)-shownScripts), Value: share(rest, in.Tokens)})
	}
	return s
}

func share(n, of int) string {
	return fmt.Sprintf("%7d  %6s", n, runlog.Percent(float64(n)/float64(max(of, 1))))
}

// examples quotes the first tokens; those that are not text, byte by byte.
func examples(tokens []tokenizer.TokenInfo, n int) string {
	var parts []string
	for _, t := range tokens[:min(n, len(tokens))] {
		parts = append(parts, quoteShort(t.Text))
	}
	return strings.Join(parts, " ")
}

// quoteShort quotes s and leaves out the middle of long ones; what repeats one character is shown once, with the number.
func quoteShort(s string) string {
	r := []rune(s)
	if n := len(r); n > 8 && strings.Count(s, string(r[0])) == n {
		return fmt.Sprintf("%q × %d", string(r[0]), n)
	}
	if len(r) <= 48 {
		return fmt.Sprintf("%q", s)
	}
	return fmt.Sprintf("%q … %q", string(r[:24]), string(r[len(r)-12:]))
}
