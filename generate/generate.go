package generate

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/athanor-lm/athanor/internal/memlimit"
	"github.com/athanor-lm/athanor/model"
	"github.com/athanor-lm/athanor/runlog"
	"github.com/athanor-lm/athanor/tensor"
	"github.com/athanor-lm/athanor/tokenizer"
)

// promptChunk is the number of prompt tokens fed at once; shorter rests are padded to a power of two, so that few
// differently shaped programs are ever planned.
const promptChunk = 128

// Options says how to write.
type Options struct {
	Sampling
	MaxTokens int      // new tokens at most
	Stop      []string // strings that end a text; they are not part of it
	EOS       []uint32 // further ids that end a text, beside the tokenizer's end-of-text token
	IgnoreEOS bool     // go on past all of them
	// Slide goes on when the model's context is full: the later half of it is read anew and the rest forgotten, as often
	// as it takes. Without it a text ends there.
	Slide bool
}

// Finish says why a text ended.
type Finish string

// The reasons.
const (
	FinishStop    Finish = "stop"    // a stop string
	FinishEOS     Finish = "eos"     // an end-of-text token
	FinishLength  Finish = "length"  // MaxTokens
	FinishContext Finish = "context" // the model's context is full, and Slide is off
	FinishCancel  Finish = "cancel"  // the context.Context was cancelled
)

// Result is one finished text.
type Result struct {
	Text         string // what was written, without the prompt
	IDs          []uint32
	PromptTokens int
	Finish       Finish
}

// Stats is the work of one call.
type Stats struct {
	PromptTokens, NewTokens int
	PromptTime, NewTime     time.Duration
}

// Generator writes with one model and tokenizer. It is not safe for concurrent use.
type Generator struct {
	model model.Model
	tape  *tensor.Tape
	tok   *tokenizer.Tokenizer
}

// New returns a generator. The tokenizer's ids must fit the model's vocabulary.
func New(m model.Model, tape *tensor.Tape, tok *tokenizer.Tokenizer) (*Generator, error) {
	if have, want := tok.VocabSize(), m.Config().Vocab; have > want {
		return nil, fmt.Errorf("generate: the tokenizer has ids up to %d, the model a vocabulary of %d: they do not belong together", have-1, want)
	}
	return &Generator{model: m, tape: tape, tok: tok}, nil
}

// Generate continues every prompt. emit, where not nil, gets each text's pieces as they are written, in whole
// characters. A cancelled ctx ends all texts where they are and is no error.
func (g *Generator) Generate(ctx context.Context, prompts []string, o Options, emit func(i int, text string)) ([]Result, Stats, error) {
	return g.GenerateIDs(ctx, g.encode(prompts), o, emit)
}

// Check reports why Generate would refuse prompts and options, without writing anything.
func (g *Generator) Check(prompts []string, o Options) error { return g.check(g.encode(prompts), o) }

func (g *Generator) encode(prompts []string) [][]uint32 {
	ids := make([][]uint32, len(prompts))
	for i, p := range prompts {
		ids[i] = g.tok.Encode(p, true)
		if len(ids[i]) == 0 {
			if start, ok := g.startToken(); ok {
				ids[i] = []uint32{start}
			}
		}
	}
	return ids
}

// startToken is what an empty prompt begins with.
func (g *Generator) startToken() (uint32, bool) {
	if id, ok := g.tok.BOS(); ok {
		return id, true
	}
	return g.tok.EOS()
}

// GenerateIDs is Generate on prompts that are token ids already.
func (g *Generator) GenerateIDs(ctx context.Context, prompts [][]uint32, o Options, emit func(i int, text string)) ([]Result, Stats, error) {
	if err := g.check(prompts, o); err != nil {
		return nil, Stats{}, err
	}
	cache := model.NewCache(g.model.Config(), g.tape.Compute(), len(prompts), span(g.model.Config(), prompts, o))
	defer cache.Free()
	b := &batch{g: g, o: o, emit: emit, cache: cache, logits: make([]float32, len(prompts)*g.model.Config().Vocab)}
	for i, p := range prompts {
		s := &sequence{prompt: p, sampler: NewSampler(o.Sampling, i), decoder: g.tok.NewStreamDecoder(true), stop: stopper{stops: o.Stop}}
		s.sampler.Observe(p...)
		s.result.PromptTokens = len(p)
		b.seqs = append(b.seqs, s)
	}
	b.run(ctx)
	results := make([]Result, len(b.seqs))
	for i, s := range b.seqs {
		results[i] = s.result
	}
	return results, b.stats, nil
}

// span is the number of tokens that the longest text may have in the cache.
func span(c model.Config, prompts [][]uint32, o Options) int {
	longest := 0
	for _, p := range prompts {
		longest = max(longest, len(p))
	}
	return longest + min(c.Context-longest, o.MaxTokens)
}

// CacheBytes returns the memory that the keys and values of the texts would take, in the type dt, while a model of
// configuration c writes them.
func CacheBytes(c model.Config, dt tensor.DType, tok *tokenizer.Tokenizer, prompts []string, o Options) int64 {
	g := Generator{tok: tok}
	return model.CacheBytes(c, dt, len(prompts), max(0, span(c, g.encode(prompts), o)))
}

// checkMemory refuses texts whose keys and values do not fit beside the weights.
func (g *Generator) checkMemory(prompts [][]uint32, o Options) error {
	c := g.model.Config()
	weights, cache := 4*c.NumParams(), model.CacheBytes(c, g.tape.Compute(), len(prompts), span(c, prompts, o))
	limit, whose := memlimit.Bytes()
	if limit == 0 || weights+cache <= limit {
		return nil
	}
	return fmt.Errorf("generate: weights of %s and the keys and values of %d texts of up to %d tokens, %s, are more than %s, %s: want fewer prompts at a time or fewer tokens",
		runlog.Bytes(weights), len(prompts), span(c, prompts, o), runlog.Bytes(cache), whose, runlog.Bytes(limit))
}

func (g *Generator) check(prompts [][]uint32, o Options) error {
	if err := o.Validate(); err != nil {
		return fmt.Errorf("generate: %w", err)
	}
	if len(prompts) == 0 {
		return fmt.Errorf("generate: no prompt")
	}
	if o.MaxTokens < 0 {
		return fmt.Errorf("generate: %d new tokens, want 0 or more", o.MaxTokens)
	}
	if slices.Contains(o.Stop, "") {
		return fmt.Errorf("generate: an empty stop string would end every text at once")
	}
	c := g.model.Config()
	for i, p := range prompts {
		switch {
		case len(p) == 0:
			return fmt.Errorf("generate: prompt %d gives no token: it is empty or has no character the tokenizer knows, and the tokenizer has no token to begin with", i+1)
		case len(p) > c.Context:
			return fmt.Errorf("generate: prompt %d has %d tokens, the model's context is %d", i+1, len(p), c.Context)
		}
		for _, id := range p {
			if int(id) >= c.Vocab {
				return fmt.Errorf("generate: prompt %d: token id %d, the model's vocabulary is %d", i+1, id, c.Vocab)
			}
		}
	}
	return g.checkMemory(prompts, o)
}

// sequence is one text while it is written.
type sequence struct {
	prompt  []uint32
	sampler *Sampler
	decoder *tokenizer.StreamDecoder
	stop    stopper
	next    uint32 // drawn, not yet fed
	result  Result
}

func (s *sequence) done() bool { return s.result.Finish != "" }

// batch is one call of GenerateIDs.
type batch struct {
	g      *Generator
	o      Options
	emit   func(int, string)
	cache  *model.Cache
	seqs   []*sequence
	logits []float32 // [B,V]
	past   []int32
	stats  Stats
}

func (b *batch) run(ctx context.Context) {
	start := time.Now()
	b.past = make([]int32, len(b.seqs))
	if b.o.MaxTokens == 0 {
		b.finishAll(FinishLength)
		return
	}
	b.feedPrompts(ctx)
	b.stats.PromptTime = time.Since(start)
	start = time.Now()
	d := model.NewDecodeBatch(b.cache, 1)
	copy(d.Past, b.past)
	for !b.allDone() {
		if ctx.Err() != nil {
			b.finishAll(FinishCancel)
			break
		}
		for i, s := range b.seqs {
			if !s.done() && int(d.Past[i]) >= b.g.model.Config().Context {
				b.slide(i, d)
			}
		}
		for i, s := range b.seqs {
			d.Valid[i] = 0
			if !s.done() {
				d.Tokens[i], d.Valid[i] = int32(s.next), 1
			}
		}
		b.decode(d)
		for i, s := range b.seqs {
			if !s.done() {
				b.draw(i)
			}
		}
	}
	b.stats.NewTime = time.Since(start)
}

// feedPrompts fills the cache with all prompts, chunk by chunk, and draws each text's first token.
func (b *batch) feedPrompts(ctx context.Context) {
	longest := 0
	for _, s := range b.seqs {
		longest = max(longest, len(s.prompt))
		b.stats.PromptTokens += len(s.prompt)
	}
	for at := 0; at < longest && ctx.Err() == nil; at += promptChunk {
		d := model.NewDecodeBatch(b.cache, chunkSize(longest-at))
		copy(d.Past, b.past)
		for i, s := range b.seqs {
			part := s.prompt[min(at, len(s.prompt)):min(at+d.N, len(s.prompt))]
			for j, id := range part {
				d.Tokens[i*d.N+j] = int32(id)
			}
			d.Valid[i] = int32(len(part))
		}
		b.decode(d)
		copy(b.past, d.Past)
		for i, s := range b.seqs {
			if at < len(s.prompt) && len(s.prompt) <= at+d.N { // this chunk ended the prompt
				b.draw(i)
			}
		}
	}
}

// slide makes room in sequence i's full cache: it reads the later half of the context anew, from position 0.
func (b *batch) slide(i int, d *model.DecodeBatch) {
	s := b.seqs[i]
	all := append(slices.Clone(s.prompt), s.result.IDs[:len(s.result.IDs)-1]...) // the last token is fed next
	keep := all[len(all)-max(1, b.g.model.Config().Context/2):]
	d.Past[i] = 0
	for at := 0; at < len(keep); at += promptChunk {
		c := model.NewDecodeBatch(b.cache, chunkSize(len(keep)-at))
		copy(c.Past, d.Past)
		part := keep[at:min(at+c.N, len(keep))]
		for j, id := range part {
			c.Tokens[i*c.N+j] = int32(id)
		}
		c.Valid[i] = int32(len(part))
		b.decode(c)
		d.Past[i] = c.Past[i]
	}
}

// chunkSize is the padded length of a chunk of prompt.
func chunkSize(n int) int {
	size := 1
	for size < n && size < promptChunk {
		size *= 2
	}
	return size
}

func (b *batch) decode(d *model.DecodeBatch) {
	d.Prepare()
	key := fmt.Sprintf("decode %d×%d", d.B, d.N)
	b.g.tape.Run(key, 0, false, func() { b.g.model.Decode(b.g.tape, d, b.logits) })
	d.Advance()
}

// draw takes sequence i's next token from its logits.
func (b *batch) draw(i int) {
	s, v := b.seqs[i], b.g.model.Config().Vocab
	id := s.sampler.Next(b.logits[i*v : (i+1)*v])
	if !b.o.IgnoreEOS && b.endsText(id) {
		b.finish(i, FinishEOS)
		return
	}
	s.next = id
	s.result.IDs = append(s.result.IDs, id)
	b.stats.NewTokens++
	b.show(i, s.stop.push(s.decoder.Next(id)))
	switch {
	case s.stop.done:
		b.finish(i, FinishStop)
	case len(s.result.IDs) >= b.o.MaxTokens:
		b.finish(i, FinishLength)
	case !b.o.Slide && len(s.prompt)+len(s.result.IDs) >= b.g.model.Config().Context:
		b.finish(i, FinishContext)
	}
}

func (b *batch) endsText(id uint32) bool {
	eos, ok := b.g.tok.EOS()
	return ok && id == eos || slices.Contains(b.o.EOS, id)
}

func (b *batch) finish(i int, why Finish) {
	s := b.seqs[i]
	if !s.stop.done {
		b.show(i, s.stop.push(s.decoder.Flush()))
		if s.stop.done {
			why = FinishStop
		} else {
			b.show(i, s.stop.flush())
		}
	}
	s.result.Finish = why
}

func (b *batch) show(i int, text string) {
	if text == "" {
		return
	}
	b.seqs[i].result.Text += text
	if b.emit != nil {
		b.emit(i, text)
	}
}

func (b *batch) finishAll(why Finish) {
	for i, s := range b.seqs {
		if !s.done() {
			b.finish(i, why)
		}
	}
}

func (b *batch) allDone() bool {
	return !slices.ContainsFunc(b.seqs, func(s *sequence) bool { return !s.done() })
}
