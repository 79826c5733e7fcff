package read

import (
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"

	"github.com/bmatcuk/doublestar/v4"
)

// glob adds the files that match a pattern. Links are followed, those to directories too.
func (f *finder) glob(pattern string) error {
	base, rest := doublestar.SplitPattern(filepath.ToSlash(filepath.Clean(pattern)))
	fsys := &noting{FS: os.DirFS(base), failed: map[string]error{}}
	matches, err := doublestar.Glob(fsys, rest, doublestar.WithFilesOnly())
	if err != nil {
		return fmt.Errorf("read: glob %q: %w", pattern, err)
	}
	for _, name := range slices.Sorted(maps.Keys(fsys.failed)) {
		if err := f.unlistable(filepath.Join(base, filepath.FromSlash(name)), fsys.failed[name]); err != nil {
			return err
		}
	}
	slices.Sort(matches)
	for _, name := range matches {
		p := filepath.FromSlash(path.Join(base, name))
		st, err := os.Stat(p)
		switch {
		case err != nil && !leadsNowhere(err):
			err = f.unlistable(p, err)
		case err != nil, !st.Mode().IsRegular(): // a link that leads to no file, a pipe
			f.skipped[filepath.Ext(p)]++
			f.leaveUnread(p)
			err = nil
		default:
			err = f.add(p, name, stem(filepath.Base(p)), st, false)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// noting takes note of what could not be looked at, by name: doublestar passes over it, or gives up.
type noting struct {
	fs.FS
	failed map[string]error
}

func (n *noting) ReadDir(name string) ([]fs.DirEntry, error) {
	entries, err := fs.ReadDir(n.FS, name)
	n.note(name, err)
	return entries, err
}

func (n *noting) Stat(name string) (fs.FileInfo, error) {
	st, err := fs.Stat(n.FS, name)
	n.note(name, err)
	return st, err
}

func (n *noting) note(name string, err error) {
	if err != nil && !leadsNowhere(err) {
		n.failed[name] = err
	}
}
