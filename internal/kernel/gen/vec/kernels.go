package main

// r, w and rw make the streams of a signature.
func r(t elem, names ...string) []stream  { return streams(t, true, false, names) }
func w(t elem, names ...string) []stream  { return streams(t, false, true, names) }
func rw(t elem, names ...string) []stream { return streams(t, true, true, names) }

func streams(t elem, load, storing bool, names []string) []stream {
	var s []stream
	for _, n := range names {
		s = append(s, stream{n, t, load, storing})
	}
	return s
}

func cat(parts ...[]stream) []stream {
	var s []stream
	for _, p := range parts {
		s = append(s, p...)
	}
	return s
}

// both gives the kernel for f32 and, under name+"BF16", for bfloat16 streams.
func both(name string, out, in []string, body func(e *emitter, x, s []V) []V) []*spec {
	return []*spec{
		{name: name, streams: cat(w(f32, out...), r(f32, in...)), body: body},
		{name: name + "BF16", streams: cat(w(bf16, out...), r(bf16, in...)), body: body},
	}
}

// kernels lists what is generated; names are the fields of vecFuncs.
func kernels() []*spec {
	var ks []*spec
	for _, group := range [][]*spec{converters(), basics(), reductions(), exponentials(), activations(), norms(), rotations(), adam()} {
		ks = append(ks, group...)
	}
	return ks
}

func same(e *emitter, x, _ []V) []V { return x }

func converters() []*spec {
	return []*spec{
		{name: "bf16ToF32", streams: cat(w(f32, "dst"), r(bf16, "src")), unroll: 2, body: same},
		{name: "f32ToBF16", streams: cat(w(bf16, "dst"), r(f32, "src")), unroll: 2, body: same},
		{name: "f16ToF32", streams: cat(w(f32, "dst"), r(f16, "src")), unroll: 2, body: same},
		{name: "f32ToF16", streams: cat(w(f16, "dst"), r(f32, "src")), unroll: 2, body: same},
	}
}

func basics() []*spec {
	sum := func(e *emitter, x, _ []V) []V { return []V{e.add(x[0], x[1])} }
	return []*spec{
		{name: "fill", streams: w(f32, "dst"), scalars: []string{"a"}, unroll: 4, body: func(e *emitter, _, s []V) []V { return s }},
		{name: "add", streams: cat(w(f32, "dst"), r(f32, "a", "b")), unroll: 2, body: sum},
		{name: "addToBF16", streams: cat(rw(f32, "dst"), r(bf16, "src")), unroll: 2, body: sum},
		{name: "addBF16", streams: cat(w(bf16, "dst"), r(bf16, "a", "b")), unroll: 2, body: sum},
		{name: "mul", streams: cat(w(f32, "dst"), r(f32, "a", "b")), unroll: 2,
			body: func(e *emitter, x, _ []V) []V { return []V{e.mul(x[0], x[1])} }},
		{name: "scale", streams: cat(w(f32, "dst"), r(f32, "src")), scalars: []string{"a"}, unroll: 2,
			body: func(e *emitter, x, s []V) []V { return []V{e.mul(x[0], s[0])} }},
		{name: "scaleToBF16", streams: cat(w(bf16, "dst"), r(f32, "src")), scalars: []string{"a"}, unroll: 2,
			body: func(e *emitter, x, s []V) []V { return []V{e.mul(x[0], s[0])} }},
		{name: "axpy", streams: cat(rw(f32, "dst"), r(f32, "x")), scalars: []string{"a"}, unroll: 2,
			body: func(e *emitter, x, s []V) []V { return []V{e.fma(x[1], s[0], x[0])} }},
	}
}

func reductions() []*spec {
	return []*spec{
		{name: "sum", streams: r(f32, "x"), accs: []accKind{sum}, unroll: 4,
			body: func(e *emitter, x, _ []V) []V { e.accAdd(0, x[0]); return nil }},
		{name: "dot", streams: r(f32, "a", "b"), accs: []accKind{sum}, unroll: 4,
			body: func(e *emitter, x, _ []V) []V { e.accMul(0, x[0], x[1]); return nil }},
		{name: "sumSq", streams: r(f32, "x"), accs: []accKind{sum64}, unroll: 4,
			body: func(e *emitter, x, _ []V) []V { e.accSquare64(0, x[0]); return nil }},
		{name: "maxOf", streams: r(f32, "x"), accs: []accKind{maximum}, unroll: 4,
			body: func(e *emitter, x, _ []V) []V { e.accMax(0, x[0]); return nil }},
		{name: "probe", streams: r(f32, "x"), accs: []accKind{sum}, unroll: 4,
			body: func(e *emitter, x, _ []V) []V { e.accMul(0, x[0], e.f(0)); return nil }},
		{name: "sqDev", streams: r(f32, "x"), scalars: []string{"mean"}, accs: []accKind{sum}, unroll: 4,
			body: func(e *emitter, x, s []V) []V { d := e.sub(x[0], s[0]); e.accMul(0, d, d); return nil }},
	}
}

func exponentials() []*spec {
	one := func(name string, f func(e *emitter, x V) V) *spec {
		return &spec{name: name, streams: cat(w(f32, "dst"), r(f32, "src")), only512: name == "log",
			body: func(e *emitter, x, _ []V) []V { return []V{f(e, x[0])} }}
	}
	return []*spec{
		one("exp", (*emitter).exp), one("tanh", (*emitter).tanh), one("erf", (*emitter).erf), one("log", (*emitter).log),
		{name: "expSum", streams: r(f32, "src"), scalars: []string{"shift"}, accs: []accKind{sum}, unroll: 4,
			body: func(e *emitter, x, s []V) []V { e.accAdd(0, e.exp(e.sub(x[0], s[0]))); return nil }},
		{name: "expShiftSum", streams: cat(w(f32, "dst"), r(f32, "src")), scalars: []string{"shift"}, accs: []accKind{sum}, unroll: 4,
			body: func(e *emitter, x, s []V) []V {
				y := e.exp(e.sub(x[0], s[0]))
				e.accAdd(0, y)
				return []V{y}
			}},
		{name: "expShiftScaleBF16", streams: cat(w(bf16, "dst"), r(f32, "src")), scalars: []string{"shift", "scale"},
			body: func(e *emitter, x, s []V) []V { return []V{e.mul(e.exp(e.sub(x[0], s[0])), s[1])} }},
	}
}

func activations() []*spec {
	value := func(f func(e *emitter, x V) V) func(e *emitter, x, s []V) []V {
		return func(e *emitter, x, _ []V) []V { return []V{f(e, x[0])} }
	}
	slope := func(f func(e *emitter, x V) V) func(e *emitter, x, s []V) []V {
		return func(e *emitter, x, _ []V) []V { return []V{e.mul(f(e, x[1]), x[0])} }
	}
	gated := func(f func(e *emitter, x V) V) func(e *emitter, x, s []V) []V {
		return func(e *emitter, x, _ []V) []V { return []V{e.mul(f(e, x[0]), x[1])} }
	}
	gatedGrad := func(f func(e *emitter, x V) (V, V)) func(e *emitter, x, s []V) []V {
		return func(e *emitter, x, _ []V) []V {
			value, slope := f(e, x[1])
			return []V{e.mul(e.mul(x[0], x[2]), slope), e.mul(x[0], value)}
		}
	}
	second := func(f func(e *emitter, x V) (V, V)) func(e *emitter, x V) V {
		return func(e *emitter, x V) V { _, s := f(e, x); return s }
	}
	dst, dx := []string{"dst"}, []string{"dx"}
	unary, grad := []string{"x"}, []string{"dy", "x"}
	glu, gluOut, gluGrad := []string{"gate", "up"}, []string{"dgate", "dup"}, []string{"dout", "gate", "up"}
	geluErf := func(e *emitter, x V) V { return e.mul(x, e.normalCDF(x)) }
	relu := func(e *emitter, x V) V { return e.max(x, e.f(0)) }
	reluGrad := func(e *emitter, x, _ []V) []V { return []V{e.zeroUnless(gt, x[1], e.f(0), x[0])} }

	ks := append(both("geluTanh", dst, unary, value((*emitter).gelu)), both("geluTanhGrad", dx, grad, slope(second((*emitter).geluBoth)))...)
	ks[1].body, ks[3].body = value((*emitter).geluBF16), slope(second((*emitter).geluBothBF16))
	ks = append(ks, geluEpilogues()...)
	ks = append(ks, both("swiglu", dst, glu, gated((*emitter).silu))...)
	ks = append(ks, both("swigluGrad", gluOut, gluGrad, gatedGrad((*emitter).siluBoth))...)
	ks = append(ks, both("geglu", dst, glu, gated((*emitter).gelu))...)
	ks = append(ks, both("gegluGrad", gluOut, gluGrad, gatedGrad((*emitter).geluBoth))...)
	for _, k := range []struct {
		name       string
		value      func(e *emitter, x V) V
		gradOfBoth func(e *emitter, x, s []V) []V
	}{
		{"geluErf", geluErf, slope((*emitter).geluErfSlope)},
		{"silu", (*emitter).silu, slope(second((*emitter).siluBoth))},
		{"relu", relu, reluGrad},
	} {
		ks = append(ks, both(k.name, dst, unary, value(k.value))[0], both(k.name+"Grad", dx, grad, k.gradOfBoth)[0])
	}
	return ks
}

// geluEpilogues finish rows of a matrix product's sums: with the bias they are x, kept in bf16, of y = GELU(x); or the gradient
// of y, which becomes that of x, and y is made again.
func geluEpilogues() []*spec {
	return []*spec{
		{name: "geluRows", grid: true, streams: cat(w(bf16, "y", "x"), r(f32, "sums", "bias")), body: func(e *emitter, x, _ []V) []V {
			s := e.add(x[0], x[1])
			return []V{e.geluBF16(s), s}
		}},
		{name: "geluGradRows", grid: true, streams: cat(w(bf16, "dx"), r(f32, "dy"), r(bf16, "x")), body: func(e *emitter, x, _ []V) []V {
			_, slope := e.geluBothBF16(x[1])
			return []V{e.mul(slope, x[0])}
		}},
		{name: "geluBothRows", grid: true, streams: cat(w(bf16, "dx", "y"), r(f32, "dy"), r(bf16, "x")), body: func(e *emitter, x, _ []V) []V {
			value, slope := e.geluBothBF16(x[1])
			return []V{e.mul(slope, x[0]), value}
		}},
	}
}

func norms() []*spec {
	scaled := func(e *emitter, x, s []V) []V { return []V{e.mul(e.mul(e.sub(x[0], s[0]), s[1]), x[1])} }
	biased := func(e *emitter, x, s []V) []V { return []V{e.fma(e.mul(e.sub(x[0], s[0]), s[1]), x[1], x[2])} }
	stats := []string{"mean", "rstd"}
	ks := []*spec{
		{name: "normScale", streams: cat(w(f32, "dst"), r(f32, "x", "w")), scalars: stats, unroll: 2, body: scaled},
		{name: "normScaleBF16", streams: cat(w(bf16, "dst"), r(f32, "x", "w")), scalars: stats, unroll: 2, body: scaled},
		{name: "normBias", streams: cat(w(f32, "dst"), r(f32, "x", "w", "b")), scalars: stats, unroll: 2, body: biased},
		{name: "normBiasBF16", streams: cat(w(bf16, "dst"), r(f32, "x", "w", "b")), scalars: stats, unroll: 2, body: biased},
	}
	for _, dy := range []elem{f32, bf16} {
		suffix := ""
		if dy == bf16 {
			suffix = "BF16"
		}
		ks = append(ks, normGrads(suffix, r(dy, "dy"))...)
	}
	return append(ks, normHats()...)
}

// normHats are the passes over normalised rows that were kept in bf16.
func normHats() []*spec {
	in, coef := cat(r(bf16, "dy", "hat"), r(f32, "w")), []string{"a", "b", "c"}
	dx := func(e *emitter, dy, hat, w V, s []V) V { // a·dy·w + b·x̂ + c
		return e.fma(e.mul(dy, w), s[0], e.fma(hat, s[1], s[2]))
	}
	return []*spec{
		{name: "hatScaleRows", grid: true, streams: cat(w(bf16, "dst"), r(bf16, "hat"), r(f32, "w")),
			body: func(e *emitter, x, _ []V) []V { return []V{e.mul(x[0], x[1])} }},
		{name: "hatBiasRows", grid: true, streams: cat(w(bf16, "dst"), r(bf16, "hat"), r(f32, "w", "b")),
			body: func(e *emitter, x, _ []V) []V { return []V{e.fma(x[0], x[1], x[2])} }},
		{name: "gradHatRMS", streams: cat(rw(f32, "dw"), in), accs: []accKind{sum}, unroll: 2,
			body: func(e *emitter, x, _ []V) []V {
				t := e.mul(x[1], x[2])
				e.accMul(0, t, x[3])
				return []V{e.add(x[0], t)}
			}},
		{name: "gradHatLN", streams: cat(rw(f32, "dw", "db"), in), accs: []accKind{sum, sum}, unroll: 2,
			body: func(e *emitter, x, _ []V) []V {
				t := e.mul(x[2], x[3])
				e.accMul(0, x[2], x[4])
				e.accMul(1, t, x[4])
				return []V{e.add(x[0], t), e.add(x[1], x[2])}
			}},
		{name: "gradHatSet", streams: cat(w(f32, "dx"), in), scalars: coef, unroll: 2,
			body: func(e *emitter, x, s []V) []V { return []V{dx(e, x[0], x[1], x[2], s)} }},
		{name: "gradHatAdd", streams: cat(rw(f32, "dx"), in), scalars: coef, unroll: 2,
			body: func(e *emitter, x, s []V) []V { return []V{e.add(x[0], dx(e, x[1], x[2], x[3], s))} }},
	}
}

// normGrads are the backward passes for an output gradient of one type.
func normGrads(suffix string, dy []stream) []*spec {
	dx := func(e *emitter, dy, x, w V, s []V) V { // a·dy·w + b·(x−mean) + c
		return e.fma(e.mul(dy, w), s[1], e.fma(e.sub(x, s[0]), s[2], s[3]))
	}
	coef := []string{"mean", "a", "b", "c"}
	return []*spec{
		{name: "gradRMS" + suffix, streams: cat(rw(f32, "dw"), dy, r(f32, "x", "w")), scalars: []string{"rstd"}, accs: []accKind{sum}, unroll: 2,
			body: func(e *emitter, x, s []V) []V {
				t := e.mul(x[1], e.mul(x[2], s[0]))
				e.accMul(0, t, x[3])
				return []V{e.add(x[0], t)}
			}},
		{name: "gradLN" + suffix, streams: cat(rw(f32, "dw", "db"), dy, r(f32, "x", "w")), scalars: []string{"mean", "rstd"}, accs: []accKind{sum, sum}, unroll: 2,
			body: func(e *emitter, x, s []V) []V {
				t := e.mul(x[2], e.mul(e.sub(x[3], s[0]), s[1]))
				e.accMul(0, x[2], x[4])
				e.accMul(1, t, x[4])
				return []V{e.add(x[0], t), e.add(x[1], x[2])}
			}},
		{name: "gradSet" + suffix, streams: cat(w(f32, "dx"), dy, r(f32, "x", "w")), scalars: coef,
			body: func(e *emitter, x, s []V) []V { return []V{dx(e, x[0], x[1], x[2], s)} }},
		{name: "gradAdd" + suffix, streams: cat(rw(f32, "dx"), dy, r(f32, "x", "w")), scalars: coef,
			body: func(e *emitter, x, s []V) []V { return []V{e.add(x[0], dx(e, x[1], x[2], x[3], s))} }},
	}
}

func rotations() []*spec {
	body := func(e *emitter, x, s []V) []V {
		sin := e.mul(x[3], s[0])
		return []V{e.fnma(x[1], sin, e.mul(x[0], x[2])), e.fma(x[0], sin, e.mul(x[1], x[2]))}
	}
	var ks []*spec
	for _, t := range []elem{f32, bf16} {
		name := "rotate"
		if t == bf16 {
			name += "BF16"
		}
		ks = append(ks, &spec{name: name, streams: cat(w(t, "d1", "d2"), r(t, "x1", "x2"), r(f32, "cos", "sin")), scalars: []string{"sign"}, body: body})
	}
	return ks
}

// adamCoef names the fields of the struct of that name in package kernel.
var adamCoef = []string{"gradScale", "beta1", "rest1", "beta2", "rest2", "keep", "step", "rootCorrect", "eps"}

// adam is one pass of AdamW.
func adam() []*spec {
	update := func(e *emitter, x, s []V) (p, m, v V) {
		p, m, v = x[0], x[1], x[2]
		g := e.mul(x[3], s[0])
		tiny := e.f(0x1p-110)
		m = e.fma(m, s[1], e.mul(g, s[2]))
		v = e.fma(v, s[3], e.mul(e.mul(g, g), s[4]))
		m = e.zeroUnless(nlt, e.abs(m), tiny, m)
		v = e.zeroUnless(nlt, v, tiny, v)
		den := e.fma(e.sqrt(v), s[7], s[8])
		return e.fnma(e.div(m, den), s[6], e.mul(p, s[5])), m, v
	}
	state, g := rw(f32, "p", "m", "v"), r(f32, "g")
	plain := func(e *emitter, x, s []V) []V { p, m, v := update(e, x, s); return []V{p, m, v} }
	copied := func(e *emitter, x, s []V) []V { p, m, v := update(e, x, s); return []V{p, m, v, p} }
	return []*spec{
		{name: "adamW", streams: cat(state, g), scalars: adamCoef, coef: true, body: plain},
		{name: "adamWBF16", streams: cat(state, w(bf16, "half"), g), scalars: adamCoef, coef: true, body: copied},
		{name: "adamWF16", streams: cat(state, w(f16, "half"), g), scalars: adamCoef, coef: true, body: copied},
	}
}
