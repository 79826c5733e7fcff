package dataset

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
)

// shardWriter writes the .bin of a split as documents come, their token counts beside it, and its .idx at the end.
type shardWriter struct {
	dir     *aside
	name    string
	dtype   DType
	bin     *growing
	lengths *growing // i32 a document
	count   Count
	scratch []byte
}

// shardState is what a journal keeps of a shard.
type shardState struct {
	Bin     growingState `json:"bin"`
	Lengths growingState `json:"lengths"`
	Count   Count        `json:"count"`
}

func openShard(dir *aside, name string, dt DType, at shardState) (*shardWriter, error) {
	bin, err := openGrowing(dir.data(name+".bin"), sha256.New(), at.Bin)
	if err != nil {
		return nil, err
	}
	lengths, err := openGrowing(dir.join(name+".lengths"), nil, at.Lengths)
	if err != nil {
		bin.f.Close()
		return nil, err
	}
	return &shardWriter{dir: dir, name: name, dtype: dt, bin: bin, lengths: lengths, count: at.Count}, nil
}

func (w *shardWriter) append(bin []byte, lengths []int32) error {
	w.scratch = w.scratch[:0]
	for _, n := range lengths {
		w.scratch = binary.LittleEndian.AppendUint32(w.scratch, uint32(n))
	}
	if _, err := w.lengths.Write(w.scratch); err != nil {
		return err
	}
	_, err := w.bin.Write(bin)
	return err
}

func (w *shardWriter) state() (s shardState, err error) {
	if s.Bin, err = w.bin.state(); err != nil {
		return s, err
	}
	s.Lengths, err = w.lengths.state()
	s.Count = w.count
	return s, err
}

func (w *shardWriter) finish() ([]FileInfo, error) {
	bin, err := w.bin.finish(w.name + ".bin")
	if err != nil {
		return nil, err
	}
	if err := w.lengths.buf.Flush(); err != nil {
		return nil, err
	}
	if _, err := w.lengths.f.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	idx, err := openGrowing(w.dir.data(w.name+".idx"), sha256.New(), growingState{})
	if err != nil {
		return nil, err
	}
	defer idx.f.Close() // for the case of an error
	if err := writeIndex(idx, w.dtype, w.count.Documents, w.lengths.f); err != nil {
		return nil, fmt.Errorf("write %s.idx: %w", w.name, err)
	}
	info, err := idx.finish(w.name + ".idx")
	return []FileInfo{bin, info}, err
}

// close releases the files.
func (w *shardWriter) close() {
	w.bin.f.Close()
	w.lengths.f.Close()
}
