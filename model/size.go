package model

// NumParams returns the number of parameters of a valid configuration; a tied head counts once.
func (c Config) NumParams() int64 {
	c = c.Normalize()
	s := families[c.Family].sizes(&c)
	embed := int64(c.Vocab) * int64(c.Width)
	total := embed + s.positions + int64(c.Layers)*s.layer + s.last
	if !c.TiedHead {
		total += embed
	}
	return total
}

// roughParams is NumParams of any dimensions without overflow, and within a factor of three.
func (c Config) roughParams() float64 {
	f := func(n int) float64 { return float64(n) }
	return f(c.Width)*f(c.Vocab) + f(c.Width)*f(c.Layers)*(f(c.Heads)*f(c.HeadDim)+f(c.KVHeads)*f(c.HeadDim)+f(c.FF))
}

// TableBytes returns the memory of the rotation tables that New makes beside the parameters.
func (c Config) TableBytes() int64 {
	c = c.Normalize()
	return families[c.Family].sizes(&c).tables
}

// TrainFLOPsPerToken returns the floating-point operations of forward and backward for one token of a sequence of
// t tokens: 6·N + 12·L·H·D·t, N being the parameters that take part in matrix products (Chowdhery et al. 2022,
// appendix B; the causal half is not subtracted, as is the custom of MFU figures).
func (c Config) TrainFLOPsPerToken(t int) float64 {
	c = c.Normalize()
	C := float64(c.Width)
	q, kv := float64(c.Heads*c.HeadDim), float64(c.KVHeads*c.HeadDim)
	mlp := float64(families[c.Family].sizes(&c).mlp) * C * float64(c.FF)
	n := float64(c.Layers)*(C*(q+2*kv)+q*C+mlp) + C*float64(c.Vocab)
	return 6*n + 12*float64(c.Layers)*q*float64(t)
}
