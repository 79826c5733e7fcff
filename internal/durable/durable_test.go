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

func TestAsideComesToItsPlaceWhole(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "f")
	if err := Replace(path, []byte("old")); err != nil {
		t.Fatal(err)
	}
	holds := func(want string) {
		t.Helper()
		if got, err := os.ReadFile(path); err != nil || string(got) != want {
			t.Errorf("holds %q, %v, want %q", got, err, want)
		}
	}
	begin := func() *Aside {
		t.Helper()
		a, err := Create(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, part := range []string{"new, ", "in parts"} {
			if _, err := a.Write([]byte(part)); err != nil {
				t.Fatal(err)
			}
		}
		return a
	}
	if err := begin().Close(); err != nil {
		t.Error(err)
	}
	holds("old")
	begin() // and is killed
	RemoveAsides(path)
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
		t.Errorf("left behind: %v, %v", entries, err)
	}
	a := begin()
	holds("old")
	if err := a.Commit(); err != nil {
		t.Fatal(err)
	}
	if err := a.Close(); err != nil {
		t.Errorf("closed after it was committed: %v", err)
	}
	holds("new, in parts")
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
		t.Errorf("left behind: %v, %v", entries, err)
	}
}

func TestPlacedFilesTellTheirSize(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "f")
	a, err := Create(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{"new, ", "in parts"} {
		if _, err := a.Write([]byte(part)); err != nil {
			t.Fatal(err)
		}
	}
	if left, err := filepath.Glob(filepath.Join(dir, ".f-*")); err != nil || len(left) != 1 {
		t.Errorf("aside: %v, %v, want one file", left, err)
	}
	if err := a.Place(); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(path); err != nil || string(got) != "new, in parts" || a.Size() != int64(len(got)) {
		t.Errorf("holds %q, %v; its size is said to be %d", got, err, a.Size())
	}
	if err := a.Close(); err != nil {
		t.Errorf("closed after it was placed: %v", err)
	}
}
