package write

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/athanor-lm/athanor/corpus"
	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go"
)

func document(id, text string) *corpus.Document {
	d := corpus.NewDocument(text, nil)
	d.ID, d.Source = id, "web"
	return d
}

func TestRow(t *testing.T) {
	d := document(`a"b`, "line\nzwei\t“x” \\ \x01 中文")
	d.Lang, d.URL, d.Synthetic = "zh", "https://e.org/?a=b&c", true
	d.Meta = json.RawMessage(`{"title": "T", "score": 1, "deep": {"a": [1]}}`)
	d.Set("score", 0.5)
	d.Set("bucket", "head")
	d.Set("none", math.NaN())
	want := `{"id":"a\"b","text":"line\nzwei\t“x” \\ \u0001 中文","source":"web","lang":"zh","url":"https://e.org/?a=b&c","synthetic":true,"recipe":"abc",` +
		`"meta":{"title":"T","deep":{"a": [1]},"score":0.5,"bucket":"head","none":null}}` + "\n"
	if got := string(appendRow(nil, d, "abc")); got != want {
		t.Errorf("got  %swant %s", got, want)
	}
	if got, want := string(appendRow(nil, document("1", "x"), "")), `{"id":"1","text":"x","source":"web"}`+"\n"; got != want {
		t.Errorf("got  %swant %s", got, want)
	}
}

func FuzzString(f *testing.F) {
	for _, s := range []string{"", "plain text of more than eight bytes", "\"\\\n\r\t\x00\x1f\x20\x7f", "中文，標點。\n", strings.Repeat("é", 9) + "\""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		s = strings.ToValidUTF8(s, "\uFFFD")
		var back string
		if err := json.Unmarshal(appendString(nil, s), &back); err != nil || back != s {
			t.Errorf("%q became %q, %v", s, back, err)
		}
		for i := range min(len(s), 9) {
			if utf8.RuneStart(s[i]) && plain(s[i:]) != plainSlow(s[i:]) {
				t.Errorf("%q: plain %d, want %d", s[i:], plain(s[i:]), plainSlow(s[i:]))
			}
		}
	})
}

func plainSlow(s string) int {
	i := strings.IndexFunc(s, func(r rune) bool { return r < 0x20 || r == '"' || r == '\\' })
	if i < 0 {
		return len(s)
	}
	return i
}

func TestShardsEndAtTheirSize(t *testing.T) {
	for _, compression := range []string{"none", "gzip", "zstd"} {
		dir := t.TempDir()
		w, err := NewJSONL(Options{Dir: dir, Name: "part", Compression: compression, ShardSize: 100})
		if err != nil {
			t.Fatal(err)
		}
		for i := range 7 {
			if err := w.Add(document(fmt.Sprint(i), strings.Repeat("x", 40))); err != nil {
				t.Fatal(err)
			}
		}
		files, err := w.Close()
		if err != nil {
			t.Fatal(err)
		}
		if len(files) != 3 || files[0].Documents != 3 || files[2].Documents != 1 || files[0].Bytes != 120 {
			t.Fatalf("%s: %+v, want 3, 3 and 1 documents", compression, files)
		}
		lines := 0
		for _, f := range files {
			lines += bytes.Count(unpack(t, filepath.Join(dir, f.Name)), []byte("\n"))
		}
		entries, _ := os.ReadDir(dir)
		if lines != 7 || len(entries) != 3 {
			t.Errorf("%s: %d lines in %d files, want 7 in 3", compression, lines, len(entries))
		}
	}
}

func unpack(t *testing.T, path string) []byte {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var r io.Reader = f
	switch filepath.Ext(path) {
	case ".gz":
		r, err = gzip.NewReader(f)
	case ".zst":
		r, err = zstd.NewReader(f)
	}
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestParquetHoldsWhatJSONLinesHold(t *testing.T) {
	dir := t.TempDir()
	w, err := NewParquet(Options{Dir: dir, Name: "part", ShardSize: 1 << 20, Recipe: "abc"})
	if err != nil {
		t.Fatal(err)
	}
	d := document("1", "text 中文")
	d.Lang = "en"
	d.Set("score", 2.0)
	for _, d := range []*corpus.Document{d, document("2", "more")} {
		if err := w.Add(d); err != nil {
			t.Fatal(err)
		}
	}
	files, err := w.Close()
	if err != nil {
		t.Fatal(err)
	}
	rows, err := parquet.ReadFile[parquetRow](filepath.Join(dir, files[0].Name))
	if err != nil {
		t.Fatal(err)
	}
	want := []parquetRow{{ID: "1", Text: "text 中文", Source: "web", Lang: "en", Recipe: "abc", Meta: `{"score":2}`}, {ID: "2", Text: "more", Source: "web", Recipe: "abc"}}
	if len(rows) != 2 || rows[0] != want[0] || rows[1] != want[1] {
		t.Errorf("got %+v\nwant %+v", rows, want)
	}
}

func TestDroppedWriterLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	w, err := NewJSONL(Options{Dir: dir, Name: "part", Compression: "zstd", ShardSize: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Add(document("1", "text")); err != nil {
		t.Fatal(err)
	}
	w.Drop()
	if entries, _ := os.ReadDir(dir); len(entries) != 0 {
		t.Errorf("left: %v", entries)
	}
}
