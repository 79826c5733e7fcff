package filter_test

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/athanor-lm/athanor/corpus"
	"github.com/athanor-lm/athanor/corpus/filter"
)

// TestDocsNameEverySetting looks for the settings of the rules in the pages about them, and for the rules that the filters name.
func TestDocsNameEverySetting(t *testing.T) {
	for _, path := range []string{"docs/corpus/rules.md", "docs/zh/corpus/rules.md"} {
		page, err := os.ReadFile(filepath.Join("..", "..", path))
		if err != nil {
			t.Fatal(err)
		}
		names := map[string]bool{}
		for _, s := range []any{filter.GopherQuality{}, filter.GopherRepetition{}, filter.C4{}, filter.FineWeb{}, filter.BadWords{}, filter.URLFilter{}} {
			for _, field := range reflect.VisibleFields(reflect.TypeOf(s)) {
				if key := field.Tag.Get("yaml"); key != "" {
					names[key] = true
				}
			}
		}
		q, r, c, w := filter.DefaultGopherQuality(), filter.DefaultGopherRepetition(), filter.DefaultC4(), filter.DefaultFineWeb()
		for _, s := range []corpus.FilterSettings{&q, &r, &c, &w} {
			for _, text := range []string{"", "Some words."} {
				report, _ := apply(t, s, text)
				names[report.Dropped] = true
				for _, f := range report.Findings {
					names[f.Rule] = true
				}
			}
		}
		for _, shown := range []string{"", "top-3-gram", "duplicated-6-n-grams", "duplicated-7-n-grams", "duplicated-8-n-grams", "duplicated-9-n-grams"} {
			delete(names, shown) // none, and what stands between the first and the last of a row
		}
		for name := range names {
			if !strings.Contains(string(page), "`"+name+"`") && !strings.Contains(string(page), "`"+name+":") {
				t.Errorf("%s: nothing about %s", path, name)
			}
		}
	}
}
