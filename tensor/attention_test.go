package tensor

import (
	"math"
	"testing"
)

// refAttention is softmax attention as it is written in the paper, with rotation, intervals and dropout.
func refAttention(qkv []float64, s AttnSpec, B, T int, keep []float64) []float64 {
	H, K, D := s.H, s.K, s.D
	cols := (H + 2*K) * D
	head := func(b, t, h int) []float64 { // rotated where s has a rope; h counts q, k, v heads
		x := append([]float64(nil), qkv[(b*T+t)*cols+h*D:][:D]...)
		if s.Rope == nil || h >= H+K {
			return x
		}
		y := make([]float64, D)
		for i := range D / 2 {
			at := int(s.Positions[b*T+t])*D/2 + i
			cos, sin := float64(s.Rope.cos[at]), float64(s.Rope.sin[at])
			y[i], y[i+D/2] = x[i]*cos-x[i+D/2]*sin, x[i+D/2]*cos+x[i]*sin
		}
		return y
	}
	out := make([]float64, B*T*H*D)
	for b := range B {
		for h := range H {
			for t := range T {
				q := head(b, t, h)
				var sum float64
				p := make([]float64, T)
				for u := int(s.KeyLo[b*T+t]); u < int(s.KeyHi[b*T+t]); u++ {
					var dot float64
					for i, k := range head(b, u, H+h*K/H) {
						dot += q[i] * k
					}
					p[u] = math.Exp(dot * float64(s.scale()))
					sum += p[u]
				}
				for u := int(s.KeyLo[b*T+t]); u < int(s.KeyHi[b*T+t]); u++ {
					w := p[u] / sum * keep[((b*H+h)*T+t)*T+u]
					for i, v := range head(b, u, H+K+h*K/H) {
						out[((b*T+t)*H+h)*D+i] += w * v
					}
				}
			}
		}
	}
	return out
}

func TestAttention(t *testing.T) {
	const B, T, H, K, D = 2, 7, 4, 2, 6
	for _, c := range []struct {
		name string
		rope bool
		drop float32
		lo   func(t int) int32
		hi   func(t int) int32
	}{
		{"causal", false, 0, func(int) int32 { return 0 }, func(t int) int32 { return int32(t + 1) }},
		{"window with rope", true, 0, func(t int) int32 { return int32(max(0, t-2)) }, func(t int) int32 { return int32(t + 1) }},
		{"full with dropout", false, 0.3, func(int) int32 { return 0 }, func(int) int32 { return T }},
		{"documents with an empty row", true, 0, func(t int) int32 { return int32(t / 3 * 3) }, func(t int) int32 {
			if t == 4 {
				return 0
			}
			return int32(t + 1)
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := AttnSpec{H: H, K: K, D: D, Drop: c.drop}
			for i := range B * T {
				s.KeyLo, s.KeyHi = append(s.KeyLo, c.lo(i%T)), append(s.KeyHi, c.hi(i%T))
				s.Positions = append(s.Positions, int32(i%T+2))
			}
			if c.rope {
				s.Rope = NewRope(D, T+2, 100, RopeScaling{})
			}
			opTest{in: []input{{shape: []int{B, T, (H + 2*K) * D}}}, loose: 2,
				build: func(t *Tape, x []*Tensor, _ []*Param) *Tensor { return t.Attention(x[0], s) },
				ref: func(in [][]float64) []float64 {
					return refAttention(in[0], s, B, T, mask(7, 3, 1, c.drop, B*H*T*T))
				},
			}.run(t)
		})
	}
}

func TestAttentionAddsToAGradient(t *testing.T) {
	const B, T, H, D = 1, 5, 1, 4
	s := AttnSpec{H: H, K: H, D: D}
	for i := range T {
		s.KeyLo, s.KeyHi = append(s.KeyLo, 0), append(s.KeyHi, int32(i+1))
	}
	opTest{in: []input{{shape: []int{B, T, 3 * D}}}, loose: 2,
		build: func(t *Tape, x []*Tensor, _ []*Param) *Tensor {
			return t.Add(t.Attention(x[0], s), t.Scale(t.Attention(x[0], s), 2))
		},
		ref: func(in [][]float64) []float64 {
			y := refAttention(in[0], s, B, T, mask(7, 3, 1, 0, B*H*T*T))
			for i := range y {
				y[i] *= 3
			}
			return y
		},
	}.run(t)
}

// TestDecodeContinuesAttention feeds a sequence through the cache in pieces and expects what Attention gives for the whole.
func TestDecodeContinuesAttention(t *testing.T) {
	const T, H, K, D = 9, 4, 2, 6
	for _, dt := range []DType{F32, BF16, F16} {
		t.Run(dt.String(), func(t *testing.T) {
			tape := testTape(t, dt, 2)
			rope := NewRope(D, T, 1e4, RopeScaling{})
			cols := (H + 2*K) * D
			qkv := make([]float32, T*cols)
			for i := range qkv {
				qkv[i] = float32(math.Sin(float64(i * i)))
			}
			s := AttnSpec{H: H, K: K, D: D, Rope: rope}
			for i := range T {
				s.KeyLo, s.KeyHi, s.Positions = append(s.KeyLo, 0), append(s.KeyHi, int32(i+1)), append(s.Positions, int32(i))
			}
			x := NewTensor(dt, 1, T, cols)
			x.CopyFrom(qkv)
			want := make([]float32, T*H*D)
			tape.Run("whole", 0, false, func() { tape.Attention(x, s).CopyTo(want) })
			cache := [2][]*Tensor{{NewTensor(dt, T, K*D)}, {NewTensor(dt, T, K*D)}}
			past := []int32{0}
			for _, n := range []int{4, 1, 1, 3} {
				p := int(past[0])
				part := NewTensor(dt, 1, n, cols)
				part.CopyFrom(qkv[p*cols : (p+n)*cols])
				got := make([]float32, n*H*D)
				tape.Run("decode"+string(rune('0'+n)), 0, false, func() {
					tape.DecodeAttention(part, DecodeSpec{H: H, K: K, D: D, Rope: rope, KCache: cache[0], VCache: cache[1], Past: past}).CopyTo(got)
				})
				ref := make([]float64, len(got))
				for i := range ref {
					ref[i] = float64(want[p*H*D+i])
				}
				compare(t, "decoded", got, ref, tolerance(dt))
				past[0] += int32(n)
			}
		})
	}
}
