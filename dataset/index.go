package dataset

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"math"
)

// Megatron's index (megatron/core/datasets/indexed_dataset.py, class _IndexWriter), all little-endian:
//
//	9 bytes  magic "MMIDIDX\0\0"
//	u64      version, 1
//	u8       dtype code of the ids in the .bin
//	u64      S, number of sequences
//	u64      number of document indices, S+1 where every document is one sequence
//	i32 × S  tokens of each sequence
//	i64 × S  byte offset of each sequence in the .bin
//	i64 × …  document indices: for each document the sequence it starts at, then S
//	i8 × S   optional: modes (multimodal), ignored here
const (
	indexMagic      = "MMIDIDX\x00\x00"
	indexVersion    = 1
	indexHeaderSize = len(indexMagic) + 8 + 1 + 8 + 8
)

// writeIndex writes the index of n documents, one sequence a document, stored back to back. Their token counts, i32 × n,
// are read from lengths twice, so that memory does not grow with them.
func writeIndex(w io.Writer, dt DType, n int64, lengths io.ReadSeeker) error {
	bw := bufio.NewWriterSize(w, 1<<16)
	head := make([]byte, 0, indexHeaderSize)
	head = append(head, indexMagic...)
	head = binary.LittleEndian.AppendUint64(head, indexVersion)
	head = append(head, dt.code())
	head = binary.LittleEndian.AppendUint64(head, uint64(n))
	head = binary.LittleEndian.AppendUint64(head, uint64(n)+1)
	bw.Write(head) // bufio keeps the first error for Flush
	if _, err := io.CopyN(bw, lengths, 4*n); err != nil {
		return err
	}
	if _, err := lengths.Seek(-4*n, io.SeekCurrent); err != nil {
		return err
	}
	var b [8]byte
	var pointer int64
	again := bufio.NewReaderSize(lengths, 1<<16)
	for range n {
		if _, err := io.ReadFull(again, b[:4]); err != nil {
			return err
		}
		tokens := int64(binary.LittleEndian.Uint32(b[:]))
		bw.Write(binary.LittleEndian.AppendUint64(b[:0], uint64(pointer)))
		pointer += tokens * int64(dt.Size())
	}
	for i := range n + 1 {
		bw.Write(binary.LittleEndian.AppendUint64(b[:0], uint64(i)))
	}
	return bw.Flush()
}

// index is a checked view of an .idx file's bytes.
type index struct {
	dtype    DType
	seqs     int64
	docs     int64  // documents, one less than the document indices
	lengths  []byte // i32 × seqs
	pointers []byte // i64 × seqs
	docIdx   []byte // i64 × (docs+1)
	binSize  int64  // bytes the .bin must have
}

// parseIndex checks every number of an index against every other. It allocates nothing in proportion to what the
// header claims. Sequences must lie back to back from offset 0, as Megatron writes them.
func parseIndex(data []byte) (*index, error) {
	if len(data) < indexHeaderSize {
		return nil, fmt.Errorf("%d bytes, want at least the %d of the header", len(data), indexHeaderSize)
	}
	if string(data[:len(indexMagic)]) != indexMagic {
		return nil, fmt.Errorf("starts with %q, want Megatron's magic %q", data[:len(indexMagic)], indexMagic)
	}
	p := data[len(indexMagic):]
	if v := binary.LittleEndian.Uint64(p); v != indexVersion {
		return nil, fmt.Errorf("version %d, want %d", v, indexVersion)
	}
	dt, err := dtypeFromCode(p[8])
	if err != nil {
		return nil, err
	}
	seqs, docIdx := binary.LittleEndian.Uint64(p[9:]), binary.LittleEndian.Uint64(p[17:])
	body := uint64(len(data) - indexHeaderSize)
	if seqs > body/12 || docIdx > body/8 || seqs*12+docIdx*8 > body {
		return nil, fmt.Errorf("header claims %d sequences and %d document indices, but %d bytes follow it", seqs, docIdx, body)
	}
	if rest := body - seqs*12 - docIdx*8; rest != 0 && rest != seqs {
		return nil, fmt.Errorf("%d bytes left over behind %d sequences and %d document indices, want 0 (or %d, one mode byte a sequence)", rest, seqs, docIdx, seqs)
	}
	if docIdx == 0 {
		return nil, fmt.Errorf("no document indices, want at least the closing one")
	}
	p = data[indexHeaderSize:]
	ix := &index{dtype: dt, seqs: int64(seqs), docs: int64(docIdx) - 1,
		lengths: p[:seqs*4], pointers: p[seqs*4 : seqs*12], docIdx: p[seqs*12 : seqs*12+docIdx*8]}
	if err := ix.checkSequences(); err != nil {
		return nil, err
	}
	return ix, ix.checkDocuments()
}

func (ix *index) length(i int64) int64 {
	return int64(int32(binary.LittleEndian.Uint32(ix.lengths[4*i:])))
}
func (ix *index) pointer(i int64) int64 { return int64(binary.LittleEndian.Uint64(ix.pointers[8*i:])) }
func (ix *index) docSeq(i int64) int64  { return int64(binary.LittleEndian.Uint64(ix.docIdx[8*i:])) }

func (ix *index) checkSequences() error {
	size := int64(ix.dtype.Size())
	for i := range ix.seqs {
		if n := ix.length(i); n < 0 {
			return fmt.Errorf("sequence %d has %d tokens, want 0 or more", i, n)
		}
		if got := ix.pointer(i); got != ix.binSize {
			return fmt.Errorf("sequence %d is at byte %d of the .bin, want %d, where sequence %d ends", i, got, ix.binSize, i-1)
		}
		if ix.binSize > math.MaxInt64-ix.length(i)*size {
			return fmt.Errorf("sequence %d ends past the largest file offset", i)
		}
		ix.binSize += ix.length(i) * size
	}
	return nil
}

func (ix *index) checkDocuments() error {
	prev := int64(0)
	for i := range ix.docs + 1 {
		got := ix.docSeq(i)
		if i == 0 && got != 0 {
			return fmt.Errorf("document 0 starts at sequence %d, want 0", got)
		}
		if got < prev || got > ix.seqs {
			return fmt.Errorf("document %d starts at sequence %d, want %d to %d", i, got, prev, ix.seqs)
		}
		prev = got
	}
	if prev != ix.seqs {
		return fmt.Errorf("the last document ends at sequence %d, want %d", prev, ix.seqs)
	}
	return nil
}

// tokens returns the number of tokens in the .bin.
func (ix *index) tokens() int64 { return ix.binSize / int64(ix.dtype.Size()) }

// start returns the token position at which document i starts; start(docs) is the end of the stream.
func (ix *index) start(i int64) int64 {
	seq := ix.docSeq(i)
	if seq == ix.seqs {
		return ix.tokens()
	}
	return ix.pointer(seq) / int64(ix.dtype.Size())
}
