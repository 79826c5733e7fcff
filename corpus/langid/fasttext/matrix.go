package fasttext

import (
	"fmt"
	"math/bits"
)

// pruned says which buckets of a quantized model are left: a bit each, and for every 64 of them how many left ones are before.
// Most questions end at the bit, and all bits fit the cache.
type pruned struct {
	left   []uint64
	before []uint32
	row    []int32 // of the n-th bucket left, its row behind the words' as the file has them; nil once rows are in that order
}

// rank returns the place of a bucket among those left.
func (p *pruned) rank(bucket uint32) (uint32, bool) {
	left, bit := p.left[bucket/64], bucket%64
	if left>>bit&1 == 0 {
		return 0, false
	}
	return p.before[bucket/64] + uint32(bits.OnesCount64(left&(1<<bit-1))), true
}

func (m *Model) readPruned(in *reader, size int64) error {
	if size < 0 {
		return nil
	}
	if size > in.left/8 || size > int64(m.bucket) {
		return fmt.Errorf("%d buckets left of %d, with %d bytes left", size, m.bucket, in.left)
	}
	p := &pruned{left: make([]uint64, m.bucket/64+1), before: make([]uint32, m.bucket/64+1)}
	rows := make(map[uint32]int32, size)
	for range size {
		bucket, row := uint32(in.i32()), in.i32()
		if in.err != nil {
			return in.err
		}
		if bucket >= m.bucket || row < 0 {
			return fmt.Errorf("bucket %d of %d in row %d", bucket, m.bucket, row)
		}
		rows[bucket] = row
		p.left[bucket/64] |= 1 << (bucket % 64)
	}
	n := uint32(0)
	for i, left := range p.left {
		p.before[i] = n
		n += uint32(bits.OnesCount64(left))
	}
	p.row = make([]int32, n)
	for bucket, row := range rows {
		i, _ := p.rank(bucket)
		p.row[i] = row
	}
	m.pruned = p
	return nil
}

func (m *Model) readMatrices(in *reader) error {
	quantized := in.i8() != 0
	if in.err == nil && !quantized && m.pruned != nil {
		return fmt.Errorf("a pruned model that is not quantized")
	}
	rows, n, err := m.readMatrix(in, quantized)
	if err != nil {
		return fmt.Errorf("input matrix: %w", err)
	}
	want := int64(m.wordRows)
	if m.pruned == nil && (m.maxN > 0 || m.wordN > 1) {
		want += int64(m.bucket)
	}
	if n < want {
		return fmt.Errorf("input matrix of %d rows for %d words and %d buckets", n, m.wordRows, m.bucket)
	}
	if rows, err = m.reorder(rows, n); err != nil {
		return err
	}
	m.rows = rows
	quantizedOut := in.i8() != 0
	if m.output, n, err = m.readMatrix(in, quantized && quantizedOut); err != nil {
		return fmt.Errorf("output matrix: %w", err)
	}
	if n != int64(len(m.labels)) {
		return fmt.Errorf("output matrix of %d rows for %d labels", n, len(m.labels))
	}
	return in.err
}

// reorder brings the rows of a pruned model into the order of their buckets: words first, then by rank.
func (m *Model) reorder(rows []float32, n int64) ([]float32, error) {
	if m.pruned == nil {
		return rows, nil
	}
	dim := m.dim
	out := make([]float32, (m.wordRows+len(m.pruned.row))*dim)
	copy(out, rows[:m.wordRows*dim])
	for rank, row := range m.pruned.row {
		at := m.wordRows + int(row)
		if int64(at) >= n {
			return nil, fmt.Errorf("a bucket has row %d of %d", at, n)
		}
		copy(out[(m.wordRows+rank)*dim:], rows[at*dim:][:dim])
	}
	m.pruned.row = nil
	return out, nil
}

// readMatrix reads a matrix [rows, dim]. Quantized ones are written out: a lookup then is one addition a column.
func (m *Model) readMatrix(in *reader, quantized bool) (data []float32, rows int64, err error) {
	if quantized {
		return m.readQuantized(in)
	}
	rows, cols := in.i64(), in.i64()
	if in.err == nil && (rows < 0 || cols != int64(m.dim) || rows > in.left/4/cols) {
		return nil, 0, fmt.Errorf("%d × %d values, want rows of %d, with %d bytes left", rows, cols, m.dim, in.left)
	}
	data = in.floats(rows * cols)
	return data, rows, in.err
}

// readQuantized reads a matrix whose rows are cut into pieces, each the number of a centroid, with the row's norm apart or not.
func (m *Model) readQuantized(in *reader) (data []float32, rows int64, err error) {
	hasNorm := in.i8() != 0
	rows, cols := in.i64(), in.i64()
	size := int64(in.i32())
	if in.err == nil && (rows < 0 || cols != int64(m.dim) || size < 0 || size > in.left || rows > in.left) {
		return nil, 0, fmt.Errorf("%d × %d values in %d bytes, want rows of %d, with %d bytes left", rows, cols, size, m.dim, in.left)
	}
	codes := in.bytes(size)
	q, err := readQuantizer(in, m.dim)
	if err != nil {
		return nil, 0, err
	}
	// What a file may unfold to; pieces of up to 16 values make 64 bytes of one.
	if size != rows*int64(q.pieces) || rows*cols/64 > size {
		return nil, 0, fmt.Errorf("%d codes for %d rows of %d pieces", size, rows, q.pieces)
	}
	var normCodes []byte
	var norms *quantizer
	if hasNorm {
		normCodes = in.bytes(rows)
		if norms, err = readQuantizer(in, 1); err != nil {
			return nil, 0, err
		}
	}
	if in.err != nil {
		return nil, 0, in.err
	}
	data = make([]float32, rows*cols)
	for i := range int(rows) {
		norm := float32(1)
		if hasNorm {
			norm = norms.centroid(0, normCodes[i])[0]
		}
		row := data[i*m.dim:][:m.dim]
		for p := range q.pieces {
			for j, c := range q.centroid(p, codes[i*q.pieces+p]) {
				row[p*q.width+j] = norm * c
			}
		}
	}
	return data, rows, nil
}

// quantizer are the centroids of a product quantizer: 256 for each piece of width values, the last perhaps narrower.
type quantizer struct {
	pieces, width, last int
	centroids           []float32
}

const centroidsPerPiece = 256

func readQuantizer(in *reader, dim int) (*quantizer, error) {
	d, pieces, width, last := int(in.i32()), int(in.i32()), int(in.i32()), int(in.i32())
	if in.err != nil {
		return nil, in.err
	}
	if d != dim || pieces < 1 || pieces > dim || width < 1 || width > dim || last < 1 || last > width || (pieces-1)*width+last != dim {
		return nil, fmt.Errorf("quantizer of %d values in %d pieces of %d, the last of %d, want %d values", d, pieces, width, last, dim)
	}
	q := &quantizer{pieces: pieces, width: width, last: last}
	q.centroids = in.floats(int64(dim) * centroidsPerPiece)
	return q, in.err
}

func (q *quantizer) centroid(piece int, code byte) []float32 {
	at := piece * centroidsPerPiece * q.width
	if piece == q.pieces-1 {
		return q.centroids[at+int(code)*q.last:][:q.last]
	}
	return q.centroids[at+int(code)*q.width:][:q.width]
}
