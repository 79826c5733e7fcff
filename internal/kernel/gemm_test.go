package kernel

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"unsafe"
)

// forLevels runs f as a subtest at every level the machine has.
func forLevels(t *testing.T, f func(t *testing.T)) {
	for _, l := range Levels() {
		t.Run(l.String(), func(t *testing.T) {
			SetLevelForTest(t, l)
			f(t)
		})
	}
}

// testMat is a rows × cols matrix of dt with a random stride and misalignment, filled with normal deviates.
func testMat(rng *rand.Rand, dt DType, rows, cols int) Mat {
	stride := cols + rng.IntN(3)*rng.IntN(5)
	off := rng.IntN(4)
	buf := make([]uint32, rows*stride+off+1)
	m := Mat{Ptr: unsafe.Add(unsafe.Pointer(&buf[0]), off*dt.Size()), DT: dt, Rows: rows, Cols: cols, Stride: stride}
	for i := range rows {
		for j := range stride {
			if i == rows-1 && j >= cols {
				break
			}
			v := float32(rng.NormFloat64())
			if j >= cols {
				v = float32(math.NaN()) // between rows: must not be read into a result
			}
			storeFloat(m.elem(i, j), dt, v)
		}
	}
	return m
}

func (m *Mat) elem(i, j int) unsafe.Pointer {
	return unsafe.Add(m.Ptr, (i*m.Stride+j)*m.DT.Size())
}

func (m *Mat) get(i, j int) float64 { return float64(loadFloat(m.elem(i, j), m.DT)) }

// clone copies the matrix and the gaps between its rows.
func (m Mat) clone() Mat {
	if m.IsNil() {
		return m
	}
	n := ((m.Rows-1)*m.Stride + m.Cols) * m.DT.Size()
	buf := make([]byte, n+8)
	copy(buf, unsafe.Slice((*byte)(m.Ptr), n))
	m.Ptr = unsafe.Pointer(&buf[0])
	return m
}

func (m Mat) bytes() []byte {
	return unsafe.Slice((*byte)(m.Ptr), ((m.Rows-1)*m.Stride+m.Cols)*m.DT.Size())
}

func transIf(t bool, r, c int) (int, int) {
	if t {
		return c, r
	}
	return r, c
}

var floatTypes = []DType{F32, BF16, F16}

// randomArgs draws a product of up to the given sizes, with or without an epilogue.
func randomArgs(rng *rand.Rand, m, n, k int, epilogue bool) *GemmArgs {
	dt := func() DType { return floatTypes[rng.IntN(3)] }
	coin := func() bool { return rng.IntN(2) == 0 }
	g := &GemmArgs{TransA: coin(), TransB: coin(), Compute: floatTypes[rng.IntN(2)]}
	r, c := transIf(g.TransA, m, k)
	g.A = testMat(rng, dt(), r, c)
	r, c = transIf(g.TransB, k, n)
	g.B = testMat(rng, dt(), r, c)
	g.C = testMat(rng, dt(), m, n)
	g.Accumulate = g.C.DT == F32 && coin()
	if coin() {
		g.ColSumA = make([]float32, m)
		for i := range g.ColSumA {
			g.ColSumA[i] = float32(i)
		}
	}
	if !epilogue {
		return g
	}
	if coin() {
		g.Alpha = 0.25
	}
	if coin() {
		g.Bias = make([]float32, n)
		for i := range g.Bias {
			g.Bias[i] = float32(rng.NormFloat64())
		}
	}
	g.Act = Act(rng.IntN(5))
	if g.ActGrad = g.Act != NoAct && coin(); g.ActGrad || coin() {
		g.PreAct = testMat(rng, dt(), m, n)
	}
	if g.ActGrad && coin() {
		g.ActOut = testMat(rng, dt(), m, n)
	}
	if coin() {
		g.Drop = Drop{P: 0.3, Key: 7, Counter: 1 << 40}
	}
	switch rng.IntN(3) {
	case 0:
		g.Residual = testMat(rng, dt(), m, n)
	case 1:
		if !g.Accumulate {
			g.Residual = g.C
		}
	}
	return g
}

// want is an element's value in float64 and what it may be off by.
type want struct{ v, tol float64 }

// oracle computes C, PreAct and ColSumA of g in float64, from C and PreAct as they are before the run.
func oracle(g *GemmArgs) (c, pre []want, sums []float64) {
	at := func(m *Mat, trans bool, i, j int) float64 {
		i, j = transIf(trans, i, j)
		v := loadFloat(m.elem(i, j), m.DT)
		if g.Compute == BF16 {
			return float64(ToBF16(v).F32())
		}
		return float64(v)
	}
	m, n := g.C.Rows, g.C.Cols
	_, k := transIf(g.TransA, g.A.Rows, g.A.Cols)
	for i := range m {
		if g.ColSumA != nil {
			s := float64(g.ColSumA[i])
			for p := range k {
				pi, pj := transIf(g.TransA, i, p)
				s += g.A.get(pi, pj)
			}
			sums = append(sums, s)
		}
		for j := range n {
			var s, mag float64
			for p := range k {
				x := at(&g.A, g.TransA, i, p) * at(&g.B, g.TransB, p, j)
				s += x
				mag += math.Abs(x)
			}
			p, c1 := oracleEpilogue(g, i, j, want{s, mag * (2e-7*math.Sqrt(float64(k)) + 1e-6)})
			pre, c = append(pre, p), append(c, c1)
		}
	}
	return c, pre, sums
}

// oracleEpilogue applies the documented order of operations.
func oracleEpilogue(g *GemmArgs, i, j int, w want) (pre, c want) {
	if g.Alpha != 0 {
		w.v, w.tol = w.v*float64(g.Alpha), w.tol*float64(g.Alpha)
	}
	if g.Bias != nil {
		w.v += float64(g.Bias[j])
	}
	pre = w
	w.tol += 1e-6 * math.Abs(w.v)
	switch {
	case g.ActGrad:
		d := float64(actGrad(g.Act, float32(g.PreAct.get(i, j))))
		err := 3e-6
		if g.fusesGELU() {
			err = 1e-4 // see GELUTanhGradBF16
		}
		w.v, w.tol = w.v*d, w.tol*math.Abs(d)+err*math.Abs(w.v)
	case g.Act != NoAct:
		w.v, w.tol = float64(actValue(g.Act, float32(w.v))), 1.2*w.tol+2e-6
	}
	if g.Drop.P > 0 {
		e := uint64(i*g.C.Cols + j)
		threshold, scale := g.Drop.limits()
		if uint64(g.Drop.block(e / 4)[e%4]) < threshold {
			w = want{}
		} else {
			w.v, w.tol = w.v*float64(scale), w.tol*float64(scale)
		}
	}
	if !g.Residual.IsNil() {
		w.v += g.Residual.get(i, j)
	}
	if g.Accumulate {
		w.v += g.C.get(i, j)
	}
	w.tol += 1e-6 * math.Abs(w.v)
	return pre, w
}

// oracleActOut is what ActOut becomes.
func oracleActOut(g *GemmArgs) (out []want) {
	for i := range g.C.Rows {
		for j := range g.C.Cols {
			v := float64(actValue(g.Act, float32(g.PreAct.get(i, j))))
			out = append(out, want{v, 2e-6 + 1e-6*math.Abs(v)})
		}
	}
	return out
}

// storedTol is the rounding of a value stored as dt.
func storedTol(dt DType, v float64) float64 {
	switch dt {
	case BF16:
		return math.Abs(v)/256 + 1e-37
	case F16:
		return math.Abs(v)/2048 + 1e-7
	}
	return 1e-37
}

// checkMat compares m with ws.
func checkMat(t *testing.T, name string, m *Mat, ws []want) {
	t.Helper()
	for i := range m.Rows {
		for j := range m.Cols {
			w := ws[i*m.Cols+j]
			got := m.get(i, j)
			if tol := w.tol + storedTol(m.DT, w.v); math.Abs(got-w.v) <= tol || got == w.v || math.IsNaN(got) && math.IsNaN(w.v) {
				continue
			}
			t.Fatalf("%s[%d,%d] = %v, want %v ± %v", name, i, j, got, w.v, w.tol)
		}
	}
}

// describe names a case for a failure.
func describe(g *GemmArgs) string {
	_, k := transIf(g.TransA, g.A.Rows, g.A.Cols)
	return fmt.Sprintf("%dx%dx%d A %v trans %v B %v trans %v C %v compute %v alpha %v bias %v act %d grad %v drop %v residual %v accumulate %v",
		g.C.Rows, g.C.Cols, k, g.A.DT, g.TransA, g.B.DT, g.TransB, g.C.DT, g.Compute, g.Alpha, g.Bias != nil, g.Act, g.ActGrad, g.Drop.P, g.Residual.DT, g.Accumulate)
}

// checkGemm runs g with several numbers of workers and compares with the oracle and with each other.
func checkGemm(t *testing.T, pools []*Pool, g *GemmArgs) {
	t.Helper()
	c, pre, sums := oracle(g)
	aliased := g.Residual.Ptr == g.C.Ptr
	var first GemmArgs
	for i, p := range pools {
		h := *g
		h.C, h.PreAct, h.ActOut = g.C.clone(), g.PreAct.clone(), g.ActOut.clone()
		h.ColSumA = append([]float32(nil), g.ColSumA...)
		if aliased {
			h.Residual = h.C
		}
		Gemm(p, &h)
		if i == 0 {
			first = h
			checkMat(t, describe(g)+": C", &h.C, c)
			if !h.PreAct.IsNil() && !h.ActGrad && h.Act != NoAct {
				checkMat(t, describe(g)+": PreAct", &h.PreAct, pre)
			}
			if !h.ActOut.IsNil() {
				checkMat(t, describe(g)+": ActOut", &h.ActOut, oracleActOut(g))
			}
			for j, s := range sums {
				if math.Abs(s-float64(h.ColSumA[j])) > 1e-4*(1+math.Abs(s)) {
					t.Fatalf("%s: ColSumA[%d] = %v, want %v", describe(g), j, h.ColSumA[j], s)
				}
			}
			continue
		}
		if !bytes.Equal(h.C.bytes(), first.C.bytes()) {
			t.Fatalf("%s: C of %d workers differs from that of %d", describe(g), p.Workers(), pools[0].Workers())
		}
		for j := range h.ColSumA {
			if h.ColSumA[j] != first.ColSumA[j] {
				t.Fatalf("%s: ColSumA of %d workers differs", describe(g), p.Workers())
			}
		}
	}
}

func testPools(t *testing.T, workers ...int) []*Pool {
	var ps []*Pool
	for _, w := range workers {
		p := NewPool(w)
		t.Cleanup(p.Close)
		ps = append(ps, p)
	}
	return ps
}

func TestGemmMatchesOracleForAnyWorkers(t *testing.T) {
	pools := testPools(t, 1, 2, 3, 5)
	forLevels(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(1, 2))
		for range 150 {
			m, n, k := 1+rng.IntN(60), 1+rng.IntN(90), rng.IntN(100)
			checkGemm(t, pools, randomArgs(rng, m, n, k, rng.IntN(2) == 0))
		}
		for range 6 { // large enough for several workers, blocks and groups
			m, n, k := 50+rng.IntN(150), 100+rng.IntN(400), 60+rng.IntN(140)
			checkGemm(t, pools, randomArgs(rng, m, n, k, rng.IntN(2) == 0))
		}
		for i := range 24 { // epilogues of one pass
			g := randomArgs(rng, 1+rng.IntN(60), 1+rng.IntN(90), 1+rng.IntN(50), false)
			g.Compute, g.Act, g.Accumulate = BF16, GELUTanhAct, false
			g.C, g.PreAct = testMat(rng, BF16, g.C.Rows, g.C.Cols), testMat(rng, BF16, g.C.Rows, g.C.Cols)
			switch i % 3 {
			case 0:
				g.Bias = testMat(rng, F32, 1, g.C.Cols).RowF32(0)
			case 1:
				g.ActGrad, g.ActOut = true, testMat(rng, BF16, g.C.Rows, g.C.Cols)
			default:
				g.ActGrad = true
			}
			checkGemm(t, pools, g)
		}
		for m := 1; m <= 9; m++ { // generation: few rows
			g := randomArgs(rng, m, 37, 70, m%2 == 0)
			g.TransA, g.TransB = false, true
			g.A, g.B = testMat(rng, g.Compute, m, 70), testMat(rng, g.Compute, 37, 70)
			checkGemm(t, pools, g)
		}
	})
}

func TestGemmTakesLongSumsInPasses(t *testing.T) {
	pools := testPools(t, 1, 2)
	forLevels(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(3, 4))
		for i := range 4 {
			checkGemm(t, pools, randomArgs(rng, 5+rng.IntN(20), 20+rng.IntN(40), maxKC+1+rng.IntN(maxKC), i%2 == 0))
		}
	})
}

func TestGemmPropagatesNaNAndInf(t *testing.T) {
	pools := testPools(t, 1)
	forLevels(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(5, 6))
		for _, compute := range []DType{F32, BF16} {
			g := &GemmArgs{TransB: true, Compute: compute, A: testMat(rng, F32, 20, 33), B: testMat(rng, F32, 40, 33), C: testMat(rng, F32, 20, 40)}
			storeFloat(g.A.elem(3, 32), F32, float32(math.NaN()))
			storeFloat(g.A.elem(7, 0), F32, float32(math.Inf(1)))
			Gemm(pools[0], g)
			for i := range 20 {
				for j := range 40 {
					v := g.C.get(i, j)
					if math.IsNaN(v) != (i == 3) || math.IsInf(v, 0) != (i == 7) {
						t.Fatalf("%v: C[%d,%d] = %v", compute, i, j, v)
					}
				}
			}
		}
	})
}

func TestGemmTreatsDenormalBF16OperandsAsSmall(t *testing.T) {
	pools := testPools(t, 1)
	forLevels(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(7, 8))
		g := &GemmArgs{TransB: true, Compute: BF16, A: testMat(rng, BF16, 3, 8), B: testMat(rng, BF16, 5, 8), C: testMat(rng, F32, 3, 5)}
		for j := range 8 {
			*(*uint16)(g.A.elem(1, j)) = 1 // 2⁻¹³³
		}
		Gemm(pools[0], g)
		for j := range 5 {
			if v := g.C.get(1, j); math.Abs(v) > 1e-37 {
				t.Errorf("C[1,%d] = %v, want about 0", j, v)
			}
		}
	})
}

func TestGemmAllocatesNothingAfterTheFirstRun(t *testing.T) {
	p := testPools(t, 2)[0]
	forLevels(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(9, 10))
		g := randomArgs(rng, 100, 200, 64, true)
		if a := testing.AllocsPerRun(5, func() { Gemm(p, g) }); a != 0 {
			t.Errorf("%v allocations a run, want 0", a)
		}
	})
}

func TestGemmRefusesShapesThatDoNotFit(t *testing.T) {
	p := testPools(t, 1)[0]
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	x := make([]float32, 64)
	Gemm(p, &GemmArgs{A: MatF32(x, 4, 5), B: MatF32(x, 4, 5), C: MatF32(x, 4, 5)})
}

// storeFloat rounds v to dt and writes it.
func storeFloat(p unsafe.Pointer, dt DType, v float32) {
	switch dt {
	case BF16:
		*(*BF16Bits)(p) = ToBF16(v)
	case F16:
		*(*F16Bits)(p) = ToF16(v)
	default:
		*(*float32)(p) = v
	}
}

// actValue and actGrad are the activations of the oracle.
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
