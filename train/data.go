package train

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"path"
	"path/filepath"
	"slices"

	"github.com/athanor-lm/athanor/dataset"
	"github.com/athanor-lm/athanor/objective"
	"github.com/athanor-lm/athanor/tokenizer"
)

// data is what a run reads: samples by their global index, and the fixed validation set.
type data struct {
	sets    []*dataset.Set
	sampler *dataset.Sampler
	sample  *dataset.Sample
	tok     *tokenizer.Tokenizer
	clm     objective.CLM
	val     []valSource
}

// valSource is the validation set of one source.
type valSource struct {
	name    string
	windows *dataset.Sequential
	indices []int64 // of the windows that are used
	bytes   float64 // of text behind all labels of these windows
}

// openData maps the datasets of a configuration and checks that they belong together and hold at least a global batch.
func openData(ctx context.Context, c *Config) (*data, error) {
	d := &data{sample: dataset.NewSample(c.Data.Sequence), clm: objective.CLM{Window: c.Model.Window}}
	sc := dataset.SamplerConfig{SeqLen: c.Data.Sequence, Seed: c.Seed, Packing: dataset.Packing(c.Data.Packing)}
	for _, s := range c.Data.Sources {
		set, err := dataset.Open(s.Path)
		if err != nil {
			d.close()
			return nil, err
		}
		d.sets = append(d.sets, set)
		if first := d.sets[0].Manifest(); set.Manifest().Tokenizer.Hash != first.Tokenizer.Hash {
			d.close()
			return nil, fmt.Errorf("train: datasets %s and %s were made with different tokenizers (%.12s, %.12s)", c.Data.Sources[0].Path, s.Path, first.Tokenizer.Hash, set.Manifest().Tokenizer.Hash)
		}
		sc.Sources = append(sc.Sources, dataset.Source{Name: s.Name, Split: set.Split("train"), Weight: s.Weight})
	}
	if err := d.load(ctx, c, sc); err != nil {
		d.close()
		return nil, err
	}
	return d, nil
}

// verify compares every byte of the datasets with their manifests.
func (d *data) verify(ctx context.Context, c *Config) error {
	if !c.Data.Verify {
		return nil
	}
	for _, set := range d.sets {
		err := set.Verify(ctx)
		if ctx.Err() != nil {
			return fmt.Errorf("train: interrupted while the data was verified; nothing was written: %w", ctx.Err())
		}
		if err != nil {
			return fmt.Errorf("train: %w", err)
		}
	}
	return nil
}

// dataSums fixes what a run read of one source.
type dataSums struct {
	Path  string            `json:"path"`
	Files map[string]string `json:"files"` // shard or index → SHA-256, by the manifest
}

func (d *data) sums(c *Config) []dataSums {
	var all []dataSums
	for i, set := range d.sets {
		s := dataSums{c.Data.Sources[i].Path, map[string]string{}}
		for _, f := range set.Manifest().Files {
			if ext := path.Ext(f.Name); ext == ".bin" || ext == ".idx" {
				s.Files[f.Name] = f.SHA256
			}
		}
		all = append(all, s)
	}
	return all
}

// dataChanges says how the sources differ from what a checkpoint was made with.
func dataChanges(was, now []dataSums) []string {
	var changes []string
	if len(was) != len(now) {
		changes = append(changes, fmt.Sprintf("%d sources, it had %d", len(now), len(was)))
	}
	for i := range min(len(was), len(now)) {
		before, after := was[i], now[i]
		names := slices.Concat(slices.Collect(maps.Keys(before.Files)), slices.Collect(maps.Keys(after.Files)))
		slices.Sort(names)
		for _, name := range slices.Compact(names) {
			if b, a := before.Files[name], after.Files[name]; a != b {
				changes = append(changes, fmt.Sprintf("%s has SHA-256 %.12s, want %.12s of %s", filepath.Join(after.Path, name),
					cmp.Or(a, "none"), cmp.Or(b, "none"), filepath.Join(before.Path, name)))
			}
		}
	}
	return changes
}

func (d *data) load(ctx context.Context, c *Config, sc dataset.SamplerConfig) error {
	err := d.verify(ctx, c)
	if err != nil {
		return err
	}
	if d.sampler, err = dataset.NewSampler(sc); err != nil {
		return fmt.Errorf("train: %w", err)
	}
	if n := d.sampler.EpochSamples(); sc.Packing != dataset.Random && n < int64(c.Batch.Sequences) {
		return fmt.Errorf("train: batch.sequences is %d, but the datasets hold %d samples of %d tokens in all: want at most that many", c.Batch.Sequences, n, c.Data.Sequence)
	}
	if d.tok, err = tokenizer.Load(filepath.Join(c.Data.Sources[0].Path, "tokenizer")); err != nil {
		return fmt.Errorf("train: %w", err)
	}
	lengths := tokenBytes(d.tok)
	for i, set := range d.sets {
		split := set.Split("val")
		if split == nil {
			continue
		}
		v, err := newValSource(c, sc.Sources[i].Name, split, lengths)
		if err != nil {
			return fmt.Errorf("train: validation split of %s: %w", c.Data.Sources[i].Path, err)
		}
		d.val = append(d.val, v)
	}
	return nil
}

// tokenBytes returns the bytes of text each id stands for; special tokens stand for none.
func tokenBytes(tok *tokenizer.Tokenizer) []int {
	n := make([]int, tok.VocabSize())
	for id := range n {
		if b, ok := tok.TokenBytes(uint32(id)); ok && !tok.IsSpecial(uint32(id)) {
			n[id] = len(b)
		}
	}
	return n
}

// newValSource chooses the windows, evenly over the split where it is larger than the configuration wants, and counts their bytes.
func newValSource(c *Config, name string, split *dataset.Split, lengths []int) (valSource, error) {
	w, err := dataset.NewSequential(split, c.Data.Sequence, dataset.Packing(c.Data.Packing))
	if err != nil {
		return valSource{}, err
	}
	v := valSource{name: name, windows: w}
	total := w.Len()
	n := total
	if limit := int64(c.Validation.Sequences); limit > 0 {
		n = min(n, limit)
	}
	b, s := objective.NewBatch(1, c.Data.Sequence), dataset.NewSample(c.Data.Sequence)
	labels := 0
	for i := range n {
		index := i * total / n
		v.indices = append(v.indices, index)
		if err := w.Sample(index, s); err != nil {
			return v, err
		}
		(objective.CLM{}).Fill(b, 0, s)
		for _, label := range b.Labels {
			if label != objective.Ignore {
				labels++
				v.bytes += float64(lengths[label])
			}
		}
	}
	if labels == 0 {
		return v, fmt.Errorf("none of the %d tokens in its %d windows is predicted from one before it, so that there is no loss to compute: hold out more text, or build the dataset with none held out (--val 0)", split.Tokens(), n)
	}
	return v, nil
}

// fill makes the micro-batches of the global batch that begins at sample index, and returns the number of labels that count.
func (d *data) fill(micro []*objective.Batch, index int64) (valid int, err error) {
	for _, b := range micro {
		for row := range b.B {
			if err := d.sampler.Sample(index, d.sample); err != nil {
				return 0, fmt.Errorf("train: sample %d: %w", index, err)
			}
			d.clm.Fill(b, row, d.sample)
			index++
		}
		valid += b.Valid
	}
	return valid, nil
}

func (d *data) close() {
	for _, s := range d.sets {
		s.Close()
	}
}
