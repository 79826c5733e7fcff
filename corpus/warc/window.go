package warc

import "io"

// window is a reader with a view of the bytes ahead, which grows as far as one looks.
type window struct {
	r      io.Reader
	buf    []byte
	lo, hi int   // the bytes ahead are buf[lo:hi]
	offset int64 // of buf[lo] from where r began
	err    error // that followed buf[hi-1]
}

// reset begins with another reader.
func (w *window) reset(r io.Reader) { w.r, w.lo, w.hi, w.offset, w.err = r, 0, 0, 0, nil }

// peek returns the next n bytes, or fewer where the reader ends before: then w.err says why. They are valid until the next
// peek.
func (w *window) peek(n int) []byte {
	for empty := 0; w.hi-w.lo < n && w.err == nil; {
		before := w.hi - w.lo
		w.fill()
		if w.hi-w.lo > before {
			empty = 0
		} else if empty++; empty == 100 && w.err == nil {
			w.err = io.ErrNoProgress
		}
	}
	return w.buf[w.lo:min(w.hi, w.lo+n)]
}

// fill reads once. The buffer doubles when it is full, so that it is large only where so much has come.
func (w *window) fill() {
	switch {
	case w.lo == w.hi:
		w.lo, w.hi = 0, 0
	case w.hi == len(w.buf) && w.lo > len(w.buf)/2:
		w.hi = copy(w.buf, w.buf[w.lo:w.hi])
		w.lo = 0
	}
	if w.hi == len(w.buf) {
		grown := make([]byte, max(2*len(w.buf), readAhead))
		w.hi = copy(grown, w.buf[w.lo:w.hi])
		w.lo, w.buf = 0, grown
	}
	n, err := w.r.Read(w.buf[w.hi:])
	w.hi += n
	w.err = err
}

// discard passes over n of the bytes that were peeked at.
func (w *window) discard(n int) {
	w.lo += n
	w.offset += int64(n)
}
