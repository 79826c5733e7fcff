package kernel

// RotateHalf applies the rotary embedding (Su et al. 2021, eq. 34) to one head of even size D = len(x) in the half-split
// layout of Hugging Face: the pair of i < D/2 is (x[i], x[i+D/2]), turned by the angle whose cosine and sine are cos[i]
// and sin[i] (one row of a [T, D/2] table). With inverse it turns back: the backward pass. dst may be x.
func RotateHalf(dst, x, cos, sin []float32, inverse bool) {
	h := sameRope("RotateHalf", len(dst), len(x), len(cos), len(sin))
	vec().rotate(dst[:h], dst[h:], x[:h], x[h:], cos, sin, turn(inverse))
}

// RotateHalfBF16 is RotateHalf from bfloat16 to bfloat16, computed in f32 and rounded once.
func RotateHalfBF16(dst, x []BF16Bits, cos, sin []float32, inverse bool) {
	h := sameRope("RotateHalfBF16", len(dst), len(x), len(cos), len(sin))
	vec().rotateBF16(dst[:h], dst[h:], x[:h], x[h:], cos, sin, turn(inverse))
}

func turn(inverse bool) float32 {
	if inverse {
		return -1
	}
	return 1
}

func sameRope(op string, dst, x, cos, sin int) (half int) {
	same(op, dst, x)
	same3(op, x, 2*cos, 2*sin)
	return cos
}

func rotateGeneric(d1, d2, x1, x2, cos, sin []float32, sign float32) {
	for i := range d1 {
		a, b, c, s := x1[i], x2[i], cos[i], sign*sin[i]
		d1[i], d2[i] = a*c-b*s, b*c+a*s
	}
}

func rotateBF16Generic(d1, d2, x1, x2 []BF16Bits, cos, sin []float32, sign float32) {
	for i := range d1 {
		a, b, c, s := x1[i].F32(), x2[i].F32(), cos[i], sign*sin[i]
		d1[i], d2[i] = ToBF16(a*c-b*s), ToBF16(b*c+a*s)
	}
}
