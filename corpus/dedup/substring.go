package dedup

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/athanor-lm/athanor/corpus"
	"github.com/zeebo/xxh3"
)

// Substring cuts stretches of text out of documents that stand elsewhere in the corpus word for word (Lee et al. 2022), however the
// words are spaced. The first occurrence stays: in the document that the rule prefers, there the first. A stretch that occurs more
// than 10 times is looked for at its first place and the 8 before each. Of earlier corpora it is looked for at 9 places.
type Substring struct {
	Keep    `yaml:",inline"`
	Earlier `yaml:",inline"`
	// Tokens is the least length of a stretch: in words as white space separates them, and single characters of Chinese and other
	// scripts written without spaces.
	Tokens int `yaml:"tokens"`
	// DropShare, where above 0, drops a document when at least this share of its tokens is to be cut.
	DropShare float64 `yaml:"drop_share"`
}

// DefaultSubstring returns the settings of Lee et al., 50 tokens.
func DefaultSubstring() Substring { return Substring{Keep: Keep{Rule: "longest"}, Tokens: 50} }

// Validate refuses what cannot be.
func (s *Substring) Validate() error {
	switch {
	case s.Tokens < 8 || s.Tokens > 10_000:
		return fmt.Errorf("tokens: %d, want 8 to 10,000", s.Tokens)
	case !(s.DropShare >= 0 && s.DropShare <= 1):
		return fmt.Errorf("drop_share: %g, want 0 (off) to 1", s.DropShare)
	}
	return errors.Join(s.Keep.validate(), s.Earlier.validate())
}

// Open returns the pass.
func (s *Substring) Open(env corpus.Env) (corpus.Pass, error) {
	return &substring{s: *s, env: env}, nil
}

type substring struct {
	s   Substring
	env corpus.Env
}

const (
	kindStretches = 's'
	tokenBytes    = 4 // the hash that stands for a token
)

// eachToken calls f with where each token of a text starts and ends.
func eachToken(text string, f func(start, end int)) {
	from := 0
	for i := 0; i < len(text); {
		size, space, alone := 1, false, false
		if c := text[i]; c < utf8.RuneSelf {
			space = c <= ' ' && (c == ' ' || c-'\t' < 5)
		} else {
			var r rune
			r, size = utf8.DecodeRuneInString(text[i:])
			space, alone = unicode.IsSpace(r), single(r)
		}
		if space || alone {
			if i > from {
				f(from, i)
			}
			from = i + size
			if alone {
				f(i, i+size)
			}
		}
		i += size
	}
	if len(text) > from {
		f(from, len(text))
	}
}

// single says whether a character is a token by itself.
func single(r rune) bool {
	if r >= tableEndRune {
		class, _ := far(r)
		return class == classChar
	}
	return runeClasses()[r] == classChar
}

// tokenHasher collects the tokens of texts. A record has, behind its head, a hash a token.
type tokenHasher struct{ s *Substring }

func (p *substring) Collector() corpus.Collector { return &tokenHasher{&p.s} }

func (c *tokenHasher) Collect(dst []byte, d *corpus.Document) []byte {
	before := len(dst)
	dst = c.s.appendHead(dst, d)
	tokens := len(dst)
	text := d.Text()
	eachToken(text, func(start, end int) {
		dst = binary.LittleEndian.AppendUint32(dst, uint32(xxh3.HashString(text[start:end])))
	})
	if len(dst)-tokens < c.s.Tokens*tokenBytes {
		return dst[:before]
	}
	return dst
}

// winnow calls f with anchors of a sequence of tokens and their hashes: every run of so many tokens holds at least one, at
// the same place as any other run of the same tokens (Schleimer, Wilkerson & Aiken 2003). An anchor begins the run of half that length
// with the least hash among those of the run.
func winnow(tokens []uint32, length int, room []uint64, f func(pos int, hash uint64) error) ([]uint64, error) {
	gram := length / 2
	window := length - gram + 1
	hashes := room[:0]
	const base = 0x9fb21c651e98df25
	out, h := uint64(1), uint64(0)
	for i, t := range tokens {
		h = h*base + uint64(t) + 1
		if i < gram {
			out *= base
		} else {
			h -= (uint64(tokens[i-gram]) + 1) * out
		}
		if i >= gram-1 {
			hashes = append(hashes, mix(0, h))
		}
	}
	last, least := -1, -1
	for end := window; end <= len(hashes); end++ {
		if start := end - window; least < start {
			least = start
			for k := start + 1; k < end; k++ {
				if hashes[k] < hashes[least] {
					least = k
				}
			}
		} else if hashes[end-1] < hashes[least] {
			least = end - 1
		}
		if least != last {
			last = least
			if err := f(least, hashes[least]); err != nil {
				return hashes, err
			}
		}
	}
	return hashes, nil
}

// stretch is a run of tokens, from start to before end.
type stretch struct{ start, end int }

// union sorts stretches and joins those that overlap or touch.
func union(all []stretch) []stretch {
	slices.SortFunc(all, func(a, b stretch) int { return a.start - b.start })
	out := all[:0]
	for _, s := range all {
		if n := len(out); n > 0 && s.start <= out[n-1].end {
			out[n-1].end = max(out[n-1].end, s.end)
		} else {
			out = append(out, s)
		}
	}
	return out
}

func appendStretches(dst []byte, all []stretch) []byte {
	last := 0
	for _, s := range all {
		dst = binary.AppendUvarint(dst, uint64(s.start-last))
		dst = binary.AppendUvarint(dst, uint64(s.end-s.start))
		last = s.end
	}
	return dst
}

// parseStretches reads what appendStretches wrote; the ends are at most limit.
func parseStretches(b []byte, limit int) ([]stretch, error) {
	var out []stretch
	last := 0
	for len(b) > 0 {
		gap, n := binary.Uvarint(b)
		if n <= 0 {
			return nil, errDamaged
		}
		size, k := binary.Uvarint(b[n:])
		if k <= 0 || gap > uint64(limit-last) || size == 0 || size > uint64(limit-last)-gap {
			return nil, errors.New("stretches beyond the document's end: the input has changed")
		}
		s := stretch{last + int(gap), last + int(gap) + int(size)}
		out = append(out, s)
		last = s.end
		b = b[n+k:]
	}
	return out, nil
}

// stretches are the decisions of a pass that cuts stretches of tokens.
type stretches struct {
	s      *section
	p      *Substring
	starts []int
}

// Decisions opens the decisions upon a task's documents.
func (p *substring) Decisions(dir string, task int) (corpus.Decisions, error) {
	s, err := openSection(dir, kindStretches, task)
	if err != nil {
		return nil, err
	}
	return &stretches{s: s, p: &p.s}, nil
}

func (c *stretches) Close() error { return nil }

func (c *stretches) Decide(d *corpus.Document, r *corpus.Report) error {
	what, err := c.s.decide()
	if err != nil || what == nil {
		return err
	}
	text := d.Text()
	c.starts = c.starts[:0]
	eachToken(text, func(start, _ int) { c.starts = append(c.starts, start) })
	all, err := parseStretches(what, len(c.starts))
	if err != nil {
		return fmt.Errorf("dedup: decision upon document %s: %w", d.ID, err)
	}
	tokens := len(c.starts)
	c.starts = append(c.starts, len(text))
	var out strings.Builder
	var spans []corpus.Span
	at, cut := 0, 0
	for _, s := range all {
		from, to := c.starts[s.start], c.starts[s.end]
		out.WriteString(text[at:from])
		if strings.Contains(text[from:to], "\n") && out.Len() > 0 && text[from-1] != '\n' {
			out.WriteByte('\n')
		}
		at = to
		cut += s.end - s.start
		spans = append(spans, corpus.Span{Start: from, End: to, Kind: "repeated"})
	}
	out.WriteString(text[at:])
	share := float64(cut) / float64(tokens)
	drops := c.p.DropShare > 0 && share >= c.p.DropShare
	if r.Explain {
		r.Find(corpus.Finding{Rule: "repeated", Value: share, Limit: limit(c.p.DropShare), Failed: drops, Spans: spans[:min(len(spans), 300)]})
	}
	r.Add("stretches cut", int64(len(all)))
	r.Add("tokens cut", int64(cut))
	switch {
	case drops:
		r.Drop("repeated-share", share, c.p.DropShare)
	case strings.TrimSpace(out.String()) == "":
		r.Drop("nothing-left", share, 1)
	default:
		d.SetText(out.String())
	}
	return nil
}
