// Package realdata finds the real corpora that tests and benchmarks run on, in $ATHANOR_DATA, else ../shared/data from the project's
// root, and skips them where these are absent.
package realdata

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/athanor-lm/athanor/corpus/read"
)

// Document is one of a corpus.
type Document struct {
	ID, Lang, Text string
	Meta           json.RawMessage // the record's other fields
}

// Path returns where a file or folder of the data lies ("corpora/en-books/books.jsonl.gz"), and skips the test if it does not.
func Path(tb testing.TB, name string) string {
	tb.Helper()
	root := os.Getenv("ATHANOR_DATA")
	if root == "" {
		_, here, _, _ := runtime.Caller(0)
		root = filepath.Join(filepath.Dir(here), "../../../../shared/data")
	}
	path := filepath.Join(root, filepath.FromSlash(name))
	if _, err := os.Stat(path); err != nil {
		tb.Skipf("needs real data ($ATHANOR_DATA): %v", err)
	}
	return path
}

// Documents returns those of a file, until their texts have most bytes together; 0 = all.
func Documents(tb testing.TB, name string, most int64) (documents []Document, size int64) {
	tb.Helper()
	c, err := read.Open([]string{Path(tb, name)}, read.Options{KeepMeta: true, Readers: 1})
	if err != nil {
		tb.Fatal(err)
	}
	for d, err := range c.Documents(context.Background()) {
		if err != nil {
			tb.Fatal(err)
		}
		documents = append(documents, Document{d.ID, d.Lang, string(d.Text), d.Meta})
		if size += int64(len(d.Text)); most > 0 && size >= most {
			break
		}
	}
	return documents, size
}
