package inspect

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/athanor-lm/athanor/corpus"
	"github.com/athanor-lm/athanor/corpus/pipeline"
)

func TestDocumentsBehindABadFileAreFound(t *testing.T) {
	dir := t.TempDir()
	for name, data := range map[string]string{"a.jsonl.gz": "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\xcbH", "b.jsonl": "no json\n{\"text\": \"good\"}\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(data), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		onBad, want string
		failed      bool
	}{{"quarantine", "good", false}, {"stop", "", true}} {
		recipe, err := pipeline.ParseRecipe("r.yaml", []byte("out: "+dir+"/out\non_bad_file: "+c.onBad+"\ninputs: [{source: a, paths: ["+dir+"]}]\n"), nil)
		if err != nil {
			t.Fatal(err)
		}
		got, failed := "", false
		for d, err := range recipe.Documents(t.Context()) {
			if failed = err != nil; failed {
				break
			}
			got += d.Text()
		}
		if got != c.want || failed != c.failed {
			t.Errorf("on_bad_file: %s: %q, failed %v; want %q, %v", c.onBad, got, failed, c.want, c.failed)
		}
	}
}

func TestEveryStepLooksAtADocumentThatAnEarlierOneDrops(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "a.txt"), []byte("Too  short."), 0o666); err != nil {
		t.Fatal(err)
	}
	recipe, err := pipeline.ParseRecipe("r.yaml", []byte("out: "+dir+"/out\ninputs: [{source: a, paths: ["+dir+"/a.txt]}]\n"+
		"steps: [{use: normalize, spaces: true}, {use: gopher-quality}, {use: exact}, {use: fineweb, languages: [zh]}, {use: pii}]\n"), nil)
	if err != nil {
		t.Fatal(err)
	}
	in, err := New(recipe)
	if err != nil {
		t.Fatal(err)
	}
	var doc *corpus.Document
	for d, err := range recipe.Documents(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		doc = d
	}
	doc.SetText("Ask bob@example.org. " + doc.Text())
	looks := in.Look(doc)
	if len(looks) != 5 {
		t.Fatalf("%d looks, want one a step", len(looks))
	}
	quality, exact, chinese, pii := looks[1], looks[2], looks[3], looks[4]
	if quality.Report.Dropped == "" {
		t.Error("gopher-quality keeps five words")
	}
	if len(quality.Report.Findings) < 5 {
		t.Errorf("gopher-quality shows %d findings, want one a rule, behind the first that failed too", len(quality.Report.Findings))
	}
	if !strings.Contains(exact.Skipped, "whole corpus") || !strings.Contains(chinese.Skipped, "languages") {
		t.Errorf("a pass and a step for another language say %q and %q", exact.Skipped, chinese.Skipped)
	}
	if !pii.Changed() || strings.Contains(pii.After, "bob@") || len(pii.Report.Findings) == 0 {
		t.Errorf("behind a step that drops, pii makes %q of %q with %d findings", pii.After, pii.Before, len(pii.Report.Findings))
	}
}
