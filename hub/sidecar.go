package hub

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/athanor-lm/athanor/internal/durable"
)

// Names of the files beside the weights.
const (
	generationFile      = "generation_config.json"
	tokenizerConfigFile = "tokenizer_config.json"
	chatTemplateFile    = "chat_template.jinja"
)

// tokenizerFiles are the files that make up a tokenizer, whichever of them a directory has.
var tokenizerFiles = []string{
	"tokenizer.json", tokenizerConfigFile, "special_tokens_map.json", "added_tokens.json",
	"vocab.json", "merges.txt", "tokenizer.model", chatTemplateFile,
}

// TokenizerFiles returns the paths of the directory's tokenizer files.
func (c *Checkpoint) TokenizerFiles() []string {
	var paths []string
	for _, name := range tokenizerFiles {
		path := filepath.Join(c.Dir, name)
		if st, err := os.Stat(path); err == nil && st.Mode().IsRegular() {
			paths = append(paths, path)
		}
	}
	return paths
}

// GenerationConfig returns the contents of generation_config.json, nil when there is none.
func (c *Checkpoint) GenerationConfig() (map[string]any, error) {
	var g map[string]any
	err := readJSON(filepath.Join(c.Dir, generationFile), &g)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("hub: import %s: %w", c.Dir, err)
	}
	return g, nil
}

// ChatTemplate returns the Jinja template that turns a conversation into text, "" when there is none: chat_template.jinja, or
// chat_template of tokenizer_config.json (the one named "default" where it is a list).
func (c *Checkpoint) ChatTemplate() (string, error) {
	if data, err := os.ReadFile(filepath.Join(c.Dir, chatTemplateFile)); err == nil {
		return string(data), nil
	}
	var config struct {
		Template json.RawMessage `json:"chat_template"`
	}
	err := readJSON(filepath.Join(c.Dir, tokenizerConfigFile), &config)
	if errors.Is(err, os.ErrNotExist) || err == nil && len(config.Template) == 0 {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("hub: import %s: %w", c.Dir, err)
	}
	return pickTemplate(config.Template)
}

// pickTemplate reads a template that stands alone or in a list of named ones.
func pickTemplate(raw json.RawMessage) (string, error) {
	var alone *string
	if json.Unmarshal(raw, &alone) == nil {
		if alone == nil {
			return "", nil
		}
		return *alone, nil
	}
	var named []struct{ Name, Template string }
	if err := json.Unmarshal(raw, &named); err != nil {
		return "", fmt.Errorf("hub: %s: chat_template: %s, want a string or a list of named templates", tokenizerConfigFile, excerpt(raw))
	}
	for _, n := range named {
		if n.Name == "default" {
			return n.Template, nil
		}
	}
	return "", nil
}

// readJSON decodes the file at path into dst.
func readJSON(path string, dst any) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(data, dst); err != nil {
		return fmt.Errorf("%s: %w", filepath.Base(path), err)
	}
	return nil
}

// writeSidecars writes all but the weights and config.json into dir.
func writeSidecars(dir string, o ExportOptions) error {
	if err := writeTokenizer(dir, o); err != nil {
		return err
	}
	generation := map[string]any{}
	tokens, err := o.Tokens.render(o.Config.Vocab)
	if err != nil {
		return err
	}
	if tokens.BOS != nil {
		generation["bos_token_id"] = *tokens.BOS
	}
	if tokens.EOS != nil {
		generation["eos_token_id"] = tokens.EOS
	}
	if tokens.Pad != nil {
		generation["pad_token_id"] = *tokens.Pad
	}
	for k, v := range o.Generation {
		generation[k] = v
	}
	data, err := formatJSON(generation)
	if err != nil {
		return fmt.Errorf("%s: %w", generationFile, err)
	}
	return durable.Write(filepath.Join(dir, generationFile), data)
}

// writeTokenizer saves or copies the tokenizer and completes tokenizer_config.json. Without a class named there,
// AutoTokenizer picks one by model type, and LLaMA's rebuilds the normaliser instead of reading ours.
func writeTokenizer(dir string, o ExportOptions) error {
	switch {
	case o.Tokenizer != nil:
		if err := o.Tokenizer.Save(dir); err != nil {
			return err
		}
	case len(o.TokenizerFiles) > 0:
		for _, path := range o.TokenizerFiles {
			data, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			if err := durable.Write(filepath.Join(dir, filepath.Base(path)), data); err != nil {
				return err
			}
		}
	default:
		return nil
	}
	config := map[string]any{}
	path := filepath.Join(dir, tokenizerConfigFile)
	if err := readJSON(path, &config); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	before := len(config)
	for key, value := range map[string]any{
		"tokenizer_class": "PreTrainedTokenizerFast", "model_max_length": o.Config.Context, "clean_up_tokenization_spaces": false,
	} {
		if _, ok := config[key]; !ok {
			config[key] = value
		}
	}
	if o.ChatTemplate != "" {
		config["chat_template"] = o.ChatTemplate // for readers that do not know the file
		if err := durable.Write(filepath.Join(dir, chatTemplateFile), []byte(o.ChatTemplate)); err != nil {
			return err
		}
	} else if len(config) == before {
		return nil
	}
	data, err := formatJSON(config)
	if err != nil {
		return fmt.Errorf("%s: %w", tokenizerConfigFile, err)
	}
	return durable.Write(path, data)
}
