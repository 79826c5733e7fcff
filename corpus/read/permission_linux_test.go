package read

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

const nobody = 65534

// unprivileged lets the test go on as a user who may not enter every directory, as the superuser may.
func unprivileged(t *testing.T, dir string) {
	t.Helper()
	if os.Geteuid() != 0 {
		return
	}
	if err := os.Chmod(filepath.Dir(filepath.Dir(dir)), 0o755); err != nil { // the test's own
		t.Fatal(err)
	}
	if err := syscall.Setreuid(-1, nobody); err != nil {
		t.Skipf("become another user: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Setreuid(-1, 0); err != nil {
			panic(err)
		}
	})
}

func TestWhatMayNotBeLookedAtIsSetAside(t *testing.T) {
	dir := tree(t, map[string]string{"a.txt": "a", "closed/b.txt": "b", "listed/c.txt": "c", "z.txt": "z"})
	closed, listed := filepath.Join(dir, "closed"), filepath.Join(dir, "listed")
	for p, mode := range map[string]os.FileMode{closed: 0, listed: 0o444} {
		if err := os.Chmod(p, mode); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { os.Chmod(p, 0o755) })
	}
	unprivileged(t, dir)
	inListed := filepath.Join(listed, "c.txt")
	for _, test := range []struct {
		input string
		want  []string
		docs  int
	}{
		{dir, []string{closed, inListed}, 2},
		{filepath.Join(dir, "**", "*.txt"), []string{closed, inListed}, 2},
		{filepath.Join(dir, "*", "[bc].txt"), []string{closed, inListed}, 0},
		{filepath.Join(closed, "*.txt"), []string{closed}, 0},
	} {
		if _, _, _, err := all(t, Options{}, test.input); err == nil || !strings.Contains(err.Error(), "permission denied") || !strings.Contains(err.Error(), test.want[0]) {
			t.Errorf("%s: error %v", test.input, err)
		}
		var files []string
		docs, _, _, err := all(t, Options{OnBadFile: func(b Bad) {
			files = append(files, b.File)
			if !strings.Contains(b.Reason, "permission denied") {
				t.Errorf("%s: %v", test.input, b)
			}
		}}, test.input)
		if err != nil || len(docs) != test.docs || !slices.Equal(files, test.want) {
			t.Errorf("%s: %d documents, set aside %q, %v; want %d, %q", test.input, len(docs), files, err, test.docs, test.want)
		}
	}
}

func TestLinksLeadToEachFileOnce(t *testing.T) {
	dir := tree(t, map[string]string{"a.txt": "a", "sub/b.txt": "b"})
	for name, to := range map[string]string{"sub/again": "..", "none.txt": "nowhere", "c.txt": "a.txt"} {
		if err := os.Symlink(to, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	for _, inputs := range [][]string{{filepath.Join(dir, "**", "*.txt")}, {dir, filepath.Join(dir, "sub", "again", "sub")}} {
		docs, _, st, err := all(t, Options{}, inputs...)
		if err != nil || len(docs) != 3 || st.LeftOut[".txt"] != 1 {
			t.Errorf("%q: %d documents, %v left out, %v; want 3 (a link to a file is one), and the link to none left out", inputs, len(docs), st.LeftOut, err)
		}
	}
}
