package ngram

import (
	"fmt"
	"math/bits"
)

// Numbers of the model's own words.
const (
	unknown = 0 // <unk>
	begin   = 1 // <s>
	end     = 2 // </s>
	first   = 3 // of the text's units, in the order in which they were met
)

// maxVocab bounds a model's words: they take 3 bytes in the records that are sorted.
const maxVocab = 1 << 24

// vocab numbers units. Tokens and characters are small numbers and have a table; words' hashes are found by open addressing.
type vocab struct {
	hashed bool
	units  []uint64 // by number; the first three stand for nothing
	direct []uint32 // by unit
	slots  []uint32 // at most half full
	shift  uint
}

// maxDirect is the largest token or character.
const maxDirect = 1 << 22

func newVocab(unit string) *vocab {
	v := &vocab{hashed: unit == Words, units: make([]uint64, first)}
	if v.hashed {
		v.resize(10)
	}
	return v
}

// len counts <unk>, <s> and </s>.
func (v *vocab) len() int { return len(v.units) }

// of returns a unit's number, or unknown.
func (v *vocab) of(unit uint64) uint32 {
	if !v.hashed {
		if unit < uint64(len(v.direct)) {
			return v.direct[unit]
		}
		return unknown
	}
	for at := unit * 0x9E3779B97F4A7C15 >> v.shift; ; at = (at + 1) & uint64(len(v.slots)-1) {
		switch n := v.slots[at]; {
		case n == 0:
			return unknown
		case v.units[n] == unit:
			return n
		}
	}
}

// add returns a unit's number, a new one if it has none.
func (v *vocab) add(unit uint64) (uint32, error) {
	if n := v.of(unit); n != unknown {
		return n, nil
	}
	n := uint32(len(v.units))
	switch {
	case n == maxVocab:
		return 0, fmt.Errorf("ngram: the text has more than %d different units: cut it into tokens or characters", maxVocab-first)
	case !v.hashed && unit >= maxDirect:
		return 0, fmt.Errorf("ngram: unit %d, want a number below %d", unit, maxDirect)
	}
	v.units = append(v.units, unit)
	if !v.hashed {
		for unit >= uint64(len(v.direct)) {
			v.direct = append(v.direct, make([]uint32, max(1024, len(v.direct)))...)
		}
		v.direct[unit] = n
		return n, nil
	}
	if 2*len(v.units) > len(v.slots) {
		v.resize(uint(bits.Len(uint(len(v.slots)))))
		return n, nil
	}
	v.place(n)
	return n, nil
}

// resize makes a table of 2^size slots.
func (v *vocab) resize(size uint) {
	v.slots, v.shift = make([]uint32, 1<<size), 64-size
	for n := first; n < len(v.units); n++ {
		v.place(uint32(n))
	}
}

func (v *vocab) place(n uint32) {
	at := v.units[n] * 0x9E3779B97F4A7C15 >> v.shift
	for v.slots[at] != 0 {
		at = (at + 1) & uint64(len(v.slots)-1)
	}
	v.slots[at] = n
}
