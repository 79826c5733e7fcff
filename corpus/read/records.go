package read

import (
	"errors"
	"fmt"
	"io"
	"iter"
)

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
