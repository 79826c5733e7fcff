package dataset

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"sort"

	"github.com/edsrzf/mmap-go"
)

// Split is one memory-mapped stream of token ids, with the places where documents start. It is safe for concurrent use.
type Split struct {
	name   string
	path   string // of the .bin, for errors
	bin    []byte
	dtype  DType
	index  *index // nil: the stream is one document
	tokens int64
	bytes  int64
	vocab  int64 // ids are below it; 0 = unknown
	maps   []mmap.MMap
}

// Name returns "train", "val", or the file name of a stream opened by itself.
func (sp *Split) Name() string { return sp.name }

// Path returns the path of the .bin file.
func (sp *Split) Path() string { return sp.path }

// DType returns how ids are stored.
func (sp *Split) DType() DType { return sp.dtype }

// Tokens returns the number of tokens, with those that end documents.
func (sp *Split) Tokens() int64 { return sp.tokens }

// Bytes returns the bytes of the text that was encoded, the denominator of bits per byte; 0 where unknown.
func (sp *Split) Bytes() int64 { return sp.bytes }

// Docs returns the number of documents; 1 where their ends are unknown.
func (sp *Split) Docs() int64 {
	if sp.index == nil {
		return 1
	}
	return sp.index.docs
}

// Doc returns the token positions [start, end) of document i, 0 ≤ i < Docs.
func (sp *Split) Doc(i int64) (start, end int64) {
	if sp.index == nil {
		return 0, sp.tokens
	}
	return sp.index.start(i), sp.index.start(i + 1)
}

// DocAt returns the document that holds the token at pos, 0 ≤ pos < Tokens, in O(log Docs).
func (sp *Split) DocAt(pos int64) int64 {
	if sp.index == nil {
		return 0
	}
	after := sort.Search(int(sp.index.docs), func(i int) bool { return sp.index.start(int64(i)) > pos })
	return int64(after) - 1
}

// Read copies the tokens from pos on into dst. It fails on a range outside the stream and on an id outside the
// vocabulary, the sign of a damaged shard.
func (sp *Split) Read(dst []int32, pos int64) error {
	n := int64(len(dst))
	if pos < 0 || n > sp.tokens || pos > sp.tokens-n {
		return fmt.Errorf("dataset: read tokens [%d, %d) of %s, which holds %d", pos, pos+n, sp.path, sp.tokens)
	}
	var top uint32 // the largest id, read as unsigned so that a negative one is large
	if sp.dtype == U16 {
		src := sp.bin[2*pos : 2*(pos+n)]
		for i := range dst {
			id := uint32(binary.LittleEndian.Uint16(src[2*i:]))
			dst[i], top = int32(id), max(top, id)
		}
	} else {
		src := sp.bin[4*pos : 4*(pos+n)]
		for i := range dst {
			id := binary.LittleEndian.Uint32(src[4*i:])
			dst[i], top = int32(id), max(top, id)
		}
	}
	if (sp.vocab > 0 && int64(top) >= sp.vocab) || top > 1<<31-1 {
		return fmt.Errorf("dataset: tokens [%d, %d) of %s hold id %d, want ids below the vocabulary size %d; the shard is damaged or made with another tokenizer",
			pos, pos+n, sp.path, int32(top), sp.vocab)
	}
	return nil
}

// Close unmaps the files. No sample may be drawn afterwards.
func (sp *Split) Close() error {
	var errs []error
	for _, m := range sp.maps {
		errs = append(errs, m.Unmap())
	}
	sp.maps, sp.bin, sp.index, sp.tokens = nil, nil, nil, 0
	return errors.Join(errs...)
}

// OpenMegatron maps prefix.bin and prefix.idx as Megatron-LM's preprocess_data.py writes them. Ids at or above vocab
// are refused when they are read; 0 = unknown.
func OpenMegatron(prefix string, vocab int) (*Split, error) {
	sp := &Split{name: baseName(prefix), path: prefix + ".bin", vocab: int64(vocab)}
	idx, err := sp.mapFile(prefix + ".idx")
	if err != nil {
		return nil, err
	}
	ix, err := parseIndex(idx)
	if err != nil {
		sp.Close()
		return nil, fmt.Errorf("dataset: open %s.idx: %w", prefix, err)
	}
	if sp.bin, err = sp.mapFile(sp.path); err != nil {
		sp.Close()
		return nil, err
	}
	if int64(len(sp.bin)) != ix.binSize {
		found := len(sp.bin)
		sp.Close()
		return nil, fmt.Errorf("dataset: open %s: %d bytes, want %d (%d tokens of %s, by its .idx)", sp.path, found, ix.binSize, ix.tokens(), ix.dtype)
	}
	sp.index, sp.dtype, sp.tokens = ix, ix.dtype, ix.tokens()
	return sp, nil
}

// OpenFlat maps a file of u16 ids without header or index, as nanoGPT's prepare.py writes it. The stream counts as one
// document. Ids at or above vocab are refused when they are read; 0 = unknown.
func OpenFlat(path string, vocab int) (*Split, error) {
	sp := &Split{name: baseName(path), path: path, dtype: U16, vocab: int64(vocab)}
	var err error
	if sp.bin, err = sp.mapFile(path); err != nil {
		return nil, err
	}
	if len(sp.bin)%2 != 0 {
		found := len(sp.bin)
		sp.Close()
		return nil, fmt.Errorf("dataset: open %s: %d bytes, want a multiple of 2 (u16 ids)", path, found)
	}
	sp.tokens = int64(len(sp.bin)) / 2
	return sp, nil
}

// mapFile maps a whole file read-only; an empty file, which cannot be mapped, is an empty slice.
func (sp *Split) mapFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("dataset: %w", err)
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("dataset: %w", err)
	}
	if !st.Mode().IsRegular() {
		return nil, fmt.Errorf("dataset: open %s: not a regular file", path)
	}
	if st.Size() == 0 {
		return nil, nil
	}
	m, err := mmap.Map(f, mmap.RDONLY, 0)
	if err != nil {
		return nil, fmt.Errorf("dataset: map %s into memory: %w", path, err)
	}
	sp.maps = append(sp.maps, m)
	return m, nil
}
