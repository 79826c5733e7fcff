package tokenizer

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// wordPieceFixture is made by tools/oracle/wordpiece_golden.py with
// transformers and tokenizers.
type wordPieceFixture struct {
	Corpus, Uncased, Cased, Texts []string
	Cases                         []struct {
		Name   string          `json:"name"`
		Config json.RawMessage `json:"config"`
		Rows   []struct {
			IDs     []uint32 `json:"ids"`
			Offsets []uint32 `json:"offsets"` // in characters
			Decoded string   `json:"decoded"`
		} `json:"rows"`
	} `json:"cases"`
}

func (f *wordPieceFixture) vocab(config []byte) []byte {
	list := f.Uncased
	if bytes.Contains(config, []byte(`"do_lower_case":false`)) {
		list = f.Cased
	}
	return []byte(strings.Join(list, "\n") + "\n")
}

func writeFiles(t testing.TB, files map[string][]byte) string {
	t.Helper()
	dir := t.TempDir()
	for name, data := range files {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestVocabTxtIsUsedAsTransformersUsesIt(t *testing.T) {
	var f wordPieceFixture
	readJSON(t, "testdata/wordpiece.json", &f)
	for _, c := range f.Cases {
		t.Run(c.Name, func(t *testing.T) {
			dir := writeFiles(t, map[string][]byte{"vocab.txt": f.vocab(c.Config), "tokenizer_config.json": c.Config})
			first, err := Load(dir)
			if err != nil {
				t.Fatal(err)
			}
			saved := t.TempDir()
			if err := first.Save(saved); err != nil {
				t.Fatal(err)
			}
			second, err := Load(saved)
			if err != nil {
				t.Fatal(err)
			}
			for _, tok := range []*Tokenizer{first, second} {
				if tok.bert == nil {
					t.Error("the parts of BERT were not recognised")
				}
				for k, text := range f.Texts {
					row := c.Rows[k]
					if diff := difference(tok, []byte(text), true, row.IDs, row.Offsets, []byte(row.Decoded)); diff != "" {
						t.Error(diff)
					}
				}
			}
			for role, get := range map[string]func() (uint32, bool){"[CLS]": second.CLS, "[SEP]": second.SEP, "[MASK]": second.MASK, "[PAD]": second.PAD, "[UNK]": second.UNK} {
				id, ok := get()
				if name, _ := second.Token(id); !ok || name != role {
					t.Errorf("the role of %s is %q, %v", role, name, ok)
				}
			}
			if _, ok := second.BOS(); ok {
				t.Error("there is a BOS")
			}
			if _, ok := second.EOS(); ok {
				t.Error("there is an EOS")
			}
		})
	}
}

func TestVocabTxtAlone(t *testing.T) {
	vocab := "[PAD]\r\n[UNK]\n[CLS]\n[SEP]\nhello\n##o\n \nhell\nhello\n"
	dir := writeFiles(t, map[string][]byte{"my-vocab.txt": []byte(vocab)})
	tok, err := Load(filepath.Join(dir, "my-vocab.txt"))
	if err != nil {
		t.Fatal(err)
	}
	// The second hello counts; line 6 is blank and has no token.
	if got := tok.Encode("Hello HELLOO x", true); !slices.Equal(got, []uint32{2, 8, 8, 5, 1, 3}) {
		t.Errorf("ids %v", got)
	}
	if _, ok := tok.Token(6); ok || tok.VocabSize() != 9 {
		t.Errorf("line 6 is a token, or there are %d ids", tok.VocabSize())
	}
	if _, ok := tok.MASK(); ok {
		t.Error("there is a MASK")
	}
	saved := t.TempDir()
	if err := tok.Save(saved); err != nil {
		t.Fatal(err)
	}
	var config map[string]any
	readJSON(t, filepath.Join(saved, "tokenizer_config.json"), &config)
	if config["cls_token"] != "[CLS]" || config["sep_token"] != "[SEP]" || config["mask_token"] != nil {
		t.Errorf("saved configuration %v", config)
	}
}

func TestBadVocabTxtIsRefused(t *testing.T) {
	for _, c := range []struct{ vocab, config, want string }{
		{"a\nb\n", "", `unk_token "[UNK]" is not in the vocabulary`},
		{"", "", "the vocabulary is empty"},
		{"[UNK]\n[CLS]\n", "", `sep_token "[SEP]" is not in the vocabulary`},
		{"[UNK]\n[CLS]\n[SEP]\n\xff\n", "", "not UTF-8"},
		{"[UNK]\n[CLS]\n[SEP]\na\x00\n", "", "byte 0"},
		{"[UNK]\n[CLS]\n[SEP]\n", `{"unk_token": "<unk>"}`, `unk_token "<unk>" is not in the vocabulary`},
		{"[UNK]\n[CLS]\n[SEP]\n", `{"unk_token": 5}`, "unk_token"},
		{"[UNK]\n[CLS]\n[SEP]\n", "[]", "tokenizer_config.json"},
		{"[UNK]\n[CLS]\n[SEP]\n", `{"do_lower_case": "no"}`, "tokenizer_config.json"},
		{strings.Repeat("\n", MaxVocab+1), "", "lines, want at most"},
	} {
		files := map[string][]byte{"vocab.txt": []byte(c.vocab)}
		if c.config != "" {
			files["tokenizer_config.json"] = []byte(c.config)
		}
		_, err := Load(writeFiles(t, files))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%.40q with %q: error %v, want %q", c.vocab, c.config, err, c.want)
		}
	}
	if _, err := Load(writeFiles(t, map[string][]byte{"vocab.txt": []byte("[UNK]\n[CLS]\n[SEP]\n"), "tokenizer_config.json": []byte("null")})); err != nil {
		t.Errorf("an empty configuration: %v", err)
	}
}

func TestOnlyBertsOwnPartsTakeTheOnePass(t *testing.T) {
	const file = `{"added_tokens":[%ADDED%],"normalizer":{"type":"BertNormalizer","clean_text":true,"handle_chinese_chars":true,"strip_accents":null,"lowercase":true},
		"pre_tokenizer":{"type":"%PRE%"},"model":{"type":"WordPiece","unk_token":"[UNK]","continuing_subword_prefix":"##","max_input_chars_per_word":100,"vocab":{"[UNK]":0,"a":1,"b":2,"##b":3}}}`
	for _, c := range []struct {
		added, pre string
		one        bool
		want       []uint32
	}{
		{"", "BertPreTokenizer", true, []uint32{1, 3, 0, 2}},
		{"", "WhitespaceSplit", false, []uint32{0}},
		{`{"id":4,"content":"A","normalized":true,"single_word":false,"lstrip":false,"rstrip":false,"special":false}`, "BertPreTokenizer", false, []uint32{4, 2, 0, 2}},
	} {
		tok, err := Parse([]byte(strings.NewReplacer("%ADDED%", c.added, "%PRE%", c.pre).Replace(file)), nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := tok.Encode("ÁB!b", false); (tok.bert != nil) != c.one || !slices.Equal(got, c.want) {
			t.Errorf("%s with %q: ids %v, want %v; one pass: %v", c.pre, c.added, got, c.want, tok.bert != nil)
		}
	}
}

func TestStreamOfBertGivesTheIDsOfTheWhole(t *testing.T) {
	var f wordPieceFixture
	readJSON(t, "testdata/wordpiece.json", &f)
	for _, c := range f.Cases {
		tok, err := Load(writeFiles(t, map[string][]byte{"vocab.txt": f.vocab(c.Config), "tokenizer_config.json": c.Config}))
		if err != nil {
			t.Fatal(err)
		}
		text := []byte(strings.Join(f.Texts, " ") + "a\vb a\fb a\x85b a\u0085b a\x1cb" + strings.Join(f.Corpus, "\n"))
		for _, part := range []int{1, 7, 40, 150, 1 << 20} {
			sameStreamed(t, tok, text, part)
			sameStreamed(t, tok, []byte(strings.Repeat("ab\v", 90)+" "+strings.Repeat("c\f", 80)+" "+strings.Repeat("x\u0085", 80)), part) // one word each
		}
		if _, parts := streamed(t, tok, text, 150, true, false); parts < 100 {
			t.Errorf("%s: %d parts of %d bytes", c.Name, parts, len(text))
		}
	}
}
