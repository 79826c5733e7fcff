package read

import (
	"errors"
	"fmt"
	"io"
	"iter"
	"sync/atomic"
)

// Decompress gives what in holds, decompressed where the extension of name says that it is compressed (.gz, .zst, .bz2, .xz).
// The window and the ratio are bounded as Options has them by default. Closing it does not close in.
func Decompress(in io.Reader, name string) (io.ReadCloser, error) {
	_, compression := splitCompression(name)
	if compression == "" {
		return io.NopCloser(in), nil
	}
	var opts Options
	opts.defaults()
	s := &plainText{input{file: &File{Path: name, Name: name, compression: compression}, raw: &counter{r: in, total: new(atomic.Int64)}, ratio: opts.MaxRatio}}
	if err := s.decompress(opts.MaxWindow); err != nil {
		return nil, s.fault(err)
	}
	return s, nil
}

// plainText is a decompressed input of another's.
type plainText struct{ input }

func (s *plainText) Read(p []byte) (int, error) {
	n, err := s.input.Read(p)
	if err != nil && err != io.EOF {
		err = s.fault(err)
	}
	return n, err
}

func (s *plainText) fault(err error) error {
	return fmt.Errorf("read: %s: %w", s.file.Name, s.explain(err))
}

// Close releases the decompressor.
func (s *plainText) Close() error {
	if s.unzip != nil {
		s.unzip()
	}
	return nil
}

// Records yields the documents of JSON Lines that come from anywhere, such as standard input: name says where, in errors
// and identifiers. A record that cannot be used goes to Options.OnBad; an error is the last thing that is yielded.
// Documents without text are yielded too.
func Records(in io.Reader, name string, opts Options) iter.Seq2[Document, error] {
	opts.defaults()
	return func(yield func(Document, error) bool) {
		f := &File{Path: name, Name: name, Source: name}
		r := openJSONL(&input{Reader: in, file: f}, &opts)
		for {
			d := Document{Source: f.Source}
			err := r.next(&d)
			var bad *badRecord
			switch {
			case err == io.EOF:
				return
			case errors.As(err, &bad):
				if opts.OnBad != nil {
					opts.OnBad(bad.of(f))
				}
				continue
			case err != nil:
				err = fmt.Errorf("read: %s: %w", name, err)
			default:
				d.check()
			}
			if !yield(d, err) || err != nil {
				return
			}
		}
	}
}
