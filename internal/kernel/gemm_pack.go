package kernel

import "unsafe"

// Packing lays an operand out in panels (see micro.go). Sources come in two orders: k runs along the rows of
// storage (weights [N,K], activations [M,K]), which is a transposition of words, or lanes do (the
// weight gradient's operands), which is a copy or, for bf16 pairs, an interleaving of two rows. Elements that
// are not yet of the panel's type are converted on the way: float32s for bf16 pairs in registers, all others by way of
// tmp, a piece that stays in L1.

const (
	packLanes    = 32  // lanes packed at once, the widest panel
	packChunk    = 128 // words of k converted at once
	packTmpBytes = packLanes * packChunk * 4
)

// packPanel packs one panel of stride words a step.
func packPanel(mk *microKernel, dst unsafe.Pointer, stride int, src *operand, lane0, lanes, k0, k int, tmp unsafe.Pointer) {
	ready := mk.ready(src.dt)
	switch {
	case src.kStride == 1 && ready:
		packRows(dst, stride, src.at(lane0, k0), src.laneStride*src.dt.Size(), lanes, k, src.dt)
	case src.kStride == 1:
		packRowsVia(mk, dst, stride, src, lane0, lanes, k0, k, tmp)
	case ready:
		packCols(dst, stride, src.at(lane0, k0), src.kStride*src.dt.Size(), lanes, k, src.dt)
	default:
		packColsVia(mk, dst, stride, src, lane0, lanes, k0, k, tmp)
	}
}

// packRowsVia packs rows of k that must be converted, packChunk words at a time.
func packRowsVia(mk *microKernel, dst unsafe.Pointer, stride int, src *operand, lane0, lanes, k0, k int, tmp unsafe.Pointer) {
	dt, per := F32, 1
	if mk.pair {
		dt, per = BF16, 2
	}
	if src.dt == F32 && packRowsRounded(mk, dst, stride, src.at(lane0, k0), src.laneStride*4, lanes, k) {
		return
	}
	for done := 0; done < k; done += packChunk * per {
		n := min(packChunk*per, k-done)
		for l := range lanes {
			packConvert(mk, unsafe.Add(tmp, l*packChunk*4), src.at(lane0+l, k0+done), src.dt, n)
		}
		packRows(unsafe.Add(dst, done/per*stride*4), stride, tmp, packChunk*4, lanes, n, dt)
	}
}

// packColsVia packs rows of lanes that must be converted, a few rows at a time.
func packColsVia(mk *microKernel, dst unsafe.Pointer, stride int, src *operand, lane0, lanes, k0, k int, tmp unsafe.Pointer) {
	dt, per := F32, 1
	if mk.pair {
		dt, per = BF16, 2
	}
	if src.dt == F32 && packColsRounded(mk, dst, stride, src.at(lane0, k0), src.kStride*4, lanes, k) {
		return
	}
	const rowBytes = packLanes * 4
	for done := 0; done < k; done += packChunk {
		n := min(packChunk, k-done)
		for i := range n {
			packConvert(mk, unsafe.Add(tmp, i*rowBytes), src.at(lane0, k0+done+i), src.dt, lanes)
		}
		packCols(unsafe.Add(dst, done/per*stride*4), stride, tmp, rowBytes, lanes, n, dt)
	}
}

// packConvert converts n elements to the type of mk's panels.
func packConvert(mk *microKernel, dst, src unsafe.Pointer, dt DType, n int) {
	if mk.pair {
		convertToBF16(dst, src, dt, n)
		return
	}
	convertToF32(dst, src, dt, n)
	if mk.round {
		roundToBF16(dst, n)
	}
}

// packRowsGeneric transposes: dst word (step, lane) is the word step of the row lane at src + lane·rowBytes.
// k counts elements of dt; an odd last bf16 is paired with zero.
func packRowsGeneric(dst unsafe.Pointer, stride int, src unsafe.Pointer, rowBytes, lanes, k int, dt DType) {
	words := k * dt.Size() / 4
	for l := range lanes {
		row := unsafe.Add(src, l*rowBytes)
		for w := range words {
			*(*uint32)(unsafe.Add(dst, (w*stride+l)*4)) = load32(unsafe.Add(row, w*4), dt)
		}
		if words*4 < k*dt.Size() {
			*(*uint32)(unsafe.Add(dst, (words*stride+l)*4)) = uint32(*(*uint16)(unsafe.Add(row, words*4)))
		}
	}
}

// load32 reads a float32 or two consecutive 16-bit numbers that need not be 4-byte aligned.
func load32(p unsafe.Pointer, dt DType) uint32 {
	if dt == F32 {
		return *(*uint32)(p)
	}
	return uint32(*(*uint16)(p)) | uint32(*(*uint16)(unsafe.Add(p, 2)))<<16
}

// packColsGeneric copies (F32) or interleaves pairs of rows (BF16): row r of lanes is at src + r·rowBytes.
func packColsGeneric(dst unsafe.Pointer, stride int, src unsafe.Pointer, rowBytes, lanes, k int, dt DType) {
	if dt == F32 {
		for r := range k {
			copy(unsafe.Slice((*uint32)(unsafe.Add(dst, r*stride*4)), lanes), unsafe.Slice((*uint32)(unsafe.Add(src, r*rowBytes)), lanes))
		}
		return
	}
	for r := 0; r < k; r += 2 {
		lo := unsafe.Slice((*uint16)(unsafe.Add(src, r*rowBytes)), lanes)
		out := unsafe.Slice((*uint32)(unsafe.Add(dst, r/2*stride*4)), lanes)
		if r+1 == k {
			for l, v := range lo {
				out[l] = uint32(v)
			}
			return
		}
		hi := unsafe.Slice((*uint16)(unsafe.Add(src, (r+1)*rowBytes)), lanes)
		for l, v := range lo {
			out[l] = uint32(v) | uint32(hi[l])<<16
		}
	}
}

// convertToBF16 converts n elements of dt to bf16.
func convertToBF16(dst, src unsafe.Pointer, dt DType, n int) {
	d := unsafe.Slice((*BF16Bits)(dst), n)
	switch dt {
	case BF16:
		copy(d, unsafe.Slice((*BF16Bits)(src), n))
	case F16:
		var wide [64]float32
		for s := unsafe.Slice((*F16Bits)(src), n); len(s) > 0; {
			m := min(len(s), len(wide))
			F16ToF32(wide[:m], s[:m])
			F32ToBF16(d[:m], wide[:m])
			s, d = s[m:], d[m:]
		}
	default:
		F32ToBF16(d, unsafe.Slice((*float32)(src), n))
	}
}

// convertToF32 widens n elements of dt.
func convertToF32(dst, src unsafe.Pointer, dt DType, n int) {
	d := unsafe.Slice((*float32)(dst), n)
	switch dt {
	case BF16:
		BF16ToF32(d, unsafe.Slice((*BF16Bits)(src), n))
	case F16:
		F16ToF32(d, unsafe.Slice((*F16Bits)(src), n))
	default:
		copy(d, unsafe.Slice((*float32)(src), n))
	}
}

// roundToBF16 rounds n float32s to bf16 precision in place. A loop in Go: a buffer for the vector kernels to write to would be
// allocated at every call, since the compiler cannot see through their dispatch.
func roundToBF16(p unsafe.Pointer, n int) {
	s := unsafe.Slice((*float32)(p), n)
	for i, x := range s {
		s[i] = ToBF16(x).F32()
	}
}
