package dataset

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/athanor-lm/athanor/corpus/read"
)

// What manifest.json says of itself.
const (
	ManifestFormat  = "athanor-dataset"
	ManifestVersion = 1
)

const (
	manifestName   = "manifest.json"
	quarantineName = "quarantine.jsonl"
	tokenizerDir   = "tokenizer"
	maxManifest    = 64 << 20 // bytes; a manifest of 1,000 sources takes 200 KB
)

// Manifest says what a dataset holds and what it was made from. It holds no clock and no path of the machine but the
// inputs as they were given: the same build gives the same bytes.
type Manifest struct {
	Format    string        `json:"format"`
	Version   int           `json:"version"`
	Creator   string        `json:"creator,omitempty"` // program and version
	Tokenizer TokenizerInfo `json:"tokenizer"`
	DType     DType         `json:"dtype"`
	Splits    []SplitInfo   `json:"splits"`
	Sources   []SourceInfo  `json:"sources"`          // by the records' own source, else by input; the first 1,000
	Inputs    []SourceInfo  `json:"inputs,omitempty"` // by file, directory or glob, as given
	Build     BuildInfo     `json:"build"`
	Read      read.Stats    `json:"read"`
	// Unencodable counts the characters that the vocabulary cannot express; byte-level vocabularies express all.
	Unencodable int64      `json:"unencodable"`
	Files       []FileInfo `json:"files"`
	// Checksum is the SHA-256 of the manifest with an empty string in its place. Older manifests have none.
	Checksum string `json:"checksum"`
}

// TokenizerInfo identifies the tokenizer that made the ids.
type TokenizerInfo struct {
	Hash      string  `json:"hash"`
	VocabSize int     `json:"vocab_size"`    // ids are below it
	EOS       *uint32 `json:"eos,omitempty"` // ends a document, where Build.EOS says so
}

// Count measures documents.
type Count struct {
	Documents int64 `json:"documents"`
	Tokens    int64 `json:"tokens"` // with those put at the ends of documents
	Bytes     int64 `json:"bytes"`  // of the text that was encoded
}

func (c *Count) add(d Count) {
	c.Documents += d.Documents
	c.Tokens += d.Tokens
	c.Bytes += d.Bytes
}

// SplitInfo measures one split, "train" or "val".
type SplitInfo struct {
	Name string `json:"name"`
	Count
}

// SourceInfo measures what one source gave to each split.
type SourceInfo struct {
	Name  string `json:"name"`
	Train Count  `json:"train"`
	Val   Count  `json:"val"`
}

// BuildInfo are the options of the build.
type BuildInfo struct {
	Inputs      []string `json:"inputs"`
	ValInputs   []string `json:"val_inputs,omitempty"`
	ValFraction float64  `json:"val_fraction"`
	SplitBy     SplitBy  `json:"split_by"`
	Seed        uint64   `json:"seed"`
	EOS         bool     `json:"append_eos"`
	BOS         bool     `json:"prepend_bos"`
	Special     bool     `json:"special_in_text"`
	TextField   string   `json:"text_field,omitempty"`
	Separator   string   `json:"separator,omitempty"`
}

// FileInfo fixes a file's content.
type FileInfo struct {
	Name   string `json:"name"` // slash-separated, below the dataset's directory
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

// Split returns the counts of a split and whether the dataset has it.
func (m *Manifest) Split(name string) (SplitInfo, bool) {
	for _, s := range m.Splits {
		if s.Name == name {
			return s, true
		}
	}
	return SplitInfo{}, false
}

// ReadManifest reads and checks dir's manifest.json without looking at the shards.
func ReadManifest(dir string) (*Manifest, error) {
	path := filepath.Join(dir, manifestName)
	f, err := os.Open(path)
	if err != nil {
		if st, e := os.Stat(dir); e == nil && st.IsDir() && os.IsNotExist(err) {
			return nil, fmt.Errorf("dataset: %s is not a dataset: it has no %s", dir, manifestName)
		}
		if _, e := os.Stat(dir); os.IsNotExist(e) {
			return nil, fmt.Errorf("dataset: %s is not there; athanor dataset build makes a dataset: %w", dir, e)
		}
		return nil, fmt.Errorf("dataset: %w", err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxManifest+1))
	if err != nil {
		return nil, fmt.Errorf("dataset: read %s: %w", path, err)
	}
	m, err := parseManifest(data)
	if err != nil {
		return nil, fmt.Errorf("dataset: read %s: %w", path, err)
	}
	return m, nil
}

func parseManifest(data []byte) (*Manifest, error) {
	if len(data) > maxManifest {
		return nil, fmt.Errorf("more than %d bytes", maxManifest)
	}
	var m Manifest
	if err := json.Unmarshal(data, &m); err != nil {
		return nil, err
	}
	switch {
	case m.Format != ManifestFormat:
		return nil, fmt.Errorf("format %q, want %q", m.Format, ManifestFormat)
	case m.Version != ManifestVersion:
		return nil, fmt.Errorf("version %d, this program reads version %d", m.Version, ManifestVersion)
	case m.Checksum != "" && m.Checksum != checksum(data, m.Checksum):
		return nil, errors.New("it does not match its own checksum: the manifest is damaged or was changed")
	case m.DType != U16 && m.DType != I32:
		return nil, fmt.Errorf("dtype %q, want %q or %q", m.DType, U16, I32)
	case m.Tokenizer.VocabSize < 1:
		return nil, fmt.Errorf("vocabulary size %d, want 1 or more", m.Tokenizer.VocabSize)
	case len(m.Splits) == 0:
		return nil, fmt.Errorf("no splits")
	}
	listed := map[string]bool{}
	for _, f := range m.Files {
		if !filepath.IsLocal(filepath.FromSlash(f.Name)) || strings.Contains(f.Name, "\\") {
			return nil, fmt.Errorf("file %q lies outside the dataset's directory", f.Name)
		}
		listed[f.Name] = true
	}
	seen := map[string]bool{}
	for _, s := range m.Splits {
		if (s.Name != "train" && s.Name != "val") || seen[s.Name] {
			return nil, fmt.Errorf("split %q is unknown or named twice, want \"train\" and \"val\"", s.Name)
		}
		seen[s.Name] = true
		for _, name := range []string{s.Name + ".bin", s.Name + ".idx"} {
			if !listed[name] {
				return nil, fmt.Errorf("split %q: %s is not among the files, so that nothing vouches for it", s.Name, name)
			}
		}
	}
	return &m, nil
}

// checksum returns what a manifest that says sum should say.
func checksum(data []byte, sum string) string {
	const key = `"checksum": "%s"`
	data = bytes.Replace(data, fmt.Appendf(nil, key, sum), fmt.Appendf(nil, key, ""), 1)
	hash := sha256.Sum256(data)
	return hex.EncodeToString(hash[:])
}

// encode fills in the checksum and writes the manifest.
func (m *Manifest) encode() ([]byte, error) {
	m.Checksum = ""
	data, err := m.marshal()
	if err != nil {
		return nil, err
	}
	m.Checksum = checksum(data, "")
	return m.marshal()
}

func (m *Manifest) marshal() ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	err := e.Encode(m)
	return b.Bytes(), err
}

func baseName(path string) string {
	return strings.TrimSuffix(filepath.Base(path), ".bin")
}
