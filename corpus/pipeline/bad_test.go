package pipeline

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
)

// hostile writes files that are damaged or made to do harm, one of each kind, beside a good one.
func hostile(t *testing.T, dir string) {
	t.Helper()
	write := func(name string, data []byte) {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	var z bytes.Buffer
	gz := gzip.NewWriter(&z)
	for i := range 3000 {
		gz.Write([]byte(`{"text": "a document in a file that is cut off, number ` + strings.Repeat("x", i%50) + `"}` + "\n"))
	}
	gz.Close()
	write("cut.jsonl.gz", z.Bytes()[:z.Len()/2])

	// A line of 300 MB, of which no more is held than a record may have.
	f, err := os.Create(filepath.Join(dir, "long.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	f.WriteString(`{"text": "a good line before"}` + "\n" + `{"text": "`)
	chunk := bytes.Repeat([]byte("long "), 1<<20/5)
	for range 300 {
		f.Write(chunk)
	}
	f.WriteString(`"}` + "\n" + `{"text": "a good line behind"}` + "\n")
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}

	write("footer.parquet", append(append([]byte("PAR1"), bytes.Repeat([]byte("not what a footer holds"), 30)...), "\xff\xff\x00\x00PAR1"...))

	var bomb bytes.Buffer
	e, err := zstd.NewWriter(&bomb)
	if err != nil {
		t.Fatal(err)
	}
	zeros := bytes.Repeat([]byte("0"), 1<<20)
	for range 400 {
		e.Write(zeros)
	}
	e.Close()
	write("bomb.txt.zst", bomb.Bytes())
	write("binary.txt", []byte("MZ\x00\x01\x02\x00\x00"))
	write("latin1.txt", []byte("Un texte d'\xe9t\xe9 qui n'est pas en UTF-8, o\xf9 les caract\xe8res sont d'une autre \xe9poque."))
	write("good.txt", []byte("A good text, and long enough to be kept."))
}

func TestHostileFilesAreNamedAndHeldInBounds(t *testing.T) {
	if testing.Short() {
		t.Skip("writes and reads 700 MB")
	}
	dir := t.TempDir()
	hostile(t, filepath.Join(dir, "in", "web"))
	writeInput(t, filepath.Join(dir, "in", "books", "0.jsonl"), 0, 10)
	hidden := filepath.Join(dir, "in", "books", "locked")
	if err := os.Mkdir(hidden, 0); err != nil {
		t.Fatal(err)
	}
	r := testRecipe(t, dir, "steps:\n- use: test-short\n")
	defer debug.SetGCPercent(debug.SetGCPercent(20))
	peak, stop := watchHeap()
	s := runRecipe(t, r, 1)
	stop()
	if *peak > 400<<20 {
		t.Errorf("the heap grew to %d MiB", *peak>>20)
	}
	text := tree(t, r.Out)[quarantineName]
	want := []string{"cut.jsonl.gz", "long.jsonl\",\"line\":2", "footer.parquet", "bomb.txt.zst", "binary.txt"}
	if os.Getuid() != 0 {
		want = append(want, "locked")
	}
	for _, name := range want {
		if !strings.Contains(text, name) {
			t.Errorf("the quarantine does not name %s:\n%s", name, text)
		}
	}
	if n := s.Inputs[0].SetAside + s.Inputs[1].SetAside; int(n) != strings.Count(text, "\n") {
		t.Errorf("%d set aside by the report, %d in the list", n, strings.Count(text, "\n"))
	}
	if s.Inputs[0].Read.Documents < 1000 {
		t.Errorf("%d documents: those before the cut are lost", s.Inputs[0].Read.Documents)
	}
	if data := tree(t, r.Out); len(data) == 0 || s.Steps[0].Out.Documents == 0 {
		t.Error("nothing came through")
	}
}

// Neither a piece of a record that was set aside nor the reason why shows private data, be it cut in two.
func TestQuarantineHoldsNothingPrivate(t *testing.T) {
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "in", "web"), 0o777); err != nil {
		t.Fatal(err)
	}
	writeInput(t, filepath.Join(dir, "in", "books", "0.jsonl"), 0, 10)
	var lines, archive strings.Builder
	for n := range 40 { // the address lies before, across and behind the end of what is shown
		lines.WriteString(`{"note": "` + strings.Repeat("x", 60+2*n) + ` write to hans.mustermann@example.org", "text": 1}` + "\n")
	}
	archive.WriteString("WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: http://hans:geheim7@example.org/\r\nContent-Length: 5\r\n\r\n" +
		strings.Repeat("\r\n", 9) + "hans.mustermann@example.org wrote" + "\r\n\r\n")
	for name, text := range map[string]string{"a.jsonl": lines.String(), "b.warc": archive.String()} {
		if err := os.WriteFile(filepath.Join(dir, "in", "web", name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	r := testRecipe(t, dir, "steps:\n- use: test-short\n")
	runRecipe(t, r, 1)
	text := tree(t, r.Out)[quarantineName]
	if n := strings.Count(text, "\n"); n < 41 {
		t.Errorf("%d set aside, want 41 or more", n)
	}
	for _, private := range []string{"hans", "geheim", "muster"} {
		if i := strings.Index(text, private); i >= 0 {
			t.Errorf("the quarantine holds %q", text[max(0, i-100):min(len(text), i+40)])
		}
	}
}

// watchHeap finds out how large the heap grows.
func watchHeap() (peak *uint64, stop func()) {
	peak = new(uint64)
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for {
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			*peak = max(*peak, m.HeapAlloc)
			select {
			case <-done:
				return
			case <-time.After(5 * time.Millisecond):
			}
		}
	}()
	return peak, func() { close(done); <-ended }
}

func TestOpeningAStepEndsWithTheRun(t *testing.T) {
	dir := t.TempDir()
	testInputs(t, dir)
	p := open(t, testRecipe(t, dir, "steps:\n- use: test-waits\n"))
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := p.Run(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want that its time was over", err)
	}
}

func TestInterruptedRunGoesOn(t *testing.T) {
	dir := t.TempDir()
	testInputs(t, dir)
	r := testRecipe(t, dir, testSteps)
	ctx, cancel := context.WithCancel(context.Background())
	p, err := Open(r, Options{Workers: 1, Observer: &stopper{cancel: cancel}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Run(ctx); err != context.Canceled {
		t.Fatalf("got %v, want that it was cancelled", err)
	}
	got := runRecipe(t, r, 2)
	r.Out += "-whole"
	want := runRecipe(t, r, 2)
	if got.Steps[3].Out != want.Steps[3].Out {
		t.Errorf("%+v came through, want %+v", got.Steps[3].Out, want.Steps[3].Out)
	}
	sameTree(t, "went on", tree(t, filepath.Join(dir, "out")), tree(t, r.Out))
}
