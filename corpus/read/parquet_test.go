package read

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"
)

// rowWant is a row of testdata/rows.jsonl.
type rowWant struct {
	ID, Text, Lang, URL string
	Synthetic           bool
	Meta                struct {
		Source *string
		Tags   []string
		Score  float64
	}
	N    int
	Note *string
}

func rowsWant(tb testing.TB) (rows []rowWant) {
	dec := json.NewDecoder(strings.NewReader(testdata(tb, "rows.jsonl")))
	for dec.More() {
		var r rowWant
		if err := dec.Decode(&r); err != nil {
			tb.Fatal(err)
		}
		rows = append(rows, r)
	}
	return rows
}

// What Apache Arrow wrote is read as it was, with every compression but one that is refused.
func TestParquetOfArrowIsRead(t *testing.T) {
	want := rowsWant(t)
	for _, name := range []string{"none", "snappy", "gzip", "zstd", "brotli", "v2"} {
		for _, keep := range []bool{true, false} {
			docs, bad, st, err := all(t, Options{KeepMeta: keep}, filepath.Join("testdata", name+".parquet"))
			if err != nil || len(bad) > 0 || len(docs) != len(want) || st.InvalidUTF8Docs > 0 {
				t.Fatalf("%s: %d documents, %v, %v", name, len(docs), bad, err)
			}
			for i, d := range docs {
				w := want[i]
				source := name
				if w.Meta.Source != nil {
					source = *w.Meta.Source
				}
				if d.ID != w.ID || string(d.Text) != w.Text || d.Lang != w.Lang || d.URL != w.URL || d.Synthetic != w.Synthetic || d.Source != source {
					t.Fatalf("%s, row %d: %+v, want %+v", name, i, d, w)
				}
				if keep != (d.Meta != nil) {
					t.Fatalf("%s, row %d: meta %s", name, i, d.Meta)
				}
				var got rowWant
				if keep && (json.Unmarshal(d.Meta, &got) != nil || got.N != w.N || got.Meta.Score != w.Meta.Score || !slices.Equal(got.Meta.Tags, w.Meta.Tags) || (got.Note == nil) != (w.Note == nil)) {
					t.Fatalf("%s, row %d: meta %s, want %+v", name, i, d.Meta, w)
				}
			}
		}
	}
	for name, want := range map[string]string{"lz4": "compression LZ4_RAW is not read", "notext": `no column "text"`} {
		if _, _, _, err := all(t, Options{}, filepath.Join("testdata", name+".parquet")); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q", name, err, want)
		}
	}
	docs, bad, st, err := all(t, Options{}, filepath.Join("testdata", "binary.parquet"))
	if err != nil || len(docs) != 2 || docs[0].ID != "7" || string(docs[0].Text) != "\xff\xfebytes" || st.InvalidUTF8Bytes != 2 || len(bad) != 1 || bad[0].Record != 2 {
		t.Errorf("bytes: %v, %v, %+v, %v", docs, bad, st, err)
	}
}

// Neither numbers that JSON has not nor columns of bytes lose a record.
func TestParquetColumnsThatJSONHasNot(t *testing.T) {
	nan, path := math.NaN(), filepath.Join(t.TempDir(), "x.parquet")
	schema := parquet.NewSchema("x", parquet.Group{"id": parquet.Leaf(parquet.FixedLenByteArrayType(2)), "text": parquet.String(), "score": parquet.Leaf(parquet.DoubleType),
		"list": parquet.List(parquet.Leaf(parquet.DoubleType)), "code": parquet.Leaf(parquet.FixedLenByteArrayType(3)), "small": parquet.Leaf(parquet.FloatType),
		"map": parquet.Map(parquet.String(), parquet.Optional(parquet.Leaf(parquet.DoubleType)))})
	rows := []map[string]any{
		{"id": []byte{0, 1}, "text": "one", "score": nan, "list": []any{1.5, math.Inf(1)}, "code": []byte("甲"), "small": float32(0.1), "map": map[string]any{"k": nan}},
		{"id": []byte{0xff, 1}, "text": "two", "score": 2.5, "list": []any{}, "code": []byte{0xff, 0, 0}, "small": float32(nan), "map": map[string]any{"k": 0.5}},
	}
	var file bytes.Buffer
	w := parquet.NewGenericWriter[map[string]any](&file, schema)
	if _, err := w.Write(rows); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, file.Bytes(), 0o666); err != nil {
		t.Fatal(err)
	}
	docs, bad, _, err := all(t, Options{KeepMeta: true}, path)
	if err != nil || len(docs) != 2 || len(bad) > 0 {
		t.Fatalf("%d documents, %v, %v", len(docs), bad, err)
	}
	for i, want := range []struct{ id, meta string }{
		{"0001", `{"code":"甲","list":[1.5,null],"map":{"k":null},"score":null,"small":0.1}`}, {"ff01", `{"code":"/wAA","list":[],"map":{"k":0.5},"score":2.5,"small":null}`},
	} {
		if d := docs[i]; d.ID != want.id || string(d.Meta) != want.meta {
			t.Errorf("%s, %s; want %s, %s", d.ID, d.Meta, want.id, want.meta)
		}
	}
}

func TestParquetGoesOnAtEveryRow(t *testing.T) {
	c, err := Open([]string{filepath.Join("testdata", "zstd.parquet")}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, from := range []int64{1, 63, 64, 130, 199, 200} {
		n := int64(0)
		for d, err := range c.DocumentsFrom(context.Background(), Position{Records: from}) {
			if err != nil || n == 0 && d.ID != fmt.Sprintf("doc-%d", from) {
				t.Fatalf("from %d: %s, %v", from, d.ID, err)
			}
			n++
		}
		if n != 200-from {
			t.Errorf("from %d: %d documents", from, n)
		}
	}
}

func TestDamagedParquetIsRefused(t *testing.T) {
	whole := testdata(t, "gzip.parquet")
	tail := len(whole) - 8
	footer := func(n int) string {
		b := []byte(whole)
		binary.LittleEndian.PutUint32(b[tail:], uint32(n))
		return string(b)
	}
	for what, c := range map[string]struct{ data, want string }{
		"empty":          {"", "too few for a Parquet file"},
		"other":          {strings.Repeat("text ", 10), "want PAR1: no Parquet file"},
		"cut":            {whole[:len(whole)-100], "the file is cut off or damaged"},
		"long footer":    {footer(len(whole)), "the end states a footer of"},
		"huge footer":    {footer(1<<32 - 1), "the end states a footer of 4294967295 bytes"},
		"short footer":   {footer(100), "metadata"},
		"zeroed footer":  {whole[:tail-900] + strings.Repeat("\x00", 900) + whole[tail:], ""},
		"gone pages":     {"PAR1" + whole[2000:], ""},
		"list of 2^28":   {"PAR1" + "\x19\xfc\x80\x80\x80\x80\x01" + "\x07\x00\x00\x00PAR1", "the footer of 7 bytes is damaged"},
		"binary of 2^30": {"PAR1" + "\x18\x80\x80\x80\x80\x04" + "\x06\x00\x00\x00PAR1", "the footer of 6 bytes is damaged"},
	} {
		_, _, _, err := all(t, Options{}, tree(t, map[string]string{"x.parquet": c.data}))
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "x.parquet") {
			t.Errorf("%s: error %v, want %q", what, err, c.want)
		}
	}
	if _, _, _, err := all(t, Options{}, tree(t, map[string]string{"x.parquet.gz": gz(t, whole)})); err == nil || !strings.Contains(err.Error(), "compressed as a whole") {
		t.Errorf("Parquet within gzip: %v", err)
	}
}

// written is a Parquet file of our library, with its footer changed.
func written(tb testing.TB, codec parquet.WriterOption, rows []map[string]string, change func([]byte) []byte) string {
	tb.Helper()
	var b bytes.Buffer
	w := parquet.NewWriter(&b, parquet.NewSchema("r", parquet.Group{"text": parquet.String()}), codec)
	for _, r := range rows {
		if err := w.Write(r); err != nil {
			tb.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	return string(change(b.Bytes()))
}

// A page that states less than it holds, or a group that states more rows than there are, is refused before memory is taken.
func TestLyingParquetIsRefused(t *testing.T) {
	row := map[string]string{"text": strings.Repeat("a", 1<<20)}
	bomb := written(t, parquet.Compression(&parquet.Gzip), []map[string]string{row}, func(b []byte) []byte { return b })
	dir := tree(t, map[string]string{"x.parquet": bomb})
	if docs, _, _, err := all(t, Options{}, dir); err != nil || len(docs) != 1 {
		t.Fatalf("%d documents, %v", len(docs), err)
	}
	if _, _, _, err := all(t, Options{MaxRecord: 1 << 19}, dir); err == nil || !strings.Contains(err.Error(), "above the largest record of 524288") {
		t.Errorf("a large page: %v", err)
	}
	// The zigzag varint of the rows of the group, 3, becomes one of 2^34.
	rows := []map[string]string{{"text": "one"}, {"text": "two"}, {"text": "three"}}
	lie := written(t, parquet.Compression(&parquet.Uncompressed), rows, func(b []byte) []byte {
		at := len(b) - 8 - int(binary.LittleEndian.Uint32(b[len(b)-8:]))
		footer := bytes.ReplaceAll(b[at:len(b)-8], []byte{0x06}, []byte{0x80, 0x80, 0x80, 0x80, 0x80, 0x01})
		out := append(append([]byte{}, b[:at]...), footer...)
		return append(binary.LittleEndian.AppendUint32(out, uint32(len(footer))), "PAR1"...)
	})
	grown := peak(func() {
		docs, _, _, err := all(t, Options{}, tree(t, map[string]string{"x.parquet": lie}))
		if err == nil {
			t.Errorf("%d documents of a file whose footer lies", len(docs))
		}
	})
	if grown > 64<<20 {
		t.Errorf("the heap grew by %d bytes", grown)
	}
}

// Whatever the file, reading it ends, with documents or an error, in bounded memory.
func FuzzParquet(f *testing.F) {
	for _, name := range []string{"binary.parquet", "notext.parquet"} {
		f.Add([]byte(testdata(f, name)))
	}
	for _, codec := range []parquet.WriterOption{parquet.Compression(&parquet.Snappy), parquet.Compression(&parquet.Zstd), parquet.Compression(&parquet.Gzip), parquet.Compression(&parquet.Brotli)} {
		f.Add([]byte(written(f, codec, []map[string]string{{"text": "one"}, {"text": "two"}}, func(b []byte) []byte { return b })))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		name := filepath.Join(t.TempDir(), "x.parquet")
		if err := os.WriteFile(name, data, 0o644); err != nil {
			t.Fatal(err)
		}
		c, err := Open([]string{name}, Options{Readers: 1, MaxRecord: 1 << 20, KeepMeta: true})
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for _, err := range c.Documents(context.Background()) {
			if n++; err != nil || n > 1e6 {
				return
			}
		}
	})
}
