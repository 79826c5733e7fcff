package gunzip

import "encoding/binary"

// codes decodes a block until it ends or the window is full.
func (z *Reader) codes() error {
	for len(z.window)-z.written >= spare {
		if z.in.end-z.in.at >= 2*8 {
			if done, err := z.quick(); done || err != nil {
				return err
			}
		}
		if len(z.window)-z.written < spare {
			return nil
		}
		e, err := z.symbol(&z.lit)
		if err != nil {
			return err
		}
		switch {
		case e&isLiteral != 0:
			z.window[z.written] = byte(e >> valueShift)
			z.written++
		case e&isBlockEnd != 0:
			z.state = inBlockHead
			return nil
		default:
			if err := z.match(e); err != nil {
				return err
			}
		}
	}
	return nil
}

// symbol takes a symbol of which the input may end within.
func (z *Reader) symbol(t *table) (uint32, error) {
	for {
		e := t.find(z.in.bits)
		n := uint(e & lengthMask)
		if n > 0 && n <= z.in.n {
			z.in.skip(n)
			return e, nil
		}
		if z.in.n >= maxCode {
			return 0, z.corrupt() // these bits are no code
		}
		if err := z.in.need(z.in.n + 1); err != nil {
			return 0, err
		}
	}
}

// match copies what a length, and the distance behind it in the input, say.
func (z *Reader) match(e uint32) error {
	if e>>valueShift == 0 {
		return z.corrupt()
	}
	more, err := z.in.take(uint(e >> extraShift & 31))
	if err != nil {
		return err
	}
	length := int(e>>valueShift) + int(more)
	if e, err = z.symbol(&z.dist); err != nil {
		return err
	}
	if more, err = z.in.take(uint(e >> extraShift & 31)); err != nil {
		return err
	}
	dist := int(e>>valueShift) + int(more)
	if dist == 0 || dist > z.written-z.first {
		return z.corrupt()
	}
	for range length {
		z.window[z.written] = z.window[z.written-dist]
		z.written++
	}
	return nil
}

// quick decodes while there are 16 bytes of input and room for a match; it is done at the end of the block. Bits above the number that counts
// are the input's, too: taking them again sets nothing else.
func (z *Reader) quick() (done bool, err error) {
	in := &z.in
	buf, at, n, from := in.buf[:in.end], in.at, in.n, in.at
	acc := in.bits
	out, w := z.window, z.written
	lit, dist := z.lit.entries[:1<<litFirst], z.dist.entries[:1<<distFirst]
loop:
	for at+2*8 <= len(buf) && len(out)-w >= spare {
		acc |= binary.LittleEndian.Uint64(buf[at:]) << (n & 63)
		at += int(63-n) >> 3
		n |= 56
		e := lit[acc&(1<<litFirst-1)]
		if e&isLiteral != 0 {
			acc >>= e & lengthMask
			n -= uint(e & lengthMask)
			out[w] = byte(e >> valueShift)
			w++
			if e = lit[acc&(1<<litFirst-1)]; e&isLiteral != 0 {
				acc >>= e & lengthMask
				n -= uint(e & lengthMask)
				out[w] = byte(e >> valueShift)
				w++
				if e = lit[acc&(1<<litFirst-1)]; e&isLiteral != 0 {
					acc >>= e & lengthMask
					n -= uint(e & lengthMask)
					out[w] = byte(e >> valueShift)
					w++
					continue
				}
			}
		}
		if e&isSecond != 0 {
			e = z.lit.entries[uint64(e>>valueShift)+acc>>litFirst&(1<<z.lit.second-1)]
		}
		k := uint(e & lengthMask)
		if e&isLiteral != 0 { // at most 2 × 11 and 15 bits of 56
			acc >>= k & 63
			n -= k
			out[w] = byte(e >> valueShift)
			w++
			continue
		}
		if e>>valueShift == 0 { // the end, or no code
			if e&isBlockEnd == 0 {
				err = z.corrupt()
				break loop
			}
			acc >>= k & 63
			n -= k
			z.state, done = inBlockHead, true
			break loop
		}
		acc >>= k & 63
		extra := uint(e >> extraShift & 31)
		length := int(e>>valueShift) + int(acc&(1<<extra-1))
		acc >>= extra & 63
		n -= k + extra // at most 2 × 11 and 20 bits
		if n < maxCode+13 {
			acc |= binary.LittleEndian.Uint64(buf[at:]) << (n & 63)
			at += int(63-n) >> 3
			n |= 56
		}
		e = dist[acc&(1<<distFirst-1)]
		if e&isSecond != 0 {
			e = z.dist.entries[uint64(e>>valueShift)+acc>>distFirst&(1<<z.dist.second-1)]
		}
		k, extra = uint(e&lengthMask), uint(e>>extraShift&31)
		acc >>= k & 63
		back := int(e>>valueShift) + int(acc&(1<<extra-1))
		acc >>= extra & 63
		n -= k + extra
		if back > w-z.first || back == 0 {
			err = z.corrupt()
			break loop
		}
		end := w + length
		if back >= 8 {
			for src := w - back; w < end; w, src = w+8, src+8 { // up to 7 bytes too many, for which there is room
				binary.LittleEndian.PutUint64(out[w:], binary.LittleEndian.Uint64(out[src:]))
			}
			w = end
			continue
		}
		for ; w < end; w++ {
			out[w] = out[w-back]
		}
	}
	// Whole bytes that were not used go back, but for those that were there before.
	whole := min(int(n>>3), at-from)
	at -= whole
	n -= uint(whole) * 8
	in.at, in.n, in.bits = at, n, acc&(1<<n-1)
	z.written = w
	return done, err
}
