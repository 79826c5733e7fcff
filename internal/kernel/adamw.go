package kernel

import "math"

// AdamWArgs are the numbers of one step of AdamW (Loshchilov & Hutter 2019, algorithm 2), the same for all its parameters.
type AdamWArgs struct {
	LR          float32
	Beta1       float32
	Beta2       float32
	Eps         float32
	WeightDecay float32 // decoupled: p shrinks by LR·WeightDecay; 0 for groups without decay
	GradScale   float32 // multiplies every gradient first: clipping's factor over the loss scale
	Correct1    float32 // 1/(1−Beta1^t) at step t = 1, 2, …
	Correct2    float32 // 1/(1−Beta2^t)
}

// adamCoef are the factors the kernels use, derived once a call.
type adamCoef struct {
	gradScale        float32
	beta1, rest1     float32 // rest = 1−β
	beta2, rest2     float32
	keep             float32 // 1 − LR·WeightDecay
	step             float32 // LR·Correct1
	rootCorrect, eps float32 // √Correct2
}

// adamTiny is the bound below which moments are set to zero.
const adamTiny = 1.0 / (1 << 30) / (1 << 30) / (1 << 30) / (1 << 20) // 2⁻¹¹⁰

func (a *AdamWArgs) coef() adamCoef {
	return adamCoef{
		gradScale: a.GradScale,
		beta1:     a.Beta1, rest1: float32(1 - float64(a.Beta1)),
		beta2: a.Beta2, rest2: float32(1 - float64(a.Beta2)),
		keep:        float32(1 - float64(a.LR)*float64(a.WeightDecay)),
		step:        float32(float64(a.LR) * float64(a.Correct1)),
		rootCorrect: float32(math.Sqrt(float64(a.Correct2))), eps: a.Eps,
	}
}

// AdamWStep updates parameters p and moments m, v by gradients g, which stay as they are, in one pass:
//
//	g' = GradScale·g;  m = β1·m + (1−β1)·g';  v = β2·v + (1−β2)·g'²
//	p = p·(1 − LR·WeightDecay) − LR·Correct1·m/(√(v·Correct2) + Eps)
//
// Moments whose magnitude falls under 2⁻¹¹⁰ become zero, so that rows without gradients (rare tokens) do not run into
// denormals, which cost some processors a microcode assist each (Zen 4 none); the update of such an element is below
// 1e-25·LR. NaN stays NaN. Every element is updated alone: any split into ranges gives the same bits.
func AdamWStep(p, g, m, v []float32, a *AdamWArgs) {
	sameAdam("AdamWStep", len(p), len(g), len(m), len(v))
	vec().adamW(p, m, v, g, a.coef())
}

// AdamWStepBF16 is AdamWStep that also writes the new p, rounded, to the compute copy half.
func AdamWStepBF16(p, g, m, v []float32, half []BF16Bits, a *AdamWArgs) {
	sameAdam("AdamWStepBF16", len(p), len(g), len(m), len(v))
	same("AdamWStepBF16", len(p), len(half))
	vec().adamWBF16(p, m, v, half, g, a.coef())
}

// AdamWStepF16 is AdamWStep that also writes the new p, rounded, to the compute copy half.
func AdamWStepF16(p, g, m, v []float32, half []F16Bits, a *AdamWArgs) {
	sameAdam("AdamWStepF16", len(p), len(g), len(m), len(v))
	same("AdamWStepF16", len(p), len(half))
	vec().adamWF16(p, m, v, half, g, a.coef())
}

func sameAdam(op string, p, g, m, v int) {
	same3(op, p, g, m)
	same(op, p, v)
}

// update is the step of one element.
func (c adamCoef) update(p, m, v, g float32) (np, nm, nv float32) {
	g *= c.gradScale
	m = c.beta1*m + c.rest1*g
	v = c.beta2*v + c.rest2*(g*g)
	if max(m, -m) < adamTiny {
		m = 0
	}
	if v < adamTiny {
		v = 0
	}
	den := float32(math.Sqrt(float64(v)))*c.rootCorrect + c.eps
	return p*c.keep - c.step*(m/den), m, v
}

func adamWGeneric(p, m, v, g []float32, c adamCoef) {
	m, v, g = m[:len(p)], v[:len(p)], g[:len(p)]
	for i := range p {
		p[i], m[i], v[i] = c.update(p[i], m[i], v[i], g[i])
	}
}

func adamWBF16Generic(p, m, v []float32, half []BF16Bits, g []float32, c adamCoef) {
	adamWGeneric(p, m, v, g, c)
	f32ToBF16Generic(half, p)
}

func adamWF16Generic(p, m, v []float32, half []F16Bits, g []float32, c adamCoef) {
	adamWGeneric(p, m, v, g, c)
	f32ToF16Generic(half, p)
}
