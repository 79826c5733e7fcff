package realdata

import (
	"bytes"
	"compress/gzip"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func TestDocuments(t *testing.T) {
	var packed bytes.Buffer
	plain := "{\"id\": \"a\", \"lang\": \"zh\", \"text\": \"人人\", \"more\": 1}\n{\"id\": \"b\", \"source\": \"x\", \"text\": \"all\"}\n"
	z := gzip.NewWriter(&packed)
	z.Write([]byte(plain))
	z.Close()
	t.Setenv("ATHANOR_DATA", t.TempDir())
	for name, file := range map[string][]byte{"rows.jsonl": []byte(plain), "rows.jsonl.gz": packed.Bytes()} {
		if err := os.WriteFile(filepath.Join(os.Getenv("ATHANOR_DATA"), name), file, 0o666); err != nil {
			t.Fatal(err)
		}
		if got := Bytes(t, name); string(got) != plain {
			t.Errorf("%s: %q, want %q", name, got, plain)
		}
		want := []Document{{ID: "a", Lang: "zh", Text: "人人"}, {ID: "b", Source: "x", Text: "all"}}
		if got, size := Documents(t, name, 0); !slices.Equal(got, want) || size != 9 {
			t.Errorf("%s: %+v of %d bytes, want %+v of 9", name, got, size, want)
		}
		if got, size := Documents(t, name, 6); !slices.Equal(got, want[:1]) || size != 6 {
			t.Errorf("%s, 6 bytes: %+v of %d", name, got, size)
		}
	}
	skipped := t.Run("absent", func(t *testing.T) {
		defer func() {
			if !t.Skipped() {
				t.Error("a file that is absent does not skip the test")
			}
		}()
		Path(t, "none")
	})
	if !skipped {
		t.Error("a file that is absent fails the test")
	}
}
