package dataset

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// Set is an opened dataset. It is safe for concurrent use until Close.
type Set struct {
	dir      string
	manifest *Manifest
	splits   map[string]*Split
}

// Open maps a dataset into memory. It checks the manifest, the size of every file, every number of every index, and
// that all of these agree. It does not read the tokens: see Set.Verify.
func Open(dir string) (*Set, error) {
	m, err := ReadManifest(dir)
	if err != nil {
		return nil, err
	}
	s := &Set{dir: dir, manifest: m, splits: map[string]*Split{}}
	if err := s.checkSizes(); err != nil {
		return nil, err
	}
	for _, info := range m.Splits {
		sp, err := s.openSplit(info)
		if err != nil {
			s.Close()
			return nil, err
		}
		s.splits[info.Name] = sp
	}
	return s, nil
}

func (s *Set) checkSizes() error {
	for _, f := range s.manifest.Files {
		path := filepath.Join(s.dir, filepath.FromSlash(f.Name))
		st, err := os.Stat(path)
		if err != nil {
			return fmt.Errorf("dataset: open %s: %w", s.dir, err)
		}
		if st.Size() != f.Size {
			return fmt.Errorf("dataset: open %s: %d bytes, want %d by the manifest: the file is truncated or was changed", path, st.Size(), f.Size)
		}
	}
	return nil
}

func (s *Set) openSplit(info SplitInfo) (*Split, error) {
	sp, err := OpenMegatron(filepath.Join(s.dir, info.Name), s.manifest.Tokenizer.VocabSize)
	if err != nil {
		return nil, err
	}
	sp.name, sp.bytes = info.Name, info.Bytes
	for _, c := range []struct {
		what        string
		found, want any
	}{
		{"tokens", sp.Tokens(), info.Tokens},
		{"documents", sp.Docs(), info.Documents},
		{"dtype", sp.DType(), s.manifest.DType},
	} {
		if c.found != c.want {
			sp.Close()
			return nil, fmt.Errorf("dataset: open %s: %s: the index says %v, the manifest %v", sp.path, c.what, c.found, c.want)
		}
	}
	return sp, nil
}

// Manifest returns what the dataset says of itself. It must not be changed.
func (s *Set) Manifest() *Manifest { return s.manifest }

// CheckTokenizer refuses a tokenizer, given by its hash, that is not the one that made the dataset.
func (s *Set) CheckTokenizer(hash string) error {
	if made := s.manifest.Tokenizer.Hash; hash != made {
		return fmt.Errorf("dataset: %s was made with tokenizer %s, not with %s: encode the corpus anew, or use the tokenizer in %s",
			s.dir, short(made), short(hash), s.TokenizerDir())
	}
	return nil
}

// Split returns "train" or "val", nil where the dataset has no such split.
func (s *Set) Split(name string) *Split { return s.splits[name] }

// TokenizerDir returns the directory of the tokenizer that made the ids.
func (s *Set) TokenizerDir() string { return filepath.Join(s.dir, tokenizerDir) }

// Close unmaps the shards. No sample may be drawn afterwards.
func (s *Set) Close() error {
	var errs []error
	for _, sp := range s.splits {
		errs = append(errs, sp.Close())
	}
	return errors.Join(errs...)
}

// Verify reads every file and compares its SHA-256 with the manifest's.
func (s *Set) Verify(ctx context.Context) error {
	for _, f := range s.manifest.Files {
		path := filepath.Join(s.dir, filepath.FromSlash(f.Name))
		sum, err := fileSHA256(ctx, path)
		if err != nil {
			return fmt.Errorf("dataset: verify %s: %w", path, err)
		}
		if sum != f.SHA256 {
			return fmt.Errorf("dataset: verify %s: its SHA-256 is %s, want %s by the manifest: the file is damaged or was changed", path, short(sum), short(f.SHA256))
		}
	}
	return nil
}

func fileSHA256(ctx context.Context, path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.CopyBuffer(onlyWriter{h}, ctxReader{ctx, f}, make([]byte, 1<<20)); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// ctxReader stops reading when the context does.
type ctxReader struct {
	ctx context.Context
	r   io.Reader
}

func (c ctxReader) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}

// onlyWriter hides a ReaderFrom, so that the copy's buffer is used.
type onlyWriter struct{ io.Writer }

// short is the beginning of a hash, enough to tell two apart.
func short(hash string) string { return hash[:min(len(hash), 12)] }
