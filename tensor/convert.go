package tensor

import "github.com/athanor-lm/athanor/internal/kernel"

// convertJob sets dst = drop(src) row by row, converting between the float types.
type convertJob struct {
	dst, src kernel.Mat
	drop     kernel.Drop
	scratch  []float32 // a row a worker, where a row is not f32 on either side or dropped out
}

func (j *convertJob) Do(worker, lo, hi int) {
	cols := j.dst.Cols
	for i := lo; i < hi; i++ {
		if j.drop.P == 0 {
			kernel.CopyRow(j.dst, i, j.src, i)
			continue
		}
		row := j.scratch[worker*cols : (worker+1)*cols]
		kernel.LoadF32(row, j.src, i)
		kernel.DropRow(row, row, j.drop, uint64(i)*uint64(cols))
		kernel.StoreF32(j.dst, i, row)
	}
}

// convert sets dst = drop(src); both of one shape. scratch is the operation's buffer for a row a worker.
func (t *Tape) convert(dst, src kernel.Mat, drop kernel.Drop, scratch **buffer) {
	var rows []float32
	if drop.P > 0 {
		rows = t.scratch(scratch, t.pool.Workers()*dst.Cols)
	}
	if t.dry {
		return
	}
	t.conv = convertJob{dst, src, drop, rows}
	t.pool.Run(dst.Rows, grain(dst.Cols), &t.conv)
}

// drop describes the dropout of an operation in this run: none outside training. The operation's place in the program
// takes the low 20 bits of the counter, the step the others.
func (t *Tape) drop(o *op, p float32) kernel.Drop {
	if !t.train || p == 0 {
		return kernel.Drop{}
	}
	return kernel.Drop{P: p, Key: t.seed, Counter: t.step<<20 | uint64(o.place)}
}
