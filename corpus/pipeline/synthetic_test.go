package pipeline

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestLabelOfSyntheticRecordsStays reads a file in which models wrote every third record, and says so record by record.
func TestLabelOfSyntheticRecordsStays(t *testing.T) {
	dir := t.TempDir()
	var b bytes.Buffer
	wrote := map[string]bool{} // by id: a model did
	for i := range 900 {
		id := fmt.Sprint("r", i)
		row := map[string]any{"id": id, "text": fmt.Sprintf("a text, number %d, of a mixed file %s", i, strings.Repeat("and more ", i%5))}
		if i%3 == 0 {
			row["synthetic"], wrote[id] = true, true
		}
		line, err := json.Marshal(row)
		if err != nil {
			t.Fatal(err)
		}
		b.Write(append(line, '\n'))
	}
	web := filepath.Join(dir, "in", "web")
	if err := os.MkdirAll(web, 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(web, "mixed.jsonl"), b.Bytes(), 0o666); err != nil {
		t.Fatal(err)
	}
	writeInput(t, filepath.Join(dir, "in", "books", "0.jsonl"), 0, 100)
	for _, order := range []string{"input", "interleave", "shuffle"} {
		r := testRecipe(t, dir, testSteps+"mix: {max_synthetic: 0.1, order: "+order+"}\noutput: {formats: [jsonl, parquet], compression: none}\n")
		s := runRecipe(t, r, 2)
		if len(s.Final) != 3 || !s.Final[1].Synthetic || s.Final[1].Source != "web" || s.Final[1].Documents != 300 || s.Final[0].Documents != 600 {
			t.Fatalf("%s: what came through: %+v, want 600 of web, 300 synthetic ones of web, some of books", order, s.Final)
		}
		if p := s.Mix.Parts[1]; !p.Synthetic || p.Limit != "max_synthetic" || p.Share < 0.0999 || p.Share > 0.1001 {
			t.Errorf("%s: the mix takes %+v, want a tenth, limited by max_synthetic", order, p)
		}
		var all, synthetic int
		for _, row := range rows(t, filepath.Join(r.Out, dataDir, formatJSONL)) {
			if row["synthetic"] == true != wrote[row["id"].(string)] {
				t.Fatalf("%s: the label of %v is %v", order, row["id"], row["synthetic"])
			}
			all += len(row["text"].(string))
			if row["synthetic"] == true {
				synthetic += len(row["text"].(string))
			}
		}
		if share := float64(synthetic) / float64(all); share < 0.07 || share > 0.13 {
			t.Errorf("%s: %.3f of the bytes are synthetic, want about 0.1", order, share)
		}
	}
	// An input that is synthetic as a whole labels records that say nothing of it.
	r := testRecipe(t, dir, testSteps)
	r.Inputs[1].Synthetic = true
	if s := runRecipe(t, r, 1); len(s.Final) != 3 || s.Final[2].Source != "books" || !s.Final[2].Synthetic {
		t.Errorf("a synthetic input: %+v", s.Final)
	}
}
