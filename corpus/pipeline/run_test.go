package pipeline

import (
	"testing"
)

func TestOutputDoesNotDependOnWorkers(t *testing.T) {
	dir := t.TempDir()
	testInputs(t, dir)
	var want map[string]string
	for _, workers := range []int{1, 3} {
		r := testRecipe(t, dir, testSteps)
		r.Out += string(rune('0' + workers))
		s := runRecipe(t, r, workers)
		if n := s.Steps[0].In.Documents; n != 1050 {
			t.Fatalf("%d documents came in, want 1050", n)
		}
		got := tree(t, r.Out)
		if want == nil {
			want = got
			continue
		}
		sameTree(t, "3 workers", got, want)
	}
}
