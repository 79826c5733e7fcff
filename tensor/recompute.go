package tensor

import "fmt"

// segmentStart and segmentEnd enclose the operations of a Recompute segment in the program.
type segmentStart struct {
	op
	x   *Tensor
	y   *Tensor
	f   func(*Tensor) *Tensor
	end int
}

type segmentEnd struct {
	op
	start *segmentStart
}

// marker reports whether n computes nothing.
func marker(n node) bool {
	switch n.(type) {
	case *segmentStart, *segmentEnd:
		return true
	}
	return false
}

func (*segmentStart) forward(*Tape)  {}
func (*segmentStart) backward(*Tape) {}
func (*segmentEnd) forward(*Tape)    {}
func (*segmentEnd) backward(*Tape)   {}

// Recompute returns f(x) and keeps, for the backward pass, only x and the result: Backward runs f again for the values in
// between (Chen et al. 2016, "Training deep nets with sublinear memory cost"). Dropout masks and results are those of the
// first run. f must be a function that the caller keeps, so that passing it allocates nothing, and must compute only with the
// tape. Segments do not nest: inside one, Recompute is a plain call of f. Outside training it is one too.
func (t *Tape) Recompute(x *Tensor, f func(x *Tensor) *Tensor) *Tensor {
	if !t.train || t.prog == nil || t.rerun || t.prog.segment != nil {
		return f(x)
	}
	s, fresh := next[segmentStart](t, "Recompute")
	t.take("Recompute", fresh, &s.x, x)
	s.f = f
	t.prog.segment = s
	y := f(x)
	t.prog.segment = nil
	e, fresh := next[segmentEnd](t, "Recompute end")
	if fresh {
		e.start, s.end, s.y = s, e.index, y
		x.uses-- // the segment itself reads nothing
	}
	if y != s.y {
		panic(fmt.Sprintf("tensor.Recompute: key %q: the segment returned %v, recorded was %v", t.prog.key, y, s.y))
	}
	return y
}

// runAgain computes the values of a segment once more, before its backward pass.
func (t *Tape) runAgain(s *segmentStart) {
	after := t.cursor
	t.cursor, t.rerun, t.again = s.index+1, true, s
	s.f(s.x)
	if t.cursor != s.end {
		panic(fmt.Sprintf("tensor.Recompute: key %q: f called %d operations when run again, %d at first", t.prog.key, t.cursor-s.index-1, s.end-s.index-1))
	}
	t.cursor, t.rerun = after, false
}

// Backward adds the gradient of the loss to the gradients of all parameters it depends on. It is called once in the body of a
// training run, after the last loss; where there are several, it is for all of them.
func (t *Tape) Backward(l *Loss) {
	if t.prog == nil || !t.train {
		panic("tensor.Backward: outside a training run")
	}
	t.sums = t.sums[:0]
	for i := l.index; i >= 0; i-- {
		switch n := t.prog.nodes[i].(type) {
		case *segmentEnd:
			if n.start.y.hasGrad {
				t.runAgain(n.start)
			}
		case *segmentStart:
			t.again = nil
		default:
			if n.base().out.hasGrad {
				t.tick()
				n.backward(t)
			}
		}
	}
	t.tick()
	for _, n := range t.sums {
		n.addUp(t)
	}
}
