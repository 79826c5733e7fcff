package tensor

import (
	"fmt"

	"github.com/athanor-lm/athanor/internal/kernel"
)

// Options configure a Tape.
type Options struct {
	Pool    *kernel.Pool
	Compute DType  // type of the activations inside branches: F32, BF16 or F16
	Seed    uint64 // of dropout masks
}

// Tape runs models. Its operations are called inside the body of Run; each call reuses the record that the same call
// made in the run before, so that a step in the steady state allocates nothing. A Tape is not safe for concurrent use.
type Tape struct {
	pool      *kernel.Pool
	compute   DType
	seed      uint64
	headChunk int // headChunkBytes; tests set less
	keepBelow int // keepBytes; tests set others
	arena     arena
	progs     map[string]*program

	// The run in hand.
	prog   *program
	cursor int // the next operation of prog
	step   uint64
	train  bool
	dry    bool          // planning: shapes and lifetimes only
	rerun  bool          // running a Recompute segment's forward pass again
	again  *segmentStart // the segment whose backward pass is running

	add  addJob
	conv convertJob
	sums []*normNode // whose chunks' sums are to be added up at the end of the backward pass
}

// node is an operation's record of one call.
type node interface {
	base() *op
	forward(t *Tape)
	backward(t *Tape)
}

// op is what all records share.
type op struct {
	kind  string
	index int // place in the program
	place int // the same, not counting the markers of segments: dropout masks depend on it
	out   Tensor
}

func (o *op) base() *op { return o }

// program is what a tape remembers of one key: the operations in order and the memory they use.
type program struct {
	key     string
	train   bool
	keep    bool // all values are kept for the backward pass, none made again
	nodes   []node
	ops     int // nodes but markers
	bufs    []*buffer
	event   int
	segment *segmentStart // the open Recompute segment while planning
	base    *byte         // arena the buffers are bound to
	info    PlanInfo
}

// PlanInfo says what a run of a program takes.
type PlanInfo struct {
	ArenaBytes int                // activations, gradients of activations and scratch
	FLOPs      map[string]float64 // of matrix products and attention, by operation; forward and backward
}

// Total returns the sum over all operations.
func (p PlanInfo) Total() float64 {
	var s float64
	for _, f := range p.FLOPs {
		s += f
	}
	return s
}

// NewTape returns an empty tape.
func NewTape(o Options) *Tape {
	if o.Pool == nil {
		panic("tensor.NewTape: no Pool")
	}
	if o.Compute == I32 {
		panic("tensor.NewTape: compute type i32, want f32, bf16 or f16")
	}
	return &Tape{pool: o.Pool, compute: o.Compute, seed: o.Seed, headChunk: headChunkBytes, keepBelow: keepBytes, progs: map[string]*program{}}
}

// Pool returns the workers operations run on.
func (t *Tape) Pool() *kernel.Pool { return t.pool }

// Compute returns the type of activations inside branches.
func (t *Tape) Compute() DType { return t.compute }

// Dry reports whether the body is being planned: no kernel runs and no value exists.
func (t *Tape) Dry() bool { return t.dry }

// Training reports whether the current run is a training run: dropout acts and values are kept for Backward.
func (t *Tape) Training() bool { return t.train }

// Run executes body, a forward pass and, in training, one Backward. The first time a key is seen, body is first run dry (see
// Dry; once or twice) to record when each buffer is used, and the arena is laid out; then it runs for real. For one key, body must call the
// same operations with the same shapes every time; a deviation panics with the operation and both shapes.
// Dropout masks are a function of the seed, step and the operation's place: every training run of a training needs a step of its own.
func (t *Tape) Run(key string, step uint64, train bool, body func()) {
	p := t.progs[key]
	if p == nil {
		p = t.plan(key, train, body)
		t.progs[key] = p
	}
	if p.train != train {
		panic(fmt.Sprintf("tensor.Run: key %q was recorded with train=%v, run with train=%v", key, p.train, train))
	}
	t.arena.reserve(p.info.ArenaBytes)
	p.bind(&t.arena)
	t.step = step
	t.execute(p, body)
}

// Plan runs body dry and returns what a run would take, without allocating memory for it. It does not record the key.
func (t *Tape) Plan(key string, train bool, body func()) PlanInfo {
	return t.plan(key, train, body).info
}

// Free gives the arena back. The tape must not be used afterwards.
func (t *Tape) Free() {
	release(t.arena.base, t.arena.size)
	t.arena, t.progs = arena{}, nil
}

// keepBytes is the arena up to which a program keeps all values for its backward pass: making some again spares memory, but a small
// model has enough of that and feels every pass.
const keepBytes = 64 << 20

func (t *Tape) plan(key string, train bool, body func()) *program {
	p := t.record(key, train, true, body)
	if train && p.info.ArenaBytes > t.keepBelow {
		p = t.record(key, train, false, body)
	}
	return p
}

// record runs body dry and lays its memory out.
func (t *Tape) record(key string, train, keep bool, body func()) *program {
	p := &program{key: key, train: train, keep: keep, info: PlanInfo{FLOPs: map[string]float64{}}}
	t.dry = true
	defer func() { t.dry = false }()
	t.execute(p, body)
	p.info.ArenaBytes = layout(p.bufs)
	return p
}

func (t *Tape) execute(p *program, body func()) {
	if t.prog != nil {
		panic(fmt.Sprintf("tensor.Run: key %q inside the body of key %q", p.key, t.prog.key))
	}
	t.prog, t.train, t.cursor, t.again, t.rerun = p, p.train, 0, nil, false
	p.segment = nil
	defer t.leave()
	for _, n := range p.nodes {
		n.base().out.hasGrad, n.base().out.hasHalf = false, false
		n.base().out.gradPre = false
	}
	for _, b := range p.bufs {
		b.remade = false
	}
	body()
	if t.cursor != len(p.nodes) {
		panic(fmt.Sprintf("tensor.Run: key %q: body called %d operations, recorded were %d (the next is %s)",
			p.key, t.cursor, len(p.nodes), p.nodes[t.cursor].base().kind))
	}
}

// leave ends a run; after a panic of the body, jobs may still be under way.
func (t *Tape) leave() {
	t.prog, t.again, t.rerun = nil, nil, false
	t.pool.Wait()
}

// next returns the record for a call: the one the same call used before, or while planning a new one (fresh).
func next[T any, N interface {
	*T
	node
}](t *Tape, kind string) (n N, fresh bool) {
	p := t.prog
	if p == nil {
		panic("tensor." + kind + ": called outside the body of Tape.Run")
	}
	if t.cursor < len(p.nodes) {
		n, ok := p.nodes[t.cursor].(N)
		if !ok || n.base().kind != kind {
			panic(fmt.Sprintf("tensor.%s: key %q: operation %d was recorded as %s", kind, p.key, t.cursor, p.nodes[t.cursor].base().kind))
		}
		t.cursor++
		return n, false
	}
	if !t.dry || t.rerun {
		panic(fmt.Sprintf("tensor.%s: key %q: operation %d, but only %d were recorded", kind, p.key, t.cursor, len(p.nodes)))
	}
	n = new(T)
	*n.base() = op{kind: kind, index: t.cursor, place: p.ops}
	if !marker(n) {
		p.ops++
	}
	p.nodes = append(p.nodes, n)
	t.cursor++
	return n, true
}

// take notes that a fresh operation reads x, or checks that a recorded one is given what it was recorded with. x may
// be another tensor than before only if it is persistent.
func (t *Tape) take(kind string, fresh bool, slot **Tensor, x *Tensor) {
	if fresh {
		if x == nil || x.dims == 0 {
			panic("tensor." + kind + ": input tensor is nil")
		}
		*slot = x
		x.uses++
		return
	}
	if old := *slot; old != x {
		if x == nil || x.tape != nil || old.tape != nil || x.shape != old.shape || x.dt != old.dt {
			panic(fmt.Sprintf("tensor.%s: key %q: input %v, recorded was %v", kind, t.prog.key, x, old))
		}
		*slot = x
	}
}

// result makes x an output of a fresh operation.
func (t *Tape) result(kind string, x *Tensor, dt DType, shape ...int) {
	x.setShape(kind, dt, shape)
	x.tape = t
	x.buf = t.valueBuffer(x.Len() * dt.Size())
}

// valueBuffer makes a buffer for a value of the forward pass.
func (t *Tape) valueBuffer(size int) *buffer {
	b := t.newBuffer(size)
	b.home = t.prog.segment
	return b
}

func (t *Tape) newBuffer(size int) *buffer {
	b := &buffer{size: size}
	t.prog.bufs = append(t.prog.bufs, b)
	return b
}

// tick starts a new event: all buffers used until the next tick must exist together.
func (t *Tape) tick() {
	if t.dry {
		t.prog.event++
	}
}

// run does an operation's forward pass. The last of a segment is not run again where only its output would come of it.
func (t *Tape) run(n node) {
	if t.rerun && t.cursor == t.again.end {
		if o, ok := n.(outputOnly); ok && o.outputOnly() {
			return
		}
	}
	t.tick()
	n.forward(t)
}

// outputOnly reports that an operation's forward pass makes nothing but its output, and that its backward pass does not
// read that.
type outputOnly interface{ outputOnly() bool }

// bind gives the buffers their addresses in the arena.
func (p *program) bind(a *arena) {
	base := (*byte)(a.base)
	if base == p.base {
		return
	}
	p.base = base
	for _, b := range p.bufs {
		for l := range b.at {
			if b.life[l].first != 0 {
				b.at[l] = pointerAt(a, b.off[l])
			}
		}
	}
}
