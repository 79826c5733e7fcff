package kernel

import (
	"math"
	"unsafe"
)

// finishRow applies the epilogue to s, the finished sums of C[i, j0:j0+len(s)], and stores it. s is clobbered.
func (g *GemmArgs) finishRow(i, j0 int, s []float32) {
	if g.Alpha != 0 && g.Alpha != 1 {
		for j := range s {
			s[j] *= g.Alpha
		}
	}
	if g.Bias != nil {
		for j, b := range g.Bias[j0 : j0+len(s)] {
			s[j] += b
		}
	}
	if g.Act != NoAct {
		g.activate(i, j0, s)
	}
	if g.Drop.P > 0 {
		DropRow(s, s, g.Drop, uint64(i)*uint64(g.C.Cols)+uint64(j0))
	}
	if !g.Residual.IsNil() {
		r := &g.Residual
		src := unsafe.Add(r.Ptr, (i*r.Stride+j0)*r.DT.Size())
		for j := range s {
			s[j] += loadFloat(unsafe.Add(src, j*r.DT.Size()), r.DT)
		}
	}
	g.storeRow(i, j0, s)
}

// activate applies the activation or its gradient to s.
func (g *GemmArgs) activate(i, j0 int, s []float32) {
	var pre unsafe.Pointer
	size := g.PreAct.DT.Size()
	if !g.PreAct.IsNil() {
		pre = unsafe.Add(g.PreAct.Ptr, (i*g.PreAct.Stride+j0)*size)
	}
	for j := range s {
		switch {
		case g.ActGrad:
			s[j] *= actGrad(g.Act, loadFloat(unsafe.Add(pre, j*size), g.PreAct.DT))
			continue
		case pre != nil:
			storeFloat(unsafe.Add(pre, j*size), g.PreAct.DT, s[j])
		}
		s[j] = actValue(g.Act, s[j])
	}
}

// storeRow writes s to C[i, j0:].
func (g *GemmArgs) storeRow(i, j0 int, s []float32) {
	c := &g.C
	dst := unsafe.Add(c.Ptr, (i*c.Stride+j0)*c.DT.Size())
	switch {
	case g.Accumulate:
		d := unsafe.Slice((*float32)(dst), len(s))
		for j, v := range s {
			d[j] += v
		}
	default:
		for j, v := range s {
			storeFloat(unsafe.Add(dst, j*c.DT.Size()), c.DT, v)
		}
	}
}

func actValue(a Act, x float32) float32 {
	v := float64(x)
	switch a {
	case GELUTanhAct:
		return float32(0.5 * v * (1 + math.Tanh(math.Sqrt(2/math.Pi)*(v+0.044715*v*v*v))))
	case GELUErfAct:
		return float32(0.5 * v * (1 + math.Erf(v/math.Sqrt2)))
	case SiLUAct:
		return float32(v / (1 + math.Exp(-v)))
	case ReLUAct:
		return max(x, 0)
	}
	return x
}

func actGrad(a Act, x float32) float32 {
	v := float64(x)
	switch a {
	case GELUTanhAct:
		c := math.Sqrt(2 / math.Pi)
		t := math.Tanh(c * (v + 0.044715*v*v*v))
		return float32(0.5*(1+t) + 0.5*v*(1-t*t)*c*(1+3*0.044715*v*v))
	case GELUErfAct:
		return float32(0.5*(1+math.Erf(v/math.Sqrt2)) + v*math.Exp(-v*v/2)/math.Sqrt(2*math.Pi))
	case SiLUAct:
		s := 1 / (1 + math.Exp(-v))
		return float32(s * (1 + v*(1-s)))
	case ReLUAct:
		if x <= 0 {
			return 0
		}
	}
	return 1
}

// loadFloat reads a number of type dt.
func loadFloat(p unsafe.Pointer, dt DType) float32 {
	switch dt {
	case BF16:
		return math.Float32frombits(uint32(*(*uint16)(p)) << 16)
	case F16:
		return f16Widen(*(*uint16)(p))
	}
	return *(*float32)(p)
}

// storeFloat rounds v to dt and writes it.
func storeFloat(p unsafe.Pointer, dt DType, v float32) {
	switch dt {
	case BF16:
		*(*uint16)(p) = bf16Round(v)
	case F16:
		*(*uint16)(p) = f16Round(v)
	default:
		*(*float32)(p) = v
	}
}
