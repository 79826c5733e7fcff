package durable

import (
	"os"
	"path/filepath"
	"testing"
)

func TestReplaceIsWholeOrNotAtAll(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "f")
	for _, data := range []string{"first", "second, longer", ""} {
		if err := Replace(path, []byte(data)); err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(path); err != nil || string(got) != data {
			t.Errorf("holds %q, %v, want %q", got, err, data)
		}
	}
	if st, err := os.Stat(path); err != nil || st.Mode().Perm()&0o444 != 0o444 {
		t.Errorf("mode %v, %v, want one that all can read", st.Mode(), err)
	}
	// A directory in the place cannot be replaced: nothing of the attempt stays.
	taken := filepath.Join(dir, "taken")
	if err := os.MkdirAll(filepath.Join(taken, "inside"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := Replace(taken, []byte("x")); err == nil {
		t.Error("a directory was replaced")
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 2 {
		t.Errorf("left behind: %v, %v", entries, err)
	}
	if err := Replace(filepath.Join(dir, "none", "f"), nil); !os.IsNotExist(err) {
		t.Errorf("no directory: %v", err)
	}
}

func TestWriteEmptiesWhatWasThere(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	for _, data := range []string{"a longer text", "short"} {
		if err := Write(path, []byte(data)); err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(path); err != nil || string(got) != data {
			t.Errorf("holds %q, %v, want %q", got, err, data)
		}
	}
	if err := SyncDir(filepath.Join(path, "none")); err == nil {
		t.Error("a directory that is not there was synced")
	}
}
