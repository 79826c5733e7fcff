package tensor

import "testing"

func TestEmbed(t *testing.T) {
	const B, T, C, V = 3, 5, 19, 11
	var ids, pos []int32
	for i := range B * T {
		ids, pos = append(ids, int32(i*i%V)), append(pos, int32(i%T))
	}
	for name, p := range map[string]float32{"plain": 0, "dropout": 0.3} {
		t.Run(name, func(t *testing.T) {
			opTest{in: []input{{shape: []int{V, C}, param: true}, {shape: []int{T, C}, param: true}},
				build: func(t *Tape, _ []*Tensor, q []*Param) *Tensor { return t.Embed(ids, B, T, q[0], pos, q[1], p) },
				ref: func(in [][]float64) []float64 {
					y := mask(7, 3, 0, p, B*T*C)
					for i := range y {
						y[i] *= in[0][int(ids[i/C])*C+i%C] + in[1][int(pos[i/C])*C+i%C]
					}
					return y
				},
			}.run(t)
		})
	}
}
