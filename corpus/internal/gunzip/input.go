package gunzip

import "io"

// input gives out bits, the lowest of a byte first.
type input struct {
	r     io.Reader
	buf   []byte
	at    int // the next byte of buf to be taken
	end   int
	bits  uint64 // taken, not used
	n     uint   // how many
	given int64  // bytes read before buf
}

// total is the number of bytes that were used.
func (in *input) total() int64 { return in.given + int64(in.at) - int64(in.n/8) }

// more makes sure of a byte in the buffer; bits hold none then. The error is io.EOF at the end.
func (in *input) more() error {
	for none := 0; in.at == in.end; none++ {
		in.given += int64(in.end)
		in.at, in.end = 0, 0
		n, err := in.r.Read(in.buf)
		in.end = n
		switch {
		case n > 0:
		case err != nil:
			return err
		case none == 100:
			return io.ErrNoProgress
		}
	}
	return nil
}

// need makes sure of n bits, at most 56.
func (in *input) need(n uint) error {
	for in.n < n {
		if err := in.more(); err != nil {
			return cutOff(err)
		}
		in.bits |= uint64(in.buf[in.at]) << in.n
		in.at++
		in.n += 8
	}
	return nil
}

// take takes n bits, at most 32.
func (in *input) take(n uint) (uint64, error) {
	if err := in.need(n); err != nil {
		return 0, err
	}
	v := in.bits & (1<<n - 1)
	in.skip(n)
	return v, nil
}

// skip passes over bits that are there.
func (in *input) skip(n uint) {
	in.bits >>= n
	in.n -= n
}

// align passes over the rest of a byte.
func (in *input) align() { in.skip(in.n & 7) }

// read copies bytes, where the input stands between two.
func (in *input) read(p []byte) (n int, err error) {
	for ; n < len(p) && in.n >= 8; n++ {
		p[n] = byte(in.bits)
		in.skip(8)
	}
	if n > 0 || len(p) == 0 {
		return n, nil
	}
	if err := in.more(); err != nil {
		return 0, cutOff(err)
	}
	n = copy(p, in.buf[in.at:in.end])
	in.at += n
	return n, nil
}

// cutOff is what the end of the input is within a member.
func cutOff(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}
