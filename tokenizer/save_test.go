package tokenizer

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What lies beside tokenizer.json is kept, byte for byte.
func TestSaveKeepsWhatLiesBeside(t *testing.T) {
	from, to := t.TempDir(), t.TempDir()
	files := map[string]string{
		"tokenizer.json":          string(minimal("ADDED", `[{"id":3,"content":"<s>","special":true}]`)),
		"tokenizer_config.json":   "{\"bos_token\": {\"content\": \"<s>\"},\n \"chat_template\": \"{{ x }}\", \"unknown\": [1]}",
		"special_tokens_map.json": `{"eos_token":"<s>"}`,
		"added_tokens.json":       `{"<s>":3}`,
		"chat_template.jinja":     "{% for m in messages %}中{% endfor %}\n",
	}
	for name, data := range files {
		if err := os.WriteFile(filepath.Join(from, name), []byte(data), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	tok, err := Load(from)
	if err != nil {
		t.Fatal(err)
	}
	if id, ok := tok.BOS(); !ok || id != 3 {
		t.Errorf("BOS is %d, %v", id, ok)
	}
	if err := tok.Save(to); err != nil {
		t.Fatal(err)
	}
	for name, data := range files {
		if got, err := os.ReadFile(filepath.Join(to, name)); err != nil || string(got) != data {
			t.Errorf("%s: %q, %v, want %q", name, got, err, data)
		}
	}
}

// Without a tokenizer_config.json special_tokens_map.json names the tokens, and Save writes a config that does.
func TestSpecialTokensMapNamesTheTokens(t *testing.T) {
	dir := t.TempDir()
	os.WriteFile(filepath.Join(dir, "tokenizer.json"), minimal(), 0o666)
	os.WriteFile(filepath.Join(dir, "special_tokens_map.json"), []byte(`{"eos_token":{"content":"b"},"pad_token":"a"}`), 0o666)
	tok, err := Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	if id, ok := tok.EOS(); !ok || id != 1 {
		t.Errorf("EOS is %d, %v", id, ok)
	}
	if err := tok.Save(dir); err != nil {
		t.Fatal(err)
	}
	config, err := os.ReadFile(filepath.Join(dir, "tokenizer_config.json"))
	if err != nil || !strings.Contains(string(config), `"eos_token": "b"`) || !strings.Contains(string(config), `"pad_token": "a"`) {
		t.Errorf("%s, %v", config, err)
	}
}

// vocab.json and merges.txt with the added tokens of a slow tokenizer.
func TestAddedTokensBesideMerges(t *testing.T) {
	dir := t.TempDir()
	os.WriteFile(filepath.Join(dir, "vocab.json"), []byte(`{"a":0,"b":1,"ab":2}`), 0o666)
	os.WriteFile(filepath.Join(dir, "merges.txt"), []byte("#version: 0.2\na b\n"), 0o666)
	os.WriteFile(filepath.Join(dir, "added_tokens.json"), []byte(`{"<y>":9,"<x>":3}`), 0o666)
	tok, err := Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	if got := tok.Encode("ab<y>a<x>", false); len(got) != 4 || got[1] != 9 || got[3] != 3 {
		t.Errorf("ids %v", got)
	}
}
