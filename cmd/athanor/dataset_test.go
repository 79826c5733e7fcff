package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// athanor runs the program and returns exit code and output.
func athanor(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = run(args, strings.NewReader(""), &out, &errs)
	return code, out.String(), errs.String()
}

func TestDatasetBuildAndInfo(t *testing.T) {
	dir := t.TempDir()
	corpus := filepath.Join(dir, "corpus.jsonl")
	var lines strings.Builder
	for i := range 200 {
		lines.WriteString(`{"text":"` + strings.Repeat("low lower ", 1+i%7) + string(rune('a'+i%26)) + `","source":"made"}` + "\n")
	}
	lines.WriteString("broken\n")
	if err := os.WriteFile(corpus, []byte(lines.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	// byte-level BPE without merges: one id a byte
	tok := filepath.Join(dir, "tok")
	if err := os.MkdirAll(tok, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(tok, "tokenizer.json"), []byte(byteTokenizerJSON()), 0o644); err != nil {
		t.Fatal(err)
	}
	set := filepath.Join(dir, "set")
	code, out, errs := athanor(t, "dataset", "build", "--tokenizer", tok, "--out", set, "--val", "0.2", corpus)
	if code != 0 || !strings.Contains(out, "made") || !strings.Contains(errs, "1 records were set aside") {
		t.Fatalf("exit %d\n%s\n%s", code, out, errs)
	}
	if code, _, errs = athanor(t, "dataset", "build", "--tokenizer", tok, "--out", set, corpus); code != 1 || !strings.Contains(errs, "not empty") {
		t.Errorf("second build: exit %d, %s", code, errs)
	}
	code, out, errs = athanor(t, "dataset", "info", set, "--verify", "--sample", "2")
	if code != 0 || !strings.Contains(out, "match their checksums") || strings.Count(out, "low lower") < 2 {
		t.Errorf("info: exit %d\n%s\n%s", code, out, errs)
	}
	bin := filepath.Join(set, "train.bin")
	data, err := os.ReadFile(bin)
	if err != nil {
		t.Fatal(err)
	}
	data[10] ^= 1
	if err := os.WriteFile(bin, data, 0o644); err != nil {
		t.Fatal(err)
	}
	if code, _, errs = athanor(t, "dataset", "info", set, "--verify"); code != 1 || !strings.Contains(errs, "train.bin") {
		t.Errorf("damaged: exit %d, %s", code, errs)
	}
	if code, _, errs = athanor(t, "dataset", "build", "--tokenizer", tok, "--eos", "<end>", "--out", set+"2", corpus); code != 1 || !strings.Contains(errs, "no such token") {
		t.Errorf("unknown eos: exit %d, %s", code, errs)
	}
}

// byteTokenizerJSON is a tokenizer.json of GPT-2's 256 byte tokens and no merges.
func byteTokenizerJSON() string {
	var b strings.Builder
	b.WriteString(`{"version":"1.0","added_tokens":[],"normalizer":null,"pre_tokenizer":{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true,"use_regex":true},` +
		`"post_processor":null,"decoder":{"type":"ByteLevel","add_prefix_space":true,"trim_offsets":true,"use_regex":true},"model":{"type":"BPE","merges":[],"vocab":{`)
	extra := 0
	for i := range 256 {
		r := rune(i)
		if !(i >= '!' && i <= '~' || i >= 0xA1 && i <= 0xAC || i >= 0xAE) {
			r = rune(256 + extra)
			extra++
		}
		s := string(r)
		if s == `"` || s == `\` {
			s = `\` + s
		}
		if i > 0 {
			b.WriteString(",")
		}
		b.WriteString(`"` + s + `":` + strconv.Itoa(i))
	}
	b.WriteString(`}}}`)
	return b.String()
}

func TestFlagsThatDoNothingAreRefused(t *testing.T) {
	dir := t.TempDir()
	text, tok := writeFile(t, filepath.Join(dir, "a.txt"), strings.Repeat("the cat sat on the mat\n", 50)), trainedTokenizer(t, "-v", "280")
	for want, args := range map[string][]string{
		"--seed decides which documents": {"dataset", "build", text, "-t", tok, "-o", filepath.Join(dir, "out"), "--split", "tail", "--seed", "3"},
		"--vocab-size is for":            {"bench", "tokenizer", text, "-t", tok, "-v", "300"},
	} {
		if code, _, stderr := piped("", args...); code != 1 || !strings.Contains(stderr, want) {
			t.Errorf("%q: exit %d: %s, want %q", args, code, stderr, want)
		}
	}
}
