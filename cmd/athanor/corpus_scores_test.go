package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func writeFile(t *testing.T, path, text string) string {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

// output runs a command that must not fail.
func output(t *testing.T, args ...string) string {
	t.Helper()
	code, out, stderr := piped("", args...)
	if code != 0 {
		t.Fatalf("%v: exit %d: %s", args, code, stderr)
	}
	return out
}

func wants(t *testing.T, text string, wants ...string) {
	t.Helper()
	for _, want := range wants {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in\n%s", want, text)
		}
	}
}

func TestCorpusClassify(t *testing.T) {
	dir := t.TempDir()
	var labelled, plain strings.Builder
	for i := range 300 {
		kind, text := "x", fmt.Sprintf("buy cheap pills now %d", i)
		if i%2 == 0 {
			kind, text = "y", fmt.Sprintf("the meeting is on monday %d 会议", i)
		}
		// Digits are alike to the classifier; the split goes by the text.
		fmt.Fprintf(&labelled, "{\"id\":%q,\"meta\":{\"kind\":%q},\"text\":%q}\n", fmt.Sprint(i), kind, text)
		fmt.Fprintf(&plain, "%s\n%%\n", text)
	}
	in := writeFile(t, filepath.Join(dir, "in.jsonl"), labelled.String())
	model := filepath.Join(dir, "m.cls")
	out := output(t, "corpus", "classify", "train", in, "--label-field", "meta.kind", "--map", "spam=x", "--map", "ham=y", "--bits", "12", "-o", model)
	wants(t, out, "ham", "spam", "1.0000", "AUC")
	wants(t, output(t, "corpus", "classify", "eval", model, in, "--label-field", "meta.kind", "--map", "spam=x", "--map", "ham=y", "--json"), `"documents": 300`, `"accuracy": 1`)
	wants(t, output(t, "corpus", "classify", "score", model, in), `{"id":"0","label":"ham","scores":{"ham":0.9`)
	wants(t, output(t, "corpus", "classify", "train", "a="+in, "b="+writeFile(t, filepath.Join(dir, "p.txt"), plain.String()), "--separator", "%", "--bits", "10", "--epochs", "1", "--validation", "0.5", "--json", "-o", model), `"epochs": 1`)
}

func TestCorpusClassifyCountsWhatMapLeavesOut(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "lang=en") // a path with = is a path where there is such a file
	if err := os.Mkdir(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	for i := range 40 {
		fmt.Fprintf(&text, "{\"kind\":%q,\"text\":\"text number %d\"}\n", []string{"x", "y", "z"}[min(i/15, 2)], i)
	}
	in := writeFile(t, filepath.Join(dir, "in.jsonl"), text.String())
	code, _, stderr := piped("", "corpus", "classify", "train", in, "--label-field", "kind", "--map", "a=x", "--map", "b=y", "--bits", "10",
		"--validation", "0.5", "--test", "0", "-o", filepath.Join(dir, "m"))
	if code != 0 || !strings.Contains(stderr, "10 documents whose kind is no value of --map") {
		t.Errorf("exit %d: %s", code, stderr)
	}
}

func TestCorpusClassifySaysWhatIsMissing(t *testing.T) {
	dir := t.TempDir()
	in := writeFile(t, filepath.Join(dir, "in.jsonl"), `{"text":"a"}`)
	for _, c := range []struct{ args, want string }{
		{in, "whose label is it?"},
		{in + " --label-field kind", `no field "kind"`},
		{in + " --label-field kind --map a", "want LABEL=VALUE"},
		{"a=" + in, "want 2..256"},
	} {
		code, _, stderr := piped("", append([]string{"corpus", "classify", "train", "-o", filepath.Join(dir, "m")}, strings.Fields(c.args)...)...)
		if code != 1 || !strings.Contains(stderr, c.want) {
			t.Errorf("%s: exit %d: %s, want %s", c.args, code, stderr, c.want)
		}
	}
}

func TestCorpusPerplexity(t *testing.T) {
	dir := t.TempDir()
	var text strings.Builder
	for i := range 200 {
		fmt.Fprintf(&text, "{\"id\":\"d%d\",\"lang\":\"en\",\"text\":\"the cat number %d sat on the mat\"}\n", i, i)
	}
	in := writeFile(t, filepath.Join(dir, "in.jsonl"), text.String())
	model := filepath.Join(dir, "m.ngram")
	wants(t, output(t, "corpus", "perplexity", "train", in, "--unit", "word", "--fold", "--order", "3", "--held-out", "0.3", "-o", model),
		"perplexity held out", "D3+", "head up to", "en")
	wants(t, output(t, "corpus", "perplexity", "buckets", model, in), "middle up to")
	wants(t, output(t, "corpus", "perplexity", "score", model, in), `{"id":"d0","lang":"en","perplexity":`, `"bucket":"head"`)
	words := writeFile(t, filepath.Join(dir, "some.jsonl"), "{\"id\":\"w\",\"text\":\"the cat\"}\n{\"id\":\"none\",\"text\":\" \\u3000 \"}\n")
	wants(t, output(t, "corpus", "perplexity", "score", model, words), `{"id":"none","words":0,"unknown":0}`)
	if code, _, stderr := piped("", "corpus", "perplexity", "buckets", model, words); code != 1 || !strings.Contains(stderr, "1 documents with words") {
		t.Errorf("buckets of one document: exit %d: %s", code, stderr)
	}
	tok := trainedTokenizer(t, "-v", "280")
	wants(t, output(t, "corpus", "perplexity", "train", in, "-t", tok, "--prune", "0,1", "--order", "3", "-o", model, "--json"), `"unit": "token"`)
	for _, args := range [][]string{{"train", in, "-o", model}, {"score", model, in}} {
		code, _, stderr := piped("", append([]string{"corpus", "perplexity"}, args...)...)
		if code != 1 || !strings.Contains(stderr, "tokenizer") {
			t.Errorf("%v without a tokenizer: exit %d: %s", args, code, stderr)
		}
	}
}

func TestCorpusDecontaminate(t *testing.T) {
	dir := t.TempDir()
	const question = "which of these four small animals has the longest ears of all of them"
	bench := writeFile(t, filepath.Join(dir, "q.csv"), "id,question,A,B\n1,"+question+",hare,mouse\n2,short,a,b\n")
	docs := writeFile(t, filepath.Join(dir, "d.jsonl"), fmt.Sprintf("{\"text\":%q}\n{\"text\":\"nothing here\"}\n", "before: "+question+"?"))
	wants(t, output(t, "corpus", "decontaminate", "-b", "quiz="+bench, docs), "quiz", "1 of 2 documents hold an item", "quiz/q.csv#2", "quiz/q.csv#1 in 1")
	wants(t, output(t, "corpus", "decontaminate", "-b", "quiz:csv="+bench, "--json"), `"quiz": 1`, `"quiz/q.csv#2"`)
	if code, _, stderr := piped("", "corpus", "decontaminate", "-b", "quiz="+bench, "--most=-1", docs); code != 1 || !strings.Contains(stderr, "--most -1") {
		t.Errorf("exit %d: %s", code, stderr)
	}
	if code, _, stderr := piped("", "corpus", "decontaminate", "-b", "quiz"); code != 1 || !strings.Contains(stderr, "NAME=PATH") {
		t.Errorf("exit %d: %s", code, stderr)
	}
}
