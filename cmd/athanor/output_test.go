package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestOutputsThatCannotBeMadeAreRefusedBeforeTheWork(t *testing.T) {
	dir := t.TempDir()
	file, missing := filepath.Join(dir, "file"), filepath.Join(dir, "none.txt")
	if err := os.WriteFile(file, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	// None of these inputs is there: a command that complains of its output has not looked at them.
	for want, args := range map[string][]string{
		file + " is a file, want a directory": {"tokenizer", "train", missing, "-o", file},
		dir + " is a directory, want a file":  {"corpus", "classify", "train", "a=" + missing, "b=" + missing, "-o", dir},
		"nowhere: no such file":               {"corpus", "perplexity", "train", missing, "--unit", "word", "-o", filepath.Join(dir, "nowhere", "x.ngram")},
		"ends with .svg":                      {"tokenizer", "compare", missing, "--text", missing, "--chart", filepath.Join(dir, "c.png")},
	} {
		if code, _, stderr := piped("", args...); code != 1 || !strings.Contains(stderr, want) {
			t.Errorf("%q: exit %d, %q, want %q", args, code, stderr, want)
		}
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	if os.Getuid() == 0 {
		return // to whom nothing is forbidden
	}
	if err := os.Chmod(dir, 0o500); err != nil {
		t.Fatal(err)
	}
	if err := mayMakeDir(filepath.Join(dir, "a", "b")); err == nil || !strings.Contains(err.Error(), "permission denied") {
		t.Errorf("a directory that is read-only: %v", err)
	}
}
