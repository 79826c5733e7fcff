package kernel

import (
	"math"
	"unsafe"
)

//go:generate go -C gen run ./gemm -s ../gemm_amd64.s -go ../gemm_decl_amd64.go

// The tiles in assembly. bf16 computation without VDPBF16PS rounds operands to bf16 and multiplies float32s.
var (
	avx512BF16 = &microKernel{mr: 14, nr: 32, as: 16, bs: 32, pair: true, fetches: true, compute: BF16, tiles: tileTable{
		nil, tileBF16x1, tileBF16x2, tileBF16x3, tileBF16x4, tileBF16x5, tileBF16x6, tileBF16x7,
		tileBF16x8, tileBF16x9, tileBF16x10, tileBF16x11, tileBF16x12, tileBF16x13, tileBF16x14,
	}}
	avx512Tiles = tileTable{
		nil, tileF32x1, tileF32x2, tileF32x3, tileF32x4, tileF32x5, tileF32x6, tileF32x7,
		tileF32x8, tileF32x9, tileF32x10, tileF32x11, tileF32x12, tileF32x13, tileF32x14,
	}
	avx512F32     = &microKernel{mr: 14, nr: 32, as: 16, bs: 32, fetches: true, compute: F32, tiles: avx512Tiles}
	avx512Rounded = &microKernel{mr: 14, nr: 32, as: 16, bs: 32, round: true, fetches: true, compute: BF16, tiles: avx512Tiles}

	avx2Tiles   = tileTable{nil, tileAVX2x1, tileAVX2x2, tileAVX2x3, tileAVX2x4, tileAVX2x5, tileAVX2x6}
	avx2F32     = &microKernel{mr: 6, nr: 16, as: 8, bs: 16, compute: F32, tiles: avx2Tiles}
	avx2Rounded = &microKernel{mr: 6, nr: 16, as: 8, bs: 16, round: true, compute: BF16, tiles: avx2Tiles}
)

// microFor returns the register tile of the current level for computation in bf16 or f32.
func microFor(compute DType) *microKernel {
	bf16 := compute == BF16
	switch l := CurrentLevel(); {
	case l >= AVX512BF16 && bf16:
		return avx512BF16
	case l >= AVX512 && bf16:
		return avx512Rounded
	case l >= AVX512:
		return avx512F32
	case l >= AVX2 && bf16:
		return avx2Rounded
	case l >= AVX2:
		return avx2F32
	case bf16:
		return genericBF16
	}
	return genericF32
}

// The inner products in assembly.
var (
	dotsBF16 = dotFuncs{nil, dotBF16x1, dotBF16x2, dotBF16x3, dotBF16x4}
	dotsF32  = dotFuncs{nil, dotF32x1, dotF32x2, dotF32x3, dotF32x4}
)

// dotFor returns the inner products that go with mk, or nil.
func dotFor(mk *microKernel) *dotFuncs {
	switch mk {
	case avx512BF16:
		return &dotsBF16
	case avx512F32:
		return &dotsF32
	}
	return nil
}

// packRows transposes rows of k; see packRowsGeneric.
func packRows(dst unsafe.Pointer, stride int, src unsafe.Pointer, rowBytes, lanes, k int, dt DType) {
	words := k * dt.Size() / 4
	switch l := CurrentLevel(); {
	case l >= AVX512 && stride%16 == 0:
		packRowsBy(16, false, dst, stride, src, rowBytes, lanes, k*dt.Size()/2)
	case l >= AVX2 && stride%8 == 0 && words >= 8:
		packRowsBy(8, false, dst, stride, src, rowBytes, lanes, words/8)
		done := words / 8 * 8
		packRowsGeneric(unsafe.Add(dst, done*stride*4), stride, unsafe.Add(src, done*4), rowBytes, lanes, k-done*4/dt.Size(), dt)
	default:
		packRowsGeneric(dst, stride, src, rowBytes, lanes, k, dt)
	}
}

// packRowsBy transposes width rows at a time: size 16-bit units of each with 16 (or with round size float32s, rounded to
// bf16), size × 8 words with 8.
func packRowsBy(width int, round bool, dst unsafe.Pointer, stride int, src unsafe.Pointer, rowBytes, lanes, size int) {
	var offs [16]int
	for l0 := 0; l0 < lanes; l0 += width {
		for l := range offs { // absent lanes repeat the last one
			offs[l] = min(l, lanes-l0-1) * rowBytes
		}
		d, s := unsafe.Add(dst, l0*4), unsafe.Add(src, l0*rowBytes)
		switch {
		case round:
			packRows16Rounded(d, stride*4, s, &offs, size/32, size%32)
		case width == 16:
			packRows16(d, stride*4, s, &offs, size/32, size%32)
		default:
			packRows8(d, stride*4, s, &offs, size)
		}
	}
}

// packRowsRounded is packRows of float32s for panels of bf16 pairs. It reports whether it could.
func packRowsRounded(mk *microKernel, dst unsafe.Pointer, stride int, src unsafe.Pointer, rowBytes, lanes, k int) bool {
	if mk != avx512BF16 {
		return false
	}
	packRowsBy(16, true, dst, stride, src, rowBytes, lanes, k)
	return true
}

// packCols copies or pairs rows of lanes; see packColsGeneric.
func packCols(dst unsafe.Pointer, stride int, src unsafe.Pointer, rowBytes, lanes, k int, dt DType) {
	if CurrentLevel() < AVX512 || stride%16 != 0 {
		packColsGeneric(dst, stride, src, rowBytes, lanes, k, dt)
		return
	}
	if dt == BF16 && lanes == 32 && stride == 32 {
		packCols32BF16(dst, src, rowBytes, k)
		return
	}
	for l0 := 0; l0 < lanes; l0 += 16 {
		if dt == F32 {
			packCols16F32(unsafe.Add(dst, l0*4), stride*4, unsafe.Add(src, l0*4), rowBytes, k, min(16, lanes-l0))
		} else {
			packCols16BF16(unsafe.Add(dst, l0*4), stride*4, unsafe.Add(src, l0*2), rowBytes, k, min(16, lanes-l0))
		}
	}
}

// packColsRounded packs rows of float32 lanes as pairs of bf16. It reports whether it could.
func packColsRounded(mk *microKernel, dst unsafe.Pointer, stride int, src unsafe.Pointer, rowBytes, lanes, k int) bool {
	if mk != avx512BF16 {
		return false
	}
	for l0 := 0; l0 < lanes; l0 += 16 {
		packCols16Rounded(unsafe.Add(dst, l0*4), stride*4, unsafe.Add(src, l0*4), rowBytes, k, min(16, lanes-l0))
	}
	return true
}

// packColsSum is packCols that also adds the lanes' sums to sums. It reports whether it could.
func packColsSum(dst unsafe.Pointer, stride int, src unsafe.Pointer, rowBytes, lanes, k int, dt DType, sums []float32) bool {
	if CurrentLevel() < AVX512 || lanes > 16 {
		return false
	}
	if dt == F32 {
		packCols16F32Sum(dst, stride*4, src, rowBytes, k, lanes, &sums[0])
	} else {
		packCols16BF16Sum(dst, stride*4, src, rowBytes, k, lanes, &sums[0])
	}
	return true
}

// finish stores a block of sums as a says; see finishGeneric.
func finish(a *finishArgs) {
	if l := CurrentLevel(); l >= AVX512BF16 || l == AVX512 && a.flags&finishBF16 == 0 {
		finishAVX512(unsafe.Pointer(a))
		return
	}
	finishGeneric(a)
}

// sumColumns adds to dst the sums of columns; see sumColumnsGeneric.
func sumColumns(dst []float32, src unsafe.Pointer, rowBytes, k int, dt DType) {
	sumColumnsGeneric(dst, src, rowBytes, k, dt)
}

// peakLoop runs n loops of multiply-adds on registers and returns the operations done; see MeasurePeak.
func peakLoop(dt DType, n int) float64 {
	switch l := CurrentLevel(); {
	case l >= AVX512BF16 && dt == BF16:
		peakBF16(n)
		return float64(n) * 24 * 64
	case l >= AVX512:
		peakF32(n)
		return float64(n) * 24 * 32
	case l >= AVX2:
		peakAVX2(n)
		return float64(n) * 12 * 16
	}
	return peakLoopGeneric(n)
}

// dropBlocks applies dropout to as many elements as the vector kernel takes, from the start of Philox block on, and
// returns their number.
func dropBlocks(dst, src []float32, d *Drop, block uint64, threshold uint32, scale float32) int {
	n := len(src) / 64
	if CurrentLevel() < AVX512 || n == 0 || uint64(uint32(block))+uint64(16*n) >= 1<<32 {
		return 0
	}
	dropAVX512(unsafe.Pointer(&dst[0]), unsafe.Pointer(&src[0]), n, &[8]uint32{
		uint32(block), uint32(block >> 32), uint32(d.Counter), uint32(d.Counter >> 32),
		uint32(d.Key), uint32(d.Key >> 32), threshold, math.Float32bits(scale),
	})
	return 64 * n
}
