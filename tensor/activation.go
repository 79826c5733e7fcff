package tensor

import (
	"fmt"

	"github.com/athanor-lm/athanor/internal/kernel"
)

// actJob computes y = act(pre), or in reverse y = y ⊙ act'(pre), row by row. The formulas are kernel's.
type actJob struct {
	y, pre  kernel.Mat
	act     kernel.Act
	reverse bool
	scratch []float32 // two rows a worker, where the type is not f32
}

func (j *actJob) Do(worker, lo, hi int) {
	cols := j.y.Cols
	for i := lo; i < hi; i++ {
		switch {
		case j.y.DT == F32:
			j.row(j.y.RowF32(i), j.pre.RowF32(i))
		case j.y.DT == BF16 && j.act == kernel.GELUTanhAct && j.reverse:
			y := j.y.RowBF16(i)
			kernel.GELUTanhGradBF16(y, y, j.pre.RowBF16(i))
		case j.y.DT == BF16 && j.act == kernel.GELUTanhAct:
			kernel.GELUTanhBF16(j.y.RowBF16(i), j.pre.RowBF16(i))
		default:
			rows := j.scratch[2*worker*cols:]
			y, pre := rows[:cols], rows[cols:2*cols]
			if j.reverse {
				kernel.LoadF32(y, j.y, i)
			}
			kernel.LoadF32(pre, j.pre, i)
			j.row(y, pre)
			kernel.StoreF32(j.y, i, y)
		}
	}
}

func (j *actJob) row(y, pre []float32) {
	switch {
	case j.act == kernel.GELUTanhAct && j.reverse:
		kernel.GELUTanhGrad(y, y, pre)
	case j.act == kernel.GELUTanhAct:
		kernel.GELUTanh(y, pre)
	case j.act == kernel.GELUErfAct && j.reverse:
		kernel.GELUErfGrad(y, y, pre)
	case j.act == kernel.GELUErfAct:
		kernel.GELUErf(y, pre)
	case j.act == kernel.SiLUAct && j.reverse:
		kernel.SiLUGrad(y, y, pre)
	case j.act == kernel.SiLUAct:
		kernel.SiLU(y, pre)
	case j.act == kernel.ReLUAct && j.reverse:
		kernel.ReLUGrad(y, y, pre)
	case j.act == kernel.ReLUAct:
		kernel.ReLU(y, pre)
	default:
		panic(fmt.Sprintf("tensor.Linear: activation %d, want one of kernel's", j.act))
	}
}
