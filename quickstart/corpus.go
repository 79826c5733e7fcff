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

	Go        bool  // most files are Go
	Files     int   // that are read
	FileBytes int64 // as they lie on disk
	Documents int64 // known once the tokenizer is trained, as is TextBytes
	TextBytes int64

	prompts []string // what the model is to continue
}

// collect finds the files of the folder or file at path, or of the Go toolchain where path is empty.
func collect(ctx context.Context, path string) (*Corpus, error) {
	c := Corpus{Name: path, Inputs: []string{path}}
	if path == "" {
		var err error
		if c, err = CollectGoSources(ctx, ""); err != nil {
			return nil, err
		}
	} else if _, err := os.Stat(path); err != nil {
		return nil, fmt.Errorf("quickstart: corpus: %w", err) // and no glob: the name is a folder's
	}
	corpus, err := read.Open(c.Inputs, c.Read)
	if err != nil {
		return nil, fmt.Errorf("quickstart: corpus: %w", err)
	}
	source := 0
	for _, f := range corpus.Files() {
		if strings.HasSuffix(f.Name, ".go") {
			source++
		}
	}
	c.Files = len(corpus.Files())
	_, c.FileBytes = corpus.Progress()
	if c.Go = 2*source > c.Files; c.Go {
		c.prompts = goPrompts
	}
	return &c, nil
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
