package checkpoint

import (
	"errors"
	"syscall"
	"testing"
)

// TestFullDisk saves onto a file system with room for one checkpoint and a half. It needs the right to mount one.
func TestFullDisk(t *testing.T) {
	root := t.TempDir()
	if err := syscall.Mount("tmpfs", root, "tmpfs", 0, "size=9m"); err != nil {
		t.Skipf("a small disk needs the right to mount a tmpfs (the file-size-limit test covers the rest): %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(root, 0); err != nil {
			t.Error(err)
		}
	})
	s, err := NewSaver(root, Options{KeepLast: 2})
	if err != nil {
		t.Fatal(err)
	}
	st := newPagedState(1) // 6 MiB
	if err := s.Begin(st); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Wait(); err != nil {
		t.Fatal(err)
	}
	train(s, st, 2)
	if err := s.Begin(st); err != nil {
		t.Fatal(err)
	}
	train(s, st, 3)
	if _, err := s.Wait(); !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("the save ended with %v, want ENOSPC", err)
	}
	if got := names(t, root); len(got) != 2 {
		t.Errorf("left behind: %v", got)
	}
	c, skipped, err := Load(root)
	if err != nil || len(skipped) > 0 || c.Manifest.Step != 1 {
		t.Fatal(c, skipped, err)
	}
	check(t, c)
}
