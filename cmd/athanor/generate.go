package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/athanor-lm/athanor/generate"
	"github.com/athanor-lm/athanor/internal/kernel"
	"github.com/athanor-lm/athanor/pretrained"
	"github.com/athanor-lm/athanor/runlog"
	"github.com/athanor-lm/athanor/tensor"
	"github.com/athanor-lm/athanor/tokenizer"
)

type generateCmd struct {
	Model   string   `arg:"" help:"A run, a checkpoint or a Hugging Face directory."`
	Prompt  []string `short:"p" help:"Text to continue; may be given several times." sep:"none"`
	Prompts string   `help:"File with one prompt a line, or - for standard input." placeholder:"FILE"`
	Tokens  int      `short:"n" default:"128" help:"New tokens at most."`

	Temperature       float64  `short:"t" default:"0.8" help:"0 is greedy: always the likeliest token."`
	TopK              int      `default:"0" help:"Draw from the K likeliest tokens, 0 = all."`
	TopP              float64  `default:"0.95" help:"Draw from the smallest set of this probability, 1 = all."`
	MinP              float64  `default:"0" help:"Leave out tokens below this share of the likeliest one's probability."`
	RepetitionPenalty float64  `default:"1" help:"Above 1: tokens that occurred become less likely."`
	Seed              uint64   `default:"1" help:"The same seed gives the same texts."`
	Stop              []string `help:"End a text before this string; may be given several times." sep:"none"`
	Slide             bool     `default:"true" negatable:"" help:"When the context is full, forget its earlier half and go on."`
	IgnoreEOS         bool     `name:"ignore-eos" help:"Go on past the end-of-text token."`

	DType   string `name:"dtype" enum:"f32,bf16,f16" default:"bf16" help:"Compute type: f32, bf16 or f16."`
	Threads int    `default:"0" help:"Threads, 0 = all."`
	JSON    bool   `name:"json" help:"Print one JSON object a prompt: prompt, text, ids, finish."`
}

// Help is shown by athanor generate --help.
func (*generateCmd) Help() string {
	return `Examples:
  athanor generate runs/shakespeare-char --prompt "ROMEO:" --tokens 300
  athanor generate exported/ --prompts prompts.txt --temperature 0 --json > out.jsonl`
}

func (g *generateCmd) Run(c *cliContext) error {
	// In generate.Sampling 0 stands for "not set"; a person who types it means something else.
	switch {
	case g.TopP == 0:
		return errors.New("--top-p 0: want more than 0 and at most 1, which is all; --temperature 0 is greedy")
	case g.RepetitionPenalty == 0:
		return errors.New("--repetition-penalty 0: want more than 0; 1 is none")
	}
	prompts, err := g.prompts(c)
	if err != nil {
		return err
	}
	pool := kernel.NewPool(g.Threads)
	defer pool.Close()
	compute := map[string]tensor.DType{"f32": tensor.F32, "bf16": tensor.BF16, "f16": tensor.F16}[g.DType]
	src, m, tok, err := pretrained.Load(g.Model, pool, compute)
	if err != nil {
		return err
	}
	for _, note := range src.Notes {
		fmt.Fprintln(c.stderr, "athanor:", note)
	}
	tape := tensor.NewTape(tensor.Options{Pool: pool, Compute: compute})
	defer tape.Free()
	gen, err := generate.New(m, tape, tok)
	if err != nil {
		return err
	}
	o := generate.Options{
		Sampling:  generate.Sampling{RepetitionPenalty: g.RepetitionPenalty, Temperature: g.Temperature, TopK: g.TopK, TopP: g.TopP, MinP: g.MinP, Seed: g.Seed},
		MaxTokens: g.Tokens, Stop: g.Stop, EOS: src.EOS(), IgnoreEOS: g.IgnoreEOS, Slide: g.Slide,
	}
	if err := gen.Check(prompts, o); err != nil { // before the prompt is echoed
		return err
	}
	g.warn(c, tok, prompts)
	// One text streams as it is written; several are written together and printed one after the other.
	var emit func(int, string)
	if len(prompts) == 1 && !g.JSON {
		fmt.Fprint(c.stdout, prompts[0])
		emit = func(_ int, text string) { fmt.Fprint(c.stdout, text) }
	}
	results, stats, err := gen.Generate(c.ctx, prompts, o, emit)
	if err != nil {
		return err
	}
	if err := g.print(c, prompts, results, emit != nil); err != nil {
		return err
	}
	fmt.Fprintf(c.stderr, "%d prompt tokens in %s, %d new in %s (%.1f tokens/s)\n", stats.PromptTokens, runlog.Duration(stats.PromptTime),
		stats.NewTokens, runlog.Duration(stats.NewTime), float64(stats.NewTokens)/max(stats.NewTime.Seconds(), 1e-9))
	return nil
}

func (g *generateCmd) print(c *cliContext, prompts []string, results []generate.Result, streamed bool) error {
	if streamed {
		_, err := fmt.Fprintln(c.stdout)
		return err
	}
	enc := json.NewEncoder(c.stdout)
	enc.SetEscapeHTML(false)
	for i, r := range results {
		var err error
		if g.JSON {
			err = enc.Encode(map[string]any{"prompt": prompts[i], "text": r.Text, "ids": r.IDs, "finish": r.Finish})
		} else {
			_, err = fmt.Fprintf(c.stdout, "── %d (%s)\n%s%s\n", i+1, r.Finish, prompts[i], r.Text)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// warn tells of what is lost of the prompts.
func (g *generateCmd) warn(c *cliContext, tok *tokenizer.Tokenizer, prompts []string) {
	for i, p := range prompts {
		if n := tok.Check([]byte(p)).Unencodable; n > 0 {
			fmt.Fprintf(c.stderr, "athanor: prompt %d: %d bytes or characters have no token in this vocabulary\n", i+1, n)
		}
	}
}

// prompts gathers those of the flags and of the file.
func (g *generateCmd) prompts(c *cliContext) ([]string, error) {
	prompts := g.Prompt
	if g.Prompts != "" {
		in := c.stdin
		if g.Prompts != "-" {
			f, err := os.Open(g.Prompts)
			if err != nil {
				return nil, fmt.Errorf("generate: read prompts: %w", err)
			}
			defer f.Close()
			in = f
		}
		lines := bufio.NewScanner(in)
		lines.Buffer(nil, 16<<20)
		for first := true; lines.Scan(); first = false {
			line := strings.TrimRight(lines.Text(), "\r")
			if first {
				line = strings.TrimPrefix(line, "\ufeff") // a byte-order mark is no part of the text
			}
			if line != "" {
				prompts = append(prompts, line)
			}
		}
		if err := lines.Err(); err != nil {
			return nil, fmt.Errorf("generate: read prompts from %s: %w", g.Prompts, err)
		}
	}
	if len(prompts) == 0 {
		return nil, errors.New("generate: no prompt: give --prompt TEXT or --prompts FILE")
	}
	return prompts, nil
}
