package dedup

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"github.com/athanor-lm/athanor/corpus"
	"github.com/athanor-lm/athanor/internal/kernel"
	"github.com/zeebo/xxh3"
)

// MinHash drops near-duplicates (Broder 1997): of every document the least values of bands × rows permutations over its
// shingles are a signature, in which two documents agree at each place with a chance that is the Jaccard similarity s of their
// sets of shingles. Documents that agree in all rows of a band are candidates, which happens with probability 1 − (1 − s^rows)^bands,
// and candidates that follow from one another make a cluster, of which one document stays. The defaults are FineWeb's: 0.9 % at
// s = 0.4, 5 % at 0.5, 56 % at 0.7, 92 % at 0.8, 99.9 % at 0.9.
type MinHash struct {
	Keep    `yaml:",inline"`
	Earlier `yaml:",inline"`
	// Words are the words of a shingle, in texts of which less than half of the tokens are characters of scripts written without
	// spaces.
	Words int `yaml:"words"`
	// Chars are the tokens of a shingle in the other texts, such as Chinese: single characters, and words of other scripts.
	Chars int `yaml:"characters"`
	Bands int `yaml:"bands"`
	Rows  int `yaml:"rows"` // permutations of a band
	// Verify, where above 0, takes only those candidates for copies whose signatures agree in at least this share, and compares
	// a document with at most 9 of each band's candidates. Matches with earlier corpora are not verified.
	Verify float64 `yaml:"verify"`
	// Hashes says how shingles and permutations are hashed: "own", or as datatrove does for English ("datatrove"), which finds
	// exactly its clusters and takes about ten times as long.
	Hashes string `yaml:"hashes"`
	// Seed draws the permutations.
	Seed uint64 `yaml:"seed"`
}

// DefaultMinHash returns the settings of FineWeb: shingles of 5 words, or of 5 characters in Chinese, 14 bands of 8 rows.
func DefaultMinHash() MinHash {
	return MinHash{Keep: Keep{Rule: "longest"}, Words: 5, Chars: 5, Bands: 14, Rows: 8, Hashes: "own", Seed: 1}
}

const (
	maxPermutations = 1 << 14
	maxShingle      = 64
)

// Validate refuses what cannot be.
func (s *MinHash) Validate() error {
	switch {
	case s.Words < 1 || s.Words > maxShingle:
		return fmt.Errorf("words: %d, want 1 to %d", s.Words, maxShingle)
	case s.Chars < 1 || s.Chars > maxShingle:
		return fmt.Errorf("characters: %d, want 1 to %d", s.Chars, maxShingle)
	case s.Bands < 1 || s.Rows < 1 || s.Bands > maxPermutations/s.Rows:
		return fmt.Errorf("bands: %d of rows: %d, want at least 1 of each and at most %d in all", s.Bands, s.Rows, maxPermutations)
	case s.Hashes != "own" && s.Hashes != "datatrove":
		return fmt.Errorf("hashes: %q, want own or datatrove", s.Hashes)
	case s.Hashes == "datatrove" && s.Seed > math.MaxUint32:
		return fmt.Errorf("seed: %d, want less than 2^32 with hashes: datatrove", s.Seed)
	case !(s.Verify >= 0 && s.Verify <= 1):
		return fmt.Errorf("verify: %g, want 0 (off) to 1", s.Verify)
	}
	return errors.Join(s.Keep.validate(), s.Earlier.validate())
}

// Open returns the pass.
func (s *MinHash) Open(env corpus.Env) (corpus.Pass, error) {
	return &minhash{s: *s, env: env, p: newPermutations(s.Bands*s.Rows, s.Seed)}, nil
}

type minhash struct {
	s   MinHash
	env corpus.Env
	p   *permutations
}

// Collector makes one for a goroutine.
func (p *minhash) Collector() corpus.Collector {
	n := p.s.Bands * p.s.Rows
	if p.s.Hashes == "datatrove" {
		return &signer{s: &p.s, sketcher: newDatatrove(p.s.Words, n, p.s.Seed)}
	}
	return &signer{s: &p.s, sketcher: &sketch{p: p.p, shingles: newShingler(p.s.Words, p.s.Chars), sig: make([]uint32, n)}}
}

// sketcher makes signatures.
type sketcher interface {
	// sketch makes the signature of a text; false where it has no shingle.
	sketch(text string) bool
	// appendRows appends some values of the signature, appendLow the low bytes of all of them.
	appendRows(dst []byte, from, to int) []byte
	appendLow(dst []byte) []byte
}

// signer signs documents. A record has, behind its head, a hash a band, and, to verify, a byte a value of the signature.
type signer struct {
	sketcher
	s    *MinHash
	room []byte
}

func (c *signer) Collect(dst []byte, d *corpus.Document) []byte {
	if !c.sketch(d.Text()) {
		return dst
	}
	dst = c.s.appendHead(dst, d)
	for band := range c.s.Bands {
		c.room = c.appendRows(c.room[:0], band*c.s.Rows, (band+1)*c.s.Rows)
		dst = binary.BigEndian.AppendUint64(dst, xxh3.HashSeed(c.room, uint64(band)))
	}
	if c.s.Verify > 0 {
		dst = c.appendLow(dst)
	}
	return dst
}

// sketch is a signature of 32 bits a value.
type sketch struct {
	p        *permutations
	shingles *shingler
	sig      []uint32
}

// block is how many shingles are taken through all permutations at once: they stay in the first cache.
const block = 2048

func (c *sketch) sketch(text string) bool {
	xs := c.shingles.text(text)
	for i := range c.sig {
		c.sig[i] = math.MaxUint32
	}
	for at := 0; at < len(xs); at += block {
		kernel.Minima(c.sig, c.p.mul, c.p.add, xs[at:min(at+block, len(xs))])
	}
	return len(xs) > 0
}

func (c *sketch) appendRows(dst []byte, from, to int) []byte {
	for _, v := range c.sig[from:to] {
		dst = binary.LittleEndian.AppendUint32(dst, v)
	}
	return dst
}

func (c *sketch) appendLow(dst []byte) []byte {
	for _, v := range c.sig {
		dst = append(dst, byte(v))
	}
	return dst
}

// Decisions opens the decisions upon a task's documents.
func (p *minhash) Decisions(dir string, task int) (corpus.Decisions, error) {
	return openDrops(dir, task)
}

// shape names the settings that shape the hashes of bands.
func (p *minhash) shape() string {
	return fmt.Sprintf("minhash, hashes: %s, words: %d, characters: %d, bands: %d, rows: %d, seed: %d", p.s.Hashes, p.s.Words, p.s.Chars, p.s.Bands, p.s.Rows, p.s.Seed)
}
