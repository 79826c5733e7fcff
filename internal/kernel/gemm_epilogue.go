package kernel

import "unsafe"

// finishArgs is the last step of an epilogue over a block of rows × n sums: alpha, bias, residual, store. Strides are in
// bytes. The assembly reads it by offset.
type finishArgs struct {
	src, dst, bias, res             unsafe.Pointer // float32, C's type, float32, residual's type; bias and res may be nil
	srcStride, dstStride, resStride int
	rows, n                         int
	flags                           int
	alpha                           float32
}

// The flags of finishArgs.
const (
	finishBF16         = 1 << iota // dst is bf16, not float32
	finishResidualBF16             // res is bf16, not float32
	finishAccumulate               // dst += (float32)
	finishWriteBack                // the sums after alpha and bias also replace src
)

// finishGeneric does what a says with the vector kernels, row by row.
func finishGeneric(a *finishArgs) {
	for i := range a.rows {
		s := unsafe.Slice((*float32)(unsafe.Add(a.src, i*a.srcStride)), a.n)
		if a.alpha != 1 {
			Scale(s, s, a.alpha)
		}
		if a.bias != nil {
			AddTo(s, unsafe.Slice((*float32)(a.bias), a.n))
		}
		dst := unsafe.Add(a.dst, i*a.dstStride)
		if a.flags&finishWriteBack != 0 {
			finishStore(a, dst, s)
			continue
		}
		if a.res != nil {
			res := unsafe.Add(a.res, i*a.resStride)
			if a.flags&finishResidualBF16 != 0 {
				AddToBF16(s, unsafe.Slice((*BF16Bits)(res), a.n))
			} else {
				AddTo(s, unsafe.Slice((*float32)(res), a.n))
			}
		}
		finishStore(a, dst, s)
	}
}

// finishStore stores a row.
func finishStore(a *finishArgs, dst unsafe.Pointer, s []float32) {
	switch {
	case a.flags&finishBF16 != 0:
		F32ToBF16(unsafe.Slice((*BF16Bits)(dst), a.n), s)
	case a.flags&finishAccumulate != 0:
		AddTo(unsafe.Slice((*float32)(dst), a.n), s)
	default:
		copy(unsafe.Slice((*float32)(dst), a.n), s)
	}
}

// epilogue finishes and stores m rows of n sums of C[i0:, j0:], which start at sums and are ld float32s apart. The
// sums are clobbered; tmp is room for n float32s.
func (g *GemmArgs) epilogue(i0, j0, m, n int, sums unsafe.Pointer, ld int, tmp unsafe.Pointer) {
	a := finishArgs{src: sums, srcStride: ld * 4, rows: m, n: n, alpha: 1}
	if g.Alpha != 0 {
		a.alpha = g.Alpha
	}
	if g.Bias != nil {
		a.bias = unsafe.Pointer(&g.Bias[j0])
	}
	if g.fusesGELU() {
		g.gelu(i0, j0, m, n, sums, ld)
		return
	}
	if g.Act != NoAct || g.Drop.P > 0 {
		if a.bias != nil || a.alpha != 1 || g.keepsPreAct() {
			g.finishInto(&a, i0, j0, g.keepsPreAct())
		}
		a.bias, a.alpha = nil, 1
		for i := range m {
			s := unsafe.Slice((*float32)(unsafe.Add(sums, i*ld*4)), n)
			if !g.ActOut.IsNil() {
				g.activateOut(i0+i, j0, unsafe.Slice((*float32)(tmp), n))
			}
			if g.Act != NoAct {
				g.activate(i0+i, j0, s, unsafe.Slice((*float32)(tmp), n))
			}
			if g.Drop.P > 0 {
				DropRow(s, s, g.Drop, uint64(i0+i)*uint64(g.C.Cols)+uint64(j0))
			}
		}
	}
	g.finishC(&a, i0, j0, unsafe.Slice((*float32)(tmp), n))
}

// fusesGELU reports whether the epilogue is one of those that vec_grid.go has in one pass.
func (g *GemmArgs) fusesGELU() bool {
	return g.Act == GELUTanhAct && g.C.DT == BF16 && g.PreAct.DT == BF16 && !g.PreAct.IsNil() && (g.ActOut.IsNil() || g.ActOut.DT == BF16) &&
		(g.Alpha == 0 || g.Alpha == 1) && g.Drop.P == 0 && g.Residual.IsNil() && (g.Bias == nil) == g.ActGrad
}

// gelu is such an epilogue.
func (g *GemmArgs) gelu(i0, j0, m, n int, sums unsafe.Pointer, ld int) {
	a := gridArgs{rows: m, n: n}
	k := 0
	for _, x := range [...]*Mat{&g.C, &g.ActOut} {
		if !x.IsNil() {
			a.ptr[k], a.stride[k] = x.at(i0, j0), x.Stride*2
			k++
		}
	}
	if !g.ActGrad {
		a.ptr[1], a.stride[1] = g.PreAct.at(i0, j0), g.PreAct.Stride*2
		a.ptr[2], a.stride[2] = sums, ld*4
		a.ptr[3] = unsafe.Pointer(&g.Bias[j0])
		vec().geluRows(a)
		return
	}
	a.ptr[k], a.stride[k] = sums, ld*4
	a.ptr[k+1], a.stride[k+1] = g.PreAct.at(i0, j0), g.PreAct.Stride*2
	if k == 1 {
		vec().geluGradRows(a)
		return
	}
	vec().geluBothRows(a)
}

// ahead asks for what the epilogue of C[i0:i0+m, j0:j0+n] reads and writes, so that it arrives while the sums are computed: in h, which it returns, or
// where the tile cannot fetch so much on its way, at once.
func (g *GemmArgs) ahead(h *tileAhead, mk *microKernel, i0, j0, m, n, steps int) *tileAhead {
	k := 0
	for _, x := range [...]*Mat{&g.C, &g.PreAct, &g.ActOut, &g.Residual} {
		if !x.IsNil() && (x != &g.Residual || x.Ptr != g.C.Ptr) {
			k = h.add(k, mk, x.at(i0, j0), x.Stride*x.DT.Size(), m, n*x.DT.Size(), steps)
		}
	}
	return h.end(k)
}

// rowsAhead does the same for m rows of n sums that the tile itself stores at c, stride bytes apart.
func rowsAhead(h *tileAhead, mk *microKernel, c unsafe.Pointer, stride, m, n, steps int) *tileAhead {
	return h.end(h.add(0, mk, c, stride, m, n*4, steps))
}

// add makes m rows of size bytes streams of h, one for each line of the first row, where streams before k are in use and the tile has steps enough;
// else it asks for them. It returns the streams in use.
func (h *tileAhead) add(k int, mk *microKernel, p unsafe.Pointer, stride, m, size, steps int) int {
	lines := (int(uintptr(p)&63) + size + 63) / 64
	if !mk.fetches || steps < 4*m || k+lines > len(h.ptr) {
		prefetchRows(p, stride, m, size)
		return k
	}
	for l := range lines {
		h.ptr[k], h.stride[k] = uintptr(p)+uintptr(min(64*l, size-1)), stride
		k++
	}
	return k
}

// end makes the streams from k on ask for nothing new.
func (h *tileAhead) end(k int) *tileAhead {
	if k == 0 {
		return nil
	}
	for ; k < len(h.ptr); k++ {
		h.ptr[k], h.stride[k] = h.ptr[0], 0
	}
	return h
}

// keepsPreAct reports whether the sums are stored before the activation.
func (g *GemmArgs) keepsPreAct() bool {
	return g.Act != NoAct && !g.ActGrad && !g.PreAct.IsNil()
}

// finishInto applies alpha and bias to the sums in place and, with preAct, stores them to PreAct too.
func (g *GemmArgs) finishInto(a *finishArgs, i0, j0 int, preAct bool) {
	b := *a
	b.dst, b.dstStride = a.src, a.srcStride
	if preAct && g.PreAct.DT != F16 {
		b.dst, b.dstStride = g.PreAct.at(i0, j0), g.PreAct.Stride*g.PreAct.DT.Size()
		b.flags = finishWriteBack
		if g.PreAct.DT == BF16 {
			b.flags |= finishBF16
		}
		finish(&b)
		return
	}
	finish(&b)
	if preAct {
		for i := range a.rows {
			StoreF32(part(&g.PreAct, i0+i, j0, a.n), 0, unsafe.Slice((*float32)(unsafe.Add(a.src, i*a.srcStride)), a.n))
		}
	}
}

// finishC adds the residual and stores to C. Blocks that involve binary16 go row by row.
func (g *GemmArgs) finishC(a *finishArgs, i0, j0 int, tmp []float32) {
	c, r := &g.C, &g.Residual
	if c.DT != F16 && (r.IsNil() || r.DT != F16) {
		a.dst, a.dstStride = c.at(i0, j0), c.Stride*c.DT.Size()
		if c.DT == BF16 {
			a.flags |= finishBF16
		}
		if g.Accumulate {
			a.flags |= finishAccumulate
		}
		if !r.IsNil() {
			a.res, a.resStride = r.at(i0, j0), r.Stride*r.DT.Size()
			if r.DT == BF16 {
				a.flags |= finishResidualBF16
			}
		}
		finish(a)
		return
	}
	a.dst, a.dstStride = a.src, a.srcStride
	finish(a)
	for i := range a.rows {
		s := unsafe.Slice((*float32)(unsafe.Add(a.src, i*a.srcStride)), a.n)
		if !r.IsNil() {
			row := part(r, i0+i, j0, a.n)
			AddTo(s, floats(&row, tmp))
		}
		dst := part(c, i0+i, j0, a.n)
		if g.Accumulate {
			AddTo(dst.RowF32(0), s)
		} else {
			StoreF32(dst, 0, s)
		}
	}
}

// apply applies the activation to s.
func (a Act) apply(s []float32) {
	switch a {
	case GELUTanhAct:
		GELUTanh(s, s)
	case GELUErfAct:
		GELUErf(s, s)
	case SiLUAct:
		SiLU(s, s)
	case ReLUAct:
		ReLU(s, s)
	}
}

// activateOut sets ActOut[i, j0:] to the activation of PreAct[i, j0:].
func (g *GemmArgs) activateOut(i, j0 int, tmp []float32) {
	pre := part(&g.PreAct, i, j0, len(tmp))
	LoadF32(tmp, pre, 0)
	g.Act.apply(tmp)
	StoreF32(part(&g.ActOut, i, j0, len(tmp)), 0, tmp)
}

// activate applies the activation, or its gradient at PreAct[i, j0:], to s.
func (g *GemmArgs) activate(i, j0 int, s, tmp []float32) {
	if !g.ActGrad {
		g.Act.apply(s)
		return
	}
	r := part(&g.PreAct, i, j0, len(s))
	x := floats(&r, tmp)
	switch g.Act {
	case GELUTanhAct:
		GELUTanhGrad(s, s, x)
	case GELUErfAct:
		GELUErfGrad(s, s, x)
	case SiLUAct:
		SiLUGrad(s, s, x)
	case ReLUAct:
		ReLUGrad(s, s, x)
	}
}

// at returns the address of element (i, j).
func (m *Mat) at(i, j int) unsafe.Pointer {
	return unsafe.Add(m.Ptr, (i*m.Stride+j)*m.DT.Size())
}

// part returns the view of m[i, j0:j0+n].
func part(m *Mat, i, j0, n int) Mat {
	return Mat{Ptr: m.at(i, j0), DT: m.DT, Rows: 1, Cols: n, Stride: m.Stride}
}

// floats returns the row r as float32s, converted into tmp unless it holds such.
func floats(r *Mat, tmp []float32) []float32 {
	if r.DT == F32 {
		return r.RowF32(0)
	}
	tmp = tmp[:r.Cols]
	LoadF32(tmp, *r, 0)
	return tmp
}

// loadFloat reads a number of type dt.
func loadFloat(p unsafe.Pointer, dt DType) float32 {
	switch dt {
	case BF16:
		return (*(*BF16Bits)(p)).F32()
	case F16:
		return (*(*F16Bits)(p)).F32()
	}
	return *(*float32)(p)
}
