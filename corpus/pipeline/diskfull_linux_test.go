package pipeline

import (
	"context"
	"os"
	"strings"
	"syscall"
	"testing"
)

// TestFullDiskIsNamedAndTheRunGoesOn runs a recipe on a disk with room for a part of it. It needs the right to mount one.
func TestFullDiskIsNamedAndTheRunGoesOn(t *testing.T) {
	dir := t.TempDir()
	testInputs(t, dir)
	r := testRecipe(t, dir, testSteps)
	if err := os.Mkdir(r.Out, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("tmpfs", r.Out, "tmpfs", 0, "size=100k"); err != nil {
		t.Skipf("a small disk needs the right to mount a tmpfs: %v", err)
	}
	defer func() {
		if err := syscall.Unmount(r.Out, 0); err != nil {
			t.Error(err)
		}
	}()
	p, err := Open(r, Options{Workers: 2})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Run(context.Background()); err == nil || !strings.Contains(err.Error(), "no space left on device") || !strings.Contains(err.Error(), r.Out) {
		t.Fatalf("got %v, want that no space is left for a file below %s", err, r.Out)
	}
	if err := syscall.Mount("tmpfs", r.Out, "tmpfs", syscall.MS_REMOUNT, "size=64m"); err != nil {
		t.Fatal(err)
	}
	runRecipe(t, r, 2)
	got := tree(t, r.Out)
	whole := *r
	whole.Out += "-whole"
	runRecipe(t, &whole, 2)
	sameTree(t, "went on", got, tree(t, whole.Out))
}
