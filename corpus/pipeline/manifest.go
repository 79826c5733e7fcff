package pipeline

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/athanor-lm/athanor/corpus/mix"
	"github.com/athanor-lm/athanor/corpus/write"
)

// What manifest.json says of itself.
const (
	ManifestFormat  = "athanor-corpus"
	ManifestVersion = 1
)

// Manifest says what a corpus holds and what it was made from. It is written last: where it stands, the corpus is whole.
type Manifest struct {
	Format  string            `json:"format"`
	Version int               `json:"version"`
	Creator string            `json:"creator,omitempty"`
	Name    string            `json:"name"`
	Recipe  string            `json:"recipe"` // hash of steps, models, mix and output: the one of which rows carry the beginning
	Corpus  string            `json:"corpus"` // hash of the recipe and the inputs
	Seed    uint64            `json:"seed"`
	Inputs  []ManifestInput   `json:"inputs"`
	Steps   []ManifestStep    `json:"steps"`
	Sources []SourceSummary   `json:"sources"` // what came through the steps
	Mix     *mix.Plan         `json:"mix,omitempty"`
	Outputs []ManifestOutputs `json:"outputs"`
}

// ManifestInput is an input of the recipe.
type ManifestInput struct {
	Source    string   `json:"source"`
	Synthetic bool     `json:"synthetic,omitempty"`
	Paths     []string `json:"paths"`
	Files     int      `json:"files"`
	Size      int64    `json:"size"` // bytes on disk
	Amount             // as read
	SetAside  int64    `json:"set_aside"` // records and files
}

// ManifestStep is a step with its settings and what it let through.
type ManifestStep struct {
	Name     string           `json:"name"`
	Use      string           `json:"use"`
	Settings string           `json:"settings"` // YAML, defaults included
	In       Amount           `json:"in"`
	Out      Amount           `json:"out"`
	Drops    map[string]int64 `json:"drops,omitempty"` // documents by rule
}

// ManifestOutputs are the files of an output; the token shards have a manifest of their own.
type ManifestOutputs struct {
	OutputSummary
	Parts []write.File `json:"parts,omitempty"`
}

// ReadManifest reads the manifest of a corpus.
func ReadManifest(dir string) (*Manifest, error) {
	path := filepath.Join(dir, manifestName)
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("corpus: %w", err)
	}
	var m Manifest
	if err := json.Unmarshal(data, &m); err != nil {
		return nil, fmt.Errorf("corpus: read %s: %w", path, err)
	}
	if m.Format != ManifestFormat || m.Version != ManifestVersion {
		return nil, fmt.Errorf("corpus: read %s: format %q, version %d, want %q, version %d", path, m.Format, m.Version, ManifestFormat, ManifestVersion)
	}
	return &m, nil
}

func (p *Pipeline) manifest(s *Summary, w *written) *Manifest {
	m := &Manifest{Format: ManifestFormat, Version: ManifestVersion, Creator: s.Creator, Name: s.Name, Recipe: p.hashes.recipe, Corpus: p.hashes.finish, Seed: s.Seed,
		Sources: s.Final, Mix: s.Mix}
	for i, in := range s.Inputs {
		m.Inputs = append(m.Inputs, ManifestInput{Source: in.Source, Synthetic: in.Synthetic, Paths: p.recipe.Inputs[i].Paths, Files: in.Files, Size: in.Size,
			Amount: Amount{in.Read.Documents, in.Read.TextBytes}, SetAside: in.SetAside})
	}
	for _, step := range s.Steps {
		ms := ManifestStep{Name: step.Name, Use: step.Use, Settings: step.Settings, In: step.In, Out: step.Out, Drops: map[string]int64{}}
		for _, d := range step.Drops {
			ms.Drops[d.Rule] = d.Documents
		}
		m.Steps = append(m.Steps, ms)
	}
	for _, o := range s.Outputs {
		m.Outputs = append(m.Outputs, ManifestOutputs{o, w.files[o.Format]})
	}
	return m
}
