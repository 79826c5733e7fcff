package dataset

import (
	"bufio"
	"encoding"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"os"
)

// growing is a file that is written from its beginning to its end, over several starts of the program if need be.
type growing struct {
	f    *os.File
	buf  *bufio.Writer
	sum  hash.Hash // nil where none is kept
	size int64
}

// growingState is what a journal keeps of a file: what lies behind Size was written later and is dropped.
type growingState struct {
	Size int64  `json:"size"`
	Sum  []byte `json:"sha256_state,omitempty"`
}

// openGrowing begins a file, or goes on with it where at says.
func openGrowing(path string, sum hash.Hash, at growingState) (*growing, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, err
	}
	d := &growing{f: f, buf: bufio.NewWriterSize(f, 1<<16), sum: sum, size: at.Size}
	if err := d.goOn(at); err != nil {
		f.Close()
		return nil, err
	}
	return d, nil
}

func (d *growing) goOn(at growingState) error {
	st, err := d.f.Stat()
	if err != nil {
		return err
	}
	if st.Size() < at.Size {
		return fmt.Errorf("%s: %d bytes, but the journal says %d were written: the file was changed", d.f.Name(), st.Size(), at.Size)
	}
	if len(at.Sum) > 0 {
		if err := d.sum.(encoding.BinaryUnmarshaler).UnmarshalBinary(at.Sum); err != nil {
			return fmt.Errorf("%s: the checksum so far: %w", d.f.Name(), err)
		}
	}
	if err := d.f.Truncate(at.Size); err != nil {
		return err
	}
	_, err = d.f.Seek(at.Size, io.SeekStart)
	return err
}

func (d *growing) Write(p []byte) (int, error) {
	if d.sum != nil {
		d.sum.Write(p)
	}
	d.size += int64(len(p))
	return d.buf.Write(p)
}

// state gives what is written to the system and says how much that is. It is durable after sync.
func (d *growing) state() (growingState, error) {
	if err := d.buf.Flush(); err != nil {
		return growingState{}, err
	}
	s := growingState{Size: d.size}
	var err error
	if d.sum != nil {
		s.Sum, err = d.sum.(encoding.BinaryMarshaler).MarshalBinary()
	}
	return s, err
}

// finish flushes the file to the disk and closes it.
func (d *growing) finish(name string) (FileInfo, error) {
	err := d.buf.Flush()
	if err == nil {
		err = d.f.Sync()
	}
	if e := d.f.Close(); err == nil {
		err = e
	}
	if err != nil {
		return FileInfo{}, fmt.Errorf("write %s: %w", name, err)
	}
	return FileInfo{name, d.size, hex.EncodeToString(d.sum.Sum(nil))}, nil
}
