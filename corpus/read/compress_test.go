package read

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

func testdata(tb testing.TB, name string) string {
	tb.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		tb.Fatal(err)
	}
	return string(data)
}

func TestCompressedStreamsFollowEachOther(t *testing.T) {
	var lines strings.Builder
	for i := range 50 {
		fmt.Fprintf(&lines, `{"text": "line %d"}`+"\n", i)
	}
	text := lines.String()
	for name, data := range map[string]string{
		"a.jsonl.gz":  gz(t, text[:400]) + gz(t, "") + gz(t, text[400:]),
		"a.jsonl.zst": zst(t, text[:400]) + zst(t, text[400:]),
		"a.jsonl.bz2": testdata(t, "two.jsonl.bz2"),
		"a.jsonl.xz":  testdata(t, "two.jsonl.xz"),
	} {
		docs, bad, _, err := all(t, Options{}, tree(t, map[string]string{name: data}))
		if err != nil || len(bad) > 0 || len(docs) != 50 || string(docs[49].Text) != "line 49" {
			t.Errorf("%s: %d documents, %v, %v", name, len(docs), bad, err)
		}
	}
}

// What a cut file gave before is kept, and the next files are read.
func TestCutFilesAreSetAside(t *testing.T) {
	var lines strings.Builder
	for i := range 20000 {
		fmt.Fprintf(&lines, `{"text": "line %d of a file"}`+"\n", i*i)
	}
	text := lines.String()
	for name, data := range map[string]string{
		"a.jsonl.gz": gz(t, text), "a.jsonl.zst": zst(t, text), "a.jsonl.bz2": testdata(t, "two.jsonl.bz2"), "a.jsonl.xz": testdata(t, "two.jsonl.xz"),
	} {
		var files []Bad
		opts := Options{OnBadFile: func(b Bad) { files = append(files, b) }}
		dir := tree(t, map[string]string{name: data[:len(data)*3/4], "b.txt": "whole"})
		docs, _, st, err := all(t, opts, dir)
		if err != nil || len(files) != 1 || !strings.Contains(files[0].Reason, "truncated") || st.BadFiles != 1 {
			t.Fatalf("%s: %v, %v, %+v", name, files, err, st)
		}
		// A short bzip2 stream holds nothing before its end.
		if len(docs) < 2 || string(docs[len(docs)-1].Text) != "whole" {
			t.Errorf("%s: %d documents, the last %q", name, len(docs), docs[len(docs)-1].Text)
		}
		// Going on from every place gives the same rest, and the file's end is reported once.
		for _, from := range []int64{0, 1, int64(len(docs)) - 1, int64(len(docs))} {
			c, err := Open([]string{dir}, opts)
			if err != nil {
				t.Fatal(err)
			}
			files = nil
			n := 0
			for _, err := range c.DocumentsFrom(context.Background(), Position{Records: from}) {
				if err != nil {
					t.Fatal(err)
				}
				n++
			}
			reports := 1
			if from == int64(len(docs)) { // behind the report
				reports = 0
			}
			if want := len(docs) - int(min(from, int64(len(docs)-1))); n != want || len(files) != reports {
				t.Errorf("%s from record %d: %d documents, want %d; %v", name, from, n, want, files)
			}
		}
	}
}

// peak is how much the heap grew while f ran, in bytes.
func peak(f func()) int64 {
	runtime.GC()
	var before, now runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&now)
	return int64(now.HeapSys) - int64(before.HeapSys)
}

// zeros gives bytes of one value.
type zeros byte

func (z zeros) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(z)
	}
	return len(p), nil
}

func TestBombsAreSetAsideWithinBounds(t *testing.T) {
	dir := t.TempDir()
	write := func(name string, pack func(io.Writer) (io.WriteCloser, error), n int64) {
		f, err := os.Create(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		w, err := pack(f)
		if err == nil {
			_, err = io.CopyN(w, zeros('a'), n)
		}
		if err := errors.Join(err, w.Close()); err != nil {
			t.Fatal(err)
		}
	}
	write("bomb.jsonl.zst", func(w io.Writer) (io.WriteCloser, error) { return zstd.NewWriter(w, zstd.WithEncoderConcurrency(1)) }, 1<<30)
	write("bomb.txt.gz", func(w io.Writer) (io.WriteCloser, error) { return gzip.NewWriterLevel(w, gzip.BestCompression) }, 200<<20)
	for _, name := range []string{"bomb.txt.bz2", "bomb.txt.xz"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(testdata(t, name)), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	var files []Bad
	grown := peak(func() {
		docs, bad, _, err := all(t, Options{Readers: 1, MaxRecord: 1 << 20, OnBadFile: func(b Bad) { files = append(files, b) }}, dir)
		if err != nil || len(docs) > 0 || len(bad)+len(files) != 4 {
			t.Errorf("%d documents, %v, %v, %v", len(docs), bad, files, err)
		}
	})
	if grown > 128<<20 {
		t.Errorf("the heap grew by %d bytes", grown)
	}
	found := false
	for _, b := range files {
		found = found || strings.Contains(b.Reason, "above the highest ratio of 1000") && strings.HasSuffix(b.File, "jsonl.zst")
	}
	if !found {
		t.Errorf("%v, want the ratio of bomb.jsonl.zst", files)
	}
}

func TestWideWindowsAreRefused(t *testing.T) {
	var wide bytes.Buffer
	w, err := zstd.NewWriter(&wide, zstd.WithWindowSize(256<<20), zstd.WithSingleSegment(false), zstd.WithEncoderConcurrency(1))
	if err != nil {
		t.Fatal(err)
	}
	line := `{"text":"line"}` + "\n"
	for range 100 {
		w.Write([]byte(line))
		if err := w.Flush(); err != nil { // so that the frame does not state its size
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string]string{"a.jsonl.zst": wide.String(), "a.jsonl.xz": testdata(t, "wide.jsonl.xz")} {
		dir := tree(t, map[string]string{name: data})
		if _, _, _, err := all(t, Options{}, dir); err == nil || !strings.Contains(err.Error(), "larger window than is allowed") {
			t.Errorf("%s: error %v", name, err)
		}
		if docs, _, _, err := all(t, Options{MaxWindow: 1 << 30}, dir); err != nil || len(docs) == 0 {
			t.Errorf("%s with a larger window: %d documents, %v", name, len(docs), err)
		}
	}
}

// A line of 1 GiB is passed over in the memory of the largest record.
func TestLongLineIsPassedOverWithinBounds(t *testing.T) {
	if testing.Short() {
		t.Skip("a line of 1 GiB")
	}
	name := filepath.Join(t.TempDir(), "long.jsonl.gz")
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	w, err := gzip.NewWriterLevel(f, gzip.BestSpeed)
	if err != nil {
		t.Fatal(err)
	}
	io.WriteString(w, `{"text":"before"}`+"\n"+`{"text":"`)
	io.CopyN(w, zeros('a'), 1<<30)
	io.WriteString(w, `"}`+"\n"+`{"text":"behind"}`+"\n")
	if err := errors.Join(w.Close(), f.Close()); err != nil {
		t.Fatal(err)
	}
	grown := peak(func() {
		docs, bad, _, err := all(t, Options{MaxRecord: 8 << 20, MaxRatio: -1}, name)
		if err != nil || len(docs) != 2 || string(docs[1].Text) != "behind" || len(bad) != 1 || bad[0].Line != 2 || !strings.Contains(bad[0].Reason, "a line of 1073741836 bytes") {
			t.Errorf("%d documents, %v, %v", len(docs), bad, err)
		}
	})
	if grown > 64<<20 {
		t.Errorf("the heap grew by %d bytes", grown)
	}
}
