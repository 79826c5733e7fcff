package kernel

import "unsafe"

// finishRow applies the epilogue to s, the finished sums of C[i, j0:j0+len(s)], and stores it. s is clobbered; tmp is
// room for as many.
func (g *GemmArgs) finishRow(i, j0 int, s, tmp []float32) {
	if g.Alpha != 0 && g.Alpha != 1 {
		Scale(s, s, g.Alpha)
	}
	if g.Bias != nil {
		AddTo(s, g.Bias[j0:j0+len(s)])
	}
	if g.Act != NoAct {
		g.activate(i, j0, s, tmp)
	}
	if g.Drop.P > 0 {
		DropRow(s, s, g.Drop, uint64(i)*uint64(g.C.Cols)+uint64(j0))
	}
	if !g.Residual.IsNil() {
		r := part(&g.Residual, i, j0, len(s))
		if r.DT == BF16 {
			AddToBF16(s, r.RowBF16(0))
		} else {
			AddTo(s, floats(&r, tmp))
		}
	}
	c := part(&g.C, i, j0, len(s))
	if g.Accumulate {
		AddTo(c.RowF32(0), s)
		return
	}
	StoreF32(c, 0, s)
}

// activate applies the activation or its gradient to s.
func (g *GemmArgs) activate(i, j0 int, s, tmp []float32) {
	if !g.ActGrad {
		if !g.PreAct.IsNil() {
			StoreF32(part(&g.PreAct, i, j0, len(s)), 0, s)
		}
		switch g.Act {
		case GELUTanhAct:
			GELUTanh(s, s)
		case GELUErfAct:
			GELUErf(s, s)
		case SiLUAct:
			SiLU(s, s)
		case ReLUAct:
			ReLU(s, s)
		}
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

// part returns the view of m[i, j0:j0+n].
func part(m *Mat, i, j0, n int) Mat {
	return Mat{Ptr: unsafe.Add(m.Ptr, (i*m.Stride+j0)*m.DT.Size()), DT: m.DT, Rows: 1, Cols: n, Stride: m.Stride}
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
