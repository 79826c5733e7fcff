package hub

import (
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"

	"github.com/athanor-lm/athanor/internal/durable"
	"github.com/athanor-lm/athanor/internal/safetensors"
	"github.com/athanor-lm/athanor/model"
)

// DefaultShardBytes is the largest weights file written when the options do not say, the default of transformers.
const DefaultShardBytes = 5_000_000_000

// TokenizerSaver writes a tokenizer's files, tokenizer.json above all, into a directory.
type TokenizerSaver interface {
	Save(dir string) error
}

// ExportOptions say what Export writes beside the weights and how.
type ExportOptions struct {
	Config        model.Config
	DType         string // f32, bf16 or f16, the type weights are stored in
	MaxShardBytes int64  // tensor bytes a file, 0 = DefaultShardBytes; a larger tensor gets a file of its own
	Overwrite     bool   // replace an export that stands there; a directory that holds anything else is refused all the same

	Tokenizer      TokenizerSaver // saved into the directory; or
	TokenizerFiles []string       // files copied as they are, such as Checkpoint.TokenizerFiles
	Tokens         SpecialTokens
	Generation     map[string]any // further keys of generation_config.json; they win over Tokens
	ChatTemplate   string         // Jinja; "" = keep the tokenizer's own, if any
}

// dtypes are the export types by our name, with what the two file formats call them.
var dtypes = map[string]struct {
	stored safetensors.DType
	config string
}{
	"f32": {safetensors.F32, "float32"}, "bf16": {safetensors.BF16, "bfloat16"}, "f16": {safetensors.F16, "float16"},
}

// Export writes a directory that transformers loads as a causal language model. Source fills dst with our parameter of the given
// name, in f32; each is asked for once, in the order of Params. Everything is written to a new directory beside dir, synced, and renamed into place at the
// end: whatever fails, dir is what it was. A dir that holds something is refused without Overwrite, and one that holds
// anything but a model, such as a run, with it, too.
func Export(dir string, o ExportOptions, source func(name string, dst []float32) error) error {
	if err := export(filepath.Clean(dir), o, source); err != nil {
		return fmt.Errorf("hub: export %s: %w", dir, err)
	}
	return nil
}

func export(dir string, o ExportOptions, source func(string, []float32) error) (err error) {
	o.Config = o.Config.Normalize()
	dt, ok := dtypes[o.DType]
	if !ok {
		return fmt.Errorf("dtype %q, want f32, bf16 or f16", o.DType)
	}
	config, err := FormatConfig(o.Config, o.Tokens, dt.config)
	if err != nil {
		return err
	}
	if err := mayReplace(dir, o.Overwrite); err != nil {
		return err
	}
	parent := filepath.Dir(dir)
	if err := os.MkdirAll(parent, 0o755); err != nil {
		return err
	}
	tmp, err := os.MkdirTemp(parent, "."+filepath.Base(dir)+".partial-")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			os.RemoveAll(tmp)
		}
	}()
	if err := os.Chmod(tmp, 0o755); err != nil { // MkdirTemp's is private
		return err
	}
	if err := writeWeights(tmp, o, dt.stored, source); err != nil {
		return err
	}
	if err := writeSidecars(tmp, o); err != nil {
		return err
	}
	if err := durable.Write(filepath.Join(tmp, configFile), config); err != nil {
		return err
	}
	if err := durable.SyncDir(tmp); err != nil {
		return err
	}
	return replace(dir, tmp)
}

// mayReplace allows what does not exist, an empty directory, and with overwrite a directory that a model was exported to:
// one with a configuration and no folders, which a run, a dataset or a person's own directory is not.
func mayReplace(dir string, overwrite bool) error {
	entries, err := os.ReadDir(dir)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil
	case err != nil:
		return err
	case len(entries) == 0:
		return nil
	case !overwrite:
		return errors.New("the directory is not empty")
	}
	if _, err := os.Stat(filepath.Join(dir, configFile)); err != nil {
		return fmt.Errorf("only a directory that a model was exported to is replaced, and this one has no %s", configFile)
	}
	for _, e := range entries {
		if e.IsDir() {
			return fmt.Errorf("only a directory that a model was exported to is replaced, and this one holds the folder %s", e.Name())
		}
	}
	return nil
}

// replace puts tmp in dir's place. An old dir is moved aside first and restored should the second rename fail.
func replace(dir, tmp string) error {
	old := tmp + ".old"
	hadOld := true
	if err := os.Rename(dir, old); errors.Is(err, os.ErrNotExist) {
		hadOld = false
	} else if err != nil {
		return err
	}
	if err := os.Rename(tmp, dir); err != nil {
		if hadOld {
			err = errors.Join(err, os.Rename(old, dir))
		}
		return err
	}
	if err := durable.SyncDir(filepath.Dir(dir)); err != nil {
		return err
	}
	if hadOld {
		return os.RemoveAll(old)
	}
	return nil
}

// writeWeights writes the shards and, if there is more than one, their index.
func writeWeights(dir string, o ExportOptions, dtype safetensors.DType, source func(string, []float32) error) error {
	links := families[o.Config.Family].links(o.Config)
	shards := split(links, dtype, o.MaxShardBytes)
	index := shardIndex{WeightMap: map[string]string{}}
	r := &reader{links: links, source: source}
	for i, shard := range shards {
		name := weightsFile
		if len(shards) > 1 {
			name = fmt.Sprintf("model-%05d-of-%05d.safetensors", i+1, len(shards))
		}
		for _, l := range shard {
			index.WeightMap[l.hf] = name
			index.Metadata.TotalSize += int64(l.rows()) * int64(l.cols()) * int64(dtype.Size())
		}
		if err := writeShard(filepath.Join(dir, name), shard, dtype, r); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	if len(shards) == 1 {
		return nil
	}
	data, err := formatJSON(index)
	if err != nil {
		return err
	}
	return durable.Write(filepath.Join(dir, indexFile), data)
}

// shardIndex is model.safetensors.index.json.
type shardIndex struct {
	Metadata struct {
		TotalSize int64 `json:"total_size"`
	} `json:"metadata"`
	WeightMap map[string]string `json:"weight_map"`
}

// split cuts the table into runs of at most limit bytes of tensors.
func split(links []link, dtype safetensors.DType, limit int64) [][]link {
	if limit <= 0 {
		limit = DefaultShardBytes
	}
	var shards [][]link
	var size int64
	for _, l := range links {
		n := int64(l.rows()) * int64(l.cols()) * int64(dtype.Size())
		if len(shards) == 0 || size+n > limit {
			shards = append(shards, nil)
			size = 0
		}
		last := len(shards) - 1
		shards[last] = append(shards[last], l)
		size += n
	}
	return shards
}

// writeShard streams one file; the metadata is what transformers insists on.
func writeShard(path string, shard []link, dtype safetensors.DType, r *reader) error {
	infos := make([]safetensors.Info, len(shard))
	for i, l := range shard {
		infos[i] = safetensors.Info{Name: l.hf, DType: dtype, Shape: l.shape}
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	w, err := safetensors.Create(f, infos, map[string]string{"format": "pt"})
	if err != nil {
		return err
	}
	for _, l := range shard {
		values, err := r.read(l)
		if err != nil {
			return err
		}
		if dtype == safetensors.F16 {
			if err := fitsF16(l.hf, values); err != nil {
				return err
			}
		}
		if err := w.WriteF32(values); err != nil {
			return err
		}
	}
	if err := w.Close(); err != nil {
		return err
	}
	return f.Sync()
}

// reader hands out links' values, asking source for each of our parameters once.
type reader struct {
	links   []link
	source  func(string, []float32) error
	name    string // of the parameter in values
	values  []float32
	scratch []float32
}

// read returns the tensor in Hugging Face's layout; the slice is valid until the next call.
func (r *reader) read(l link) ([]float32, error) {
	if r.name != l.ours {
		n := paramsOf(linksOf(r.links, l.ours))[0].Elements()
		r.values = resize(r.values, n)
		r.name = l.ours
		if err := r.source(l.ours, r.values); err != nil {
			return nil, fmt.Errorf("read parameter %q: %w", l.ours, err)
		}
	}
	part := r.values[l.row*l.cols() : (l.row+l.rows())*l.cols()]
	if !l.transposed {
		return part, nil
	}
	r.scratch = resize(r.scratch, len(part))
	transpose(r.scratch, part, l.rows(), l.cols())
	return r.scratch, nil
}

// resize returns a slice of n elements, s itself where it is large enough.
func resize(s []float32, n int) []float32 {
	if cap(s) < n {
		return make([]float32, n)
	}
	return s[:n]
}

// fitsF16 refuses values that f16 cannot hold: stored as infinities they would ruin the model silently.
func fitsF16(name string, values []float32) error {
	const limit = 65520 // rounds to infinity
	for i, v := range values {
		if math.Abs(float64(v)) >= limit && !math.IsInf(float64(v), 0) {
			return fmt.Errorf("tensor %q: element %d is %g, beyond f16's 65504: export as bf16 or f32", name, i, v)
		}
	}
	return nil
}
