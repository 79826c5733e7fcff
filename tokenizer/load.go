package tokenizer

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// maxFile bounds the tokenizer files that are read: the largest in use are
// below 40 MB.
const maxFile = 512 << 20

// Load reads a tokenizer from a tokenizer.json, a .tiktoken file (see
// LoadTiktoken), a vocab.txt of BERT, a .model of SentencePiece, or from a
// directory that holds a tokenizer.json, or vocab.json and merges.txt, or
// encoder.json and vocab.bpe, or vocab.txt, or tokenizer.model, spiece.model or
// sentencepiece.bpe.model. A tokenizer_config.json beside it names the BOS, EOS, PAD, UNK,
// CLS, SEP and MASK tokens and says how a vocab.txt is used.
func Load(path string) (*Tokenizer, error) {
	t, err := load(path)
	if err != nil {
		return nil, fmt.Errorf("tokenizer: load %s: %w", path, err)
	}
	return t, nil
}

func load(path string) (*Tokenizer, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, errors.Unwrap(err)
	}
	if info.IsDir() {
		return loadDir(path)
	}
	switch filepath.Ext(path) {
	case ".tiktoken":
		return loadTiktoken(path, "")
	case ".txt":
		return loadVocabTxt(path)
	case ".model":
		return loadSentencePiece(path)
	}
	data, err := readFile(path)
	if err != nil {
		return nil, err
	}
	return parseBeside(data, filepath.Dir(path))
}

// loadDir loads what a directory holds.
func loadDir(path string) (*Tokenizer, error) {
	if model, err := modelOf(path); model != "" || err != nil {
		if err != nil {
			return nil, err
		}
		return loadSentencePiece(model)
	}
	data, err := readFile(filepath.Join(path, "tokenizer.json"))
	if err == nil {
		return parseBeside(data, path)
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	for _, names := range [][2]string{{"vocab.json", "merges.txt"}, {"encoder.json", "vocab.bpe"}} {
		if !fileExists(filepath.Join(path, names[1])) {
			continue // other tokenizers have a vocab.json, too
		}
		vocab, err := readFile(filepath.Join(path, names[0]))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		merges, err := readFile(filepath.Join(path, names[1]))
		if err != nil {
			return nil, err
		}
		added, err := readOptional(filepath.Join(path, "added_tokens.json"))
		if err != nil {
			return nil, err
		}
		data, err := fromGPT2Files(vocab, merges, added)
		if err != nil {
			return nil, fmt.Errorf("%s and %s: %w", names[0], names[1], err)
		}
		return parseBeside(data, path)
	}
	if vocab := filepath.Join(path, "vocab.txt"); fileExists(vocab) {
		return loadVocabTxt(vocab)
	}
	return nil, errors.New("the directory holds neither tokenizer.json, nor vocab.json with merges.txt, nor encoder.json with vocab.bpe, nor vocab.txt, nor a SentencePiece model (tokenizer.model, spiece.model, sentencepiece.bpe.model)")
}

// besideFile is a file that lies beside tokenizer.json and that Save writes
// back as it was.
type besideFile struct {
	name string
	data []byte
}

// parseBeside parses a tokenizer.json of a directory with what lies beside it.
// A directory without tokenizer_config.json may have special_tokens_map.json,
// which names the same tokens.
func parseBeside(data []byte, dir string) (*Tokenizer, error) {
	config, beside, err := readBeside(dir)
	if err != nil {
		return nil, err
	}
	roles := config
	if roles == nil && len(beside) > 0 && beside[0].name == "special_tokens_map.json" {
		roles = beside[0].data
	}
	t, err := Parse(data, roles)
	if err != nil {
		return nil, err
	}
	t.config, t.beside = config, beside
	return t, nil
}

// readBeside reads a directory's tokenizer_config.json, nil if it has none, and
// the files that Save writes back.
func readBeside(dir string) (config []byte, beside []besideFile, err error) {
	if config, err = readOptional(filepath.Join(dir, "tokenizer_config.json")); err != nil {
		return nil, nil, err
	}
	for _, name := range []string{"special_tokens_map.json", "added_tokens.json", "chat_template.jinja", "chat_template.json"} {
		data, err := readOptional(filepath.Join(dir, name))
		if err != nil {
			return nil, nil, err
		}
		if data != nil {
			beside = append(beside, besideFile{name, data})
		}
	}
	return config, beside, nil
}

// readOptional is readFile, but nil for a file that does not exist.
func readOptional(name string) ([]byte, error) {
	data, err := readFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return data, err
}

func fileExists(name string) bool {
	_, err := os.Stat(name)
	return err == nil
}

func readFile(name string) ([]byte, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if info.Size() > maxFile {
		return nil, fmt.Errorf("%s has %d bytes, want at most %d", name, info.Size(), maxFile)
	}
	return os.ReadFile(name)
}

// fromGPT2Files writes the tokenizer.json of GPT-2's pair of files; addedData
// is an added_tokens.json, tokens with their ids, or nil.
func fromGPT2Files(vocabData, mergesData, addedData []byte) ([]byte, error) {
	var vocab map[string]uint32
	if err := decodeJSON(vocabData, &vocab); err != nil {
		return nil, fmt.Errorf("vocabulary: %w", err)
	}
	if len(vocab) == 0 {
		return nil, errors.New("the vocabulary is empty")
	}
	var merges [][2]string
	for n, line := range strings.Split(string(mergesData), "\n") {
		line = strings.TrimSuffix(line, "\r")
		if line == "" || n == 0 && strings.HasPrefix(line, "#version") {
			continue
		}
		a, b, ok := strings.Cut(line, " ")
		if !ok || strings.Contains(b, " ") {
			return nil, fmt.Errorf("merges: line %d is %q, want two tokens with one space between", n+1, line)
		}
		merges = append(merges, [2]string{a, b})
	}
	tokens := make([]string, 0, len(vocab))
	for token := range vocab {
		tokens = append(tokens, token)
	}
	slices.SortFunc(tokens, func(a, b string) int { return int(vocab[a]) - int(vocab[b]) })
	d := document{pattern: "gpt2", byteLevel: true, merges: merges}
	for _, token := range tokens {
		d.vocab = append(d.vocab, entry{token, vocab[token]})
	}
	if id, ok := vocab["<|endoftext|>"]; ok {
		d.added = []AddedToken{{ID: id, Content: "<|endoftext|>", Special: true}}
	}
	var added map[string]uint32
	if addedData != nil {
		if err := decodeJSON(addedData, &added); err != nil {
			return nil, fmt.Errorf("added_tokens.json: %w", err)
		}
	}
	for _, content := range slices.SortedFunc(maps.Keys(added), func(a, b string) int { return cmp.Compare(added[a], added[b]) }) {
		if content != "<|endoftext|>" {
			d.added = append(d.added, AddedToken{ID: added[content], Content: content})
		}
	}
	return d.json()
}

// configFile is the part of tokenizer_config.json that is used. A token is a
// string or an object with its content.
type configFile struct {
	BOS json.RawMessage `json:"bos_token"`
	EOS json.RawMessage `json:"eos_token"`
	PAD json.RawMessage `json:"pad_token"`
	UNK json.RawMessage `json:"unk_token"`

	CLS  json.RawMessage `json:"cls_token"`
	SEP  json.RawMessage `json:"sep_token"`
	MASK json.RawMessage `json:"mask_token"`
}

func (t *Tokenizer) readRoles() error {
	if t.config == nil {
		t.guessRoles()
		return nil
	}
	var c configFile
	if err := decodeJSON(t.config, &c); err != nil {
		return err
	}
	for _, r := range []struct {
		key  string
		data json.RawMessage
		to   *string
	}{{"bos_token", c.BOS, &t.roles.bos}, {"eos_token", c.EOS, &t.roles.eos}, {"pad_token", c.PAD, &t.roles.pad}, {"unk_token", c.UNK, &t.roles.unk},
		{"cls_token", c.CLS, &t.roles.cls}, {"sep_token", c.SEP, &t.roles.sep}, {"mask_token", c.MASK, &t.roles.mask}} {
		if isNull(r.data) {
			continue
		}
		token, err := tokenContent(r.data)
		if err != nil {
			return fmt.Errorf("%s: %w", r.key, err)
		}
		if _, ok := t.vocab[token]; !ok {
			return fmt.Errorf("%s is %q, which is not in the vocabulary", r.key, token)
		}
		*r.to = token
	}
	return nil
}

// guessRoles looks for customary names among the special tokens.
func (t *Tokenizer) guessRoles() {
	pick := func(names ...string) string {
		for _, name := range names {
			if id, ok := t.vocab[name]; ok && t.special[id] {
				return name
			}
		}
		return ""
	}
	t.roles.eos = pick("<|endoftext|>", "<|end_of_text|>", "</s>", "<eos>", "[EOS]")
	t.roles.bos = pick("<|begin_of_text|>", "<s>", "<bos>", "[BOS]", "<|endoftext|>")
	t.roles.pad = pick("<|pad|>", "<pad>", "[PAD]")
	t.roles.cls, t.roles.sep, t.roles.mask = pick("[CLS]"), pick("[SEP]"), pick("[MASK]", "<mask>")
	if t.roles.unk == "" {
		t.roles.unk = pick("<unk>", "[UNK]")
	}
}
