package tokenizer

import (
	"path/filepath"
	"slices"
	"testing"

	"github.com/athanor-lm/athanor/internal/realdata"
)

// Vectors that others have published beside their tokenizers.
func TestPublishedVectors(t *testing.T) {
	for _, c := range []struct{ file, vectors string }{
		{"hf-llama/tokenizer.json", "vectors/llama2.json"},
		{"hf-bytelevel-lmkit/tokenizer.json", "hf-bytelevel-lmkit/encodings.json"},
	} {
		t.Run(c.file, func(t *testing.T) {
			dir := realdata.Path(t, "tokenizers")
			tok, err := Load(filepath.Join(dir, c.file))
			if err != nil {
				t.Fatal(err)
			}
			var rows []struct {
				Text string   `json:"text"`
				IDs  []uint32 `json:"ids"`
			}
			readJSON(t, filepath.Join(dir, c.vectors), &rows)
			if len(rows) < 10 {
				t.Fatalf("%d vectors", len(rows))
			}
			for _, r := range rows {
				if got := tok.Encode(r.Text, true); !slices.Equal(got, r.IDs) {
					t.Errorf("%q: %v, want %v", r.Text, got, r.IDs)
				}
				full, err := tok.EncodeFull([]byte(r.Text), nil, EncodeOptions{AddSpecial: true})
				if err != nil || !slices.Equal(full.IDs, r.IDs) {
					t.Errorf("%q with offsets: %v, %v, want %v", r.Text, full.IDs, err, r.IDs)
				}
			}
		})
	}
}
