package spmtrain

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"unicode"
	"unicode/utf8"
)

// cell is a distinct stretch of characters of the alphabet that no piece
// crosses the ends of.
type cell struct {
	at    int32 // its first symbol
	n     int32 // its symbols
	count int64 // its occurrences
}

// cellText is the cells of a corpus, one after the other, each ended by a
// symbol that says with which byte the text goes on after it.
type cellText struct {
	syms  []int32
	cells []cell
	chars []rune  // symbol → character; 0 for the ends of cells
	lead  []uint8 // symbol → first byte of its UTF-8; for an end, of what follows; 0 where the sentence ends
}

// unkLead is the first byte of ▅, which the original puts for every character
// outside the alphabet.
const unkLead = 0xE2

// cellsOf cuts the units at the characters outside the alphabet. withNext keeps
// cells apart that go on with different bytes.
func cellsOf(ctx context.Context, t *unitTable, a *alphabet, withNext bool) (*cellText, error) {
	cut := newUnitTable()
	key := make([]byte, 0, 1<<10)
	add := func(s []byte, next byte, count int64) {
		if len(s) == 0 {
			return
		}
		if !withNext {
			next = 0
		}
		key = append(append(key[:0], s...), next)
		cut.add(key, 1, count)
	}
	for k := range t.units {
		if k%(1<<16) == 0 && ctx.Err() != nil {
			return nil, ctx.Err()
		}
		u := &t.units[k]
		whole := t.key(u)
		s, next := whole[:u.size], byte(0)
		if u.next > 0 {
			next = whole[u.size]
			if r, _ := utf8.DecodeRune(whole[u.size:]); !a.has[r] {
				next = unkLead
			}
		}
		start := 0
		for i := 0; i < len(s); {
			r, w := utf8.DecodeRune(s[i:])
			if !a.has[r] {
				add(s[start:i], unkLead, u.count)
				start = i + w
			}
			i += w
		}
		add(s[start:], next, u.count)
	}
	return cut.spell(a)
}

// spell writes the cells as symbols. Symbols are in the order of their lead
// bytes, then of their code points, so that the order of suffixes is that of
// their UTF-8 bytes.
func (t *unitTable) spell(a *alphabet) (*cellText, error) {
	ct := new(cellText)
	ends, byRune := t.numberSymbols(a, ct)
	total := 0
	for k := range t.units {
		u := &t.units[k]
		total += utf8.RuneCount(t.text[u.at:u.at+uint64(u.size)]) + 1
	}
	if total >= math.MaxInt32 {
		return nil, fmt.Errorf("the distinct parts of the text have %d characters, want fewer than %d; train on a number of sentences", total, math.MaxInt32)
	}
	ct.syms = make([]int32, 0, total)
	ct.cells = make([]cell, len(t.units))
	for k := range t.units {
		u := &t.units[k]
		key := t.key(u)
		ct.cells[k] = cell{at: int32(len(ct.syms)), count: u.count}
		for s := key[:u.size]; len(s) > 0; {
			r, w := utf8.DecodeRune(s)
			ct.syms = append(ct.syms, byRune[r])
			s = s[w:]
		}
		ct.cells[k].n = int32(len(ct.syms)) - ct.cells[k].at
		ct.syms = append(ct.syms, ends[key[u.size]])
	}
	return ct, nil
}

// numberSymbols gives symbols to the characters and to the ends of cells.
func (t *unitTable) numberSymbols(a *alphabet, ct *cellText) (ends [256]int32, byRune []int32) {
	var used [256]bool
	for k := range t.units {
		u := &t.units[k]
		used[t.text[u.at+uint64(u.size)]] = true
	}
	type symbol struct {
		lead uint8
		char rune // 0 for an end, which comes first
	}
	var order []symbol
	for b, ok := range used {
		if ok {
			order = append(order, symbol{uint8(b), 0})
		}
	}
	for _, cc := range a.chars {
		order = append(order, symbol{string(cc.char)[0], cc.char})
	}
	slices.SortFunc(order, func(x, y symbol) int { return cmp.Or(cmp.Compare(x.lead, y.lead), cmp.Compare(x.char, y.char)) })
	byRune = make([]int32, unicode.MaxRune+1)
	for i, s := range order {
		ct.lead, ct.chars = append(ct.lead, s.lead), append(ct.chars, s.char)
		if s.char == 0 {
			ends[s.lead] = int32(i)
		} else {
			byRune[s.char] = int32(i)
		}
	}
	return ends, byRune
}

// text returns the characters of a stretch of symbols.
func (ct *cellText) text(at, n int32) []rune {
	out := make([]rune, n)
	for i, s := range ct.syms[at : at+n] {
		out[i] = ct.chars[s]
	}
	return out
}
