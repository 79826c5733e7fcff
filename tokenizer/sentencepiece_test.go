package tokenizer

import (
	"bytes"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/athanor-lm/athanor/internal/realdata"
)

func TestSentencePieceSaveAndLoad(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"llama2/tokenizer.model", "sentencepiece/test_model.model", "spm-tok512/tok512.model"} {
		tok, err := Load(realdata.Path(t, "tokenizers/"+name))
		if err != nil {
			t.Fatal(err)
		}
		to := filepath.Join(dir, filepath.Dir(name))
		if err := tok.Save(to); err != nil {
			t.Fatal(err)
		}
		again, err := Load(to)
		if err != nil {
			t.Fatal(err)
		}
		if again.sp == nil || again.Hash() != tok.Hash() || again.VocabSize() != tok.VocabSize() {
			t.Errorf("%s: loaded again it is another one", name)
		}
		data, err := os.ReadFile(filepath.Join(to, "tokenizer.json"))
		if err != nil {
			t.Fatal(err)
		}
		converted, err := Parse(data, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range []string{"Hello, world! This is a test of 12 pieces.", "don't stop—never", "你好，世界。", " two  spaces ", "名前はまだ無い"} {
			want := tok.Encode(text, false)
			if got := converted.Encode(text, false); !slices.Equal(got, want) {
				t.Errorf("%s: tokenizer.json: %q gives %v, want %v", name, text, got, want)
			}
		}
	}
}

// Pieces come first in a .model file: one that ends between two of them parses, but as another model.
func TestSentencePieceFilesThatEndTooSoon(t *testing.T) {
	data := realdata.Bytes(t, "tokenizers/sentencepiece/test_model.model")
	ends := []int{0}
	for at := 0; data[at] == 1<<3|2; ends = append(ends, at) {
		at += 2 + int(data[at+1])
	}
	if len(ends) < 1000 {
		t.Fatalf("%d pieces, want 1000", len(ends)-1)
	}
	for _, end := range ends {
		if _, err := fromSentencePiece(data[:end]); err == nil {
			t.Errorf("the first %d of %d bytes load", end, len(data))
		}
	}
	if _, err := fromSentencePiece(data[:ends[500]]); !strings.Contains(err.Error(), "after 500 pieces") {
		t.Error(err)
	}
}

func TestSentencePieceRoles(t *testing.T) {
	model := realdata.Bytes(t, "tokenizers/llama2/tokenizer.model")
	dir := t.TempDir()
	write := func(name string, data []byte) {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	write("tokenizer.model", model)
	write("tokenizer_config.json", []byte(`{"add_bos_token": true, "add_eos_token": false, "bos_token": {"content": "<s>"}, "chat_template": "x"}`))
	tok, err := Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	if got := tok.Encode("grabbed", true); !slices.Equal(got, []uint32{1, 2646, 1327, 287}) {
		t.Errorf("with the config's BOS: %v", got)
	}
	if full, err := tok.EncodeFull([]byte("grabbed"), nil, EncodeOptions{AddSpecial: true}); err != nil || !slices.Equal(full.IDs, []uint32{1, 2646, 1327, 287}) || full.Offsets[1] != (Offset{0, 3}) {
		t.Errorf("with offsets: %v %v", full, err)
	}
	// Text never spells a control symbol.
	if got := tok.Encode("<s>", false); slices.Contains(got, 1) {
		t.Errorf("<s> in a text: %v", got)
	}
	if got := tok.Decode([]uint32{1, 2646, 1327, 287, 2}, true); got != "grabbed" {
		t.Errorf("decoded %q", got)
	}
	d := tok.NewStreamDecoder(true)
	var text strings.Builder
	for _, id := range tok.Encode("a 🦙 b", true) {
		text.WriteString(d.Next(id))
	}
	if text.WriteString(d.Flush()); text.String() != "a 🦙 b" {
		t.Errorf("streamed %q", text.String())
	}
	if err := tok.Save(dir); err != nil {
		t.Fatal(err)
	}
	config, err := os.ReadFile(filepath.Join(dir, "tokenizer_config.json"))
	if err != nil || !bytes.Contains(config, []byte(`"chat_template": "x"`)) {
		t.Errorf("saved config %s, %v", config, err)
	}
	if info := tok.Info(3); info.Model != "SentencePiece bpe" || info.UNK != "<unk>" || info.Tokens != 32000 {
		t.Errorf("info: %+v", info)
	}
}

func TestSentencePieceVectors(t *testing.T) {
	tok, err := Load(realdata.Path(t, "tokenizers/llama2/tokenizer.model"))
	if err != nil {
		t.Fatal(err)
	}
	var rows []struct {
		Text string   `json:"text"`
		IDs  []uint32 `json:"ids"`
	}
	readJSON(t, realdata.Path(t, "tokenizers/vectors/llama2.json"), &rows)
	for _, r := range rows {
		if got := tok.Encode(r.Text, false); !slices.Equal(got, r.IDs[1:]) {
			t.Errorf("%q: %v, want %v", r.Text, got, r.IDs[1:])
		}
	}
}

func TestSentencePieceSampling(t *testing.T) {
	for _, c := range []struct {
		name     string
		ok, fail Sampling
	}{
		{"llama2/tokenizer.model", Sampling{Dropout: 0.3}, Sampling{Alpha: 0.1}},
		{"sentencepiece/test_model.model", Sampling{Alpha: 0.2}, Sampling{Dropout: 0.1}},
	} {
		tok, err := Load(realdata.Path(t, "tokenizers/"+c.name))
		if err != nil {
			t.Fatal(err)
		}
		text := []byte("Sampling cuts words in several ways.")
		e, err := tok.EncodeFull(text, nil, EncodeOptions{Sampling: &c.ok})
		if err != nil {
			t.Fatal(err)
		}
		again, _ := tok.EncodeFull(text, nil, EncodeOptions{Sampling: &c.ok})
		if !slices.Equal(e.IDs, again.IDs) || slices.Equal(e.IDs, tok.Encode(string(text), false)) {
			t.Errorf("%s: sampled %v and %v", c.name, e.IDs, again.IDs)
		}
		if got := tok.Decode(e.IDs, false); got != string(text) {
			t.Errorf("%s: decoded %q", c.name, got)
		}
		if _, err := tok.EncodeFull(text, nil, EncodeOptions{Sampling: &c.fail}); err == nil {
			t.Errorf("%s: no error", c.name)
		}
		list, err := tok.NBest(text, 5)
		if (err == nil) != (c.ok.Alpha != 0) || err == nil && (len(list) != 5 || list[0].Score < list[4].Score) {
			t.Errorf("%s: n-best %v, %v", c.name, list, err)
		}
	}
}

func TestSentencePieceBadFiles(t *testing.T) {
	dir := t.TempDir()
	for name, c := range map[string]struct{ data, want string }{
		"text.model":  {"This is no model.", "parse model"},
		"empty.model": {"", "the file is empty"},
		"long.model":  {"\x0a\xff\xff\xff\xff\x0fa", "does not fit"},
	} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(c.data), 0o666); err != nil {
			t.Fatal(err)
		}
		if _, err := Load(path); err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: error %v, want one with %q", name, err, c.want)
		}
	}
}

func TestSentencePieceStream(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	words := strings.Split("the|cat| sat|'s|中文|，|。|法律| |  |\n|\t|1234|½|!|--|é|e\u0301|\u0301|\xff|<s>|▁|ａ|①|\u3000|“|🦙|名前|が|か\u3099", "|")
	for _, name := range []string{"llama2/tokenizer.model", "sentencepiece/test_model.model", "sentencepiece/test_ja_model.model", "spm-tok512/tok512.model"} {
		tok, err := Load(realdata.Path(t, "tokenizers/"+name))
		if err != nil {
			t.Fatal(err)
		}
		parts := 0
		for range 300 {
			var text []byte
			for range rng.IntN(150) {
				text = append(text, words[rng.IntN(len(words))]...)
			}
			want := tok.AppendEncodePlain(nil, text)
			got, n := streamed(t, tok, text, 32+rng.IntN(100), false, true)
			if parts += n; !slices.Equal(got, want) {
				t.Fatalf("%s: %q: ids differ at %d", name, text, firstDifference(got, want))
			}
		}
		if parts < 600 {
			t.Errorf("%s: %d parts", name, parts)
		}
	}
}
