package warc

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/klauspost/compress/gzip"

	"github.com/athanor-lm/athanor/internal/realdata"
)

// An archive of real pages, a member a record: 31 MB, 7 MB compressed. Speeds are of what it unpacks to.
func BenchmarkReader(b *testing.B) {
	names, err := filepath.Glob(filepath.Join(realdata.Path(b, "corpora/dirty-html-article-extraction"), "html", "*.gz"))
	if err != nil || len(names) == 0 {
		b.Fatalf("%d pages, %v", len(names), err)
	}
	var plain, packed bytes.Buffer
	for _, name := range names {
		rec := good("https://a.example/"+filepath.Base(name), "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n"+unzipped(b, name))
		plain.WriteString(rec)
		packed.WriteString(member(rec))
	}
	for name, file := range map[string][]byte{"plain": plain.Bytes(), "gzip": packed.Bytes()} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(plain.Len()))
			b.ReportAllocs()
			for b.Loop() {
				r := NewReader(bytes.NewReader(file), 0)
				n := 0
				for {
					rec, err := r.Next()
					if err == io.EOF {
						break
					}
					if err != nil {
						b.Fatal(err)
					}
					if _, err := ParseResponse(rec.Block); err != nil {
						b.Fatal(err)
					}
					n++
				}
				if n != len(names) {
					b.Fatalf("%d records of %d", n, len(names))
				}
			}
		})
	}
}

func unzipped(b *testing.B, name string) string {
	f, err := os.Open(name)
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		b.Fatal(err)
	}
	page, err := io.ReadAll(z)
	if err != nil {
		b.Fatal(err)
	}
	return string(page)
}
