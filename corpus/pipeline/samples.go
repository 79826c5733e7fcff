package pipeline

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/athanor-lm/athanor/corpus"
	"github.com/athanor-lm/athanor/corpus/pii"
	"github.com/cespare/xxhash/v2"
)

// Sizes of what is shown of a text, in bytes.
const (
	sampleText   = 600 // of a document that was dropped
	sampleEdit   = 240 // around a change
	sampleEdge   = 64  // cut off where the edge is not clean
	sampleMargin = 200 // looked at beside what is shown, so that personal data at the edge is seen whole
)

// samples are the examples of a task, or of a run: for every step and rule those with the smallest keys. Workers share them.
type samples struct {
	mu    sync.Mutex
	max   int
	seed  uint64
	Drops map[int]map[string][]DropSample // by step and rule, by key
	Edits map[int][]EditSample            // by step, by key
}

func newSamples(max int, seed uint64) *samples {
	return &samples{max: max, seed: seed, Drops: map[int]map[string][]DropSample{}, Edits: map[int][]EditSample{}}
}

// key is the keyed hash by which a document is chosen for a step.
func (s *samples) key(step int, d *corpus.Document) uint64 {
	x := xxhash.Sum64String(d.ID) ^ s.seed*0x9E3779B97F4A7C15 ^ uint64(step)*0xD1B54A32D192ED03
	x = (x ^ x>>30) * 0xBF58476D1CE4E5B9 // the finaliser of SplitMix64
	x = (x ^ x>>27) * 0x94D049BB133111EB
	return x ^ x>>31
}

// drop may keep a document that a rule dropped, with the text it had before the step.
func (s *samples) drop(step int, d *corpus.Document, text string, r *corpus.Report) {
	key := s.key(step, d)
	s.mu.Lock()
	have := s.Drops[step][r.Dropped]
	wanted := len(have) < s.max || (s.max > 0 && key <= have[len(have)-1].Key)
	s.mu.Unlock()
	if !wanted {
		return
	}
	sample := DropSample{ID: pii.Redact(d.ID), Source: d.Source, Lang: d.Lang, Bytes: int64(len(text)), Value: finite(r.Value), Limit: finite(r.Limit),
		Partner: pii.Redact(r.Partner), Text: shown(text, 0, sampleText), Key: key}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.addDrop(step, r.Dropped, sample)
}

// finite is the number nearest to v that JSON can hold; 0 for what is none.
func finite(v float64) float64 {
	if math.IsNaN(v) {
		return 0
	}
	return min(max(v, -math.MaxFloat64), math.MaxFloat64)
}

func (s *samples) addDrop(step int, rule string, sample DropSample) {
	if s.Drops[step] == nil {
		s.Drops[step] = map[string][]DropSample{}
	}
	s.Drops[step][rule] = insert(s.Drops[step][rule], sample, s.max, compareDrops)
}

func compareDrops(a, b DropSample) int {
	return cmp.Or(cmp.Compare(a.Key, b.Key), cmp.Compare(a.ID, b.ID), cmp.Compare(a.Text, b.Text), cmp.Compare(a.Partner, b.Partner))
}

// edit may keep a document that a step changed.
func (s *samples) edit(step int, d *corpus.Document, before string) {
	key := s.key(step, d)
	s.mu.Lock()
	have := s.Edits[step]
	wanted := len(have) < s.max || (s.max > 0 && key <= have[len(have)-1].Key)
	s.mu.Unlock()
	if !wanted {
		return
	}
	at := differs(before, d.Text())
	sample := EditSample{ID: pii.Redact(d.ID), Source: d.Source, Lang: d.Lang, Before: shown(before, at-sampleEdit/3, at+sampleEdit),
		After: shown(d.Text(), at-sampleEdit/3, at+sampleEdit), Key: key}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.Edits[step] = insert(s.Edits[step], sample, s.max, compareEdits)
}

func compareEdits(a, b EditSample) int {
	return cmp.Or(cmp.Compare(a.Key, b.Key), cmp.Compare(a.ID, b.ID), cmp.Compare(a.Before, b.Before), cmp.Compare(a.After, b.After))
}

// merge adds the samples of a task.
func (s *samples) merge(o *samples) {
	for step, rules := range o.Drops {
		for rule, list := range rules {
			for _, sample := range list {
				s.addDrop(step, rule, sample)
			}
		}
	}
	for step, list := range o.Edits {
		for _, sample := range list {
			s.Edits[step] = insert(s.Edits[step], sample, s.max, compareEdits)
		}
	}
}

// insert keeps list sorted and at most max long.
func insert[T any](list []T, v T, max int, compare func(a, b T) int) []T {
	i, _ := slices.BinarySearchFunc(list, v, compare)
	list = slices.Insert(list, i, v)
	return list[:min(len(list), max)]
}

// differs returns where two texts first differ.
func differs(a, b string) int {
	n := min(len(a), len(b))
	for i := range n {
		if a[i] != b[i] {
			return i
		}
	}
	return n
}

// shown is the part [from, to) of a text as a report may show it: without personal data, in whole characters.
func shown(text string, from, to int) string {
	from, to = max(from, 0), min(to, len(text))
	lo, hi := runeStart(text, max(from-sampleMargin, 0)), runeStart(text, min(to+sampleMargin, len(text)))
	from, to = max(runeStart(text, from), lo), runeStart(text, to)
	// The margins are redacted with the rest and then cut off. Where they cannot be told any more, because a placeholder reaches across the
	// edge, they stay, but for the ends, where half a number may stand.
	all := pii.Redact(text[lo:hi])
	if rest, ok := strings.CutPrefix(all, pii.Redact(text[lo:from])); ok {
		all = rest
	} else {
		all = all[runeStart(all, min(sampleEdge, len(all))):]
	}
	if rest, ok := strings.CutSuffix(all, pii.Redact(text[to:hi])); ok {
		return rest
	}
	return all[:runeStart(all, max(0, len(all)-sampleEdge))]
}

// runeStart moves i back to the start of a character.
func runeStart(s string, i int) int {
	for i > 0 && i < len(s) && !utf8.RuneStart(s[i]) {
		i--
	}
	return i
}
