package optim

// LossScaler keeps f16 gradients out of underflow (Micikevicius et al. 2018, section 3.2): the loss is multiplied by
// Scale before the backward pass and the gradients divided by it after. An overflow halves the scale and the
// update is skipped; Interval clean steps double it.
type LossScaler struct {
	Scale    float64 // saved with a checkpoint
	Clean    int     // steps without overflow since Scale changed; saved with a checkpoint
	Interval int
}

// The scaler's bounds. Below 1 a scale serves no purpose: the gradients themselves overflow. The upper bound keeps
// scaled f32 gradients far from overflow.
const (
	minScale = 1
	maxScale = 1 << 24
)

// NewLossScaler starts at 65,536 and doubles after 2,000 clean steps.
func NewLossScaler() *LossScaler { return &LossScaler{Scale: 65536, Interval: 2000} }

// Update adapts the scale to whether the step's gradients were finite, and reports whether the update
// shall be done. Call it after the factor 1/Scale of this step was taken.
func (s *LossScaler) Update(finite bool) bool {
	if !finite {
		s.Scale = max(minScale, s.Scale/2)
		s.Clean = 0
		return false
	}
	if s.Clean++; s.Clean >= s.Interval {
		s.Scale = min(maxScale, 2*s.Scale)
		s.Clean = 0
	}
	return true
}
