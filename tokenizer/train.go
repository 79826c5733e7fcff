package tokenizer

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"math"
	"runtime"
	"slices"
	"unicode/utf8"

	"github.com/athanor-lm/athanor/tokenizer/internal/bytelevel"
	"github.com/athanor-lm/athanor/tokenizer/internal/scan"
)

// TrainConfig says what Train makes. The zero value of every field but
// VocabSize is a sensible choice.
type TrainConfig struct {
	VocabSize    int      // ids in all: special tokens, 256 bytes, merges
	MinFrequency int64    // a pair seen less often is not merged; 0 means 2
	Pattern      string   // pre-tokenizer: gpt2, llama3 (also cl100k) or qwen2; "" means llama3
	NFC          bool     // normalize text to NFC first
	Special      []string // special tokens, ids 0, 1, …; nil means <|endoftext|>, which is then BOS and EOS, and <|pad|>, PAD
	BOS, EOS     string   // each among Special; "" means none, unless Special is nil
	PAD, UNK     string   // likewise
	AddBOS       bool     // encoding with special tokens puts BOS before a text
	AddEOS       bool     // … EOS after it
	Workers      int      // goroutines that count; 0 means GOMAXPROCS. The result does not depend on it
	Progress     func(Progress)
}

// Progress reports how far Train is. Phase "count" counts bytes of text and has
// no Total; phase "merge" counts tokens of the vocabulary.
type Progress struct {
	Phase       string
	Done, Total int64
}

const byteTokens = 256

// check fills in defaults and refuses what cannot be done.
func (c *TrainConfig) check() error {
	if c.Pattern == "" {
		c.Pattern = "llama3"
	}
	if c.MinFrequency == 0 {
		c.MinFrequency = 2
	}
	if c.Workers <= 0 {
		c.Workers = runtime.GOMAXPROCS(0)
	}
	if c.Special == nil {
		c.Special = []string{"<|endoftext|>", "<|pad|>"}
		c.BOS, c.EOS, c.PAD = cmp.Or(c.BOS, c.Special[0]), cmp.Or(c.EOS, c.Special[0]), cmp.Or(c.PAD, c.Special[1])
	}
	if scan.Pattern(canonicalPattern(c.Pattern)) == "" {
		return fmt.Errorf("pattern %q is unknown (known: gpt2, llama3, qwen2)", c.Pattern)
	}
	if least := byteTokens + len(c.Special); c.VocabSize < least || c.VocabSize > MaxVocab {
		return fmt.Errorf("vocabulary size %d, want %d (256 bytes and %d special tokens) to %d", c.VocabSize, least, len(c.Special), MaxVocab)
	}
	if c.MinFrequency < 0 {
		return fmt.Errorf("minimum frequency %d, want at least 1", c.MinFrequency)
	}
	for k, s := range c.Special {
		if s == "" || !utf8.ValidString(s) {
			return fmt.Errorf("special token %q, want non-empty UTF-8", s)
		}
		if slices.Contains(c.Special[:k], s) {
			return fmt.Errorf("special token %q is listed twice", s)
		}
	}
	for _, r := range []struct{ role, token string }{{"BOS", c.BOS}, {"EOS", c.EOS}, {"PAD", c.PAD}, {"UNK", c.UNK}} {
		if r.token != "" && !slices.Contains(c.Special, r.token) {
			return fmt.Errorf("%s token %s is not among the special tokens", r.role, r.token)
		}
	}
	if c.AddBOS && c.BOS == "" || c.AddEOS && c.EOS == "" {
		return errors.New("a BOS or EOS token is to be added to texts, but there is none")
	}
	return nil
}

// Train learns a byte-level BPE vocabulary from documents. A document's bytes
// need be valid only until the next one is asked for; an error from docs ends
// the training.
//
// Pieces are counted in parallel, then the most frequent adjacent pair becomes
// a token, over and over (Sennrich et al. 2016). Among equally frequent pairs
// the one with the smaller ids wins, as in Hugging Face's trainer. The result
// depends on the texts alone, not on their order or on the number of workers.
// A corpus too small for VocabSize gives a smaller vocabulary.
func Train(ctx context.Context, cfg TrainConfig, docs iter.Seq2[[]byte, error]) (*Tokenizer, error) {
	if err := cfg.check(); err != nil {
		return nil, fmt.Errorf("tokenizer: train: %w", err)
	}
	counts, err := countPieces(ctx, &cfg, docs)
	if err != nil {
		return nil, fmt.Errorf("tokenizer: train: %w", err)
	}
	if counts.used == 0 {
		return nil, errors.New("tokenizer: train: the corpus holds no text")
	}
	l := newLearner(&cfg, counts)
	if err := l.run(ctx); err != nil {
		return nil, fmt.Errorf("tokenizer: train: %w", err)
	}
	d := document{pattern: canonicalPattern(cfg.Pattern), byteLevel: true, nfc: cfg.NFC, merges: l.merges}
	for k, s := range cfg.Special {
		d.added = append(d.added, AddedToken{ID: uint32(k), Content: s, Special: true})
	}
	for id, token := range l.tokens {
		d.vocab = append(d.vocab, entry{token, uint32(id)})
	}
	if cfg.AddBOS {
		d.before = cfg.BOS
	}
	if cfg.AddEOS {
		d.after = cfg.EOS
	}
	return d.build(roles{cfg.BOS, cfg.EOS, cfg.PAD, cfg.UNK})
}

func canonicalPattern(p string) string {
	switch p {
	case "cl100k":
		return "llama3"
	case "qwen":
		return "qwen2"
	}
	return p
}

// build writes the file and reads it back, so that a trained tokenizer is what
// Load will make of it.
func (d *document) build(r roles) (*Tokenizer, error) {
	data, err := d.json()
	if err != nil {
		return nil, fmt.Errorf("tokenizer: write: %w", err)
	}
	t, err := Parse(data, nil)
	if err != nil {
		return nil, fmt.Errorf("tokenizer: read back what was trained: %w", err)
	}
	t.roles = r
	return t, nil
}

// TrainChars makes a vocabulary of the characters that occur in documents, in
// code point order and without special tokens, as nanoGPT's character-level
// example has it. Text that is not UTF-8 is an error.
func TrainChars(ctx context.Context, docs iter.Seq2[[]byte, error]) (*Tokenizer, error) {
	seen := map[rune]bool{}
	n := 0
	for doc, err := range docs {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return nil, fmt.Errorf("tokenizer: train characters: %w", err)
		}
		for i := 0; i < len(doc); {
			r, w := utf8.DecodeRune(doc[i:])
			if r == utf8.RuneError && w == 1 {
				return nil, fmt.Errorf("tokenizer: train characters: document %d is not UTF-8 at byte %d", n, i)
			}
			seen[r] = true
			i += w
		}
		n++
	}
	if len(seen) == 0 {
		return nil, errors.New("tokenizer: train characters: the corpus holds no text")
	}
	chars := make([]rune, 0, len(seen))
	for r := range seen {
		chars = append(chars, r)
	}
	slices.Sort(chars)
	d := document{}
	for id, r := range chars {
		d.vocab = append(d.vocab, entry{string(r), uint32(id)})
	}
	return d.build(roles{})
}

// learner is the state of BPE training after counting.
type learner struct {
	cfg    *TrainConfig
	tokens []string          // by id, in the byte alphabet
	ids    map[string]uint32 // token → id
	merges [][2]string

	syms  []uint32 // all distinct pieces, one after the other
	start []uint32 // piece → its first symbol in syms
	size  []uint32 // piece → its symbols now
	count []int64  // piece → occurrences

	pairs pairStats
	heap  pairHeap
}

// newLearner numbers the special tokens and bytes (in the order of the byte
// alphabet's code points, as Hugging Face's trainer does) and spells the pieces.
func newLearner(cfg *TrainConfig, c *pieceCounts) *learner {
	l := &learner{cfg: cfg, ids: map[string]uint32{}}
	add := func(token string) {
		l.ids[token] = uint32(len(l.tokens))
		l.tokens = append(l.tokens, token)
	}
	for _, s := range cfg.Special {
		add(s)
	}
	var alphabet [256]rune
	for b := range alphabet {
		alphabet[b] = bytelevel.Rune(byte(b))
	}
	sorted := alphabet
	slices.Sort(sorted[:])
	for _, r := range sorted {
		if _, taken := l.ids[string(r)]; !taken {
			add(string(r))
		}
	}
	var byteIDs [256]uint32
	for b, r := range alphabet {
		byteIDs[b] = l.ids[string(r)]
	}
	l.syms = make([]uint32, 0, len(c.text))
	for _, s := range c.slots {
		if s.size < 2 { // free, or nothing to merge
			continue
		}
		l.start = append(l.start, uint32(len(l.syms)))
		l.size = append(l.size, s.size)
		l.count = append(l.count, s.count)
		for _, b := range c.text[s.at : s.at+uint64(s.size)] {
			l.syms = append(l.syms, byteIDs[b])
		}
	}
	return l
}

// run merges until the vocabulary is full or no pair is frequent enough.
func (l *learner) run(ctx context.Context) error {
	if len(l.syms) > math.MaxUint32 {
		return fmt.Errorf("the distinct pieces have %d bytes, want at most %d; train on a sample", len(l.syms), uint32(math.MaxUint32))
	}
	l.pairs = newPairStats()
	for w := range l.start {
		s := l.piece(w)
		for i := 1; i < len(s); i++ {
			l.pairs.add(pairKey(s[i-1], s[i]), l.count[w], uint32(w))
		}
	}
	for slot, key := range l.pairs.keys {
		l.heap = append(l.heap, heapPair{l.pairs.counts[slot], key, uint32(slot)})
	}
	l.heap.init()
	for n := 0; len(l.tokens) < l.cfg.VocabSize && len(l.heap) > 0; {
		top := l.heap.pop()
		if now := l.pairs.counts[top.slot]; now != top.count {
			if now > 0 {
				l.heap.push(heapPair{now, top.key, top.slot})
			}
			continue
		}
		if top.count < l.cfg.MinFrequency {
			break
		}
		l.merge(top)
		if n++; n%64 == 0 {
			if err := ctx.Err(); err != nil {
				return err
			}
			l.report()
		}
	}
	l.report()
	return nil
}

func (l *learner) report() {
	if l.cfg.Progress != nil {
		l.cfg.Progress(Progress{"merge", int64(len(l.tokens)), int64(l.cfg.VocabSize)})
	}
}

func (l *learner) piece(w int) []uint32 {
	return l.syms[l.start[w] : l.start[w]+l.size[w]]
}

// merge makes a token of a pair and joins the pair in every piece that has it.
// Two merges may spell the same token; it keeps its first id.
func (l *learner) merge(p heapPair) {
	a, b := uint32(p.key>>32), uint32(p.key)
	left, right := l.tokens[a], l.tokens[b]
	pieces := l.pairs.take(p.slot)
	id, ok := l.ids[left+right]
	if ok && int(id) < len(l.cfg.Special) {
		return // text must not become a special token
	}
	if !ok {
		id = uint32(len(l.tokens))
		l.ids[left+right] = id
		l.tokens = append(l.tokens, left+right)
	}
	l.merges = append(l.merges, [2]string{left, right})
	l.pairs.raised = l.pairs.raised[:0]
	for _, w := range pieces {
		l.joinIn(w, a, b, id)
	}
	l.pairs.counts[p.slot] = 0 // overlaps such as aaa leave a remainder
	for _, slot := range l.pairs.raised {
		if n := l.pairs.counts[slot]; n > 0 {
			l.heap.push(heapPair{n, l.pairs.keys[slot], slot})
		}
		l.pairs.marked[slot] = false
	}
}

// joinIn replaces a b by id in piece w and moves the neighbours' counts.
func (l *learner) joinIn(w, a, b, id uint32) {
	s, n := l.piece(int(w)), l.count[w]
	k := 0
	for i := 0; i < len(s); i++ {
		if s[i] != a || i+1 == len(s) || s[i+1] != b {
			s[k] = s[i]
			k++
			continue
		}
		if k > 0 {
			l.pairs.drop(pairKey(s[k-1], a), n)
			l.pairs.raise(pairKey(s[k-1], id), n, w)
		}
		if i+2 < len(s) {
			l.pairs.drop(pairKey(b, s[i+2]), n)
			l.pairs.raise(pairKey(id, s[i+2]), n, w)
		}
		s[k] = id
		k++
		i++
	}
	l.size[w] = uint32(k)
}
