package checkpoint

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/athanor-lm/athanor/internal/safetensors"
)

// Found is a checkpoint directory below a root.
type Found struct {
	Dir      string
	Step     int64     // by the directory's name
	Manifest *Manifest // nil where Err is not
	Err      error     // why the manifest cannot be used
}

// Skipped is a checkpoint Load passed over.
type Skipped struct {
	Dir string
	Err error // what is wrong with it
}

// List returns the checkpoints below root, newest first, by their manifests; the files are not verified.
// Newest means written last: a run that was rolled back writes lower steps after higher ones. Directories
// without a usable manifest come where their step puts them. A checkpoint that was set aside to be replaced when the
// process was killed counts under its new name, .old-step-…; NewSaver puts it back. A root that does not exist has none.
func List(root string) ([]Found, error) {
	entries, err := os.ReadDir(root)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("checkpoint: list %s: %w", root, err)
	}
	var found []Found
	for _, e := range entries {
		name, aside := strings.CutPrefix(e.Name(), oldPrefix)
		if aside && exists(filepath.Join(root, name)) {
			continue // its replacement stands
		}
		digits, ok := strings.CutPrefix(name, stepPrefix)
		step, err := strconv.ParseInt(digits, 10, 64)
		if !ok || err != nil || step < 0 || !e.IsDir() {
			continue
		}
		f := Found{Dir: filepath.Join(root, e.Name()), Step: step}
		f.Manifest, f.Err = readManifest(f.Dir)
		found = append(found, f)
	}
	sortFound(found)
	return found, nil
}

// sortFound orders those with a manifest by sequence and puts each of the others before the first of them with
// a step no higher than its own.
func sortFound(found []Found) {
	var good, bad []Found
	for _, f := range found {
		if f.Manifest != nil {
			good = append(good, f)
		} else {
			bad = append(bad, f)
		}
	}
	slices.SortFunc(good, func(a, b Found) int {
		return cmp.Or(cmp.Compare(b.Manifest.Sequence, a.Manifest.Sequence), cmp.Compare(b.Step, a.Step))
	})
	slices.SortFunc(bad, func(a, b Found) int { return cmp.Compare(b.Step, a.Step) })
	out := found[:0]
	for _, g := range good {
		for len(bad) > 0 && bad[0].Step >= g.Step {
			out = append(out, bad[0])
			bad = bad[1:]
		}
		out = append(out, g)
	}
	copy(found[len(out):], bad)
}

func readManifest(dir string) (*Manifest, error) {
	path := filepath.Join(dir, manifestName)
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxManifest+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("read %s: %w", path, err)
	case len(b) > maxManifest:
		return nil, fmt.Errorf("%s has more than %d bytes", path, maxManifest)
	}
	m, err := decodeManifest(b)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return m, nil
}

// Checkpoint is a verified checkpoint, ready to be read.
type Checkpoint struct {
	Dir      string
	Manifest *Manifest
	where    map[string]int // tensor name → index in Manifest.Files
	infos    []safetensors.Info
}

// Load opens the newest checkpoint below root whose every byte is as it was written. It also returns
// those it had to pass over, newest first, with what was wrong. Without any valid checkpoint the error wraps
// ErrNone.
func Load(root string) (*Checkpoint, []Skipped, error) {
	found, err := List(root)
	if err != nil {
		return nil, nil, err
	}
	var skipped []Skipped
	for _, f := range found {
		if f.Err == nil {
			c, err := open(f.Dir, f.Manifest)
			if err == nil {
				return c, skipped, nil
			}
			f.Err = err
		}
		skipped = append(skipped, Skipped{Dir: f.Dir, Err: f.Err})
	}
	err = fmt.Errorf("checkpoint: load from %s: %w", root, ErrNone)
	if len(skipped) > 0 {
		err = fmt.Errorf("%w: %d are damaged, the newest: %w", err, len(skipped), skipped[0].Err)
	}
	return nil, skipped, err
}

// LoadDir opens and verifies the checkpoint in dir.
func LoadDir(dir string) (*Checkpoint, error) {
	m, err := readManifest(dir)
	var c *Checkpoint
	if err == nil {
		c, err = open(dir, m)
	}
	if err != nil {
		return nil, fmt.Errorf("checkpoint: load: %w", err)
	}
	return c, nil
}

// open verifies all files against the manifest and indexes the tensors.
func open(dir string, m *Manifest) (*Checkpoint, error) {
	// Sizes first: they cost nothing and show most damage.
	for _, e := range m.Files {
		st, err := os.Stat(filepath.Join(dir, e.Name))
		if err != nil {
			return nil, err
		}
		if st.Size() != e.Size {
			return nil, fmt.Errorf("%s has %d bytes, want %d", filepath.Join(dir, e.Name), st.Size(), e.Size)
		}
	}
	c := &Checkpoint{Dir: dir, Manifest: m, where: make(map[string]int)}
	buf := make([]byte, 1<<20)
	for i, e := range m.Files {
		path := filepath.Join(dir, e.Name)
		if err := verify(path, e.SHA256, buf); err != nil {
			return nil, err
		}
		if err := c.index(path, i); err != nil {
			return nil, err
		}
	}
	return c, nil
}

func verify(path, want string, buf []byte) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	h := sha256.New()
	// Hide the file's WriterTo, which would bypass buf.
	if _, err := io.CopyBuffer(h, struct{ io.Reader }{f}, buf); err != nil {
		return fmt.Errorf("verify %s: %w", path, err)
	}
	if got := hex.EncodeToString(h.Sum(nil)); got != want {
		return fmt.Errorf("%s has SHA-256 %s, want %s: its content changed after it was written", path, got, want)
	}
	return nil
}

func (c *Checkpoint) index(path string, i int) error {
	f, err := safetensors.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	names := f.Names()
	if len(names) != c.Manifest.Files[i].Tensors {
		return fmt.Errorf("%s holds %d tensors, want %d", path, len(names), c.Manifest.Files[i].Tensors)
	}
	for _, n := range names {
		if j, ok := c.where[n]; ok {
			return fmt.Errorf("tensor %q is in %s and in %s", n, c.Manifest.Files[j].Name, path)
		}
		info, _ := f.Info(n)
		c.where[n] = i
		c.infos = append(c.infos, info)
	}
	return nil
}

// Tensors describes the tensors of the checkpoint in the order they are stored, without data.
func (c *Checkpoint) Tensors() []Tensor {
	out := make([]Tensor, len(c.infos))
	for i, info := range c.infos {
		out[i] = Tensor{Name: info.Name, Shape: slices.Clone(info.Shape)}
	}
	return out
}

// LoadInto fills the tensors of all groups by name. Names and shapes must match the checkpoint's exactly; if
// not, the error names every difference and nothing is changed.
func (c *Checkpoint) LoadInto(groups [][]Tensor) error { return c.load(groups, false) }

// LoadWeights is LoadInto for weights alone: optimizer tensors in the checkpoint are left out.
func (c *Checkpoint) LoadWeights(groups [][]Tensor) error { return c.load(groups, true) }

// LoadTensor fills t.Data from the tensor of that name, whose shape must be t's; the rest of the checkpoint is not asked for.
func (c *Checkpoint) LoadTensor(t Tensor) error {
	i, ok := c.where[t.Name]
	if !ok {
		return fmt.Errorf("checkpoint: load %s: no tensor %q", c.Dir, t.Name)
	}
	f, err := safetensors.Open(filepath.Join(c.Dir, c.Manifest.Files[i].Name))
	if err != nil {
		return fmt.Errorf("checkpoint: load: %w", err)
	}
	if info, _ := f.Info(t.Name); !slices.Equal(info.Shape, t.Shape) {
		err = fmt.Errorf("tensor %q has shape %v, want %v", t.Name, info.Shape, t.Shape)
	} else {
		err = f.ReadF32(t.Name, t.Data)
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("checkpoint: load %s: %w", c.Dir, err)
	}
	return nil
}

func (c *Checkpoint) load(groups [][]Tensor, weightsOnly bool) error {
	byFile := make([][]Tensor, len(c.Manifest.Files))
	if err := c.match(groups, weightsOnly, byFile); err != nil {
		return fmt.Errorf("checkpoint: load %s: %w", c.Dir, err)
	}
	for i, tensors := range byFile {
		if len(tensors) == 0 {
			continue
		}
		f, err := safetensors.Open(filepath.Join(c.Dir, c.Manifest.Files[i].Name))
		if err != nil {
			return fmt.Errorf("checkpoint: load: %w", err)
		}
		for _, t := range tensors {
			if err = f.ReadF32(t.Name, t.Data); err != nil {
				break
			}
		}
		if err := errors.Join(err, f.Close()); err != nil {
			return fmt.Errorf("checkpoint: load: %w", err)
		}
	}
	return nil
}

// match sorts the wanted tensors by the file that holds them and reports all differences.
func (c *Checkpoint) match(groups [][]Tensor, weightsOnly bool, byFile [][]Tensor) error {
	shapes := make(map[string][]int, len(c.infos))
	for _, info := range c.infos {
		shapes[info.Name] = info.Shape
	}
	wanted := make(map[string]bool)
	var missing, surplus, mismatched []string
	for _, group := range groups {
		for _, t := range group {
			i, ok := c.where[t.Name]
			n := 1
			for _, d := range t.Shape {
				n *= d
			}
			switch {
			case wanted[t.Name]:
				return fmt.Errorf("tensor %q is asked for twice", t.Name)
			case n != len(t.Data):
				return fmt.Errorf("tensor %q of shape %v has room for %d elements", t.Name, t.Shape, len(t.Data))
			case !ok:
				missing = append(missing, t.Name)
			case !slices.Equal(shapes[t.Name], t.Shape):
				mismatched = append(mismatched, fmt.Sprintf("%s %v, want %v", t.Name, shapes[t.Name], t.Shape))
			default:
				byFile[i] = append(byFile[i], t)
			}
			wanted[t.Name] = true
		}
	}
	for _, info := range c.infos {
		t := Tensor{Name: info.Name}
		if !wanted[t.Name] && !(weightsOnly && t.optimizer()) {
			surplus = append(surplus, t.Name)
		}
	}
	var errs []string
	for _, kind := range []struct {
		what  string
		names []string
	}{{"missing", missing}, {"with another shape", mismatched}, {"not part of the model", surplus}} {
		if len(kind.names) > 0 {
			errs = append(errs, fmt.Sprintf("%d tensors %s: %s", len(kind.names), kind.what, strings.Join(kind.names, "; ")))
		}
	}
	if len(errs) > 0 {
		return errors.New(strings.Join(errs, "\n"))
	}
	return nil
}
