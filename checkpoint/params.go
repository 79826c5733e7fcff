package checkpoint

import "github.com/athanor-lm/athanor/tensor"

// Groups names the live tensors of params for State.Groups, LoadInto and LoadWeights: group i holds the master
// weights of parameter i and, where moments is given (optim.AdamW.Moments), optim.m.NAME and optim.v.NAME.
// After loading, compute copies must be refreshed (tensor.Param.Refresh).
func Groups(params []*tensor.Param, moments func(i int) (m, v []float32)) [][]Tensor {
	groups := make([][]Tensor, len(params))
	for i, p := range params {
		groups[i] = []Tensor{{Name: p.Name, Shape: p.Shape, Data: p.Value.F32()}}
		if moments != nil {
			m, v := moments(i)
			groups[i] = append(groups[i],
				Tensor{Name: OptimizerPrefix + "m." + p.Name, Shape: p.Shape, Data: m},
				Tensor{Name: OptimizerPrefix + "v." + p.Name, Shape: p.Shape, Data: v})
		}
	}
	return groups
}
