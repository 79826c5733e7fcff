package pipeline

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/athanor-lm/athanor/corpus/read"
	"github.com/athanor-lm/athanor/internal/durable"
)

// claimName is a file that says whose the directory of the work is.
const claimName = "README"

const claimText = "What tasks of athanor corpus run have done, from which a changed recipe goes on. While no run is under way it may be removed:\n" +
	"athanor corpus run RECIPE --set keep_work=false does so.\n"

// claim makes the output directory. Whoever made data and work there, runs remove what of it is not theirs: so they must be of a run.
func claim(out string) error {
	work, data := filepath.Join(out, workDir), filepath.Join(out, dataDir)
	claimed := filepath.Join(work, claimName)
	ours := func() bool { return exists(claimed) || exists(filepath.Join(out, manifestName)) }
	if exists(claimed) {
		return nil
	}
	for _, dir := range []string{work, data} {
		entries, err := os.ReadDir(dir)
		if err != nil {
			continue
		}
		i := slices.IndexFunc(entries, func(e os.DirEntry) bool { return !strings.Contains(e.Name(), claimName) }) // another rank may be claiming it
		if i >= 0 && !ours() {                                                                                     // now, as what is there may have come after the claim
			return fmt.Errorf("%s holds %s, which no run of a recipe made, as there is neither %s nor %s beside it: choose another out, or remove it",
				dir, entries[i].Name(), manifestName, filepath.Join(workDir, claimName))
		}
	}
	if err := os.MkdirAll(work, 0o755); err != nil {
		return err
	}
	return durable.Replace(claimed, []byte(claimText))
}

// foreignTo tells files from those that runs write to an output directory, which would else be read by the next run where an input is a
// directory above them. nil where there is no such directory yet.
func foreignTo(out string) func(*read.File) bool {
	root, err := resolve(out)
	if err != nil {
		return nil
	}
	dirs := map[string]string{} // resolved, by directory as opened
	return func(f *read.File) bool {
		dir := filepath.Dir(f.Path)
		real, known := dirs[dir]
		if !known {
			if real, err = resolve(dir); err != nil {
				real = ""
			}
			dirs[dir] = real
		}
		below, err := filepath.Rel(root, filepath.Join(real, filepath.Base(f.Path)))
		if err != nil || real == "" {
			return true
		}
		switch first, rest, deeper := strings.Cut(filepath.ToSlash(below), "/"); first {
		case dataDir, workDir:
			return !deeper || rest == ""
		case quarantineName, reportName, manifestName, timingsName, recipeName, reportPage:
			return deeper
		}
		return true
	}
}

// reportPage is what package report's page is called where nobody says otherwise.
const reportPage = "report.html"

// resolve is a directory's absolute path without links.
func resolve(dir string) (string, error) {
	real, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return "", err
	}
	return filepath.Abs(real)
}
