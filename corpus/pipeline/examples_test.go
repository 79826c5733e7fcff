package pipeline

import (
	"path/filepath"
	"testing"
)

func TestExamplesAreRecipes(t *testing.T) {
	files, err := filepath.Glob("../../examples/corpus-*.yaml")
	if err != nil || len(files) != 4 {
		t.Fatalf("%d examples, %v", len(files), err)
	}
	for _, f := range files {
		if _, err := LoadRecipe(f, nil); err != nil {
			t.Error(err)
		}
	}
}
