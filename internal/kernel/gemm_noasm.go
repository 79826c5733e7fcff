//go:build !amd64

package kernel

import "unsafe"

// microFor returns the register tile of the current level for computation in bf16 or f32.
func microFor(compute DType) *microKernel {
	if compute == BF16 {
		return genericBF16
	}
	return genericF32
}

func dotFor(*microKernel) *dotFuncs { return nil }

func packRows(dst unsafe.Pointer, stride int, src unsafe.Pointer, rowBytes, lanes, k int, dt DType) {
	packRowsGeneric(dst, stride, src, rowBytes, lanes, k, dt)
}

func packCols(dst unsafe.Pointer, stride int, src unsafe.Pointer, rowBytes, lanes, k int, dt DType) {
	packColsGeneric(dst, stride, src, rowBytes, lanes, k, dt)
}

func packRowsRounded(*microKernel, unsafe.Pointer, int, unsafe.Pointer, int, int, int) bool {
	return false
}

func packColsRounded(*microKernel, unsafe.Pointer, int, unsafe.Pointer, int, int, int) bool {
	return false
}

func packColsSum(_ unsafe.Pointer, _ int, _ unsafe.Pointer, _, _, _ int, _ DType, _ []float32) bool {
	return false
}

func finish(a *finishArgs) { finishGeneric(a) }

func sumColumns(dst []float32, src unsafe.Pointer, rowBytes, k int, dt DType) {
	sumColumnsGeneric(dst, src, rowBytes, k, dt)
}

func peakLoop(_ DType, n int) float64 { return peakLoopGeneric(n) }

func dropBlocks(_, _ []float32, _ *Drop, _ uint64, _ uint32, _ float32) int { return 0 }
