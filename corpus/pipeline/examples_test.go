package pipeline

import (
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/athanor-lm/athanor/corpus/mix"
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

// TestPagesNameEveryKeyAndStep compares the pages on recipes with what recipes can hold.
func TestPagesNameEveryKeyAndStep(t *testing.T) {
	var words []string
	for _, v := range []any{recipeFile{}, Recipe{}, Input{}, Output{}, Step{}, mix.Settings{}, mix.Source{}, mix.Replay{}} {
		for field := range reflect.TypeOf(v).Fields() {
			if key, _, _ := strings.Cut(field.Tag.Get("yaml"), ","); key != "" && key != "-" {
				words = append(words, key)
			}
		}
	}
	for _, kind := range Kinds() {
		if !strings.HasPrefix(kind, "test-") {
			words = append(words, kind)
		}
	}
	if len(words) < 60 {
		t.Fatalf("%d keys and steps were found, want more", len(words))
	}
	for _, page := range []string{"../../docs/corpus/pipeline.md", "../../docs/zh/corpus/pipeline.md"} {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, w := range words {
			if !regexp.MustCompile("[ `{]" + w + "(`|: )").Match(text) {
				t.Errorf("%s does not name %s", page, w)
			}
		}
	}
}
