package dedup

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/athanor-lm/athanor/corpus"
	"github.com/athanor-lm/athanor/corpus/internal/extsort"
	"github.com/zeebo/xxh3"
)

// Paragraphs cuts lines or paragraphs out of documents that stand elsewhere in the corpus already, in the manner of CCNet (equal
// after normalisation) or of Dolma (so many of their runs of words occurred before). The first occurrence stays: in the document
// that the rule prefers, there the first. Hashes are of 64 bits: of 10^10 different lines about three pairs are taken for equal.
type Paragraphs struct {
	Keep    `yaml:",inline"`
	Earlier `yaml:",inline"`
	// Unit is "line", or "paragraph": what blank lines separate.
	Unit string `yaml:"unit"`
	// Normalise says what may differ, as in Exact: "none", "whitespace" or "words".
	Normalise string `yaml:"normalise"`
	// MinChars leaves units of fewer characters alone, such as headings and brackets; 0 takes all of them, the blank ones too.
	MinChars int `yaml:"min_characters"`
	// Overlap, where above 0, cuts a unit when at least this share of its runs of words occurred before, in place of all of it. A
	// unit of fewer than two runs is compared as a whole.
	Overlap float64 `yaml:"overlap"`
	// Words are the tokens of a run: what white space separates, as it stands, or with normalise: words the letters and numbers in
	// lower case; characters of Chinese count by themselves.
	Words  int `yaml:"words"`
	Stride int `yaml:"stride"` // tokens from the start of a run to that of the next
	// DropShare, where above 0, drops a document when the units to be cut hold at least this share of its characters.
	DropShare float64 `yaml:"drop_share"`
	// Bloom, where above 0, remembers what occurred in a Bloom filter in memory with this rate of false alarms, in place of sorting
	// on disk. First is then first in the corpus (keep: first), and there are no indexes.
	Bloom float64 `yaml:"bloom"`
}

// DefaultParagraphs returns the settings that cut equal lines of 30 characters and more.
func DefaultParagraphs() Paragraphs {
	return Paragraphs{Keep: Keep{Rule: "longest"}, Unit: "line", Normalise: "whitespace", MinChars: 30, Words: 13, Stride: 3}
}

// Validate refuses what cannot be.
func (s *Paragraphs) Validate() error {
	share := func(v float64) bool { return v >= 0 && v <= 1 }
	switch {
	case s.Unit != "line" && s.Unit != "paragraph":
		return fmt.Errorf("unit: %q, want line or paragraph", s.Unit)
	case !slices.Contains(exactNormal, s.Normalise):
		return fmt.Errorf("normalise: %q, want one of %s", s.Normalise, strings.Join(exactNormal, ", "))
	case s.MinChars < 0:
		return fmt.Errorf("min_characters: %d, want 0 (all) or more", s.MinChars)
	case !share(s.Overlap):
		return fmt.Errorf("overlap: %g, want 0 (off) to 1", s.Overlap)
	case !share(s.DropShare):
		return fmt.Errorf("drop_share: %g, want 0 (off) to 1", s.DropShare)
	case s.Words < 1 || s.Stride < 1:
		return fmt.Errorf("words: %d, stride: %d, want at least 1", s.Words, s.Stride)
	case !(s.Bloom >= 0 && s.Bloom < 1):
		return fmt.Errorf("bloom: %g, want 0 (off) or a rate below 1", s.Bloom)
	case s.Bloom > 0 && (s.Rule != "first" || len(s.Against) > 0 || s.Save != ""):
		return errors.New("bloom: wants keep: first, and neither against nor save_index")
	}
	return errors.Join(s.Keep.validate(), s.Earlier.validate())
}

// Open returns the pass.
func (s *Paragraphs) Open(env corpus.Env) (corpus.Pass, error) {
	return &paragraphs{s: *s, env: env}, nil
}

type paragraphs struct {
	s   Paragraphs
	env corpus.Env
}

const (
	kindUnits  = 'p'
	hashBytes  = 8
	indexBytes = 4 // a unit of a document
	totalBytes = 4 // runs of words of a unit
)

// unit is a line or paragraph: what is compared, and with what separates it from the next.
type unit struct{ start, end, next int }

// units calls f with each unit of a text that is long enough, in order.
func (s *Paragraphs) units(text string, f func(u unit)) {
	for at := 0; at < len(text); {
		u := unit{at, len(text), len(text)}
		if i := strings.IndexByte(text[at:], '\n'); i >= 0 {
			u.end, u.next = at+i, at+i+1
		}
		if s.Unit == "paragraph" {
			u = paragraph(text, u)
		}
		at = u.next
		if s.MinChars == 0 || utf8.RuneCountInString(strings.TrimSpace(text[u.start:u.end])) >= s.MinChars {
			f(u)
		}
	}
}

// paragraph extends a line to the next blank one, and what separates it to the line after all blank ones.
func paragraph(text string, u unit) unit {
	blank := false
	for u.next < len(text) {
		end, next := len(text), len(text)
		if i := strings.IndexByte(text[u.next:], '\n'); i >= 0 {
			end, next = u.next+i, u.next+i+1
		}
		if strings.TrimSpace(text[u.next:end]) == "" {
			blank = true
		} else if blank {
			break
		} else {
			u.end = end
		}
		u.next = next
	}
	return u
}

// unitCollector hashes units. A record has, behind its head, for each of them a uvarint number of hashes and the hashes.
type unitCollector struct {
	s      *Paragraphs
	tokens *shingler
	room   []byte
}

func (p *paragraphs) Collector() corpus.Collector {
	c := &unitCollector{s: &p.s}
	if p.s.Overlap > 0 {
		c.tokens = newShingler(p.s.Words, p.s.Words)
		c.tokens.asTheyStand = true
	}
	return c
}

func (c *unitCollector) Collect(dst []byte, d *corpus.Document) []byte {
	dst = c.s.appendHead(dst, d)
	text := d.Text()
	c.s.units(text, func(u unit) { dst = c.appendUnit(dst, text[u.start:u.end]) })
	return dst
}

func (c *unitCollector) appendUnit(dst []byte, text string) []byte {
	if c.tokens != nil {
		if c.s.Normalise == "words" {
			c.tokens.cut(text)
		} else {
			c.tokens.cutAtSpaces(text)
		}
		if runs := c.tokens.runs(c.s.Words, c.s.Stride); len(runs) >= 2 {
			dst = binary.AppendUvarint(dst, uint64(len(runs)))
			for _, h := range runs {
				dst = binary.BigEndian.AppendUint64(dst, h)
			}
			return dst
		}
	}
	dst = append(dst, 1)
	switch c.s.Normalise {
	case "whitespace":
		c.room = appendSpaced(c.room[:0], text)
	case "words":
		c.room = appendWords(c.room[:0], text)
	default:
		return binary.BigEndian.AppendUint64(dst, xxh3.HashString(text))
	}
	return binary.BigEndian.AppendUint64(dst, xxh3.Hash(c.room))
}

// eachHash calls f with the hashes of a record's units, each with its unit's number and how many hashes that has.
func eachHash(body []byte, f func(hash []byte, unit, total uint64) error) error {
	for i := uint64(0); len(body) > 0; i++ {
		n, k := binary.Uvarint(body)
		if k <= 0 || n > uint64(len(body)-k)/hashBytes || n > math.MaxUint32 || i > math.MaxUint32 {
			return errors.New("a record whose units are not lists of hashes")
		}
		body = body[k:]
		for range n {
			if err := f(body[:hashBytes], i, n); err != nil {
				return err
			}
			body = body[hashBytes:]
		}
	}
	return nil
}

// Merge sorts records of hash, rank, tie's hash, document, unit, and hashes of the unit: of every hash the first record is new, the
// others occurred before.
func (p *paragraphs) Merge(ctx context.Context, cm corpus.Merge) (err error) {
	m, err := begin(cm, p.env)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, m.close()) }()
	if p.s.Bloom > 0 {
		return p.mergeBloom(ctx, m)
	}
	s, err := m.sorter(hashBytes+headBytes+seqBytes+indexBytes+totalBytes, 60, false)
	if err != nil {
		return err
	}
	rec := make([]byte, hashBytes+headBytes+seqBytes+indexBytes+totalBytes)
	err = m.walk(ctx, func(e *entry) error {
		copy(rec[hashBytes:], e.head)
		rest := putUint(rec[hashBytes+headBytes:], e.seq, seqBytes)
		return eachHash(e.body, func(hash []byte, unit, total uint64) error {
			copy(rec, hash)
			putUint(putUint(rest, unit, indexBytes), total, totalBytes)
			return s.Add(rec)
		})
	})
	if err != nil {
		return err
	}
	seen, err := m.sorter(seqBytes+indexBytes+totalBytes, 35, true)
	if err != nil {
		return err
	}
	if err := p.find(ctx, m, s, seen); err != nil {
		return err
	}
	return p.write(ctx, m, seen)
}

// find gathers the units of hashes that occurred before, once for each hash.
func (p *paragraphs) find(ctx context.Context, m *merge, s, seen *extsort.Sorter) error {
	old, save, err := m.indexes(&p.s.Earlier, p.shape(), hashBytes)
	if err != nil {
		return err
	}
	r, err := s.Sort()
	if err != nil {
		return err
	}
	var hash []byte
	var size int64
	var earlier float64
	var known bool
	var sizes sizes
	err = each(ctx, r, func(rec []byte) error {
		if size == 0 || !bytes.Equal(rec[:hashBytes], hash) {
			sizes.add(size)
			hash, size = append(hash[:0], rec[:hashBytes]...), 1
			err := save.add(hash)
			if err == nil {
				known, err = old.has(hash)
			}
			if err != nil || !known {
				return err
			}
		} else {
			size++
		}
		if known {
			earlier++
		}
		return seen.Add(rec[hashBytes+headBytes:])
	})
	if err == nil {
		err = old.drain()
	}
	if err != nil {
		return err
	}
	sizes.add(size)
	m.stat("hashes", float64(s.Len()))
	m.stat("in earlier corpora", earlier)
	sizes.tell(m, "repeated hashes", "most frequent", "times a hash occurs")
	if err := save.end(); err != nil {
		return err
	}
	return s.Close()
}

func (p *paragraphs) shape() string {
	s := fmt.Sprintf("paragraphs, unit: %s, normalise: %s", p.s.Unit, p.s.Normalise)
	if p.s.Overlap > 0 {
		s += fmt.Sprintf(", words: %d, stride: %d", p.s.Words, p.s.Stride)
	}
	return s
}

// write decides: a unit is cut when enough of its hashes occurred before.
func (p *paragraphs) write(ctx context.Context, m *merge, seen *extsort.Sorter) error {
	r, err := seen.Sort()
	if err != nil {
		return err
	}
	w, err := p.decide(m)
	if err != nil {
		return err
	}
	var unit []byte
	var n uint64
	take := func() error {
		if n == 0 {
			return nil
		}
		return w.unit(getUint(unit, seqBytes), getUint(unit[seqBytes:], indexBytes), n, getUint(unit[seqBytes+indexBytes:], totalBytes))
	}
	err = each(ctx, r, func(rec []byte) error {
		if n == 0 || !bytes.Equal(rec, unit) {
			if err := take(); err != nil {
				return err
			}
			unit, n = append(unit[:0], rec...), 0
		}
		n++
		return nil
	})
	if err == nil {
		err = take()
	}
	if err != nil {
		return err
	}
	return w.end()
}

// unitWriter writes what is to be cut, document by document.
type unitWriter struct {
	m       *merge
	w       *decisionWriter
	overlap float64
	seq     uint64
	last    uint64 // number after the last unit of the document
	what    []byte // uvarints: units passed over since the last one to be cut
	units   float64
	docs    float64
}

func (p *paragraphs) decide(m *merge) (*unitWriter, error) {
	w, err := newDecisions(m.Dir, kindUnits, m.docs)
	if err != nil {
		return nil, err
	}
	m.files = append(m.files, closed{w.f})
	overlap := p.s.Overlap
	if overlap == 0 {
		overlap = 1
	}
	return &unitWriter{m: m, w: w, overlap: overlap}, nil
}

// unit says that of a unit's hashes so many occurred before.
func (u *unitWriter) unit(seq, index, seen, total uint64) error {
	if float64(seen) < u.overlap*float64(total) {
		return nil
	}
	if seq != u.seq {
		if err := u.flush(); err != nil {
			return err
		}
		u.seq, u.last = seq, 0
	}
	u.what = binary.AppendUvarint(u.what, index-u.last)
	u.last = index + 1
	u.units++
	return nil
}

func (u *unitWriter) flush() error {
	if len(u.what) == 0 {
		return nil
	}
	err := u.w.put(u.seq, u.what)
	u.what = u.what[:0]
	u.docs++
	return err
}

func (u *unitWriter) end() error {
	if err := u.flush(); err != nil {
		return err
	}
	u.m.stat("to be cut", u.units)
	u.m.stat("documents to be cut", u.docs)
	return u.w.end()
}
