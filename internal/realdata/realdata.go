// Package realdata finds the real corpora, tokenizers and benchmarks that tests and benchmarks run on, in $ATHANOR_DATA, else in
// ../shared/data from the project's root, and skips them where these are absent.
package realdata

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"io"
	"iter"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// Document is one of a corpus, without its other fields.
type Document struct {
	ID, Source, Lang, Text string
}

// Path returns where a file or folder of the data lies ("corpora/en-books/books.jsonl.gz"), and skips the test if it does not. A
// $ATHANOR_DATA that names no folder is a mistake, which fails it.
func Path(tb testing.TB, name string) string {
	tb.Helper()
	root := os.Getenv("ATHANOR_DATA")
	if root == "" {
		_, here, _, _ := runtime.Caller(0)
		root = filepath.Join(filepath.Dir(here), "../../../shared/data")
	} else if _, err := os.Stat(root); err != nil {
		tb.Fatalf("real data: $ATHANOR_DATA: %v", err)
	}
	path := filepath.Join(root, filepath.FromSlash(name))
	if _, err := os.Stat(path); err != nil {
		tb.Skipf("needs real data ($ATHANOR_DATA): %v", err)
	}
	return path
}

// Bytes returns a file of the data, unpacked if its name ends with .gz.
func Bytes(tb testing.TB, name string) []byte {
	tb.Helper()
	r := open(tb, name)
	defer r.Close()
	data, err := io.ReadAll(r)
	if err != nil {
		tb.Fatalf("real data: read %s: %v", name, err)
	}
	return data
}

// Rows decodes the JSON values of a file, which may be gzipped, one after the other.
func Rows[T any](tb testing.TB, name string) iter.Seq[T] {
	return func(yield func(T) bool) {
		tb.Helper()
		r := open(tb, name)
		defer r.Close()
		for n, dec := 1, json.NewDecoder(r); ; n++ {
			var row T
			if err := dec.Decode(&row); err == io.EOF {
				return
			} else if err != nil {
				tb.Fatalf("real data: %s: row %d: %v", name, n, err)
			}
			if !yield(row) {
				return
			}
		}
	}
}

// Documents returns those of a file of JSON Lines, until their texts have most bytes together; 0 = all. The size is of their texts.
func Documents(tb testing.TB, name string, most int64) (documents []Document, size int64) {
	tb.Helper()
	for d := range Rows[Document](tb, name) {
		documents = append(documents, d)
		if size += int64(len(d.Text)); most > 0 && size >= most {
			break
		}
	}
	return documents, size
}

// file is an open file and what is read of it.
type file struct {
	io.Reader
	io.Closer
}

func open(tb testing.TB, name string) io.ReadCloser {
	tb.Helper()
	f, err := os.Open(Path(tb, name))
	if err != nil {
		tb.Fatal(err)
	}
	r := bufio.NewReaderSize(f, 1<<20)
	if !strings.HasSuffix(name, ".gz") {
		return file{r, f}
	}
	z, err := gzip.NewReader(r)
	if err != nil {
		f.Close()
		tb.Fatalf("real data: %s: %v", name, err)
	}
	return file{z, f}
}
