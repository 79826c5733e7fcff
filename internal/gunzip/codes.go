package gunzip

import "encoding/binary"

// fixedCodes are the tables of blocks that bring none (RFC 1951, section 3.2.6).
func (z *inflater) fixedCodes() error {
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
	z.lits.least, _ = makeTable(z.lits.entries[:], litBits, litEntries[:], lengths[:])
	for i := range lengths[:32] {
		lengths[i] = 5
	}
	z.dists.least, _ = makeTable(z.dists.entries[:], distBits, distEntries[:], lengths[:32])
	return nil
}

// orderOfLengths is the order in which the lengths of the codes of lengths come.
var orderOfLengths = [...]uint8{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}

// readCodes reads the tables of a block that brings its own (section 3.2.7).
func (z *inflater) readCodes() error {
	head, err := z.take(14)
	if err != nil {
		return err
	}
	lits, dists, n := int(head&31)+257, int(head>>5&31)+1, int(head>>10)+4
	if lits > maxLits || dists > maxDists {
		return z.corrupt()
	}
	var lengths [len(orderOfLengths)]uint8
	for _, symbol := range orderOfLengths[:n] {
		v, err := z.take(3)
		if err != nil {
			return err
		}
		lengths[symbol] = uint8(v)
	}
	if err := z.readLengths(&lengths, lits+dists); err != nil {
		return err
	}
	shortest, ok := makeTable(z.lits.entries[:], litBits, litEntries[:], z.lengths[:lits])
	if !ok {
		return z.corrupt()
	}
	z.lits.least = max(shortest, uint(z.lengths[endOfBlock])) // that must come
	if !z.last {
		z.lits.least += 3 + 7 // and behind it the least there is of a block
	}
	if z.dists.least, ok = makeTable(z.dists.entries[:], distBits, distEntries[:], z.lengths[lits:lits+dists]); !ok {
		return z.corrupt()
	}
	return nil
}

// readLengths reads n lengths of codes, which are coded themselves.
func (z *inflater) readLengths(of *[len(orderOfLengths)]uint8, n int) error {
	t := &z.dists // it is not needed yet
	var ok bool
	if t.least, ok = makeTable(t.entries[:], distBits, lengthEntries[:], of[:]); !ok {
		return z.corrupt()
	}
	for i := 0; i < n; {
		e, err := z.code(t.entries[:], distBits, t.least)
		if err != nil {
			return err
		}
		symbol := uint8(e >> 16)
		if symbol < 16 {
			z.lengths[i] = symbol
			i++
			continue
		}
		var repeated uint8
		again, more := 3, uint(2)
		switch {
		case symbol == 17:
			more = 3
		case symbol == 18:
			again, more = 11, 7
		case i == 0:
			return z.corrupt()
		default:
			repeated = z.lengths[i-1]
		}
		v, err := z.take(more)
		if err != nil {
			return err
		}
		if again += int(v); i+again > n {
			return z.corrupt()
		}
		for range again {
			z.lengths[i] = repeated
			i++
		}
	}
	return nil
}

// lengthEntries are the entries of the code of lengths.
var lengthEntries = func() (t [len(orderOfLengths)]uint32) {
	for i := range t {
		t[i] = isLiteral | uint32(i)<<16
	}
	return t
}()

// code reads a code with no more input than it needs, once there are least bits.
func (z *inflater) code(entries []uint32, wide, least uint) (uint32, error) {
	for {
		if err := z.want(least); err != nil {
			return 0, err
		}
		e, n := entries[z.bits&(1<<wide-1)], uint(0)
		if isLonger(e) {
			n = wide
			e = entries[e>>16+uint32(z.bits>>wide)&(1<<(e>>8&15)-1)]
		}
		own := uint(e & bitsMask)
		if e&(isLiteral|isSpecial) == 0 {
			own = uint(e >> 8 & 15)
		}
		if n += own; n > z.held {
			least = n
			continue
		}
		if n == 0 {
			return 0, z.corrupt()
		}
		z.drop(n)
		return e, nil
	}
}

func isLonger(e uint32) bool { return e&(isLiteral|isSpecial|isEnd|isNone) == isSpecial }

// value reads the bits behind a code and returns what it stands for.
func (z *inflater) value(e uint32) (int, error) {
	more, err := z.take(uint(e&bitsMask - e>>8&15))
	return int(e>>16 + more), err
}

// codes makes text of codes until there is no more room, or the block ends.
func (z *inflater) codes() error {
	for z.made < outSize {
		ended, err := z.fast()
		if !ended && err == nil && z.made < outSize {
			ended, err = z.slow()
		}
		if err != nil {
			return err
		}
		if ended {
			z.endBlock()
			return nil
		}
	}
	return nil
}

// slow does what one code says.
func (z *inflater) slow() (ended bool, err error) {
	e, err := z.code(z.lits.entries[:], litBits, z.lits.least)
	switch {
	case err != nil:
		return false, err
	case e&isLiteral != 0:
		z.out[z.made] = byte(e >> 16)
		z.made++
		return false, nil
	case e&isSpecial != 0:
		if e&isEnd != 0 {
			return true, nil
		}
		return false, z.corrupt()
	}
	length, err := z.value(e)
	if err != nil {
		return false, err
	}
	if e, err = z.code(z.dists.entries[:], distBits, z.dists.least); err != nil {
		return false, err
	}
	if e&isSpecial != 0 {
		return false, z.corrupt()
	}
	dist, err := z.value(e)
	if err != nil {
		return false, err
	}
	if dist > z.made {
		return false, z.corrupt()
	}
	repeat(z.out, z.made, dist, length)
	z.made += length
	return false, nil
}

// fast does what codes say while there are 16 bytes of input and there is room.
func (z *inflater) fast() (ended bool, err error) {
	in, out := z.in[:z.end], z.out
	lits, dists := &z.lits.entries, &z.dists.entries
	b, held, pos, made := z.bits, z.held, z.pos, z.made
	bad := false
	for len(in)-pos >= 16 && made < outSize {
		b |= binary.LittleEndian.Uint64(in[pos:]) << (held & 63)
		pos += int((63 - held) >> 3)
		held |= 56
		e := lits[b&(1<<litBits-1)]
		if e&isLiteral != 0 { // three of them take 33 bits at most, and what follows two of them 20
			out[made] = byte(e >> 16)
			made++
			b, held = b>>(e&bitsMask), held-uint(e&bitsMask)
			if e = lits[b&(1<<litBits-1)]; e&isLiteral != 0 {
				out[made] = byte(e >> 16)
				made++
				b, held = b>>(e&bitsMask), held-uint(e&bitsMask)
				if e = lits[b&(1<<litBits-1)]; e&isLiteral != 0 {
					out[made] = byte(e >> 16)
					made++
					b, held = b>>(e&bitsMask), held-uint(e&bitsMask)
					continue
				}
			}
		}
		if e&isSpecial != 0 {
			if isLonger(e) {
				b, held = b>>litBits, held-litBits
				e = lits[(e>>16+uint32(b)&(1<<(e>>8&15)-1))%uint32(len(lits))]
			}
			if e&isLiteral != 0 {
				out[made] = byte(e >> 16)
				made++
				b, held = b>>(e&bitsMask), held-uint(e&bitsMask)
				continue
			}
			if e&isSpecial != 0 {
				b, held = b>>(e&bitsMask), held-uint(e&bitsMask)
				ended, bad = e&isEnd != 0, e&isEnd == 0
				break
			}
		}
		length := int(e>>16 + uint32(b)&(1<<(e&bitsMask)-1)>>(e>>8&15))
		b, held = b>>(e&bitsMask), held-uint(e&bitsMask)

		b |= binary.LittleEndian.Uint64(in[pos:]) << (held & 63) // a distance takes 28 bits at most
		pos += int((63 - held) >> 3)
		held |= 56
		e = dists[b&(1<<distBits-1)]
		if e&isSpecial != 0 {
			if isLonger(e) {
				b, held = b>>distBits, held-distBits
				e = dists[(e>>16+uint32(b)&(1<<(e>>8&15)-1))%uint32(len(dists))]
			}
			if e&isSpecial != 0 {
				b, held = b>>(e&bitsMask), held-uint(e&bitsMask)
				bad = true
				break
			}
		}
		dist := int(e>>16 + uint32(b)&(1<<(e&bitsMask)-1)>>(e>>8&15))
		b, held = b>>(e&bitsMask), held-uint(e&bitsMask)
		if dist > made {
			bad = true
			break
		}
		repeat(out, made, dist, length)
		made += length
	}
	z.bits, z.held, z.pos, z.made = b, held, pos, made
	if bad {
		return false, z.corrupt()
	}
	return ended, nil
}

// repeat appends to out[:at] what stands dist bytes before, and goes on so for length bytes. It may write 21 bytes more.
func repeat(out []byte, at, dist, length int) {
	from, end := at-dist, at+length
	if dist < 8 {
		for i := range 8 {
			out[at+i] = out[from+i]
		}
		at += 8
		from = at - dist*int(stride[dist&7])
	}
	for { // most are shorter than 16
		to, of := out[at:at+16], out[from:from+16]
		binary.LittleEndian.PutUint64(to, binary.LittleEndian.Uint64(of))
		binary.LittleEndian.PutUint64(to[8:], binary.LittleEndian.Uint64(of[8:]))
		if at, from = at+16, from+16; at >= end {
			return
		}
	}
}

// stride is how often a distance below 8 is taken for one that is not, and no longer than it need be.
var stride = [8]uint8{0, 8, 4, 3, 2, 2, 2, 2}
