package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// piped runs the program in this process with standard input.
func piped(stdin string, args ...string) (code int, stdout, stderr string) {
	var out, errs bytes.Buffer
	code = run(args, strings.NewReader(stdin), &out, &errs)
	return code, out.String(), errs.String()
}

func trainedTokenizer(t *testing.T, flags ...string) string {
	t.Helper()
	dir := t.TempDir()
	corpus, out := filepath.Join(dir, "corpus.txt"), filepath.Join(dir, "tok")
	if err := os.WriteFile(corpus, []byte(strings.Repeat("the cat sat on the mat, 中文中文\n", 50)), 0o666); err != nil {
		t.Fatal(err)
	}
	args := append([]string{"tokenizer", "train", corpus, "-o", out}, flags...)
	if code, _, stderr := piped("", args...); code != 0 {
		t.Fatalf("train: exit %d: %s", code, stderr)
	}
	return out
}

func TestTokenizerCommandsRoundTrip(t *testing.T) {
	for _, flags := range [][]string{{"-v", "280"}, {"-v", "280", "--pattern", "gpt2"}, {"--chars"}} {
		tok := trainedTokenizer(t, flags...)
		text := "the mat on 中文 the cat\n"
		code, ids, stderr := piped(text, "tokenizer", "encode", tok)
		if code != 0 {
			t.Fatalf("encode: exit %d: %s", code, stderr)
		}
		if code, got, stderr := piped(ids, "tokenizer", "decode", tok); code != 0 || got != text {
			t.Errorf("decode: exit %d, %q, want %q: %s", code, got, text, stderr)
		}
	}
}

func TestTokenizerInfoAsJSON(t *testing.T) {
	tok := trainedTokenizer(t, "-v", "270", "--special", "<s>,</s>", "--bos", "<s>", "--add-bos")
	code, out, stderr := piped("", "tokenizer", "info", tok, "--json")
	var info struct {
		VocabSize int    `json:"vocab_size"`
		BOS       string `json:"bos"`
	}
	if err := json.Unmarshal([]byte(out), &info); code != 0 || err != nil {
		t.Fatalf("exit %d, %v: %s", code, err, stderr)
	}
	if info.VocabSize != 270 || info.BOS != "<s>" {
		t.Errorf("%+v, want 270 ids and <s>", info)
	}
	if _, got, _ := piped("", "tokenizer", "encode", tok, "-s", "-t", "the"); !strings.HasPrefix(got, "0 ") {
		t.Errorf("encoded to %q, want BOS first", got)
	}
}

func TestTokenizerCommandsRefuse(t *testing.T) {
	tok := trainedTokenizer(t, "-v", "270")
	dir := t.TempDir()
	empty, out := filepath.Join(dir, "empty.txt"), filepath.Join(dir, "out")
	if err := os.WriteFile(empty, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		want string
		args []string
	}{
		{"no text", []string{"train", empty, "-o", out}},
		{"vocabulary size 3", []string{"train", empty, "-o", out, "-v", "3"}},
		{"--nfc does not apply to --kind chars; it is for bpe", []string{"train", empty, "-o", out, "--chars", "--nfc"}},
		{"--vocab-size does not apply", []string{"train", empty, "-o", out, "-k", "chars", "-v", "300"}},
		{"holds a tokenizer (tokenizer.json)", []string{"train", empty, "-o", tok}},
		{"no amount of bytes", []string{"train", empty, "-o", out, "--memory-limit", "4X"}},
		{"--memory-limit 977 KiB: want at least 48.0 MiB", []string{"train", empty, "-o", out, "--memory-limit", "1MB"}},
		{"no such file", []string{"info", filepath.Join(dir, "none")}},
		{"whole number", []string{"decode", tok, "1", "x"}},
		{"does not use", []string{"decode", tok, "4000"}},
		{"want one", []string{"encode", tok, empty, "--text", "a"}},
		{"want one", []string{"encode", tok, empty, "--text", ""}},
	} {
		code, _, stderr := piped("", append([]string{"tokenizer"}, c.args...)...)
		if code == 0 || !strings.Contains(stderr, c.want) {
			t.Errorf("%q: exit %d, %q, want %q", c.args, code, stderr, c.want)
		}
	}
	if _, err := os.Stat(out); err == nil {
		t.Error("a failed training left its directory behind")
	}
}

func TestTokenizerTrainReadsAsDatasetBuildDoes(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "records.json"), []byte(strings.Repeat(`{"body":"the cat sat"}`+"\n", 20)), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "notes.txt"), []byte("one\n---\ntwo\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(t.TempDir(), "tok")
	code, _, stderr := piped("", "tokenizer", "train", filepath.Join(dir, "records.json"), "--format", "jsonl", "--text-field", "body", "-o", out, "-v", "300")
	if code != 0 {
		t.Errorf("--format: exit %d: %s", code, stderr)
	}
	code, stdout, stderr := piped("", "tokenizer", "train", dir, "--ext", "txt", "--separator=---", "-f", "-o", out, "-v", "300", "--json")
	if code != 0 || !strings.Contains(stdout, `"documents": 2`) {
		t.Errorf("--ext and --separator: exit %d: %s%s", code, stdout, stderr)
	}
	code, _, stderr = piped("", "tokenizer", "train", dir, "-f", "-o", out, "-v", "300")
	if code != 0 || !strings.Contains(stderr, "1 .json") {
		t.Errorf("a file left out is not named: exit %d: %s", code, stderr)
	}
}

func TestTokenizerTrainExtendsAnother(t *testing.T) {
	base := trainedTokenizer(t, "-v", "265")
	dir := t.TempDir()
	corpus, out := filepath.Join(dir, "law.txt"), filepath.Join(dir, "tok")
	if err := os.WriteFile(corpus, []byte(strings.Repeat("民法典 the contract\n", 50)), 0o666); err != nil {
		t.Fatal(err)
	}
	code, stdout, stderr := piped("", "tokenizer", "train", corpus, "-o", out, "--extend", base, "-v", "275", "--memory-limit", "200MB")
	if code != 0 || !strings.Contains(stdout, "Kinds of tokens") {
		t.Fatalf("exit %d: %s%s", code, stdout, stderr)
	}
	for _, text := range []string{"the mat", "民法典"} {
		_, before, _ := piped("", "tokenizer", "encode", base, "-t", text)
		_, after, _ := piped("", "tokenizer", "encode", out, "-t", text)
		if grown := len(strings.Fields(after)) < len(strings.Fields(before)); grown != (text == "民法典") {
			t.Errorf("%s: %s, was %s", text, after, before)
		}
	}
	if code, _, stderr := piped("", "tokenizer", "train", corpus, "-o", out, "--extend", base, "--nfc", "--force", "-v", "275"); code != 1 || !strings.Contains(stderr, "has its own") {
		t.Errorf("exit %d: %s", code, stderr)
	}
}

func TestTokenizerTrainWordPiece(t *testing.T) {
	tok := trainedTokenizer(t, "--kind", "wordpiece", "-v", "60", "--special", "[LAW]")
	code, out, stderr := piped("", "tokenizer", "encode", tok, "-t", "The cat 中文 [LAW]", "--show", "-s")
	if code != 0 || !strings.Contains(out, `"[LAW]"`) || !strings.Contains(out, `"[CLS]"`) || strings.Contains(out, "[UNK]") {
		t.Errorf("exit %d: %s%s", code, out, stderr)
	}
	corpus := filepath.Join(t.TempDir(), "c.txt")
	if err := os.WriteFile(corpus, []byte("Éa Éa"), 0o666); err != nil {
		t.Fatal(err)
	}
	for want, flags := range map[string][]string{"É": {"--cased"}, "é": {"--no-strip-accents"}, "e": nil, "E": {"--cased", "--strip-accents"}} {
		out := filepath.Join(t.TempDir(), "tok")
		if code, _, stderr := piped("", append([]string{"tokenizer", "train", corpus, "-o", out, "-k", "wordpiece", "-v", "40"}, flags...)...); code != 0 {
			t.Fatal(stderr)
		}
		if _, info, _ := piped("", "tokenizer", "info", out, "--json"); !strings.Contains(info, `"`+want+`a"`) {
			t.Errorf("%v: no %sa in %s", flags, want, info)
		}
	}
	if code, _, stderr := piped("", "tokenizer", "train", corpus, "-o", filepath.Join(t.TempDir(), "x"), "-k", "wordpiece", "--pattern", "gpt2"); code != 1 || !strings.Contains(stderr, "--pattern does not apply to --kind wordpiece; it is for bpe") {
		t.Errorf("exit %d: %s", code, stderr)
	}
}

func TestTokenizerTrainSentencePiece(t *testing.T) {
	tok := trainedTokenizer(t, "--kind", "sentencepiece", "-v", "40", "--soft-limit", "--pad", "<pad>", "--user-symbol", "<sep>", "--sentences", "45")
	if _, err := os.Stat(filepath.Join(tok, "tokenizer.model")); err != nil {
		t.Error(err)
	}
	text := "the mat<sep>on 中文 the cat\n"
	_, ids, _ := piped(text, "tokenizer", "encode", tok)
	if code, got, stderr := piped(ids, "tokenizer", "decode", tok); code != 0 || strings.TrimSpace(got) != strings.TrimSpace(text) {
		t.Errorf("decode: exit %d, %q, want %q: %s", code, got, text, stderr)
	}
	corpus := filepath.Join(filepath.Dir(tok), "corpus.txt")
	for flags, want := range map[string]string{
		"--kind sentencepiece -v 4000":                "vocabulary size 4000 is more than the text yields, want at most",
		"--kind sentencepiece --model bpe --nfc":      "--nfc does not apply to --kind sentencepiece; it is for bpe",
		"--kind bpe --coverage 0.99":                  "--coverage does not apply to --kind bpe; it is for sentencepiece",
		"--kind sentencepiece -v 4000 --model neural": "--model must be one of",
	} {
		args := append([]string{"tokenizer", "train", corpus, "-o", filepath.Join(t.TempDir(), "x")}, strings.Fields(flags)...)
		if code, _, stderr := piped("", args...); code == 0 || !strings.Contains(stderr, want) {
			t.Errorf("%s: exit %d: %q, want %q", flags, code, stderr, want)
		}
	}
}

func TestTokenizerTrainReplacesAllFilesOfAnother(t *testing.T) {
	tok := trainedTokenizer(t, "-v", "270")
	stale := filepath.Join(tok, "tokenizer.model")
	if err := os.WriteFile(stale, []byte("of another"), 0o666); err != nil {
		t.Fatal(err)
	}
	corpus := filepath.Join(t.TempDir(), "c.txt")
	if err := os.WriteFile(corpus, []byte("new text new text"), 0o666); err != nil {
		t.Fatal(err)
	}
	if code, _, stderr := piped("", "tokenizer", "train", corpus, "-o", tok, "--force", "-v", "260"); code != 0 {
		t.Fatal(stderr)
	}
	if _, err := os.Stat(stale); err == nil {
		t.Error("a file of the old tokenizer is still there")
	}
}

// What is in the way of a new file does not cost the files of the old tokenizer that have no successor.
func TestTokenizerTrainRemovesNothingBeforeTheNewOneIsThere(t *testing.T) {
	dir := t.TempDir()
	text, tok := writeFile(t, filepath.Join(dir, "a.txt"), strings.Repeat("the cat sat on the mat\n", 50)), filepath.Join(dir, "tok")
	if err := os.MkdirAll(filepath.Join(tok, "tokenizer.json"), 0o777); err != nil { // no file can come there
		t.Fatal(err)
	}
	old := writeFile(t, filepath.Join(tok, "vocab.txt"), "[UNK]\nthe\n")
	if code, _, stderr := piped("", "tokenizer", "train", text, "-o", tok, "--force", "-v", "260"); code != 1 {
		t.Errorf("exit %d: %s", code, stderr)
	}
	if _, err := os.Stat(old); err != nil {
		t.Errorf("the old tokenizer is gone: %v", err)
	}
}
