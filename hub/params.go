package hub

import (
	"errors"
	"fmt"
	"slices"

	"github.com/athanor-lm/athanor/tensor"
)

// Fill loads every parameter of a model of the checkpoint's configuration. The parameters must have memory
// (tensor.Param.Allocate); compute copies must be refreshed afterwards (tensor.Param.Refresh).
func (c *Checkpoint) Fill(params []*tensor.Param) error {
	if err := match(c.Params(), params); err != nil {
		return fmt.Errorf("hub: load %s: %w", c.Dir, err)
	}
	for _, p := range params {
		if err := c.Load(p.Name, p.Value.F32()); err != nil {
			return err
		}
	}
	return nil
}

// Source reads params for Export.
func Source(params []*tensor.Param) func(name string, dst []float32) error {
	byName := make(map[string]*tensor.Param, len(params))
	for _, p := range params {
		byName[p.Name] = p
	}
	return func(name string, dst []float32) error {
		p, ok := byName[name]
		if !ok {
			return errors.New("the model has no such parameter")
		}
		if p.Len() != len(dst) {
			return fmt.Errorf("the model's has shape %v, %d elements, want %d", p.Shape, p.Len(), len(dst))
		}
		copy(dst, p.Value.F32())
		return nil
	}
}

// match refuses parameters that are not those of the table.
func match(table []Param, params []*tensor.Param) error {
	byName := make(map[string]Param, len(table))
	for _, p := range table {
		byName[p.Name] = p
	}
	for _, p := range params {
		want, ok := byName[p.Name]
		if !ok {
			return fmt.Errorf("the checkpoint has no parameter %q", p.Name)
		}
		if !slices.Equal(p.Shape, want.Shape) {
			return fmt.Errorf("parameter %q: shape %v, the checkpoint's is %v", p.Name, p.Shape, want.Shape)
		}
		delete(byName, p.Name)
	}
	for _, p := range table {
		if _, left := byName[p.Name]; left {
			return fmt.Errorf("the model lacks parameter %q of shape %v", p.Name, p.Shape)
		}
	}
	return nil
}
