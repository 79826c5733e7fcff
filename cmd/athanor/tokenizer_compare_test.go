package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"

	"github.com/athanor-lm/athanor/tokenizer"
)

func TestTokenizerCompare(t *testing.T) {
	bytesTok, charTok := trainedTokenizer(t, "-v", "280"), trainedTokenizer(t, "--chars")
	dir := t.TempDir()
	chinese, english, chart := filepath.Join(dir, "法律.txt"), filepath.Join(dir, "en.jsonl"), filepath.Join(dir, "c.svg")
	for path, text := range map[string]string{chinese: strings.Repeat("中文文字", 30), english: `{"text":"the cat sat on the mat"}` + "\n" + `{"text":"the dog"}` + "\n"} {
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	args := []string{"tokenizer", "compare", "字节=" + bytesTok, charTok, "--text", "zh=" + chinese, "--text", english, "--chart", chart, "--limit", "1"}
	code, out, stderr := piped("", args...)
	if code != 0 {
		t.Fatalf("exit %d: %s", code, stderr)
	}
	for _, want := range []string{"zh: 1 documents, 360 B", "en.jsonl: 2 documents", "tokens/char", "loses text in 1 of 1 documents", `"中文文字中`, "side by side"} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is not in\n%s", want, out)
		}
	}
	lines := strings.Split(out, "\n")
	if a, b := ansi.StringWidth(lines[1]), ansi.StringWidth(lines[2]); a != b {
		t.Errorf("the columns are not aligned: %d and %d wide\n%s", a, b, out)
	}
	if svg, err := os.ReadFile(chart); err != nil || !strings.Contains(string(svg), "字节 (") {
		t.Errorf("chart: %v", err)
	}
	code, out, stderr = piped("", append(args, "--json", "--no-speed")...)
	var c tokenizer.Comparison
	if err := json.Unmarshal([]byte(out), &c); code != 0 || err != nil {
		t.Fatalf("exit %d, %v: %s", code, err, stderr)
	}
	if len(c.Results) != 4 || c.Result(0, 0).OneMBs != 0 || c.Result(0, 0).PartTokens == 0 || c.Result(1, 0).RoundTripFailures != 1 || c.Texts[0].Han != 120 {
		t.Errorf("%s", out)
	}
	for want, args := range map[string][]string{
		"ends with .svg": {bytesTok, "--text", english, "--chart", filepath.Join(dir, "c.png")},
		"at least 1 MB":  {bytesTok, "--text", english, "--limit", "0"},
		"no such file":   {filepath.Join(dir, "none"), "--text", english},
		"none.txt: no":   {bytesTok, "--text", filepath.Join(dir, "none.txt")},
	} {
		code, _, stderr := piped("", append([]string{"tokenizer", "compare"}, args...)...)
		if code != 1 || !strings.Contains(stderr, want) {
			t.Errorf("%q: exit %d, %q, want exit 1 and %q", args, code, stderr, want)
		}
	}
}

func TestCompareTakesTheBeginningOfALongText(t *testing.T) {
	dir := t.TempDir()
	long := filepath.Join(dir, "long.txt")
	if err := os.WriteFile(long, []byte(strings.Repeat("中", 400_000)), 0o666); err != nil { // 1.2 MB; 1,000,000 is within a character
		t.Fatal(err)
	}
	code, out, stderr := piped("", "tokenizer", "compare", trainedTokenizer(t, "-v", "280"), "--text", long, "--limit", "1", "--no-speed", "--json")
	var c tokenizer.Comparison
	if err := json.Unmarshal([]byte(out), &c); code != 0 || err != nil || c.Texts[0].Bytes != 999_999 || c.Texts[0].Characters != 333_333 {
		t.Errorf("exit %d, %v: %+v %s", code, err, c.Texts, stderr)
	}
}
