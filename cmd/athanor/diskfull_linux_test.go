package main

import (
	"os"
	"strings"
	"syscall"
	"testing"
)

// TestFullDiskWhileCheckpointing trains on a disk with room for one checkpoint and a half. It needs the right to mount one.
func TestFullDiskWhileCheckpointing(t *testing.T) {
	w := newWorkshop(t)
	disk := w.path("disk")
	if err := os.Mkdir(disk, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("tmpfs", disk, "tmpfs", 0, "size=14m"); err != nil {
		t.Skipf("a small disk needs the right to mount a tmpfs (the file-size-limit test covers the rest): %v", err)
	}
	defer func() {
		if err := syscall.Unmount(disk, 0); err != nil {
			t.Error(err)
		}
	}()
	code, stderr := trainLarger(t, w, "", disk+"/run")
	if code == 0 || !strings.Contains(stderr, "checkpoint FAILED, the checkpoint of step 4 stands") || !strings.Contains(stderr, "no space left on device") {
		t.Errorf("exit %d: %s", code, stderr)
	}
	if code, _, stderr := piped("", "generate", disk+"/run", "-p", "the", "-n", "3"); code != 0 || strings.Contains(stderr, "passed over") {
		t.Errorf("the checkpoint that stands: exit %d, %s", code, stderr)
	}
	// With room again the run goes on and ends as one that was never disturbed.
	if err := syscall.Mount("tmpfs", disk, "tmpfs", syscall.MS_REMOUNT, "size=64m"); err != nil {
		t.Fatal(err)
	}
	if code, _, stderr := piped("", "train", "--resume", disk+"/run"); code != 0 || !strings.Contains(stderr, "after step 4") {
		t.Fatalf("resume: exit %d, %s", code, stderr)
	}
	if code, stderr := trainLarger(t, w, "", w.path("whole")); code != 0 {
		t.Fatalf("exit %d, %s", code, stderr)
	}
	const weights = "/checkpoints/step-00000020/weights-00001-of-00001.safetensors"
	if string(w.read("disk/run"+weights)) != string(w.read("whole"+weights)) {
		t.Error("the weights differ from an undisturbed run's")
	}
	if got, want := strings.Count(string(w.read("disk/run/metrics.jsonl")), "\n"), 20; got != want {
		t.Errorf("%d records, want %d", got, want)
	}
}
