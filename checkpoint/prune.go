package checkpoint

import (
	"fmt"
	"path/filepath"
)

// prune removes checkpoints below root, except the newest keepLast (0 keeps all), those whose step is a multiple of
// keepEvery (0 = none), and valid, the directory name known to be the newest whose every byte verifies. It returns
// what it removed. Damaged checkpoints do not count among the newest, and go when they are older than all that stay.
func prune(fs FS, root, valid string, keepLast int, keepEvery int64) ([]string, error) {
	if keepLast <= 0 {
		return nil, nil
	}
	found, err := List(root)
	if err != nil {
		return nil, err
	}
	var removed []string
	kept := 0
	for _, f := range found {
		name := filepath.Base(f.Dir)
		keep := name == valid || kept < keepLast || keepEvery > 0 && f.Step%keepEvery == 0
		if keep {
			if f.Err == nil {
				kept++
			}
			continue
		}
		// Hidden first: a kill during the removal must not leave half a checkpoint under its name.
		hidden := filepath.Join(root, tmpPrefix+name)
		err := fs.Rename(f.Dir, hidden)
		if err == nil {
			err = fs.RemoveAll(hidden)
		}
		if err != nil {
			return removed, fmt.Errorf("checkpoint: prune %s: %w", f.Dir, err)
		}
		removed = append(removed, f.Dir)
	}
	if len(removed) > 0 {
		if err := fs.SyncDir(root); err != nil {
			return removed, fmt.Errorf("checkpoint: prune %s: %w", root, err)
		}
	}
	return removed, nil
}
