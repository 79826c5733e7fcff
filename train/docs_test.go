package train

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/athanor-lm/athanor/model"
)

// leafKeys calls visit with every dotted YAML key below v that holds a value, and the value.
func leafKeys(v reflect.Value, prefix string, visit func(key string, v reflect.Value)) {
	for i := range v.NumField() {
		name, options, _ := strings.Cut(v.Type().Field(i).Tag.Get("yaml"), ",")
		f, key := v.Field(i), prefix+name
		switch {
		case options == "inline":
			leafKeys(f, prefix, visit)
		case f.Kind() == reflect.Struct:
			leafKeys(f, key+".", visit)
		case f.Kind() == reflect.Slice && f.Type().Elem().Kind() == reflect.Struct:
			leafKeys(reflect.New(f.Type().Elem()).Elem(), key+"[].", visit)
		default:
			visit(key, f)
		}
	}
}

// documentedKeys returns the default column of each row of a page's tables by key.
func documentedKeys(t *testing.T, page string) map[string]string {
	t.Helper()
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string]string{}
	for line := range strings.Lines(string(text)) {
		cells := strings.Split(strings.TrimSpace(line), " | ")
		if key, ok := strings.CutPrefix(cells[0], "| `"); ok && len(cells) == 4 {
			rows[strings.TrimSuffix(key, "`")] = cells[2]
		}
	}
	return rows
}

func TestEveryKeyOfTheConfigurationIsDocumentedWithItsDefault(t *testing.T) {
	for _, page := range []string{"../docs/config.md", "../docs/zh/config.md"} {
		rows := documentedKeys(t, page)
		leafKeys(reflect.ValueOf(DefaultConfig()), "", func(key string, v reflect.Value) {
			shown, ok := rows[key]
			delete(rows, key)
			switch {
			case !ok:
				t.Errorf("%s: no row for %s", page, key)
			case !v.IsZero() && !sameDefault(v, strings.Trim(shown, "`")):
				t.Errorf("%s: %s: the default is shown as %s, but it is %v", page, key, shown, v)
			}
		})
		for key := range rows {
			t.Errorf("%s: a row for %s, but the configuration has no such key", page, key)
		}
		text, _ := os.ReadFile(page)
		for _, name := range model.PresetNames() {
			if !strings.Contains(string(text), "`"+name+"`") {
				t.Errorf("%s: preset %s is missing", page, name)
			}
		}
	}
}

func sameDefault(v reflect.Value, shown string) bool {
	if v.Kind() == reflect.Float64 {
		f, err := strconv.ParseFloat(shown, 64)
		return err == nil && f == v.Float()
	}
	return fmt.Sprint(v) == shown
}

func TestExamplesParse(t *testing.T) {
	files, err := filepath.Glob("../examples/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("found %v (%v), want recipes", files, err)
	}
	for _, file := range files {
		if strings.HasPrefix(filepath.Base(file), "corpus-") { // recipes of corpora, which package pipeline checks
			continue
		}
		c, err := LoadConfig(file, nil)
		if err != nil {
			t.Error(err)
			continue
		}
		text, _ := os.ReadFile(file)
		name := filepath.Base(file)
		if want := "examples/" + name; !strings.Contains(string(text), want) {
			t.Errorf("%s: does not say how it is run: %s", file, want)
		}
		if want := "runs/" + strings.TrimSuffix(name, ".yaml"); c.Dir != want {
			t.Errorf("%s: dir is %s, want %s", file, c.Dir, want)
		}
	}
}
