package pipeline

import (
	"math"
	"testing"

	"github.com/athanor-lm/athanor/corpus"
)

func init() { kinds["test-endless"] = settings(func() testEndless { return testEndless{} }) }

// testEndless measures what is no number JSON knows.
type testEndless struct{}

func (*testEndless) Validate() error { return nil }
func (*testEndless) Files() []string { return nil }
func (e *testEndless) Open(corpus.Env) (func() corpus.Filter, error) {
	return func() corpus.Filter { return e }, nil
}

func (*testEndless) Apply(d *corpus.Document, r *corpus.Report) {
	r.Drop("odd", math.Inf(1), math.NaN())
}

func TestValuesThatAreNoNumbersDoNotStopARun(t *testing.T) {
	dir := t.TempDir()
	testInputs(t, dir)
	s := runRecipe(t, testRecipe(t, dir, "steps:\n- {use: test-endless, sources: [books]}\n"), 1)
	drop := s.Steps[0].Drops[0]
	if drop.Documents != 300 || drop.Samples[0].Value != math.MaxFloat64 || drop.Samples[0].Limit != 0 {
		t.Errorf("%d documents dropped, the first for %v, want %v", drop.Documents, drop.Samples[0].Value, math.MaxFloat64)
	}
}
