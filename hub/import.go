package hub

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/athanor-lm/athanor/internal/safetensors"
)

// Names inside a model directory, and of the output projection, which no prefix stands before.
const (
	configFile  = "config.json"
	weightsFile = "model.safetensors"
	indexFile   = "model.safetensors.index.json"
	headName    = "lm_head.weight"
)

// Checkpoint is an opened Hugging Face model directory whose every tensor has been accounted for: Load cannot meet a
// missing name or a wrong shape. Its methods may be called from several goroutines at once.
type Checkpoint struct {
	HFConfig
	Dir   string
	DType string // of the embedding as stored: F32, BF16 or F16

	links []link
	files []*safetensors.File
	where map[string]stored // by the link's name
}

// stored is where a tensor lies: a file and the name it has there.
type stored struct {
	file *safetensors.File
	name string
}

// Open reads the directory's config.json and the headers of its safetensors files and checks that they hold
// exactly the tensors of the model, in their shapes. Close it after use.
func Open(dir string) (*Checkpoint, error) {
	c := &Checkpoint{Dir: dir}
	if err := c.open(); err != nil {
		c.Close()
		return nil, fmt.Errorf("hub: import %s: %w", dir, err)
	}
	return c, nil
}

func (c *Checkpoint) open() error {
	data, err := os.ReadFile(filepath.Join(c.Dir, configFile))
	if err != nil {
		return err
	}
	if c.HFConfig, err = ParseConfig(data); err != nil {
		return fmt.Errorf("%s: %w", configFile, err)
	}
	have, err := c.openFiles()
	if err != nil {
		return err
	}
	fam := families[c.Model.Family]
	c.links = fam.links(c.Model)
	if err := c.place(fam, have); err != nil {
		return err
	}
	s := c.where[c.links[0].hf]
	info, _ := s.file.Info(s.name)
	c.DType = string(info.DType)
	return nil
}

// Close releases the files.
func (c *Checkpoint) Close() error {
	var err error
	for _, f := range c.files {
		err = errors.Join(err, f.Close())
	}
	return err
}

// Params lists the parameters, ours, in the order of the Hugging Face table.
func (c *Checkpoint) Params() []Param { return paramsOf(c.links) }

// Load reads our parameter of that name into dst, which has exactly its elements, converting to f32, fusing and transposing
// as the family's table says.
func (c *Checkpoint) Load(name string, dst []float32) error {
	links := linksOf(c.links, name)
	if links == nil {
		return fmt.Errorf("hub: load %q from %s: the model has no such parameter", name, c.Dir)
	}
	if want := paramsOf(links)[0].Elements(); len(dst) != want {
		return fmt.Errorf("hub: load %q from %s: it has %d elements, the destination %d", name, c.Dir, want, len(dst))
	}
	for _, l := range links {
		part := dst[l.row*l.cols() : (l.row+l.rows())*l.cols()]
		s := c.where[l.hf]
		buf := part
		if l.transposed {
			buf = make([]float32, len(part))
		}
		if err := s.file.ReadF32(s.name, buf); err != nil {
			return fmt.Errorf("hub: load %q: %w", name, err)
		}
		if l.transposed {
			transpose(part, buf, l.shape[0], l.shape[1])
		}
	}
	return nil
}

// openFiles opens the single file or, by the index, all shards, and returns where each name lies.
func (c *Checkpoint) openFiles() (map[string]stored, error) {
	have := map[string]stored{}
	single := filepath.Join(c.Dir, weightsFile)
	if _, err := os.Stat(single); err == nil {
		return have, c.addFile(single, have)
	}
	data, err := os.ReadFile(filepath.Join(c.Dir, indexFile))
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("neither %s nor %s is there (other weight formats are not read)", weightsFile, indexFile)
	}
	if err != nil {
		return nil, err
	}
	index, err := parseIndex(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", indexFile, err)
	}
	for _, name := range slices.Compact(slices.Sorted(maps.Values(index))) {
		if err := c.addFile(filepath.Join(c.Dir, name), have); err != nil {
			return nil, err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(index)) {
		if s, ok := have[name]; !ok || filepath.Base(s.file.Path()) != index[name] {
			return nil, fmt.Errorf("%s: tensor %q is said to be in %s, which does not have it", indexFile, name, index[name])
		}
	}
	return have, nil
}

// addFile opens one safetensors file and records its tensors.
func (c *Checkpoint) addFile(path string, have map[string]stored) error {
	f, err := safetensors.Open(path)
	if err != nil {
		return err
	}
	c.files = append(c.files, f)
	for _, name := range f.Names() {
		if other, ok := have[name]; ok {
			return fmt.Errorf("tensor %q is both in %s and in %s", name, filepath.Base(other.file.Path()), filepath.Base(path))
		}
		have[name] = stored{f, name}
	}
	return nil
}

// parseIndex reads the weight_map of model.safetensors.index.json: tensor to file, which must lie beside the index.
func parseIndex(data []byte) (map[string]string, error) {
	var index struct {
		WeightMap map[string]string `json:"weight_map"`
	}
	if err := json.Unmarshal(data, &index); err != nil {
		return nil, err
	}
	if len(index.WeightMap) == 0 {
		return nil, errors.New("weight_map is missing or empty")
	}
	for name, file := range index.WeightMap {
		if file == "." || file != filepath.Base(file) || !filepath.IsLocal(file) || strings.ContainsRune(file, '\\') {
			return nil, fmt.Errorf("tensor %q: file %q, want a name in the same directory", name, file)
		}
	}
	return index.WeightMap, nil
}

// place finds every link's tensor, with or without the base model's prefix, and refuses what is missing, surplus,
// of another shape or of a type that is not floating-point.
func (c *Checkpoint) place(fam *family, have map[string]stored) error {
	c.where = make(map[string]stored, len(c.links))
	bare := ""
	if _, ok := have[c.links[0].hf]; !ok {
		bare = fam.prefix
	}
	var missing []string
	for _, l := range c.links {
		name := strings.TrimPrefix(l.hf, bare)
		s, ok := have[name]
		if !ok {
			missing = append(missing, name)
			continue
		}
		delete(have, name)
		info, _ := s.file.Info(name)
		if !slices.Equal(info.Shape, l.shape) {
			return fmt.Errorf("tensor %q of %s: shape %v, want %v by %s", name, filepath.Base(s.file.Path()), info.Shape, l.shape, configFile)
		}
		if !info.DType.Float() {
			return fmt.Errorf("tensor %q of %s: dtype %s, want F32, BF16 or F16", name, filepath.Base(s.file.Path()), info.DType)
		}
		c.where[l.hf] = s
	}
	if len(missing) > 0 {
		return fmt.Errorf("missing %s", listed(missing))
	}
	maps.DeleteFunc(have, func(name string, _ stored) bool { return fam.buffer(name) })
	if s, ok := have[headName]; ok && c.Model.TiedHead {
		if err := sameTensor(s, c.where[c.links[0].hf]); err != nil {
			return fmt.Errorf("tie_word_embeddings is true: %w", err)
		}
		delete(have, headName)
	}
	if len(have) > 0 {
		return fmt.Errorf("surplus %s: the model of %s has no place for it", listed(slices.Sorted(maps.Keys(have))), configFile)
	}
	return nil
}

// listed names the first few tensors of a list for an error.
func listed(names []string) string {
	const few = 3
	noun := "tensor "
	if len(names) > 1 {
		noun = fmt.Sprintf("%d tensors: ", len(names))
	}
	if len(names) > few {
		return noun + strings.Join(names[:few], ", ") + ", …"
	}
	return noun + strings.Join(names, ", ")
}

// sameTensor refuses a whose bytes are not b's.
func sameTensor(a, b stored) error {
	ra, err := a.file.Section(a.name)
	if err != nil {
		return err
	}
	rb, err := b.file.Section(b.name)
	if err != nil {
		return err
	}
	same, err := sameBytes(ra, rb)
	if err == nil && !same {
		err = fmt.Errorf("%s differs from %s", a.name, b.name)
	}
	return err
}

func sameBytes(a, b *io.SectionReader) (bool, error) {
	if a.Size() != b.Size() {
		return false, nil
	}
	const block = 1 << 20
	ra, rb := bufio.NewReaderSize(a, block), bufio.NewReaderSize(b, block)
	for {
		pa, errA := ra.Peek(block)
		pb, errB := rb.Peek(block)
		if !bytes.Equal(pa, pb) {
			return false, nil
		}
		if errA != nil || errB != nil {
			if errors.Is(errA, io.EOF) && errors.Is(errB, io.EOF) {
				return true, nil
			}
			return false, errors.Join(errA, errB)
		}
		ra.Discard(block)
		rb.Discard(block)
	}
}
