// Package charsmap reads, applies and builds SentencePiece's precompiled
// character maps: the rules by which a normalizer rewrites text, such as NFKC.
//
// A map as stored is a little-endian uint32, the size of a trie in bytes; the
// trie (package darts) from source strings to offsets; and the replacement
// strings, each ended by a zero byte.
package charsmap

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/athanor-lm/athanor/tokenizer/internal/darts"
)

// maxNested is how many of the rules that are prefixes of a text are looked
// at, shortest first: the size of the buffer the original reads them into.
const maxNested = 32

// Map is a character map. It is immutable and safe for many goroutines.
type Map struct {
	trie  darts.Trie
	texts []byte // replacements, each ended by a zero byte
}

// Parse reads a map as stored in a model. It refuses what SentencePiece does:
// sizes and offsets that leave the blob, tries with steps that leave the trie.
func Parse(blob []byte) (*Map, error) {
	if len(blob) <= 4 {
		return nil, fmt.Errorf("charsmap: %d bytes, want a size of 4 bytes, a trie and replacements", len(blob))
	}
	size := uint64(binary.LittleEndian.Uint32(blob))
	blob = blob[4:]
	switch {
	case size >= uint64(len(blob)):
		return nil, fmt.Errorf("charsmap: a trie of %d bytes in a map of %d, which has to hold replacements too", size, len(blob))
	case size == 0 || size%(4*darts.Block) != 0:
		return nil, fmt.Errorf("charsmap: a trie of %d bytes, want a multiple of %d", size, 4*darts.Block)
	case blob[len(blob)-1] != 0:
		return nil, errors.New("charsmap: the last replacement does not end with a zero byte")
	}
	m := &Map{trie: make(darts.Trie, size/4), texts: blob[size:]}
	for i := range m.trie {
		m.trie[i] = binary.LittleEndian.Uint32(blob[4*i:])
	}
	limit := uint32(min(len(m.texts), 1<<31-1))
	if err := m.trie.Validate(limit); err != nil {
		return nil, fmt.Errorf("charsmap: trie: %w", err)
	}
	return m, nil
}

// Lookup finds the longest rule that applies at the start of s. It returns the
// replacement, which may be empty and must not be changed, and the number of
// bytes of s it stands for; 0 where no rule applies.
func (m *Map) Lookup(s []byte) (repl []byte, n int) {
	var at uint32
	node, ok, found := darts.Root, true, 0
	for i, c := range s {
		if node, ok = m.trie.Step(node, c); !ok {
			break
		}
		if v, ok := m.trie.Value(node); ok {
			at, n = v, i+1
			if found++; found == maxNested {
				break
			}
		}
	}
	if n == 0 {
		return nil, 0
	}
	return m.text(at), n
}

// Shortest is Lookup for the shortest rule. Hugging Face's Precompiled
// normalizer takes that one.
func (m *Map) Shortest(s []byte) (repl []byte, n int) {
	node, ok := darts.Root, true
	for i, c := range s {
		if node, ok = m.trie.Step(node, c); !ok {
			break
		}
		if v, ok := m.trie.Value(node); ok {
			return m.text(v), i + 1
		}
	}
	return nil, 0
}

// Valid tells whether all replacements are UTF-8.
func (m *Map) Valid() bool { return utf8.Valid(m.texts) }

// Begins tells whether any rule begins with s, or is the beginning of s.
func (m *Map) Begins(s []byte) bool {
	node, ok := darts.Root, true
	for _, c := range s {
		if node, ok = m.trie.Step(node, c); !ok {
			return false
		}
		if _, ok := m.trie.Value(node); ok {
			return true
		}
	}
	return true
}

// Only returns the replacement of s if a rule rewrites it and none begins with
// s and more or is a beginning of it.
func (m *Map) Only(s []byte) (repl []byte, ok bool) {
	node := darts.Root
	for i, c := range s {
		if node, ok = m.trie.Step(node, c); !ok {
			return nil, false
		}
		if _, ok = m.trie.Value(node); ok != (i == len(s)-1) {
			return nil, false
		}
	}
	for c := 1; c < 256; c++ {
		if _, more := m.trie.Step(node, byte(c)); more {
			return nil, false
		}
	}
	v, _ := m.trie.Value(node)
	return m.text(v), ok
}

// Extends tells whether any rule begins with the bytes c and d.
func (m *Map) Extends(c, d byte) bool {
	node, ok := m.trie.Step(darts.Root, c)
	if ok {
		_, ok = m.trie.Step(node, d)
	}
	return ok
}

func (m *Map) text(at uint32) []byte {
	rest := m.texts[at:]
	end := bytes.IndexByte(rest, 0) // there is one: Parse saw to it
	return rest[:end:end]
}

// Rules returns all rules of the map.
func (m *Map) Rules() map[string]string {
	rules := map[string]string{}
	var key []byte
	nodes := 0 // the original's tries share the ends of rules, by far less than this; a damaged one may have cycles
	var walk func(node uint32)
	walk = func(node uint32) {
		if v, ok := m.trie.Value(node); ok {
			rules[string(key)] = string(m.text(v))
		}
		if nodes++; nodes > 64*len(m.trie) {
			return
		}
		for c := 1; c < 256; c++ {
			if child, ok := m.trie.Step(node, byte(c)); ok {
				key = append(key, byte(c))
				walk(child)
				key = key[:len(key)-1]
			}
		}
	}
	walk(darts.Root)
	return rules
}

// Build makes the map of rules, in the form SentencePiece reads. Sources must
// be UTF-8, not empty and without byte 0, replacements UTF-8 without byte 0;
// fewer than 32 sources may be prefixes of one another.
func Build(rules map[string]string) ([]byte, error) {
	if len(rules) == 0 {
		return nil, errors.New("charsmap: build: no rules")
	}
	sources := make([]string, 0, len(rules))
	targets := make([]string, 0, len(rules))
	for from, to := range rules {
		switch {
		case from == "":
			return nil, errors.New("charsmap: build: a rule rewrites the empty string")
		case from == to:
			return nil, fmt.Errorf("charsmap: build: rule %q rewrites a text to itself", from)
		case !utf8.ValidString(from) || !utf8.ValidString(to):
			return nil, fmt.Errorf("charsmap: build: rule %q to %q is not UTF-8", from, to)
		case strings.Contains(from, "\x00") || strings.Contains(to, "\x00"):
			return nil, fmt.Errorf("charsmap: build: rule %q to %q contains byte 0, which the format cannot store", from, to)
		}
		sources, targets = append(sources, from), append(targets, to)
	}
	slices.Sort(sources)
	slices.Sort(targets)
	var texts []byte
	at := map[string]uint32{}
	for _, to := range slices.Compact(targets) {
		at[to] = uint32(len(texts))
		texts = append(append(texts, to...), 0)
	}
	values := make([]uint32, len(sources))
	var nested []string // the sources that are prefixes of the current one
	for i, from := range sources {
		values[i] = at[rules[from]]
		for len(nested) > 0 && !strings.HasPrefix(from, nested[len(nested)-1]) {
			nested = nested[:len(nested)-1]
		}
		if nested = append(nested, from); len(nested) >= maxNested {
			return nil, fmt.Errorf("charsmap: build: %d rules are prefixes of %q, want fewer than %d", len(nested), from, maxNested)
		}
	}
	trie, err := darts.BuildShared(sources, values)
	if err != nil {
		return nil, fmt.Errorf("charsmap: build: %w", err)
	}
	blob := binary.LittleEndian.AppendUint32(nil, uint32(4*len(trie)))
	for _, u := range trie {
		blob = binary.LittleEndian.AppendUint32(blob, u)
	}
	return append(blob, texts...), nil
}
