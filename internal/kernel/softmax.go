package kernel

import (
	"fmt"
	"math"
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

// CrossEntropyRow returns the loss −ln softmax(logits)[label] in nats and sets dlogits = scale·(softmax(logits) − onehot(label)).
// dlogits may be logits.
func CrossEntropyRow(dlogits, logits []float32, label int, scale float32) (loss float32) {
	same("CrossEntropyRow", len(dlogits), len(logits))
	loss, lse, grad := rowLoss("CrossEntropyRow", logits, label, scale)
	vec().expShiftScale(dlogits, logits, lse, scale)
	dlogits[label] = grad
	return loss
}

// CrossEntropyRowBF16 is CrossEntropyRow with the gradient rounded to bfloat16.
func CrossEntropyRowBF16(dlogits []BF16Bits, logits []float32, label int, scale float32) (loss float32) {
	same("CrossEntropyRowBF16", len(dlogits), len(logits))
	loss, lse, grad := rowLoss("CrossEntropyRowBF16", logits, label, scale)
	vec().expShiftScaleBF16(dlogits, logits, lse, scale)
	dlogits[label] = ToBF16(grad)
	return loss
}

// rowLoss returns the loss, the log of the normaliser, and the label's gradient; e^−loss − 1 is taken in f64 so that
// the gradient of a nearly certain label does not cancel.
func rowLoss(op string, logits []float32, label int, scale float32) (loss, lse, grad float32) {
	if uint(label) >= uint(len(logits)) {
		panic(fmt.Sprintf("kernel.%s: label %d, want one of %d classes", op, label, len(logits)))
	}
	m := vec().maxOf(logits)
	ln := math.Log(float64(vec().expSum(logits, m)))
	nats := ln + (float64(m) - float64(logits[label]))
	return float32(nats), float32(float64(m) + ln), float32(float64(scale) * math.Expm1(-nats))
}
