package kernel

import (
	"fmt"
	"math"
	"unsafe"
)

// SoftmaxRow sets dst = exp(src)/Σ exp(src), shifted by the largest element so that nothing overflows.
// A row that is all −Inf (everything masked) becomes all zero.
func SoftmaxRow(dst, src []float32) {
	same("SoftmaxRow", len(dst), len(src))
	m := vec().maxOf(src)
	if math.IsInf(float64(m), -1) && !hasNaN(src) {
		clear(dst)
		return
	}
	vec().scale(dst, dst, 1/vec().expShiftSum(dst, src, m))
}

// LogSumExp returns ln Σ exp(src), −Inf for an empty or all −Inf row.
func LogSumExp(src []float32) float32 {
	m := vec().maxOf(src)
	if math.IsInf(float64(m), -1) && !hasNaN(src) {
		return m
	}
	return m + float32(math.Log(float64(vec().expSum(src, m))))
}

// hasNaN is asked only where the largest element was −Inf.
func hasNaN(x []float32) bool {
	for _, v := range x {
		if v != v {
			return true
		}
	}
	return false
}

// CrossEntropyRow returns the loss −ln softmax(logits)[label] in nats and sets dlogits = scale·(softmax(logits) −
// onehot(label)). dlogits may be logits.
func CrossEntropyRow(dlogits, logits []float32, label int, scale float32) (loss float32) {
	same("CrossEntropyRow", len(dlogits), len(logits))
	inClasses("CrossEntropyRow", label, logits)
	at, top := logits[label], vec().maxOf(logits)
	sum := vec().expShiftSum(dlogits, logits, top)
	vec().scale(dlogits, dlogits, scale/sum)
	loss, dlogits[label] = labelLoss(sum, top, at, scale)
	return loss
}

// CrossEntropyRowBF16 is CrossEntropyRow with the gradient rounded to bfloat16. dlogits may begin where logits does, in
// the same memory: the gradient then takes the first half of it, and the second half is scratch.
func CrossEntropyRowBF16(dlogits []BF16Bits, logits []float32, label int, scale float32) (loss float32) {
	same("CrossEntropyRowBF16", len(dlogits), len(logits))
	inClasses("CrossEntropyRowBF16", label, logits)
	at, top := logits[label], vec().maxOf(logits)
	var sum, grad float32
	if unsafe.Pointer(&dlogits[0]) == unsafe.Pointer(&logits[0]) {
		sum = vec().expShiftSum(logits, logits, top)
		vec().scaleToBF16(dlogits, logits, scale/sum) // writes behind what it reads
	} else {
		sum = vec().expSum(logits, top)
		vec().expShiftScaleBF16(dlogits, logits, top, scale/sum)
	}
	loss, grad = labelLoss(sum, top, at, scale)
	dlogits[label] = ToBF16(grad)
	return loss
}

// labelLoss returns the loss of a label with logit at, and its gradient scale·(p − 1), from Σ exp(logits − top). It is
// taken in f64, and p − 1 as e^−loss − 1, so that nearly certain labels do not cancel.
func labelLoss(sum, top, at, scale float32) (loss, grad float32) {
	nats := math.Log(float64(sum)) + (float64(top) - float64(at))
	return float32(nats), float32(float64(scale) * math.Expm1(-nats))
}

func inClasses(op string, label int, logits []float32) {
	if uint(label) >= uint(len(logits)) {
		panic(fmt.Sprintf("kernel.%s: label %d, want one of %d classes", op, label, len(logits)))
	}
}
