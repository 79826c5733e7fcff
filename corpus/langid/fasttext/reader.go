package fasttext

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"math"
)

// reader reads little-endian values, and remembers the first error and how many bytes there can still be.
type reader struct {
	r    *bufio.Reader
	left int64
	err  error
	buf  [1 << 12]byte
}

func newReader(r io.Reader, size int64) *reader {
	return &reader{r: bufio.NewReaderSize(r, 1<<16), left: size}
}

// take returns the next n ≤ 4,096 bytes, valid until the next call; zeros after an error.
func (in *reader) take(n int) []byte {
	b := in.buf[:n]
	if in.err == nil && int64(n) > in.left {
		in.err = fmt.Errorf("truncated: %d bytes wanted, %d left", n, in.left)
	}
	if in.err == nil {
		if _, err := io.ReadFull(in.r, b); err != nil {
			in.err = fmt.Errorf("truncated: %w", err)
		}
		in.left -= int64(n)
	}
	if in.err != nil {
		clear(b)
	}
	return b
}

func (in *reader) i8() int8   { return int8(in.take(1)[0]) }
func (in *reader) i32() int32 { return int32(binary.LittleEndian.Uint32(in.take(4))) }
func (in *reader) i64() int64 { return int64(binary.LittleEndian.Uint64(in.take(8))) }

// cstring reads up to a zero byte.
func (in *reader) cstring() string {
	const longest = 1 << 16
	var word []byte
	for in.err == nil {
		c := in.take(1)[0]
		if in.err != nil || c == 0 {
			break
		}
		if word = append(word, c); len(word) > longest {
			in.err = fmt.Errorf("a word of more than %d bytes", longest)
		}
	}
	return string(word)
}

// bytes reads n bytes.
func (in *reader) bytes(n int64) []byte {
	if !in.fits(n) {
		return nil
	}
	b := make([]byte, n)
	if _, err := io.ReadFull(in.r, b); err != nil {
		in.err = fmt.Errorf("truncated: %w", err)
		return nil
	}
	in.left -= n
	return b
}

// floats reads n float32, all finite.
func (in *reader) floats(n int64) []float32 {
	if n > math.MaxInt64/4 || !in.fits(4*n) {
		return nil
	}
	out := make([]float32, n)
	for i := 0; i < len(out); {
		b := in.take(4 * min(len(out)-i, len(in.buf)/4))
		if in.err != nil {
			return nil
		}
		for ; len(b) > 0; b = b[4:] {
			f := math.Float32frombits(binary.LittleEndian.Uint32(b))
			if f-f != 0 {
				in.err = fmt.Errorf("a matrix holds %v", f)
				return nil
			}
			out[i] = f
			i++
		}
	}
	return out
}

func (in *reader) fits(n int64) bool {
	if in.err == nil && (n < 0 || n > in.left) {
		in.err = fmt.Errorf("truncated: %d bytes wanted, %d left", n, in.left)
	}
	return in.err == nil
}
