package kernel

import "unsafe"

// hand starts a phase: a copy of r, so that the next one can be planned while it runs.
func (r *gemmRun) hand(phase gemmPhase, units, grain int) {
	p, g := r.p, r.g
	p.makeRoom()
	q := &p.queue[p.posted.Load()%queueLen]
	q.args, q.gemm = *g, *r
	q.gemm.g, q.gemm.phase = &q.args, phase
	if phase == packPhase {
		uses := [...]Use{memory(r.shared, r.sharedBytes, true), Reads(g.A).Whole(), Reads(g.B).Whole(), r.sums()}
		p.start(units, grain, &q.gemm, uses[:])
		return
	}
	uses := [...]Use{
		Reads(g.A), Reads(g.B).Whole(), Writes(g.C), Writes(g.PreAct), Writes(g.ActOut), Reads(g.Residual), r.sums(),
		memory(r.shared, r.sharedBytes, false), memory(r.part, r.partBytes, true),
	}
	if r.wn > 1 {
		for i := range uses {
			uses[i] = uses[i].Whole()
		}
	} else if g.TransA || r.sharedA {
		uses[0] = uses[0].Whole()
	}
	p.start(units, grain, &q.gemm, uses[:])
}

// sums is the use of ColSumA.
func (r *gemmRun) sums() Use {
	if r.g.ColSumA == nil {
		return Use{}
	}
	return memory(unsafe.Pointer(&r.g.ColSumA[0]), 4*r.m, true)
}
