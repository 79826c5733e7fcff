package kernel

import "unsafe"

// gridArgs is an element-wise kernel's work on rows of n elements each: up to four streams, in the order that the kernel names
// them, with the bytes from row to row (0 where all rows read the same). It goes by value, since the
// compiler cannot see that a function value keeps no pointer.
type gridArgs struct {
	ptr     [4]unsafe.Pointer
	stride  [4]int
	rows, n int
}

// gridRow views row i of a stream.
func gridRow[T any](a *gridArgs, stream, i int) []T {
	return unsafe.Slice((*T)(unsafe.Add(a.ptr[stream], i*a.stride[stream])), a.n)
}

// gridFuncs are the kernels that finish a matrix product with GELUTanh, all in bf16 but for the sums and the bias. The numbers of
// the streams stand behind the names.
type gridFuncs struct {
	geluRows     func(a gridArgs) // x1 = sums2 + bias3, y0 = GELU(x1)
	geluGradRows func(a gridArgs) // dx0 = dy1·GELU'(x2), dy in f32
	geluBothRows func(a gridArgs) // dx0 = dy2·GELU'(x3), y1 = GELU(x3)
}

func geluRowsGeneric(a gridArgs) {
	for i := range a.rows {
		y, x := gridRow[BF16Bits](&a, 0, i), gridRow[BF16Bits](&a, 1, i)
		sums, bias := gridRow[float32](&a, 2, i), gridRow[float32](&a, 3, i)
		for j := range y {
			s := sums[j] + bias[j]
			y[j], x[j] = ToBF16(gelu32(s)), ToBF16(s)
		}
	}
}

func geluGradRowsGeneric(a gridArgs) {
	for i := range a.rows {
		dx, dy, x := gridRow[BF16Bits](&a, 0, i), gridRow[float32](&a, 1, i), gridRow[BF16Bits](&a, 2, i)
		for j := range dx {
			dx[j] = ToBF16(dy[j] * geluGrad32(x[j].F32()))
		}
	}
}

func geluBothRowsGeneric(a gridArgs) {
	for i := range a.rows {
		dx, y := gridRow[BF16Bits](&a, 0, i), gridRow[BF16Bits](&a, 1, i)
		dy, x := gridRow[float32](&a, 2, i), gridRow[BF16Bits](&a, 3, i)
		for j := range dx {
			v := x[j].F32()
			dx[j], y[j] = ToBF16(dy[j]*geluGrad32(v)), ToBF16(gelu32(v))
		}
	}
}
