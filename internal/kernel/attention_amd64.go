package kernel

//go:generate go -C gen run ./attention -s ../attention_amd64.s -go ../attention_decl_amd64.go

// The element-wise steps in assembly, for panels of 16 lanes with AVX2 and of 32 with AVX-512.
var (
	attnAVX2 = attnFuncs{
		softmax: attnSoftmaxAVX2, grad: attnGradAVX2, scaleLanes: attnScaleLanesAVX2, transpose: transposeLanes,
	}
	attnAVX512 = attnFuncs{
		softmax: attnSoftmax512, grad: attnGrad512,
		scaleLanes: attnScaleLanes512, transpose: attnTranspose512, dots: attnDots512, weighted: attnWeighted512, rotate: attnRotate512,
	}
	attnAVX512BF16 = attnFuncs{
		softmax: attnSoftmax512, grad: attnGrad512, softmaxPair: attnSoftmaxPair512, gradPair: attnGradPair512,
		scaleLanes: attnScaleLanes512, transpose: attnTranspose512, transposeBF16: attnTransposeBF16, rowsBF16: attnRowsBF16,
		dots: attnDots512, dotsBF16: attnDotsBF16, weighted: attnWeighted512, weightedBF16: attnWeightedBF16,
		rotate: attnRotate512, rotateToBF16: attnRotateToBF16, rotateBF16: attnRotateBF16,
	}
)

// attnFuncsFor returns the functions that fit mk at the current level.
func attnFuncsFor(mk *microKernel) *attnFuncs {
	switch l := CurrentLevel(); {
	case l >= AVX512BF16 && mk.nr == attnMaxLanes:
		return &attnAVX512BF16
	case l >= AVX512 && mk.nr == attnMaxLanes:
		return &attnAVX512
	case l == AVX2 && mk.nr == 16:
		return &attnAVX2
	}
	return &attnGeneric
}
