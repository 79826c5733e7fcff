package main

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestReadingALongTextShowsItsProgress(t *testing.T) {
	file := filepath.Join(t.TempDir(), "text")
	if err := os.WriteFile(file, bytes.Repeat([]byte("x"), 1<<20), 0o666); err != nil {
		t.Fatal(err)
	}
	for _, long := range []bool{false, true} {
		var stdout, stderr bytes.Buffer
		in, err := openInput(&cliContext{stdout: &stdout, stderr: &stderr}, file, "encode")
		if err != nil {
			t.Fatal(err)
		}
		if long {
			in.(unzipped).from.start = time.Now().Add(-time.Minute)
		}
		text, err := io.ReadAll(in)
		if err != nil || len(text) != 1<<20 {
			t.Fatalf("%d bytes read, %v; want all", len(text), err)
		}
		if err := in.Close(); err != nil {
			t.Fatal(err)
		}
		if got := stderr.String(); strings.Contains(got, "encode") != long || (long && !strings.Contains(got, "1.00 MiB")) {
			t.Errorf("a text that takes long: %v: stderr has %q", long, got)
		}
		if stdout.Len() > 0 {
			t.Errorf("stdout has %q, want nothing", stdout.String())
		}
	}
}
