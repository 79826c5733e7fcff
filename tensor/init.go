package tensor

import (
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"

	"github.com/athanor-lm/athanor/internal/kernel"
)

// InitKind is a rule for a parameter's first value.
type InitKind uint8

// The rules. Fan-in is the number of columns of a matrix, fan-out the number of rows of the part (Param.Parts) or matrix.
const (
	Zeros          InitKind = iota
	Ones                    // norm weights
	Normal                  // N(0, Std²)
	XavierUniform           // U(±Gain·√(6/(in+out))), Glorot & Bengio 2010, eq. 16
	XavierNormal            // N(0, Gain²·2/(in+out))
	KaimingUniform          // U(±Gain·√(3/in)), He et al. 2015, eq. 14; Gain √2 for ReLU
	KaimingNormal           // N(0, Gain²/in)
)

// Init describes a parameter's first value.
type Init struct {
	Kind InitKind
	Std  float32 // of Normal
	Gain float32 // of Xavier and Kaiming; 0 means 1
}

// spread returns the standard deviation, or with uniform the half-width, of a matrix of in columns and out rows.
func (i Init) spread(in, out int) (s float64, uniform bool) {
	g := float64(i.Gain)
	if g == 0 {
		g = 1
	}
	switch i.Kind {
	case Normal:
		return float64(i.Std), false
	case XavierUniform:
		return g * math.Sqrt(6/float64(in+out)), true
	case XavierNormal:
		return g * math.Sqrt(2/float64(in+out)), false
	case KaimingUniform:
		return g * math.Sqrt(3/float64(in)), true
	case KaimingNormal:
		return g / math.Sqrt(float64(in)), false
	}
	panic(fmt.Sprintf("tensor.Init: kind %d, want one of the InitKinds", i.Kind))
}

// Initialize sets Value by Init and refreshes Compute. Row r of a parameter is a pure function of (seed, name, r).
func (p *Param) Initialize(pool *kernel.Pool, seed uint64) {
	h := fnv.New64a()
	h.Write([]byte(p.Name))
	v := p.Value.Mat()
	job := initJob{p: p, v: v, seed: seed, name: h.Sum64()}
	if len(p.Shape) == 1 { // one row of the view, but as many rows of the parameter as elements
		pool.Run(1, 1, &job)
	} else {
		pool.Run(v.Rows, grain(v.Cols), &job)
	}
	p.Refresh(pool)
}

type initJob struct {
	p          *Param
	v          kernel.Mat
	seed, name uint64
}

func (j *initJob) Do(_, lo, hi int) {
	src := rand.NewPCG(0, 0)
	rng := rand.New(src)
	for r := lo; r < hi; r++ {
		row := j.v.RowF32(r)
		switch j.p.Init.Kind {
		case Zeros, Ones:
			kernel.Fill(row, float32(j.p.Init.Kind))
			continue
		}
		src.Seed(j.seed, j.name+uint64(r)*0x9e3779b97f4a7c15)
		s, uniform := j.p.Init.spread(j.v.Cols, j.p.partRows(r))
		for i := range row {
			if uniform {
				row[i] = float32(s * (2*rng.Float64() - 1))
			} else {
				row[i] = float32(s * rng.NormFloat64())
			}
		}
	}
}

// partRows returns the rows of the part that row r belongs to.
func (p *Param) partRows(r int) int {
	for _, part := range p.Parts {
		if r < part.Rows {
			return part.Rows
		}
		r -= part.Rows
	}
	return p.Shape[0]
}
