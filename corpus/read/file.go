package read

import (
	"bufio"
	"compress/bzip2"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"sync/atomic"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/therootcompany/xz"
)

// input is an opened file: decompressed where need be, with the bytes read on disk counted.
type input struct {
	io.Reader
	file  *File
	os    *os.File // nil where the records come from anywhere
	unzip func()   // releases the decompressor, nil where there is none
	raw   *counter // of a compressed file
	plain int64    // bytes given out
	ratio float64  // the most plain bytes for a raw one, 0 = any number
	ended error    // what the last Read ended with: a decompressor that is asked again may say something else
}

// ratioFrom is how much text a file gives before its ratio is looked at: a few repeated records compress well.
const ratioFrom = 64 << 20

// errRatio is what a file ends with that expands beyond measure.
var errRatio = errors.New("it expands beyond the highest ratio")

func openFile(f *File, opts *Options, done *atomic.Int64) (*input, error) {
	file, err := os.Open(f.Path)
	if err != nil {
		return nil, err
	}
	in := &input{file: f, os: file, raw: &counter{r: file, total: done}, ratio: opts.MaxRatio}
	in.Reader = in.raw
	if f.format.members && f.compression == "gzip" {
		return in, nil
	}
	if err := in.decompress(opts.MaxWindow); err != nil {
		file.Close()
		return nil, in.explain(err)
	}
	return in, nil
}

// decompress puts a decompressor before the file.
func (in *input) decompress(window int64) error {
	switch in.file.compression {
	case "gzip":
		z, err := gzip.NewReader(bufio.NewReaderSize(in.raw, 1<<16)) // takes members one after the other
		if err != nil {
			return err
		}
		in.Reader, in.unzip = z, func() { z.Close() }
	case "zstd":
		z, err := zstd.NewReader(in.raw, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(uint64(max(window, zstd.MinWindowSize))))
		if err != nil {
			return err
		}
		in.Reader, in.unzip = z, z.Close
	case "bzip2":
		in.Reader = bzip2.NewReader(bufio.NewReaderSize(in.raw, 1<<16)) // streams one after the other too
	case "xz":
		// Not ulikunitz/xz: that one allocates the dictionary a file asks for, up to 4 GiB.
		z, err := xz.NewReader(in.raw, uint32(min(window, 1<<32-1)))
		if err != nil {
			return err
		}
		in.Reader = z
	}
	return nil
}

func (in *input) Read(p []byte) (int, error) {
	if in.ended != nil {
		return 0, in.ended
	}
	n, err := in.Reader.Read(p)
	in.plain += int64(n)
	if in.file.compression != "" && in.ratio > 0 && in.plain > ratioFrom && float64(in.plain) > in.ratio*float64(in.raw.n) {
		err = errRatio
	}
	in.ended = err
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
	if what := in.doing(err); what != "" {
		return fmt.Errorf("%s%w", what, err)
	}
	return withoutPath(err)
}

// withoutPath takes the file's name out of an error of the system: whoever reports it names the file.
func withoutPath(err error) error {
	if path := (*fs.PathError)(nil); errors.As(err, &path) {
		return fmt.Errorf("%s: %w", path.Op, path.Err)
	}
	return err
}

// doing says what an error means that ended the reading of the file.
func (in *input) doing(err error) string {
	c := in.file.compression
	switch {
	case c == "":
		return ""
	case errors.Is(err, errRatio):
		return fmt.Sprintf("%d bytes of %s became %d bytes of text, above the highest ratio of %g; raise it if that is right: ", in.raw.n, c, in.plain, in.ratio)
	case errors.Is(err, zstd.ErrWindowSizeExceeded), errors.Is(err, xz.ErrMemlimit):
		return fmt.Sprintf("the %s stream asks for a larger window than is allowed; raise the largest window if that is right: ", c)
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF), errors.Is(err, xz.ErrBuf):
		return fmt.Sprintf("the %s stream is cut off after %d bytes of text: the file is truncated: ", c, in.plain)
	case errors.As(err, new(*fs.PathError)):
		return ""
	}
	return fmt.Sprintf("the %s stream is damaged after %d bytes of text: ", c, in.plain)
}

// counter counts the bytes that pass, by themselves and into a total.
type counter struct {
	r     io.Reader
	n     int64
	total *atomic.Int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	c.total.Add(int64(n))
	return n, err
}
