package read

import (
	"errors"
	"fmt"
	"io"
	"os"
	"sync/atomic"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// input is an opened file: decompressed where need be, with the bytes read on disk counted.
type input struct {
	io.Reader
	file  *File
	os    *os.File
	unzip func() // releases the decompressor, nil where there is none
	plain int64  // bytes given out
}

func openFile(f *File, done *atomic.Int64) (*input, error) {
	file, err := os.Open(f.Path)
	if err != nil {
		return nil, fmt.Errorf("read: %w", err)
	}
	in := &input{file: f, os: file}
	raw := &counter{r: file, n: done}
	in.Reader = raw
	switch f.compression {
	case "gzip":
		z, err := gzip.NewReader(raw)
		if err != nil {
			file.Close()
			return nil, in.explain(err)
		}
		in.Reader, in.unzip = z, func() { z.Close() }
	case "zstd":
		z, err := zstd.NewReader(raw, zstd.WithDecoderConcurrency(1))
		if err != nil {
			file.Close()
			return nil, in.explain(err)
		}
		in.Reader, in.unzip = z, z.Close
	}
	return in, nil
}

func (in *input) Read(p []byte) (int, error) {
	n, err := in.Reader.Read(p)
	in.plain += int64(n)
	return n, err
}

// Close releases the file and the decompressor.
func (in *input) Close() error {
	if in.unzip != nil {
		in.unzip()
	}
	return in.os.Close()
}

// explain wraps an error that ended the reading of the file.
func (in *input) explain(err error) error {
	what := ""
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF) || (errors.Is(err, io.EOF) && in.file.compression != ""):
		what = fmt.Sprintf("the %s stream is cut off after %d bytes of text: the file is truncated: ", in.file.compression, in.plain)
	case in.file.compression != "":
		what = fmt.Sprintf("the %s stream is damaged after %d bytes of text: ", in.file.compression, in.plain)
	}
	return fmt.Errorf("read: %s: %s%w", in.file.Path, what, err)
}

// counter adds the bytes that pass to n.
type counter struct {
	r io.Reader
	n *atomic.Int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n.Add(int64(n))
	return n, err
}
