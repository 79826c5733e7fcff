package kernel

import (
	"bytes"
	"math"
	"math/rand/v2"
	"testing"
)

// newDecodeArgs makes random inputs and caches of maxT positions; sequence b has 3·b tokens cached.
func newDecodeArgs(r *rand.Rand, b, n, h, k, d int, dt DType, maxT int) *DecodeArgs {
	a := &DecodeArgs{B: b, N: n, H: h, K: k, D: d, Scale: float32(1 / math.Sqrt(float64(d))), Compute: dt,
		QKV: newMat(dt, b*n, (h+2*k)*d), Out: newMat(dt, b*n, h*d)}
	fillMat(a.QKV, r, 1)
	for i := range b {
		kc, vc := newMat(dt, maxT, k*d), newMat(dt, maxT, k*d)
		fillMat(kc, r, 1)
		fillMat(vc, r, 1)
		a.KCache, a.VCache, a.Past = append(a.KCache, kc), append(a.VCache, vc), append(a.Past, int32(3*i))
	}
	return a
}

func TestDecodeContinuesTheForwardPass(t *testing.T) {
	for _, level := range Levels() {
		for _, c := range []attnCase{
			{B: 3, T: 90, H: 4, K: 2, D: 64, mask: "causal", rope: true, store: F32, compute: F32},
			{B: 2, T: 53, H: 2, K: 2, D: 32, mask: "causal", store: BF16, compute: BF16},
			{B: 2, T: 61, H: 3, K: 1, D: 80, mask: "window", rope: true, store: F16, compute: F32},
		} {
			t.Run(level.String()+"/"+c.String(), func(t *testing.T) {
				SetLevelForTest(t, level)
				decodeAgainstForward(t, c)
			})
		}
	}
}

// decodeAgainstForward feeds a batch to decode as uneven prompts and then token by token, and compares with the oracle.
func decodeAgainstForward(t *testing.T, c attnCase) {
	p := NewPool(2)
	defer p.Close()
	full := newAttnArgs(c, 2)
	for i := range full.Positions {
		full.Positions[i] = int32(i % c.T)
	}
	want := newAttnOracle(full, values(full.QKV), values(full.DOut)).out
	got := make([]float64, len(want))
	a := newDecodeArgs(rand.New(rand.NewPCG(1, 2)), c.B, 1, c.H, c.K, c.D, c.store, c.T)
	a.Cos, a.Sin, a.Compute = full.Cos, full.Sin, c.compute
	clear(a.Past)
	if c.mask == "window" {
		a.Window = c.T/4 + 1
	}
	w := c.H * c.D
	for step := 0; ; step++ {
		n := 1
		if step == 0 {
			n = c.T - 5 // prompts of different lengths, padded
		}
		a.N, a.Valid = n, nil
		a.QKV, a.Out = newMat(c.store, c.B*n, full.QKV.Cols), newMat(c.store, c.B*n, w)
		left := 0
		for b := range c.B {
			v := min(n, c.T-int(a.Past[b]))
			if step == 0 {
				v = n - 3*b
			}
			a.Valid = append(a.Valid, int32(v))
			left += v
			for i := range v {
				CopyRow(a.QKV, b*n+i, full.QKV, b*c.T+int(a.Past[b])+i)
			}
		}
		if left == 0 {
			break
		}
		AttentionDecode(p, a)
		out := values(a.Out)
		for b := range c.B {
			copy(got[(b*c.T+int(a.Past[b]))*w:], out[b*n*w:][:int(a.Valid[b])*w])
			for _, v := range out[(b*n+int(a.Valid[b]))*w:][:(n-int(a.Valid[b]))*w] {
				if v != 0 {
					t.Fatal("a padded token has an output")
				}
			}
			a.Past[b] += a.Valid[b]
		}
	}
	closeTo(t, "out", got, want, attnTolerance(c))
}

func TestDecodeBitsDoNotDependOnWorkers(t *testing.T) {
	for _, n := range []int{1, 20} {
		var out []byte
		for workers := 1; workers <= 3; workers++ {
			a := newDecodeArgs(rand.New(rand.NewPCG(4, 4)), 2, n, 6, 3, 64, BF16, 50)
			p := NewPool(workers)
			AttentionDecode(p, a)
			p.Close()
			if workers == 1 {
				out = matBytes(a.Out)
			} else if !bytes.Equal(out, matBytes(a.Out)) {
				t.Errorf("%d new tokens: %d workers give other bits than 1", n, workers)
			}
		}
	}
}
