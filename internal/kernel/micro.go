package kernel

import "unsafe"

// This file names the register tile that Gemm and the attention kernels are built on.
//
//	mk := microFor(compute)      // *microKernel of the current level for BF16 or F32 computation
//	mk.mr, mk.nr                 // largest tile: rows, columns
//	mk.steps(k)                  // k steps that k summed elements take (pairs for bf16 pairs)
//	mk.panelBytesA(k), mk.panelBytesB(k)
//	mk.packA(dst, src, lane0, lanes, k0, k, tmp)   // one A panel, lanes ≤ mr rows
//	mk.packB(dst, src, lane0, lanes, k0, k, tmp)   // one B panel, lanes ≤ nr columns
//	mk.tile(steps, a, b, c, ldc, m, n, acc)        // c[m,n] (+)= A panel · B panel, c float32
//	mk.tileAhead(…, ahead)                         // the same, and fetches what comes next
//
// A panel holds, for each k step, one 4-byte word a lane: two consecutive bf16 where mk.pair, else one
// float32. Lanes beyond the used ones hold anything finite or not: they only reach lanes that are not stored.
// An odd last k is padded with zeros. Panels are 64-byte aligned when dst is; strides are mk.as and mk.bs words a step.

// microKernel is the register tile of one level and computation type.
type microKernel struct {
	mr, nr  int  // the largest tile
	as, bs  int  // words of one k step in an A and a B panel, ≥ mr and ≥ nr
	pair    bool // a k step is two bf16; otherwise one float32
	round   bool // operands are rounded to bf16 before they are widened (bf16 computation without VDPBF16PS)
	fetches bool // the tiles take a tileAhead
	compute DType

	tiles tileTable // by rows; nil where there is only plain Go
}

// tileTable holds the tiles of 1…mr rows. Each computes c[0:m,0:n] = A·B, or += with acc, over steps k steps; each
// element's sum runs over k in order in float32, so that it does not depend on how rows are grouped. ldc counts float32s.
// While the first 4·m steps are computed, ahead is fetched, if it is not nil; only where microKernel.fetches and steps ≥ 4·m.
type tileTable [15]func(steps int, a, b, c unsafe.Pointer, ldc, n int, acc bool, ahead unsafe.Pointer)

// tileAhead are lines of memory that a tile of m rows asks for in exclusive state while it computes, so that whoever follows finds them in
// the cache: of each stream m, stride bytes apart. The assembly reads it by offset.
type tileAhead struct {
	ptr    [4]uintptr // no pointers, as it lies outside the Go heap
	stride [4]int
}

// operand is a source of packing: element (lane, k) is at ptr + (lane·laneStride + k·kStride)·dt.Size(), and one of
// the strides is 1. Lanes are rows of op(A) or columns of op(B).
type operand struct {
	ptr                 unsafe.Pointer
	dt                  DType
	laneStride, kStride int
}

// lanesOf views a matrix whose rows are lanes: A, or B stored [N,K].
func lanesOf(m Mat) operand {
	return operand{ptr: m.Ptr, dt: m.DT, laneStride: m.Stride, kStride: 1}
}

// lanesOfT views a matrix whose columns are lanes: A stored [K,M], or B stored [K,N].
func lanesOfT(m Mat) operand {
	return operand{ptr: m.Ptr, dt: m.DT, laneStride: 1, kStride: m.Stride}
}

// at returns the address of element (lane, k).
func (o *operand) at(lane, k int) unsafe.Pointer {
	return unsafe.Add(o.ptr, (lane*o.laneStride+k*o.kStride)*o.dt.Size())
}

// steps returns the k steps that k summed elements take.
func (mk *microKernel) steps(k int) int {
	if mk.pair {
		return (k + 1) / 2
	}
	return k
}

// panelBytesA returns the size of an A panel of k summed elements.
func (mk *microKernel) panelBytesA(k int) int { return mk.steps(k) * mk.as * 4 }

// panelBytesB returns the size of a B panel of k summed elements.
func (mk *microKernel) panelBytesB(k int) int { return mk.steps(k) * mk.bs * 4 }

// tile computes c[0:m,0:n] = A panel · B panel, or += with acc; see tileTable. 1 ≤ m ≤ mr, 1 ≤ n ≤ nr.
func (mk *microKernel) tile(steps int, a, b, c unsafe.Pointer, ldc, m, n int, acc bool) {
	mk.tileAhead(steps, a, b, c, ldc, m, n, acc, nil)
}

// tileAhead is tile that fetches ahead, if that is not nil.
func (mk *microKernel) tileAhead(steps int, a, b, c unsafe.Pointer, ldc, m, n int, acc bool, ahead *tileAhead) {
	if f := mk.tiles[m]; f != nil {
		f(steps, a, b, c, ldc, n, acc, unsafe.Pointer(ahead))
		return
	}
	tileGeneric(steps, a, b, c, ldc, m, n, acc)
}

// packA packs lanes [lane0, lane0+lanes) and summed elements [k0, k0+k) of src into the A panel dst.
// tmp is packTmpBytes of scratch, 64-byte aligned.
func (mk *microKernel) packA(dst unsafe.Pointer, src *operand, lane0, lanes, k0, k int, tmp unsafe.Pointer) {
	packPanel(mk, dst, mk.as, src, lane0, lanes, k0, k, tmp)
}

// packASum is packA that also adds the lanes' sums to sums, in float32 from the values as stored.
func (mk *microKernel) packASum(dst unsafe.Pointer, src *operand, lane0, lanes, k0, k int, tmp unsafe.Pointer, sums []float32) {
	if src.kStride != 1 && mk.ready(src.dt) && packColsSum(dst, mk.as, src.at(lane0, k0), src.kStride*src.dt.Size(), lanes, k, src.dt, sums) {
		return
	}
	mk.packA(dst, src, lane0, lanes, k0, k, tmp)
	sumLanes(sums, src, lane0, k0, k)
}

// ready reports whether elements of dt go into panels as they are.
func (mk *microKernel) ready(dt DType) bool {
	return !mk.round && (mk.pair && dt == BF16 || !mk.pair && dt == F32)
}

// packB packs lanes [lane0, lane0+lanes) and summed elements [k0, k0+k) of src into the B panel dst.
func (mk *microKernel) packB(dst unsafe.Pointer, src *operand, lane0, lanes, k0, k int, tmp unsafe.Pointer) {
	packPanel(mk, dst, mk.bs, src, lane0, lanes, k0, k, tmp)
}

// genericF32 and genericBF16 are the tiles of plain Go.
var (
	genericF32  = &microKernel{mr: 4, nr: 8, as: 4, bs: 8, compute: F32}
	genericBF16 = &microKernel{mr: 4, nr: 8, as: 4, bs: 8, round: true, compute: BF16}
)

// tileGeneric is the plain-Go tile over float32 panels of 4 × 8 words a step.
func tileGeneric(steps int, a, b, c unsafe.Pointer, ldc, m, n int, acc bool) {
	as := unsafe.Slice((*float32)(a), steps*4)
	bs := unsafe.Slice((*float32)(b), steps*8)
	for j := 0; j < n; j += 4 {
		tileGeneric4(as, bs[min(j, len(bs)):], unsafe.Add(c, j*4), ldc, m, min(4, n-j), acc)
	}
}

// tileGeneric4 is half a tileGeneric: 4 × 4 sums.
func tileGeneric4(a, b []float32, c unsafe.Pointer, ldc, m, n int, acc bool) {
	var s [4][4]float32
	for len(a) >= 4 && len(b) >= 4 {
		b0, b1, b2, b3 := b[0], b[1], b[2], b[3]
		for i, x := range a[:4] {
			r := &s[i]
			r[0] += x * b0
			r[1] += x * b1
			r[2] += x * b2
			r[3] += x * b3
		}
		a = a[4:]
		b = b[min(8, len(b)):]
	}
	for i := range m {
		row := unsafe.Slice((*float32)(unsafe.Add(c, i*ldc*4)), n)
		for j := range row {
			if acc {
				row[j] += s[i][j]
			} else {
				row[j] = s[i][j]
			}
		}
	}
}
