package spmtrain

import (
	"unicode/utf8"

	"github.com/cespare/xxhash/v2"
)

// unit is a distinct stretch of text that no piece crosses the ends of, with
// the character that follows it.
type unit struct {
	at    uint64 // offset of its bytes, then the follower's, in the table's text
	count int64
	hash  uint32
	size  uint32 // bytes of the stretch
	next  uint8  // bytes of the follower; 0 at a sentence's end
}

// unitTable counts units. The zero value is not ready; use newUnitTable.
type unitTable struct {
	text  []byte
	units []unit
	slots []uint32 // hash → index in units + 1; 0 is free
}

func newUnitTable() *unitTable { return &unitTable{slots: make([]uint32, 1<<10)} }

// add counts the unit key[:len(key)-next].
func (t *unitTable) add(key []byte, next int, count int64) {
	h := uint32(xxhash.Sum64(key)>>32) + uint32(next)
	mask := uint32(len(t.slots) - 1)
	for i := h & mask; ; i = (i + 1) & mask {
		k := t.slots[i]
		if k == 0 {
			t.insert(i, key, unit{at: uint64(len(t.text)), count: count, hash: h, size: uint32(len(key) - next), next: uint8(next)})
			return
		}
		u := &t.units[k-1]
		if u.hash == h && int(u.next) == next && string(t.key(u)) == string(key) {
			u.count += count
			return
		}
	}
}

func (t *unitTable) insert(slot uint32, key []byte, u unit) {
	t.text = append(t.text, key...)
	t.units = append(t.units, u)
	t.slots[slot] = uint32(len(t.units))
	if len(t.units)*4 < len(t.slots)*3 {
		return
	}
	t.slots = make([]uint32, 2*len(t.slots))
	mask := uint32(len(t.slots) - 1)
	for k := range t.units {
		i := t.units[k].hash & mask
		for t.slots[i] != 0 {
			i = (i + 1) & mask
		}
		t.slots[i] = uint32(k + 1)
	}
}

// key returns a unit's bytes with its follower's.
func (t *unitTable) key(u *unit) []byte {
	return t.text[u.at : u.at+uint64(u.size)+uint64(u.next)]
}

// addSentence cuts a normalized sentence into units and counts them.
func (t *unitTable) addSentence(s []byte, cuts func(a, b rune) bool) {
	start := 0
	last, w := utf8.DecodeRune(s)
	for i := w; i < len(s); i += w {
		var c rune
		if c, w = rune(s[i]), 1; c >= utf8.RuneSelf {
			c, w = utf8.DecodeRune(s[i:])
		}
		if cuts(last, c) {
			t.add(s[start:i+w], w, 1)
			start = i
		}
		last = c
	}
	t.add(s[start:], 0, 1)
}

// merge adds what another table counted.
func (t *unitTable) merge(o *unitTable) {
	for k := range o.units {
		u := &o.units[k]
		t.add(o.key(u), int(u.next), u.count)
	}
}
