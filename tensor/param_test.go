package tensor

import (
	"math"
	"testing"

	"github.com/athanor-lm/athanor/internal/kernel"
)

func TestInitialisersHaveTheirSpread(t *testing.T) {
	pool := kernel.NewPool(2)
	defer pool.Close()
	const out, in = 300, 200
	for name, c := range map[string]struct {
		init  Init
		parts []Part
		std   float64
		most  float64 // largest magnitude, 0: unbounded
	}{
		"normal":          {Init{Kind: Normal, Std: 0.02}, nil, 0.02, 0},
		"xavier uniform":  {Init{Kind: XavierUniform}, nil, math.Sqrt(2.0 / (in + out)), math.Sqrt(6.0 / (in + out))},
		"xavier of parts": {Init{Kind: XavierNormal}, []Part{{"q", 150}, {"k", 150}}, math.Sqrt(2.0 / (in + 150)), 0},
		"kaiming uniform": {Init{Kind: KaimingUniform}, nil, math.Sqrt(1.0 / in), math.Sqrt(3.0 / in)},
		"kaiming normal":  {Init{Kind: KaimingNormal, Gain: 2}, nil, 2 / math.Sqrt(in), 0},
		"ones":            {Init{Kind: Ones}, nil, 1, 1},
		"zeros":           {Init{}, nil, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			p := NewParam("w", c.init, out, in)
			p.Parts = c.parts
			p.Allocate(BF16, false)
			p.Initialize(pool, 3)
			var sq float64
			for _, v := range p.Value.F32() {
				sq += float64(v) * float64(v)
				if c.most > 0 && math.Abs(float64(v)) > c.most*1.000001 {
					t.Fatalf("element %v, want at most %v", v, c.most)
				}
			}
			if std := math.Sqrt(sq / (out * in)); math.Abs(std-c.std) > 0.02*c.std {
				t.Errorf("root mean square %v, want %v", std, c.std)
			}
			if got, want := p.Compute.Mat().RowBF16(7)[5], kernel.ToBF16(p.Value.F32()[7*in+5]); got != want {
				t.Errorf("compute copy %v, want %v", got, want)
			}
		})
	}
}

func TestInitialisationIsAFunctionOfSeedAndName(t *testing.T) {
	values := func(name string, seed uint64, workers int) []float32 {
		pool := kernel.NewPool(workers)
		defer pool.Close()
		p := NewParam(name, Init{Kind: Normal, Std: 1}, 50, 30)
		p.Allocate(F32, false)
		p.Initialize(pool, seed)
		return p.Value.F32()
	}
	want := values("a", 1, 1)
	differ := func(got []float32) bool {
		for i := range got {
			if got[i] != want[i] {
				return true
			}
		}
		return false
	}
	if differ(values("a", 1, 3)) {
		t.Error("values depend on the workers")
	}
	if !differ(values("b", 1, 1)) || !differ(values("a", 2, 1)) {
		t.Error("values do not depend on name and seed")
	}
	if want[0] == want[30] {
		t.Error("two rows are alike")
	}
}

func TestZeroIsSeenByEveryReader(t *testing.T) {
	x := NewTensor(F32, 3, 5)
	kernel.Fill(x.F32(), 1)
	x.Zero()
	got := make([]float32, 15)
	got[3] = 9
	x.CopyTo(got)
	if got[3] != 0 || x.F32()[14] != 0 {
		t.Errorf("after Zero: %v, %v", got[3], x.F32()[14])
	}
}

func TestCopyRoundsToTheType(t *testing.T) {
	for _, dt := range []DType{F32, BF16, F16} {
		x := NewTensor(dt, 2, 1, 3)
		x.CopyFrom([]float32{1, -2, 0.1, 3, 1e-3, 100})
		got := make([]float32, 6)
		x.CopyTo(got)
		compare(t, dt.String(), got, []float64{1, -2, 0.1, 3, 1e-3, 100}, 4e-3)
	}
}

func TestBigTensorsAreZeroedAndFreed(t *testing.T) {
	x := NewTensor(F32, 1024, 1024)
	s := x.F32()
	if s[0] != 0 || s[len(s)-1] != 0 {
		t.Error("not zero")
	}
	s[len(s)-1] = 1
	x.Free()
}
