package quickstart

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/athanor-lm/athanor/corpus/read"
)

// Corpus is the text a quickstart learns from, as package read takes it.
type Corpus struct {
	Name   string
	Inputs []string
	Read   read.Options
}

// CollectGoSources is the corpus every machine with Go has: the .go files below the src directory of a Go toolchain, in
// lexical order. Left out is what is no Go that people wrote for this tree: generated files, vendored packages, test
// data, and files above 256 KiB, which are tables. An empty root asks "go env GOROOT".
func CollectGoSources(ctx context.Context, root string) (Corpus, error) {
	if root == "" {
		var err error
		if root, err = goRoot(ctx); err != nil {
			return Corpus{}, err
		}
	}
	src := filepath.Join(root, "src")
	if st, err := os.Stat(src); err != nil || !st.IsDir() {
		return Corpus{}, fmt.Errorf("quickstart: %s holds no src directory, so it is no Go toolchain; name another corpus with --corpus", root)
	}
	return Corpus{Name: "Go toolchain", Inputs: []string{src}, Read: read.Options{Extensions: []string{".go"}, Keep: isHandWritten}}, nil
}

func goRoot(ctx context.Context) (string, error) {
	out, err := exec.CommandContext(ctx, "go", "env", "GOROOT").Output()
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		return "", fmt.Errorf("quickstart: go env GOROOT: %w: %s", err, bytes.TrimSpace(exit.Stderr))
	case err != nil:
		return "", fmt.Errorf("quickstart: no Go toolchain to learn from (%w); name another corpus with --corpus", err)
	}
	return strings.TrimSpace(string(out)), nil
}

const maxSource = 256 << 10 // bytes

func isHandWritten(f *read.File) bool {
	dirs := strings.Split(f.Name, "/")
	if f.Size > maxSource || slices.Contains(dirs, "vendor") || slices.Contains(dirs, "testdata") {
		return false
	}
	file, err := os.Open(f.Path)
	if err != nil {
		return true // reading it will say what is wrong
	}
	defer file.Close()
	head := make([]byte, 4096)
	n, err := io.ReadFull(file, head)
	if err != nil && err != io.ErrUnexpectedEOF && err != io.EOF {
		return true
	}
	return !isGenerated(head[:n])
}

// isGenerated looks for the line that go.dev/s/generatedcode prescribes, before the package clause.
func isGenerated(head []byte) bool {
	for line := range bytes.Lines(head) {
		line = bytes.TrimRight(line, "\r\n")
		if bytes.HasPrefix(line, []byte("package ")) {
			return false
		}
		if bytes.HasPrefix(line, []byte("// Code generated ")) && bytes.HasSuffix(line, []byte(" DO NOT EDIT.")) {
			return true
		}
	}
	return false
}
