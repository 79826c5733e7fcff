package pretrained

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/athanor-lm/athanor/internal/kernel"
)

func TestImportKeepsGenerationSettingsAndChatTemplate(t *testing.T) {
	pool := kernel.NewPool(1)
	defer pool.Close()
	dir := t.TempDir()
	hf, imported, again := filepath.Join(dir, "hf"), filepath.Join(dir, "imported"), filepath.Join(dir, "again")
	export(t, writeRun(t, families["llama"], pool), hf)
	const template = "{% for m in messages %}{{ m.content }}{% endfor %}"
	for name, data := range map[string]string{
		"generation_config.json": `{"eos_token_id":[0,5],"temperature":0.6,"top_k":20}`, "chat_template.jinja": template,
	} {
		if err := os.WriteFile(filepath.Join(hf, name), []byte(data), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	s, err := Open(hf)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Import(imported); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	export(t, imported, again)
	for _, path := range []string{hf, imported, again} {
		s, err := Open(path)
		if err != nil {
			t.Fatal(err)
		}
		if got := s.EOS(); !slices.Equal(got, []uint32{0, 5}) {
			t.Errorf("%s: texts end at %v, want 0 and 5", s.Kind, got)
		}
		if s.generation["temperature"] != 0.6 || s.generation["top_k"] != 20.0 {
			t.Errorf("%s: generation settings %v", s.Kind, s.generation)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := os.ReadFile(filepath.Join(again, "chat_template.jinja")); err != nil || string(got) != template {
		t.Errorf("chat template %q, %v", got, err)
	}
	var config map[string]any
	data, err := os.ReadFile(filepath.Join(again, "config.json"))
	if err == nil {
		err = json.Unmarshal(data, &config)
	}
	if ids, _ := config["eos_token_id"].([]any); err != nil || len(ids) != 2 {
		t.Errorf("config.json says that texts end at %v, %v", config["eos_token_id"], err)
	}
}

func export(t testing.TB, from, to string) {
	t.Helper()
	s, err := Open(from)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.Export(to, ExportOptions{DType: "f32"}); err != nil {
		t.Fatal(err)
	}
}
