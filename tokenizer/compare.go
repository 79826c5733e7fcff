package tokenizer

import (
	"bytes"
	"context"
	"fmt"
	"runtime"
	"strings"
	"time"
	"unicode/utf8"
)

// Contender is a tokenizer that is compared, under the name it is shown by.
type Contender struct {
	Name      string
	Tokenizer *Tokenizer
}

// Sample is a text that tokenizers are compared on.
type Sample struct {
	Name string
	Docs [][]byte
}

// CompareOptions say how to compare.
type CompareOptions struct {
	Workers  int                   // goroutines; 0 = GOMAXPROCS
	NoSpeed  bool                  // leave the timing out
	Progress func(done, total int) // pairs of a tokenizer and a text; may be nil
}

// Comparison is what tokenizers make of texts.
type Comparison struct {
	Workers    int          `json:"workers"`
	Texts      []SampleSize `json:"texts"`
	Tokenizers []string     `json:"tokenizers"`
	Results    []Result     `json:"results"` // for each text, for each tokenizer
}

// Result is what one tokenizer makes of one text. Special tokens that the text spells are text like any other.
type Result struct {
	Tokenizer          string    `json:"tokenizer"`
	Text               string    `json:"text"`
	VocabSize          int       `json:"vocab_size"`
	Tokens             int64     `json:"tokens"`
	BytesPerToken      float64   `json:"bytes_per_token"`
	CharactersPerToken float64   `json:"characters_per_token"`
	TokensPerWord      float64   `json:"tokens_per_word"`          // fertility; see SampleSize for what a word is
	TokensPerHan       float64   `json:"tokens_per_han,omitempty"` // 0 where less than half of the letters are Han
	PartTokens         int64     `json:"part_tokens"`              // that hold a part of a character, or are byte fallbacks
	PartShare          float64   `json:"part_share"`               // of all tokens
	Unknown            int64     `json:"unknown"`                  // unknown-tokens
	UnknownShare       float64   `json:"unknown_share"`            // of all tokens
	Unencodable        int64     `json:"unencodable"`              // bytes or characters without a token: unknown, or left out
	RoundTripFailures  int       `json:"round_trip_failures"`      // documents that decoding does not give back byte for byte
	FirstFailure       *Mismatch `json:"first_failure,omitempty"`
	OneMBs             float64   `json:"encode_one_mbs,omitempty"` // MB of text a second, one goroutine, caches cold
	AllMBs             float64   `json:"encode_mbs,omitempty"`     // … Workers goroutines
}

// Mismatch is the first place at which a document does not come back.
type Mismatch struct {
	Document int    `json:"document"` // from 0
	Offset   int    `json:"offset"`   // bytes
	Text     string `json:"text"`     // around it
	Decoded  string `json:"decoded"`  // instead
	Was      string `json:"was"`      // the character there, as U+212A, or what else is there: some characters look alike
	Became   string `json:"became"`
}

// String tells it to people.
func (m *Mismatch) String() string {
	return fmt.Sprintf("document %d, byte %d: %s becomes %s: %q comes back as %q", m.Document, m.Offset, m.Was, m.Became, m.Text, m.Decoded)
}

// Compare encodes every text with every tokenizer, takes the text back, and measures.
func Compare(ctx context.Context, contenders []Contender, samples []Sample, opts CompareOptions) (*Comparison, error) {
	if opts.Workers <= 0 {
		opts.Workers = runtime.GOMAXPROCS(0)
	}
	c := &Comparison{Workers: opts.Workers}
	for _, con := range contenders {
		c.Tokenizers = append(c.Tokenizers, con.Name)
	}
	for _, s := range samples {
		size := s.size()
		if size.Bytes == 0 {
			return nil, fmt.Errorf("tokenizer: compare: the text %s is empty", s.Name)
		}
		c.Texts = append(c.Texts, size)
		for _, con := range contenders {
			if opts.Progress != nil {
				opts.Progress(len(c.Results), len(samples)*len(contenders))
			}
			r, err := con.result(ctx, &s, &size, &opts)
			if err != nil {
				return nil, fmt.Errorf("tokenizer: compare: %s on %s: %w", con.Name, s.Name, err)
			}
			c.Results = append(c.Results, r)
		}
	}
	return c, nil
}

// Result returns what a tokenizer makes of a text, by their places in Tokenizers and Texts.
func (c *Comparison) Result(tokenizer, text int) *Result {
	return &c.Results[text*len(c.Tokenizers)+tokenizer]
}

func (con *Contender) result(ctx context.Context, s *Sample, size *SampleSize, opts *CompareOptions) (Result, error) {
	r := Result{Tokenizer: con.Name, Text: s.Name, VocabSize: con.Tokenizer.VocabSize()}
	parts := con.Tokenizer.partTable()
	counts := make([]Result, len(s.Docs))
	counting, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	eachDoc(counting, len(s.Docs), opts.Workers, func(_, i int) {
		var err error
		if counts[i], err = con.Tokenizer.count(s.Docs[i], parts); err != nil {
			stop(fmt.Errorf("%s, document %d of %s: %w", con.Name, i, s.Name, err))
		}
	})
	if err := context.Cause(counting); err != nil {
		return r, err
	}
	if !opts.NoSpeed {
		r.OneMBs = encodeRate(ctx, con.Tokenizer, s.Docs, size.Bytes, 1)
		r.AllMBs = encodeRate(ctx, con.Tokenizer, s.Docs, size.Bytes, opts.Workers)
	}
	for i := range counts {
		d := &counts[i]
		r.Tokens += d.Tokens
		r.PartTokens += d.PartTokens
		r.Unknown += d.Unknown
		r.Unencodable += d.Unencodable
		if d.FirstFailure != nil {
			if r.RoundTripFailures++; r.FirstFailure == nil {
				d.FirstFailure.Document, r.FirstFailure = i, d.FirstFailure
			}
		}
	}
	if r.Tokens > 0 {
		n := float64(r.Tokens)
		r.BytesPerToken, r.CharactersPerToken = float64(size.Bytes)/n, float64(size.Characters)/n
		r.PartShare, r.UnknownShare = float64(r.PartTokens)/n, float64(r.Unknown)/n
	}
	if size.Words > 0 {
		r.TokensPerWord = float64(r.Tokens) / size.Words
	}
	if size.Chinese() {
		r.TokensPerHan = float64(r.Tokens) / float64(size.Han)
	}
	return r, ctx.Err()
}

// encodeRate times the encoding of docs with cold caches, in MB (10⁶ bytes) a second.
func encodeRate(ctx context.Context, t *Tokenizer, docs [][]byte, bytes int64, workers int) float64 {
	t.forget()
	runtime.GC() // what loading has left is not to be collected meanwhile
	start := time.Now()
	encodeAll(ctx, t, docs, workers)
	return float64(bytes) / 1e6 / time.Since(start).Seconds()
}

// forget drops the caches of earlier encoding.
func (t *Tokenizer) forget() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.free = nil
}

// count encodes and decodes one document.
func (t *Tokenizer) count(doc []byte, parts []bool) (r Result, err error) {
	ids, err := t.TryEncode(nil, doc, EncodeOptions{Plain: true})
	if err != nil {
		return r, err
	}
	r.Tokens = int64(len(ids))
	unk, hasUnk := t.UNK()
	for _, id := range ids {
		if hasUnk && id == unk {
			r.Unknown++
		}
		if parts[id] {
			r.PartTokens++
		}
	}
	r.Unencodable = t.Check(doc).Unencodable
	if back := t.Decode(ids, false); back != string(doc) {
		r.FirstFailure = mismatch(doc, []byte(back))
	}
	return r, nil
}

// partTable tells, by id, which tokens hold a part of a character or stand for one byte that has no other token.
func (t *Tokenizer) partTable() []bool {
	table := make([]bool, t.VocabSize())
	for id := range table {
		b, ok := t.TokenBytes(uint32(id))
		table[id] = ok && (!utf8.Valid(b) || t.isByteFallback(uint32(id)))
	}
	return table
}

// isByteFallback recognises SentencePiece's spelling of a byte, <0x0A>.
func (t *Tokenizer) isByteFallback(id uint32) bool {
	s, _ := t.Token(id)
	return len(s) == len("<0x0A>") && strings.HasPrefix(s, "<0x") && s[5] == '>' && isHex(s[3]) && isHex(s[4])
}

func isHex(c byte) bool { return c >= '0' && c <= '9' || c >= 'A' && c <= 'F' }

// mismatch finds the first difference and shows what lies around it.
func mismatch(text, back []byte) *Mismatch {
	at := 0
	for at < len(text) && at < len(back) && text[at] == back[at] {
		at++
	}
	return &Mismatch{Offset: at, Text: around(text, at), Decoded: around(back, at), Was: charAt(text, at), Became: charAt(back, at)}
}

// charAt names the character that the byte at a place belongs to.
func charAt(text []byte, at int) string {
	if at == len(text) {
		return "the end"
	}
	lo := at
	for lo > 0 && at-lo < utf8.UTFMax-1 && !utf8.RuneStart(text[lo]) {
		lo--
	}
	r, n := utf8.DecodeRune(text[lo:])
	if r == utf8.RuneError && n == 1 {
		return fmt.Sprintf("byte %02X", text[at])
	}
	return fmt.Sprintf("%U", r)
}

// around returns the whole characters within some bytes of a place.
func around(text []byte, at int) string {
	const reach = 16
	lo, hi := max(at-reach, 0), min(at+reach, len(text))
	for lo > 0 && lo < len(text) && !utf8.RuneStart(text[lo]) {
		lo--
	}
	for hi < len(text) && !utf8.RuneStart(text[hi]) {
		hi++
	}
	return string(bytes.Clone(text[min(lo, hi):hi]))
}
