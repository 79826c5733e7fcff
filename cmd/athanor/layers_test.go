package main

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/athanor-lm/athanor/"

// dataLayer holds the packages that never import tensor, though it lies below.
const dataLayer = 2

// layers reads the table of docs/architecture.md: the layer of each package and of those in its folder.
func layers(t *testing.T, page string) map[string]int {
	t.Helper()
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	layers := map[string]int{}
	for _, row := range regexp.MustCompile(`(?m)^\| (\d) [^|]*\| ([^|]*)\|`).FindAllStringSubmatch(string(text), -1) {
		layer, _ := strconv.Atoi(row[1])
		for _, name := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(row[2], -1) {
			layers[strings.TrimSuffix(name[1], "/…")] = layer
		}
	}
	return layers
}

// layerOf is the layer of a package, and false where the table has none.
func layerOf(layers map[string]int, pkg string) (int, bool) {
	for ; pkg != "."; pkg = path.Dir(pkg) {
		if layer, ok := layers[pkg]; ok {
			return layer, true
		}
	}
	return 0, false
}

// What docs/architecture.md says of the packages is so.
func TestPackagesImportOnlyFromTheirLayerAndBelow(t *testing.T) {
	root := filepath.Join("..", "..")
	table := layers(t, filepath.Join(root, "docs", "architecture.md"))
	for name := range table {
		if _, err := os.Stat(filepath.Join(root, filepath.FromSlash(name))); err != nil {
			t.Errorf("the table has %s: %v", name, err)
		}
	}
	if zh := layers(t, filepath.Join(root, "docs", "zh", "architecture.md")); len(zh) != len(table) {
		t.Errorf("the Chinese table has %d packages, the English one %d", len(zh), len(table))
	}
	err := filepath.WalkDir(root, func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(root, file)
		if err != nil {
			return err
		}
		pkg := path.Dir(filepath.ToSlash(name))
		if d.IsDir() {
			if _, err := os.Stat(filepath.Join(file, "go.mod")); err == nil && name != "." || d.Name() == "testdata" {
				return fs.SkipDir // a module of its own
			}
			return nil
		}
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") || pkg == "examples" || strings.HasPrefix(pkg, "bench") {
			return nil
		}
		layer, ok := layerOf(table, pkg)
		if !ok {
			t.Errorf("docs/architecture.md has no layer of %s", pkg)
			return fs.SkipDir
		}
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		for _, spec := range f.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			if imported, ok = strings.CutPrefix(imported, module); !ok {
				continue
			}
			below, _ := layerOf(table, imported)
			switch {
			case below > layer:
				t.Errorf("%s of layer %d imports %s of layer %d", name, layer, imported, below)
			case layer == dataLayer && imported == "tensor":
				t.Errorf("%s imports tensor: the data side is usable alone", name)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
