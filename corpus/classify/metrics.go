package classify

import (
	"math"
	"slices"
)

// Metrics say how well documents are told apart. Precision, recall and F1 are by label; a label that no document has leaves them 0 and
// out of the means.
type Metrics struct {
	Labels    []string  `json:"labels"`
	Documents int       `json:"documents"`
	Accuracy  float64   `json:"accuracy"`
	Precision []float64 `json:"precision"`
	Recall    []float64 `json:"recall"`
	F1        []float64 `json:"f1"`
	MacroF1   float64   `json:"macro_f1"` // mean of F1 over labels
	// AUC is the area under the ROC curve of the second of two labels, of more the mean over labels of each against the others.
	AUC     float64 `json:"auc"`
	LogLoss float64 `json:"log_loss"` // mean of -ln p(true label)
	// CalibrationError is the mean difference between the probability of the chosen label and the share of right choices, over 10
	// equal bins of that probability weighted by their documents (ECE).
	CalibrationError float64 `json:"calibration_error"`
	Confusion        [][]int `json:"confusion"` // [true][chosen]
}

// Measure compares probabilities [document][label] with the true labels.
func Measure(labels []string, probabilities [][]float64, truth []int) Metrics {
	k := len(labels)
	m := Metrics{Labels: labels, Documents: len(truth), Precision: make([]float64, k), Recall: make([]float64, k), F1: make([]float64, k)}
	for range k {
		m.Confusion = append(m.Confusion, make([]int, k))
	}
	if len(truth) == 0 {
		return m
	}
	var bins [10]struct{ n, right, p float64 }
	right := 0
	for i, p := range probabilities {
		best := 0
		for j := range p {
			if p[j] > p[best] {
				best = j
			}
		}
		m.Confusion[truth[i]][best]++
		m.LogLoss -= math.Log(max(p[truth[i]], 1e-15))
		b := &bins[min(9, int(10*p[best]))]
		b.n++
		b.p += p[best]
		if best == truth[i] {
			right++
			b.right++
		}
	}
	n := float64(len(truth))
	m.Accuracy, m.LogLoss = float64(right)/n, m.LogLoss/n
	for _, b := range bins {
		m.CalibrationError += math.Abs(b.p-b.right) / n
	}
	m.byLabel(probabilities, truth)
	return m
}

// byLabel fills in what is counted by label, and the means.
func (m *Metrics) byLabel(probabilities [][]float64, truth []int) {
	k, seen := len(m.Labels), 0.0
	for j := range k {
		var is, chosen int
		for i := range k {
			is += m.Confusion[j][i]
			chosen += m.Confusion[i][j]
		}
		hit := float64(m.Confusion[j][j])
		if chosen > 0 {
			m.Precision[j] = hit / float64(chosen)
		}
		if is == 0 {
			continue
		}
		m.Recall[j] = hit / float64(is)
		if hit > 0 {
			m.F1[j] = 2 * m.Precision[j] * m.Recall[j] / (m.Precision[j] + m.Recall[j])
		}
		seen++
		m.MacroF1 += m.F1[j]
		if k > 2 || j == 1 {
			m.AUC += auc(probabilities, truth, j)
		}
	}
	m.MacroF1 /= seen
	if k > 2 {
		m.AUC /= seen
	}
}

// auc is the probability that a document of the label has a larger probability of it than one of the others, ties counted half: the
// rank sum of Mann and Whitney.
func auc(probabilities [][]float64, truth []int, label int) float64 {
	type point struct {
		p   float64
		yes bool
	}
	points := make([]point, len(truth))
	for i := range truth {
		points[i] = point{probabilities[i][label], truth[i] == label}
	}
	slices.SortFunc(points, func(a, b point) int {
		switch {
		case a.p < b.p:
			return -1
		case a.p > b.p:
			return 1
		}
		return 0
	})
	var yes, ranks float64
	for i := 0; i < len(points); {
		j := i
		for j < len(points) && points[j].p == points[i].p {
			j++
		}
		for _, q := range points[i:j] {
			if q.yes {
				yes++
				ranks += float64(i+j+1) / 2
			}
		}
		i = j
	}
	no := float64(len(points)) - yes
	if yes == 0 || no == 0 {
		return 0
	}
	return (ranks - yes*(yes+1)/2) / (yes * no)
}
