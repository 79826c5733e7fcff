package checkpoint

import (
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/athanor-lm/athanor/internal/safetensors"
)

const (
	stepPrefix = "step-"
	tmpPrefix  = ".tmp-"
	oldPrefix  = ".old-"
)

// DirName is the name of the checkpoint of a step: step-00001234.
func DirName(step int64) string { return fmt.Sprintf("%s%08d", stepPrefix, step) }

// stream writes tensors, in a declared order, into a sequence of safetensors files of bounded size.
type stream struct {
	fs     FS
	dir    string
	shards []shard
	at     int // shard being written
	left   int // tensors it still wants
	file   File
	w      *safetensors.Writer
	done   []FileEntry
}

type shard struct {
	name  string
	infos []safetensors.Info
}

// newStream plans files called kind-00001-of-00003.safetensors of at most limit bytes of data; a tensor larger
// than that gets a file of its own.
func newStream(fs FS, dir, kind string, tensors []*pending, limit int64) *stream {
	s := &stream{fs: fs, dir: dir}
	var size int64
	for _, t := range tensors {
		n := 4 * int64(len(t.Data))
		if len(s.shards) == 0 || size+n > limit {
			s.shards = append(s.shards, shard{})
			size = 0
		}
		size += n
		sh := &s.shards[len(s.shards)-1]
		sh.infos = append(sh.infos, safetensors.Info{Name: t.Name, DType: safetensors.F32, Shape: t.Shape})
	}
	for i := range s.shards {
		s.shards[i].name = fmt.Sprintf("%s-%05d-of-%05d.safetensors", kind, i+1, len(s.shards))
	}
	return s
}

// begin makes sure that the file for the next tensor is open.
func (s *stream) begin() error {
	if s.w != nil {
		return nil
	}
	sh := s.shards[s.at]
	f, err := s.fs.Create(filepath.Join(s.dir, sh.name))
	if err != nil {
		return err
	}
	s.file = f
	s.left = len(sh.infos)
	s.w, err = safetensors.Create(f, sh.infos, nil)
	if err != nil {
		return fmt.Errorf("%s: %w", sh.name, err)
	}
	return nil
}

// end counts a finished tensor and closes the file after its last.
func (s *stream) end() error {
	if s.left--; s.left > 0 {
		return nil
	}
	sh := s.shards[s.at]
	err := s.w.Close()
	if err == nil {
		err = s.file.Sync()
	}
	err = errors.Join(err, s.file.Close())
	sum, size := s.w.Sum(), s.w.Size()
	s.w, s.file = nil, nil
	if err != nil {
		return fmt.Errorf("%s: %w", sh.name, err)
	}
	s.done = append(s.done, FileEntry{Name: sh.name, Size: size, SHA256: hex.EncodeToString(sum[:]), Tensors: len(sh.infos)})
	s.at++
	return nil
}

// abandon closes a file left open by an error.
func (s *stream) abandon() {
	if s.file != nil {
		s.file.Close()
	}
}

// commit turns the finished temporary directory into the checkpoint name and points latest at it.
func commit(fs FS, root, tmp, name string) error {
	if err := fs.SyncDir(tmp); err != nil {
		return err
	}
	final := filepath.Join(root, name)
	old := filepath.Join(root, oldPrefix+name)
	// A run that fell back to an older checkpoint reaches steps again that it has saved before.
	replacing := exists(final)
	if replacing {
		if err := fs.RemoveAll(old); err != nil {
			return err
		}
		if err := fs.Rename(final, old); err != nil {
			return err
		}
	}
	if err := fs.Rename(tmp, final); err != nil {
		if replacing {
			err = errors.Join(err, fs.Rename(old, final))
		}
		return err
	}
	if err := fs.SyncDir(root); err != nil {
		return err
	}
	if err := pointLatest(fs, root, name); err != nil {
		return fmt.Errorf("%s is complete, but %s could not be written: %w", name, latestName, err)
	}
	if replacing {
		return fs.RemoveAll(old)
	}
	return nil
}

func pointLatest(fs FS, root, name string) error {
	tmp := filepath.Join(root, tmpPrefix+latestName)
	err := writeFile(fs, tmp, []byte(name+"\n"))
	if err == nil {
		err = fs.Rename(tmp, filepath.Join(root, latestName))
	}
	if err != nil {
		fs.RemoveAll(tmp) // the first error counts; a leftover is cleaned at the next start
		return err
	}
	return fs.SyncDir(root)
}

// clean removes what a killed process left below root: temporary files and directories, and checkpoints set
// aside while they were replaced, which go back to their place if their replacement never arrived.
func clean(fs FS, root string) error {
	entries, err := os.ReadDir(root)
	if err != nil {
		return err
	}
	for _, e := range entries {
		path := filepath.Join(root, e.Name())
		switch name, old := strings.CutPrefix(e.Name(), oldPrefix); {
		case old && !exists(filepath.Join(root, name)):
			if err := fs.Rename(path, filepath.Join(root, name)); err != nil {
				return err
			}
		case old, strings.HasPrefix(e.Name(), tmpPrefix):
			if err := fs.RemoveAll(path); err != nil {
				return err
			}
		}
	}
	return nil
}
