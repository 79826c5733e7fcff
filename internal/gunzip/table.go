package gunzip

import "math/bits"

const (
	maxLits    = 286
	maxDists   = 30
	maxLength  = 15 // bits of a code
	endOfBlock = 256

	litBits  = 11 // of a code that are looked up at once
	distBits = 8
)

// An entry of a table says what a code stands for. Its lowest byte is how many bits to go on by:
//
//	literal  isLiteral | byte << 16 | bits of the code
//	other    base << 16 | bits of the code << 8 | bits of the code and behind it
//	longer   isSpecial | where the table of what follows begins << 16 | bits of that << 8 | bits looked up here
//	end      isSpecial | isEnd | bits of the code
//	none     isSpecial | isNone | bits of the code, 0 where it is no code
//
// The value of "other" is the base and, as a number, the bits behind the code.
const (
	isLiteral = 1 << 31
	isSpecial = 1 << 15
	isEnd     = 1 << 14
	isNone    = 1 << 13
	bitsMask  = 0x3F
)

// Tables have room for all that codes of 15 bits can ask for (zlib's enough.c: 2,342 and 402), to a power of two.
type (
	litTable struct {
		least   uint // bits to have before a code is looked for
		entries [4096]uint32
	}
	distTable struct {
		least   uint
		entries [512]uint32
	}
)

// litEntries and distEntries are the entries by symbol, without the bits of the code. All 288 and 32 symbols that fixed codes have are there.
var litEntries, distEntries = func() (l [288]uint32, d [32]uint32) {
	for i := range l {
		l[i] = isSpecial | isNone
	}
	for i := range endOfBlock {
		l[i] = isLiteral | uint32(i)<<16
	}
	l[endOfBlock] = isSpecial | isEnd
	base := uint32(3)
	for i := range 28 {
		extra := uint32(max(i/4-1, 0))
		l[257+i] = base<<16 | extra
		base += 1 << extra
	}
	l[285] = 258 << 16
	base = 1
	for i := range maxDists {
		extra := uint32(max(i/2-1, 0))
		d[i] = base<<16 | extra
		base += 1 << extra
	}
	d[30], d[31] = isSpecial|isNone, isSpecial|isNone
	return l, d
}()

// withBits adds the bits of its code to an entry.
func withBits(e uint32, n uint) uint32 {
	if e&(isLiteral|isSpecial) != 0 {
		return e | uint32(n)
	}
	return e + uint32(n)<<8 + uint32(n)
}

// makeTable fills a table, of whose entries a code's first wide bits choose one, for codes with these lengths by symbol, and returns the shortest
// of them. The codes must be complete, but for two exceptions: none at all, and one of one bit.
func makeTable(entries []uint32, wide uint, symbols []uint32, lengths []uint8) (shortest uint, ok bool) {
	var count, next [maxLength + 2]int
	for _, n := range lengths {
		count[n]++
	}
	count[0] = 0
	code, longest := 0, uint(0)
	for n := uint(1); n <= maxLength; n++ {
		code <<= 1
		next[n] = code
		code += count[n]
		if count[n] > 0 {
			longest = n
			if shortest == 0 {
				shortest = n
			}
		}
		if code > 1<<n {
			return 0, false
		}
	}
	used := code >> (maxLength - longest)
	if longest == 0 || longest == 1 && used == 1 {
		for i := range entries[:1<<wide] {
			entries[i] = isSpecial | isNone
		}
	} else if used != 1<<longest {
		return 0, false
	}
	var codes [maxLits + 2]uint16 // by symbol, the first bit the lowest
	var deep [1 << litBits]uint8  // the most bits of a code behind the first wide, by those
	for s, n := range lengths {
		if n == 0 {
			continue
		}
		code := bits.Reverse16(uint16(next[n])) >> (16 - n)
		next[n]++
		codes[s] = code
		if n := uint(n); n <= wide {
			e := withBits(symbols[s], n)
			for at := int(code); at < 1<<wide; at += 1 << n {
				entries[at] = e
			}
		} else if at := code & (1<<wide - 1); uint(deep[at]) < n-wide {
			deep[at] = uint8(n - wide)
		}
	}
	if longest > wide {
		fillLonger(entries, wide, symbols, lengths, &codes, &deep)
	}
	return shortest, true
}

// fillLonger makes the tables of what follows the first wide bits of the codes that are longer.
func fillLonger(entries []uint32, wide uint, symbols []uint32, lengths []uint8, codes *[maxLits + 2]uint16, deep *[1 << litBits]uint8) {
	const made = 0x80
	free := 1 << wide
	for s, n := range lengths {
		if uint(n) <= wide {
			continue
		}
		root := codes[s] & (1<<wide - 1)
		if deep[root]&made == 0 {
			entries[root] = isSpecial | uint32(free)<<16 | uint32(deep[root])<<8 | uint32(wide)
			free += 1 << deep[root]
			deep[root] |= made
		}
		table := entries[entries[root]>>16:]
		e := withBits(symbols[s], uint(n)-wide)
		for at := int(codes[s] >> wide); at < 1<<(deep[root]&^made); at += 1 << (uint(n) - wide) {
			table[at] = e
		}
	}
}
