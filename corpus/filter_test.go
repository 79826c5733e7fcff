package corpus

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestGlobOfARecipe(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"a/x.csv", "a/b/y.csv", "a/z.txt", "odd[1].csv"} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	e := Env{Dir: dir}
	for pattern, want := range map[string][]string{
		"a": {"a"}, "a/*.csv": {"a/x.csv"}, "a/**/*.csv": {"a/b/y.csv", "a/x.csv"}, "odd[1].csv": {"odd[1].csv"}, filepath.Join(dir, "a/z.*"): {"a/z.txt"},
	} {
		got, err := e.Glob(pattern)
		for i := range got {
			got[i], _ = filepath.Rel(dir, got[i])
			got[i] = filepath.ToSlash(got[i])
		}
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: %v, %v; want %v", pattern, got, err, want)
		}
	}
	for _, pattern := range []string{"none.csv", "a/*.json"} {
		if got, err := e.Glob(pattern); err == nil || !strings.Contains(err.Error(), pattern) {
			t.Errorf("%s: %v, error %v; want one that names it", pattern, got, err)
		}
	}
}
