package tokenizer

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// minimal is a tokenizer.json with gaps to fill: normalizer, pre_tokenizer,
// post_processor, decoder, added tokens, then vocabulary, merges and further
// fields of the model.
func minimal(replace ...string) []byte {
	s := `{"added_tokens": ADDED, "normalizer": NORM, "pre_tokenizer": PRE, "post_processor": POST, "decoder": DEC,
"model": {"type": "BPE", MORE "vocab": VOCAB, "merges": MERGES}}`
	defaults := []string{"ADDED", "[]", "NORM", "null", "PRE", "null", "POST", "null", "DEC", `{"type":"Fuse"}`, "MORE", "",
		"VOCAB", `{"a":0,"b":1,"ab":2}`, "MERGES", `["a b"]`}
	return []byte(strings.NewReplacer(append(replace, defaults...)...).Replace(s))
}

func TestLoadRefusesByName(t *testing.T) {
	if _, err := Parse(minimal(), nil); err != nil {
		t.Fatal("the minimal file does not load: ", err)
	}
	added := func(id, content string) string {
		return `[{"id":` + id + `,"content":"` + content + `"}]`
	}
	for _, c := range []struct {
		want string
		data []byte
	}{
		{"line 2: ", minimal()[:150]},
		{"line 1: ", nil},
		{"no model", []byte(`{}`)},
		{`found number, want an object, at the end of "`, []byte(`{"decoder":{"type":"Fuse"},"model":3}`)},
		{"found array, want an object", []byte(`[]`)},
		{`version is "2.0"`, []byte(`{"version":"2.0","model":{}}`)},
		{`model "Markov" is not supported`, []byte(`{"model":{"type":"Markov","vocab":[["a",0.5]]}}`)},
		{"no keys that tell", []byte(`{"model":{"vocab":{"a":0}}}`)},
		{`normalizer "NFX" is not supported`, minimal("NORM", `{"type":"Sequence","normalizers":[{"type":"NFC"},{"type":"NFX"}]}`)},
		{"normalizer: no type", minimal("NORM", `{}`)},
		{"normalizer Replace: no pattern", minimal("NORM", `{"type":"Replace","content":"x"}`)},
		{"normalizer Precompiled: ", minimal("NORM", `{"type":"Precompiled","precompiled_charsmap":"AAAA"}`)},
		{"normalizer: nested more than", minimal("NORM", strings.Repeat(`{"type":"Sequence","normalizers":[`, 99)+strings.Repeat("]}", 99))},
		{"pre_tokenizer: nested more than", minimal("PRE", strings.Repeat(`{"type":"Sequence","pretokenizers":[`, 99)+strings.Repeat("]}", 99))},
		{"post_processor: nested more than", minimal("POST", strings.Repeat(`{"type":"Sequence","processors":[`, 99)+strings.Repeat("]}", 99))},
		{"decoder: nested more than", minimal("DEC", strings.Repeat(`{"type":"Sequence","decoders":[`, 99)+strings.Repeat("]}", 99))},
		{"exceeded max depth", minimal("NORM", strings.Repeat(`[`, 1<<20))},
		{`pre_tokenizer "Split2" is not supported`, minimal("PRE", `{"type":"Split2"}`)},
		{`replacement is ""`, minimal("PRE", `{"type":"Metaspace"}`)},
		{`prepend_scheme is "last"`, minimal("PRE", `{"type":"Metaspace","replacement":"_","prepend_scheme":"last"}`)},
		{"wants prepend_scheme never", minimal("PRE", `{"type":"Metaspace","replacement":"_","add_prefix_space":false}`)},
		{"length is 0", minimal("PRE", `{"type":"FixedLength","length":0}`)},
		{`delimiter is "ab"`, minimal("PRE", `{"type":"CharDelimiterSplit","delimiter":"ab"}`)},
		{`behavior is "Sideways"`, minimal("PRE", `{"type":"Split","pattern":{"String":"x"},"behavior":"Sideways"}`)},
		{"no pattern", minimal("PRE", `{"type":"Split","behavior":"Isolated"}`)},
		{`pattern "(a"`, minimal("PRE", `{"type":"Split","pattern":{"Regex":"(a"},"behavior":"Isolated"}`)},
		{`post_processor "GPT" is not supported`, minimal("POST", `{"type":"GPT"}`)},
		{"sep is not a token and its id", minimal("POST", `{"type":"BertProcessing","cls":["a",0]}`)},
		{`cls "c" has id 9`, minimal("POST", `{"type":"RobertaProcessing","cls":["c",9],"sep":["a",0]}`)},
		{"names the second", minimal("POST", `{"type":"TemplateProcessing","single":[{"Sequence":{"id":"B"}}]}`)},
		{`sequence "C"`, minimal("POST", `{"type":"TemplateProcessing","single":[{"Sequence":{"id":"C"}}]}`)},
		{"not among its special_tokens", minimal("POST", `{"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"x"}}]}`)},
		{"which is not in the vocabulary", minimal("POST", `{"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"x"}}],"special_tokens":{"x":{"ids":[9]}}}`)},
		{`decoder "Morse" is not supported`, minimal("DEC", `{"type":"Morse"}`)},
		{"more than 4 ByteLevel", minimal("PRE", `{"type":"Sequence","pretokenizers":[{"type":"ByteLevel"}`+strings.Repeat(`,{"type":"ByteLevel"}`, 4)+`]}`)},
		{"becomes longer than", minimal("DEC", `{"type":"Sequence","decoders":[{"type":"Fuse"}`+strings.Repeat(`,{"type":"Replace","pattern":{"String":"a"},"content":"aaaaaaaaaa"}`, 20)+`]}`)},
		{`content is ""`, minimal("DEC", `{"type":"Strip"}`)},
		{"start is -1", minimal("DEC", `{"type":"Strip","content":"a","start":-1}`)},
		{"dropout is 1.5", minimal("MORE", `"dropout":1.5,`)},
		{`strategy is "Some"`, append([]byte(`{"truncation":{"strategy":"Some"},`), minimal()[1:]...)},
		{`direction is "Up"`, append([]byte(`{"padding":{"strategy":"BatchLongest","direction":"Up"},`), minimal()[1:]...)},
		{"padding: strategy is", append([]byte(`{"padding":{"strategy":"Tight"},`), minimal()[1:]...)},
		{"padding: to 1000000000 ids", append([]byte(`{"padding":{"strategy":{"Fixed":1000000000}},`), minimal()[1:]...)},
		{`unk_token "?" is not in the vocabulary`, minimal("MORE", `"unk_token":"?",`)},
		{"vocabulary is empty", minimal("VOCAB", "{}")},
		{`id 0 belongs to two tokens, "a" and "b"`, minimal("VOCAB", `{"a":0,"b":0,"ab":2}`)},
		{"has id 4294967295", minimal("VOCAB", `{"a":0,"b":4294967295,"ab":2}`)},
		{"found number -1, want a whole number from 0 to 4294967295, at the end of \"{\\\"a\\\":-1\"", minimal("VOCAB", `{"a":-1,"b":1,"ab":2}`)},
		{`"a" has two ids, 0 and 7`, minimal("ADDED", added("7", "a"))},
		{`id 0 belongs to two tokens, "a" and "x"`, minimal("ADDED", added("0", "x"))},
		{"added token with id 7 is empty", minimal("ADDED", added("7", ""))},
		{`added token "x" has id 7, want 3`, minimal("ADDED", added("7", "x"))},
		{`added token "x" has id 4294967295`, minimal("ADDED", added("4294967295", "x"))},
		{`merge 0: "a" + "c": "c" is not in the vocabulary`, minimal("MERGES", `["a c"]`)},
		{`merge 0: "c" + "b": "c" is not in the vocabulary`, minimal("MERGES", `[["c", "b"]]`)},
		{`merge 1: "b" + "a": the result "ba" is not in the vocabulary`, minimal("MERGES", `["a b", "b a"]`)},
		{"a side is empty", minimal("VOCAB", `{"a":0,"":1}`, "MERGES", `[["a",""]]`)}, // a token that becomes itself for ever
		{"merge 0 has 3 parts", minimal("MERGES", `[["a","b","c"]]`)},
		{`merge 0 is "ab"`, minimal("MERGES", `["ab"]`)},
		{"merges: ", minimal("MERGES", `["a b", ["a","b"]]`)},
	} {
		if _, err := Parse(c.data, nil); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want %q", err, c.want)
		}
	}
	for _, c := range [][2]string{{`{"eos_token":"</s>"}`, "not in the vocabulary"}, {`{"eos_token":3}`, "eos_token"}, {`{`, "line 1"}} {
		if _, err := Parse(minimal(), []byte(c[0])); err == nil || !strings.Contains(err.Error(), c[1]) {
			t.Errorf("config %s: error %v, want %q", c[0], err, c[1])
		}
	}
}

func TestLoadNamesThePath(t *testing.T) {
	dir := t.TempDir()
	for path, want := range map[string]string{dir: "holds neither", filepath.Join(dir, "none.json"): "no such file"} {
		if _, err := Load(path); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), path) {
			t.Errorf("load %s: %v, want %q", path, err, want)
		}
	}
	os.WriteFile(filepath.Join(dir, "vocab.json"), []byte(`["[PAD]","[UNK]","a"]`), 0o666)
	if _, err := Load(dir); err == nil || !strings.Contains(err.Error(), "holds neither") {
		t.Errorf("vocab.json alone: %v", err)
	}
	os.WriteFile(filepath.Join(dir, "vocab.txt"), []byte("[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\n"), 0o666)
	if tok, err := Load(dir); err != nil || tok.VocabSize() != 6 {
		t.Errorf("BERT's vocab.txt beside a vocab.json: %v", err)
	}
	os.WriteFile(filepath.Join(dir, "vocab.json"), []byte(`{"a":0,"b":1,"ab":2}`), 0o666)
	os.WriteFile(filepath.Join(dir, "merges.txt"), []byte("#version: 0.2\na b\nabc\n"), 0o666)
	if _, err := Load(dir); err == nil || !strings.Contains(err.Error(), `line 3 is "abc"`) {
		t.Errorf("broken merges.txt: %v", err)
	}
}

// Ids need not be dense.
func TestHolesInTheVocabulary(t *testing.T) {
	tok, err := Parse(minimal("VOCAB", `{"a":0,"b":9,"ab":5}`), nil)
	if err != nil {
		t.Fatal(err)
	}
	if tok.VocabSize() != 10 || tok.Info(0).Tokens != 3 {
		t.Errorf("%d ids, %d tokens, want 10 and 3", tok.VocabSize(), tok.Info(0).Tokens)
	}
	if _, ok := tok.TokenBytes(3); ok {
		t.Error("id 3 has bytes, want a hole")
	}
	if got := tok.Decode([]uint32{5, 3, 9, 1 << 31}, false); got != "abb" {
		t.Errorf("decoded to %q, want abb", got)
	}
}

// FuzzParse: what loads must encode both ways alike, keep offsets within the text, and stream what it decodes.
func FuzzParse(f *testing.F) {
	const text = "ab <x> e\u0301 \xff ▁a 12"
	f.Add(minimal(), []byte(`{"eos_token":"a"}`), text)
	f.Add(minimal("PRE", `{"type":"ByteLevel","use_regex":true}`, "DEC", `{"type":"ByteLevel"}`), []byte(nil), text)
	f.Add(minimal("ADDED", `[{"id":3,"content":"<x>","lstrip":true,"normalized":true}]`, "NORM", `{"type":"NFC"}`), []byte(`{}`), text)
	f.Add(minimal("MERGES", `["a b","a b"]`, "PRE", `{"type":"Split","pattern":{"Regex":"a|"},"behavior":"MergedWithNext"}`), []byte(nil), text)
	f.Add(minimal("PRE", `{"type":"Metaspace","replacement":"▁","prepend_scheme":"first"}`, "NORM", `{"type":"Strip","strip_left":true}`, "DEC", `{"type":"Metaspace","replacement":"▁"}`), []byte(nil), text)
	for _, name := range []string{"added", "decoders", "models", "normalizers", "posts", "precompiled", "pretokenizers"} {
		var parts partsFile
		readGzipJSON(f, "testdata/parts-"+name+".json.gz", &parts)
		for k, v := range parts.Variants {
			if len(v.Tokenizer) < 1<<14 {
				f.Add([]byte(v.Tokenizer), []byte(nil), parts.Texts[k%len(parts.Texts)])
			}
		}
	}
	f.Fuzz(func(t *testing.T, data, config []byte, text string) {
		if bytes.Contains(data, []byte(`(?`)) || len(text) > 1000 { // look-around may take its time
			return
		}
		tok, err := Parse(data, config)
		if err != nil {
			return
		}
		tok.Info(3)
		ids := tok.Encode(text, true)
		full, err := tok.EncodeFull([]byte(text), nil, EncodeOptions{AddSpecial: true})
		if err == nil && !slices.Equal(ids, full.IDs) {
			t.Errorf("%q: ids %v, with offsets %v", text, ids, full.IDs)
		}
		for _, o := range full.Offsets {
			if o.Lo < 0 || o.Hi < o.Lo || o.Hi > len(text) {
				t.Errorf("offsets %v of %d bytes", full.Offsets, len(text))
			}
		}
		tok.EncodeFull([]byte(text), []byte("b"), EncodeOptions{AddSpecial: true, Plain: true, Truncate: true, Pad: true})
		tok.AppendEncodePlain(nil, []byte(text))
		d := tok.NewStreamDecoder(true)
		var streamed strings.Builder
		for _, id := range ids {
			streamed.WriteString(d.Next(id))
		}
		streamed.WriteString(d.Flush())
		if want := string(toValid([]byte(tok.Decode(ids, true)))); streamed.String() != want {
			t.Errorf("streamed %q, decoded %q", streamed.String(), want)
		}
	})
}

// A file that ends too soon is an error, wherever it ends.
func TestTruncatedFiles(t *testing.T) {
	data := minimal("PRE", `{"type":"Sequence","pretokenizers":[{"type":"Digits","individual_digits":true},{"type":"ByteLevel"}]}`,
		"POST", `{"type":"TemplateProcessing","single":[{"Sequence":{"id":"A","type_id":0}}],"pair":[],"special_tokens":{}}`)
	if _, err := Parse(data, nil); err != nil {
		t.Fatal(err)
	}
	for n := range len(data) {
		if _, err := Parse(data[:n], nil); err == nil {
			t.Errorf("the first %d of %d bytes load", n, len(data))
		}
	}
}

// Merges that make a token of itself, or of what it is made of, end.
func TestMergesInCircles(t *testing.T) {
	tok, err := Parse(minimal("VOCAB", `{"a":0,"aa":1,"aaa":2,"b":3}`, "MERGES", `["a aa","aa a","a a","aaa a","a aaa"]`), nil)
	if err == nil {
		tok.Encode(strings.Repeat("a", 1000), false)
	} else if !strings.Contains(err.Error(), "aaaa") {
		t.Errorf("error %v, want one that names aaaa", err)
	}
}
