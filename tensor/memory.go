package tensor

import (
	"unsafe"

	"github.com/athanor-lm/athanor/internal/kernel"
)

// Operations reach memory only through the functions here. While planning they note the use and return nil pointers,
// which is how lifetimes get recorded: an operation touches in its dry run exactly what it touches in a real one.
// Jobs of the operations before may still be under way (kernel.Pool.Start): an operation that touches memory outside of a job waits for the pool first.

func pointerAt(a *arena, off int) unsafe.Pointer { return unsafe.Add(a.base, off) }

// ptr returns the address of b in its current life.
func (t *Tape) ptr(b *buffer) unsafe.Pointer {
	l := 0
	if b.remade || b.home != nil && b.home == t.again {
		l = 1
	}
	if t.dry {
		b.life[l].note(t.prog.event)
		return nil
	}
	return b.at[l]
}

// mat views a tensor's value as a matrix of its last dimension.
func (t *Tape) mat(x *Tensor) kernel.Mat {
	if x.tape == nil {
		x.settle()
		return x.view(x.buf.at[0])
	}
	return x.view(t.ptr(x.buf))
}

// floats returns a buffer of f32 numbers, nil while planning.
func (t *Tape) floats(b *buffer) []float32 {
	p := t.ptr(b)
	if p == nil {
		return nil
	}
	return unsafe.Slice((*float32)(p), b.size/4)
}

// scratch is floats of a buffer that is made on its first use, for n elements.
func (t *Tape) scratch(b **buffer, n int) []float32 {
	if *b == nil {
		*b = t.newBuffer(4 * n)
	}
	return t.floats(*b)
}

// remaker is an operation whose output is cheaper to make again in the backward pass than to keep: one pass over values that
// are kept anyway, without a product.
type remaker interface {
	remake(t *Tape)
}

// remake makes the value of x again, once a run, if it was not kept. Backward passes that read an input's value call it
// before. Inside a Recompute segment, where values live for one layer's backward pass only, they are kept.
func (t *Tape) remake(x *Tensor) {
	if t.forgotten(x) {
		x.buf.remade = true
		x.maker.remake(t)
	}
}

// forgotten reports whether the value of x was not kept and has not been made again yet.
func (t *Tape) forgotten(x *Tensor) bool {
	return x.maker != nil && !t.prog.keep && x.buf.home == nil && !x.buf.remade
}

// wantsGrad reports whether x is an operation's output, which all gradients flow to. Persistent tensors have none.
func (t *Tape) wantsGrad(x *Tensor) bool { return x.tape != nil }

// gradOf returns the gradient that has arrived at x.
func (t *Tape) gradOf(x *Tensor) kernel.Mat { return x.view(t.ptr(x.grad)) }

// gradDst returns where an operation puts the gradient of its input x, and whether one is there already, so that it must
// add. The caller must fill all of it.
func (t *Tape) gradDst(x *Tensor) (m kernel.Mat, add bool) {
	add = x.hasGrad
	if !add {
		if x.own == nil {
			x.own = t.newBuffer(x.Len() * x.dt.Size())
		}
		x.grad, x.hasGrad = x.own, true
	}
	return t.gradOf(x), add
}

// gradPart is gradDst for an operation that cannot add: where x has a gradient already, m is a buffer of the operation's own
// (kept in part), which the operation then adds.
func (t *Tape) gradPart(x *Tensor, part **buffer) (m kernel.Mat, add bool) {
	if !x.hasGrad {
		return t.gradDst(x)
	}
	if *part == nil {
		*part = t.newBuffer(x.Len() * x.dt.Size())
	}
	return x.view(t.ptr(*part)), true
}

// gradOver is gradPart for an operation that computes each element of the gradient of x from the same element of x: where
// nobody else reads the value, the gradient is written over it.
func (t *Tape) gradOver(x *Tensor, part **buffer) (m kernel.Mat, add bool) {
	if x.spare && x.uses == 1 && x.buf.home == t.again {
		x.grad, x.hasGrad = x.buf, true
		return t.gradOf(x), false
	}
	return t.gradPart(x, part)
}

// passGrad makes the gradient of an operation's output that of its input x, whose type and shape are the same: in place where x
// has none yet, so that the output's operation must be done with it, and by addition otherwise.
func (t *Tape) passGrad(x, from *Tensor) {
	switch {
	case !t.wantsGrad(x):
	case !x.hasGrad:
		x.grad, x.hasGrad = from.grad, true
	default:
		t.addTo(t.gradOf(x), t.gradOf(from))
	}
}

// grain returns the rows of a row pass that are worth a worker's while, for rows of cols elements.
func grain(cols int) int { return max(1, 4096/cols) }
