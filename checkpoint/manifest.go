package checkpoint

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/athanor-lm/athanor/runlog"
)

const (
	formatName    = "athanor-checkpoint"
	formatVersion = 1
	manifestName  = "manifest.json"
	latestName    = "latest"

	// maxManifest bounds what is read into memory of a manifest.
	maxManifest = 64 << 20
)

// Manifest is the content of manifest.json.
type Manifest struct {
	Format   string    `json:"format"`   // "athanor-checkpoint"
	Version  int       `json:"version"`  // 1
	Sequence int64     `json:"sequence"` // counts the saves below a root; the newest checkpoint has the highest
	Created  time.Time `json:"created"`

	Step      int64                      `json:"step"`
	Tokens    int64                      `json:"tokens"`
	Samples   int64                      `json:"samples"`
	Seed      uint64                     `json:"seed,string"`
	RNG       string                     `json:"rng,omitempty"`
	LossScale *LossScale                 `json:"loss_scale,omitempty"`
	Metrics   map[string]runlog.Float    `json:"metrics,omitempty"`
	Layout    map[string]int             `json:"layout,omitempty"`
	Extra     map[string]json.RawMessage `json:"extra,omitempty"`
	Config    string                     `json:"config,omitempty"`

	Files []FileEntry `json:"files"`

	// Checksum is the SHA-256 of the manifest's own bytes with these 64 digits as zeros.
	Checksum string `json:"checksum"`
}

// FileEntry describes a file of the checkpoint.
type FileEntry struct {
	Name    string `json:"name"`
	Size    int64  `json:"size"`
	SHA256  string `json:"sha256"`
	Tensors int    `json:"tensors"`
}

// newManifest copies what st holds besides tensors, so that st may change afterwards.
func newManifest(st *State, sequence int64, now time.Time) (*Manifest, error) {
	if !utf8.Valid(st.Config) {
		return nil, fmt.Errorf("the config is not UTF-8")
	}
	m := &Manifest{
		Format: formatName, Version: formatVersion, Sequence: sequence, Created: now.UTC().Truncate(time.Second),
		Step: st.Step, Tokens: st.Tokens, Samples: st.Samples, Seed: st.Seed, RNG: st.RNG, Config: string(st.Config),
	}
	if st.LossScale != nil {
		ls := *st.LossScale
		m.LossScale = &ls
	}
	if len(st.Metrics) > 0 {
		m.Metrics = make(map[string]runlog.Float, len(st.Metrics))
		for k, v := range st.Metrics {
			m.Metrics[k] = runlog.Float(v)
		}
	}
	if len(st.Layout) > 0 {
		m.Layout = make(map[string]int, len(st.Layout))
		for k, v := range st.Layout {
			m.Layout[k] = v
		}
	}
	if len(st.Extra) > 0 {
		m.Extra = make(map[string]json.RawMessage, len(st.Extra))
		for k, v := range st.Extra {
			if !json.Valid(v) {
				return nil, fmt.Errorf("extra state %q is not JSON: %.60q", k, v)
			}
			m.Extra[k] = bytes.Clone(v)
		}
	}
	return m, nil
}

var (
	noChecksum  = strings.Repeat("0", 2*sha256.Size)
	checksumKey = []byte(`"checksum": "`)
)

// encode renders the manifest with its checksum filled in.
func (m *Manifest) encode() ([]byte, error) {
	m.Checksum = noChecksum
	b, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return nil, err
	}
	b = append(b, '\n')
	at := bytes.LastIndex(b, checksumKey) + len(checksumKey)
	sum := sha256.Sum256(b)
	m.Checksum = hex.EncodeToString(sum[:])
	copy(b[at:], m.Checksum)
	return b, nil
}

// decodeManifest parses and checks a manifest's bytes.
func decodeManifest(b []byte) (*Manifest, error) {
	m := new(Manifest)
	if err := json.Unmarshal(b, m); err != nil {
		return nil, err
	}
	switch {
	case m.Format != formatName:
		return nil, fmt.Errorf("format is %.40q, want %q", m.Format, formatName)
	case m.Version != formatVersion:
		return nil, fmt.Errorf("format version is %d, this program reads %d", m.Version, formatVersion)
	}
	at := bytes.LastIndex(b, checksumKey)
	if at < 0 || len(b) < at+len(checksumKey)+len(noChecksum) {
		return nil, fmt.Errorf("it has no checksum of its own")
	}
	at += len(checksumKey)
	zeroed := bytes.Clone(b)
	copy(zeroed[at:], noChecksum)
	sum := sha256.Sum256(zeroed)
	if got, want := hex.EncodeToString(sum[:]), string(b[at:at+len(noChecksum)]); got != want {
		return nil, fmt.Errorf("its SHA-256 is %s, want %s as it says itself: it was changed after it was written", got, want)
	}
	return m, m.check()
}

func (m *Manifest) check() error {
	if m.Step < 0 || m.Tokens < 0 || m.Samples < 0 || m.Sequence < 0 {
		return fmt.Errorf("step %d, tokens %d, samples %d, sequence %d: want none below 0", m.Step, m.Tokens, m.Samples, m.Sequence)
	}
	seen := make(map[string]bool, len(m.Files))
	for _, f := range m.Files {
		switch sum, err := hex.DecodeString(f.SHA256); {
		case f.Name == "" || f.Name != filepath.Base(f.Name) || strings.ContainsAny(f.Name, `/\:`) || f.Name == "." || f.Name == ".." || f.Name == manifestName:
			return fmt.Errorf("file name %.60q: want a plain name within the checkpoint", f.Name)
		case seen[f.Name]:
			return fmt.Errorf("file %q is listed twice", f.Name)
		case f.Size < 0:
			return fmt.Errorf("file %q has %d bytes", f.Name, f.Size)
		case err != nil || len(sum) != sha256.Size:
			return fmt.Errorf("file %q: SHA-256 %.70q: want 64 hexadecimal digits", f.Name, f.SHA256)
		}
		seen[f.Name] = true
	}
	return nil
}
