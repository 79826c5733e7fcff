package gunzip

import "math/bits"

// A table finds the symbol of a prefix code (RFC 1951, section 3.2.2) that bits begin with. An entry is the length of the code in bits, and
// what the symbol is: a literal, the base of a length or a distance with the number of bits that are added, or the end of the block. Codes
// longer than the first look takes have an entry that says where, behind the table, their remaining bits are looked up.
type table struct {
	entries []uint32
	first   uint // bits of the first look
	second  uint // bits of the second
}

// Parts of an entry; one of length 0 is that of no code.
const (
	lengthMask  = 0x1F    // bits of the code
	extraShift  = 8       // bits added to the base, 5 bits
	isLiteral   = 1 << 13 // the value is a byte
	isBlockEnd  = 1 << 14
	isSecond    = 1 << 15 // the value is where the second look goes
	valueShift  = 16
	maxCode     = 15 // bits
	litFirst    = 11
	distFirst   = 8
	codesFirst  = 7
	maxLiterals = 286 // codes of literals and lengths that a block may have
	maxDists    = 30
)

// build makes the table of codes with these lengths; symbols gives the entries of symbols but for the lengths. It is false where the lengths
// make no code that is whole: a single code of one bit is allowed, and no code at all.
func (t *table) build(lengths []uint8, symbols []uint32, first uint) bool {
	var count, next [maxCode + 2]int
	for _, n := range lengths {
		count[n]++
	}
	count[0] = 0
	code, longest, all := 0, 0, 0
	for n := 1; n <= maxCode; n++ {
		code = (code + count[n-1]) << 1
		next[n] = code
		all += count[n] << (maxCode - n)
		if count[n] > 0 {
			longest = n
		}
	}
	if all != 1<<maxCode && longest > 0 && !(longest == 1 && count[1] == 1) {
		return false
	}
	t.first, t.second = first, uint(max(longest-int(first), 0))
	if cap(t.entries) < 1<<first {
		t.entries = make([]uint32, 1<<first, 1<<(first+2))
	}
	t.entries = t.entries[:1<<first]
	clear(t.entries)
	for symbol, n := range lengths {
		if n == 0 {
			continue
		}
		code := bits.Reverse(uint(next[n])) >> (bits.UintSize - uint(n))
		next[n]++
		t.put(code, uint(n), symbols[symbol])
	}
	return true
}

// put makes the entries of a code.
func (t *table) put(code, n uint, symbol uint32) {
	if n <= t.first {
		for ; code < 1<<t.first; code += 1 << n {
			t.entries[code] = symbol | uint32(n)
		}
		return
	}
	head := code & (1<<t.first - 1)
	if t.entries[head] == 0 {
		t.entries[head] = isSecond | uint32(len(t.entries))<<valueShift | uint32(t.first)
		for range 1 << t.second {
			t.entries = append(t.entries, 0)
		}
	}
	sub := t.entries[t.entries[head]>>valueShift:][:1<<t.second]
	for code >>= t.first; code < 1<<t.second; code += 1 << (n - t.first) {
		sub[code] = symbol | uint32(n)
	}
}

// find returns the entry of the code that bits begin with.
func (t *table) find(bits uint64) uint32 {
	e := t.entries[bits&(1<<t.first-1)]
	if e&isSecond != 0 {
		e = t.entries[uint64(e>>valueShift)+bits>>t.first&(1<<t.second-1)]
	}
	return e
}

// Entries of symbols.
var (
	literals  = literalSymbols()
	distances = distanceSymbols()
	plainCode = plainSymbols()
)

func literalSymbols() (s [288]uint32) {
	for c := range 256 {
		s[c] = isLiteral | uint32(c)<<valueShift
	}
	s[256] = isBlockEnd
	base, extra := uint32(3), uint32(0)
	for i := 257; i < 285; i++ {
		if i >= 265 && (i-265)%4 == 0 {
			extra++
		}
		s[i] = base<<valueShift | extra<<extraShift
		base += 1 << extra
	}
	s[285] = longest << valueShift
	return s // 286 and 287 stay 0 and are no symbols
}

func distanceSymbols() (s [32]uint32) {
	base, extra := uint32(1), uint32(0)
	for i := range maxDists {
		if i >= 4 && i%2 == 0 {
			extra++
		}
		s[i] = base<<valueShift | extra<<extraShift
		base += 1 << extra
	}
	return s
}

func plainSymbols() (s [19]uint32) {
	for i := range s {
		s[i] = uint32(i) << valueShift
	}
	return s
}

// fixed makes the tables of blocks with the fixed code.
func (z *Reader) fixed() {
	var lengths [288]uint8
	for i := range lengths {
		switch {
		case i < 144:
			lengths[i] = 8
		case i < 256:
			lengths[i] = 9
		case i < 280:
			lengths[i] = 7
		default:
			lengths[i] = 8
		}
	}
	z.lit.build(lengths[:], literals[:], litFirst)
	var dists [32]uint8
	for i := range dists {
		dists[i] = 5
	}
	z.dist.build(dists[:], distances[:], distFirst)
}

// codeOrder is the order in which a block gives the lengths of the codes for lengths.
var codeOrder = [19]uint8{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}

// dynamic reads the tables of a block.
func (z *Reader) dynamic() error {
	head, err := z.in.take(14)
	if err != nil {
		return err
	}
	lits, dists, codes := int(head&31)+257, int(head>>5&31)+1, int(head>>10)+4
	if lits > maxLiterals || dists > maxDists {
		return z.corrupt()
	}
	var lengths [19]uint8
	for _, c := range codeOrder[:codes] {
		n, err := z.in.take(3)
		if err != nil {
			return err
		}
		lengths[c] = uint8(n)
	}
	if !z.dist.build(lengths[:], plainCode[:], codesFirst) { // the table serves for these first
		return z.corrupt()
	}
	var all [maxLiterals + maxDists]uint8
	if err := z.lengths(all[:lits+dists]); err != nil {
		return err
	}
	if !z.lit.build(all[:lits], literals[:], litFirst) || !z.dist.build(all[lits:lits+dists], distances[:], distFirst) {
		return z.corrupt()
	}
	return nil
}

// lengths reads the lengths of codes, by the code whose table is in dist.
func (z *Reader) lengths(all []uint8) error {
	for i := 0; i < len(all); {
		e, err := z.symbol(&z.dist)
		if err != nil {
			return err
		}
		v := e >> valueShift
		if v < 16 {
			all[i] = uint8(v)
			i++
			continue
		}
		repeat := [...]struct{ bits, least uint }{{2, 3}, {3, 3}, {7, 11}}[v-16]
		more, err := z.in.take(repeat.bits)
		if err != nil {
			return err
		}
		n, value := int(uint(more)+repeat.least), uint8(0)
		if v == 16 {
			if i == 0 {
				return z.corrupt()
			}
			value = all[i-1]
		}
		if n > len(all)-i {
			return z.corrupt()
		}
		for range n {
			all[i] = value
			i++
		}
	}
	return nil
}
