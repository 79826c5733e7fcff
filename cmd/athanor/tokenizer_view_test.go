package main

import (
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/athanor-lm/athanor/runlog"
	"github.com/athanor-lm/athanor/tokenizer"
)

// byteTokens is GPT-2's byte alphabet without merges: a token a byte.
func byteTokens(t *testing.T) *tokenizer.Tokenizer {
	t.Helper()
	tok, err := tokenizer.Parse([]byte(byteTokenizerJSON()), nil)
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

func shown(t *testing.T, tok *tokenizer.Tokenizer, text string, color bool) string {
	t.Helper()
	e, err := tok.EncodeFull([]byte(text), nil, tokenizer.EncodeOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if err := showTokens(&out, runlog.Terminal{W: &out, Color: color}, tok, []byte(text), &e); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestViewShowsWhatTokensHold(t *testing.T) {
	tok := byteTokens(t)
	for text, want := range map[string]string{
		"a b\tc": "a│·│b│⇥│c\n5 tokens, 5 characters, 5 bytes: 1.00 characters a token",
		"a\nb":   "a│⏎\n│b\n",
		"中":      "‹e4›│‹b8›│‹ad›=中\n3 tokens, 1 characters, 3 bytes: 0.33 characters a token; 3 hold a part",
		"é\xffx": "‹c3›│‹a9›=é│‹ff›│x\n",
		"\a\x7f": "␇│␡\n",
	} {
		if got := shown(t, tok, text, false); !strings.HasPrefix(got, want) {
			t.Errorf("%q is shown as\n%s\nwant\n%s", text, got, want)
		}
	}
}

func TestViewPartsAndWholeCharactersInOneToken(t *testing.T) {
	for _, c := range []struct {
		held, covered string
		last          bool
		want          string
	}{
		{"\xad\xe5\xad", "中字", false, "‹ad›=中‹e5 ad›"}, // the end of one, the beginning of another
		{"\xad", "中", true, "‹ad›=中"},
		{"\xb8", "中", false, "‹b8›"},
		{" \xe4\xb8", " 中", false, "·‹e4 b8›"},
		{"\xad。\xe5", "中。字", false, "‹ad›=中。‹e5›"},
		{"\xff", "\xff", true, "‹ff›"},
	} {
		if got := part([]byte(c.held), []byte(c.covered), c.last); got != c.want {
			t.Errorf("%q of %q: %s, want %s", c.held, c.covered, got, c.want)
		}
	}
}

func TestViewColoursEndWithTheLine(t *testing.T) {
	got := shown(t, byteTokens(t), "a\nb", true)
	want := "\x1b[" + tokenGrounds[0] + "ma\x1b[0m\x1b[" + tokenGrounds[1] + "m⏎\x1b[0m\n\x1b[" + tokenGrounds[2] + "mb\x1b[0m\n"
	if !strings.HasPrefix(got, want) || strings.Contains(got, tokenBar) {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestEncodeRecordsAndBack(t *testing.T) {
	tok := trainedTokenizer(t, "-v", "280")
	var in strings.Builder
	for i := range 300 {
		in.WriteString(`{"id":"d` + string(rune('a'+i%26)) + `","body":"` + strings.Repeat("the 中文 ", i%7) + `"}` + "\n")
	}
	code, one, stderr := piped(in.String(), "tokenizer", "encode", tok, "--jsonl", "--text-field", "body", "--workers", "1")
	if code != 0 || strings.Count(one, "\n") != 300 || !strings.HasPrefix(one, `{"id":"da","ids":[]}`) {
		t.Fatalf("exit %d: %s%s", code, one, stderr)
	}
	if _, many, _ := piped(in.String(), "tokenizer", "encode", tok, "--jsonl", "--text-field", "body", "--workers", "3"); many != one {
		t.Error("it depends on the workers")
	}
	code, back, stderr := piped(one, "tokenizer", "decode", tok, "--jsonl")
	if want := strings.ReplaceAll(in.String(), `"body"`, `"text"`); code != 0 || back != want {
		t.Errorf("exit %d: %s, want\n%s%s", code, back, want, stderr)
	}
	file := filepath.Join(t.TempDir(), "x.jsonl")
	if err := os.WriteFile(file, []byte(`{"text":"a中"}`+"\nnonsense\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	code, out, stderr := piped("", "tokenizer", "encode", tok, file, "--jsonl", "--offsets")
	if code != 1 || !strings.Contains(out, `"offsets":[[0,1],[1,4]`) || !strings.Contains(stderr, "1 records could not be encoded") || !strings.Contains(stderr, ":2: invalid JSON") {
		t.Errorf("exit %d: %s%s", code, out, stderr)
	}
}

func TestEncodeReadsCompressedFiles(t *testing.T) {
	tok, dir := trainedTokenizer(t, "-v", "280"), t.TempDir()
	packed := func(name, text string) string {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		if _, err := z.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
		z.Close()
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, b.Bytes(), 0o666); err != nil {
			t.Fatal(err)
		}
		return path
	}
	_, want, _ := piped("the mat", "tokenizer", "encode", tok)
	if code, got, stderr := piped("", "tokenizer", "encode", tok, packed("a.txt.gz", "the mat")); code != 0 || got != want {
		t.Errorf("exit %d: %s, want %s%s", code, got, want, stderr)
	}
	if code, got, stderr := piped("", "tokenizer", "encode", tok, "--jsonl", packed("a.jsonl.gz", `{"id":"x","text":"the mat"}`)); code != 0 || !strings.HasPrefix(got, `{"id":"x","ids":[`) {
		t.Errorf("exit %d: %s%s", code, got, stderr)
	}
	whole := packed("b.txt.gz", strings.Repeat("the cat sat on the mat, 中文\n", 1000))
	data, err := os.ReadFile(whole)
	if err != nil {
		t.Fatal(err)
	}
	for what, damaged := range map[string][]byte{"truncated": data[:len(data)/2], "damaged": []byte("no gzip, but long enough to have a header")} {
		if err := os.WriteFile(whole, damaged, 0o666); err != nil {
			t.Fatal(err)
		}
		if code, _, stderr := piped("", "tokenizer", "encode", tok, whole); code != 1 || !strings.Contains(stderr, what) || !strings.Contains(stderr, "b.txt.gz") {
			t.Errorf("%s: exit %d: %s", what, code, stderr)
		}
	}
}

func TestEncodeOffsetsAndView(t *testing.T) {
	tok := trainedTokenizer(t, "-v", "280")
	if code, out, stderr := piped("", "tokenizer", "encode", tok, "-t", "the mat", "--offsets"); code != 0 || !strings.Contains(out, "\t3\t") || !strings.HasSuffix(strings.Split(out, "\n")[0], `"the"`) {
		t.Errorf("exit %d: %s%s", code, out, stderr)
	}
	if code, out, stderr := piped("the mat", "tokenizer", "encode", tok, "--color"); code != 0 || !strings.HasPrefix(out, "the│·mat\n") {
		t.Errorf("exit %d: %s%s", code, out, stderr)
	}
	for want, flags := range map[string][]string{
		"--offsets goes with":    {"-t", "x", "--offsets", "--count"},
		"want one of them":       {"-t", "x", "--jsonl"},
		"--workers goes with":    {"-t", "x", "--workers", "2"},
		"--text-field goes with": {"-t", "x", "--text-field", "body"},
		"--seed goes with":       {"-t", "x", "--seed", "7"},
		"can't be used together": {"-t", "x", "--show", "--color"},
	} {
		if code, _, stderr := piped("", append([]string{"tokenizer", "encode", tok}, flags...)...); code == 0 || !strings.Contains(stderr, want) {
			t.Errorf("%v: exit %d, %s, want %q", flags, code, stderr, want)
		}
	}
	if code, _, stderr := piped(`{"ids":[]}{"id":"a","tokens":[1]}`, "tokenizer", "decode", tok, "--jsonl"); code != 1 || !strings.Contains(stderr, `record 2 of standard input: no list "ids"`) {
		t.Errorf("exit %d: %s", code, stderr)
	}
	if code, _, stderr := piped(`{"ids":[1]}{"ids":[4000]}`, "tokenizer", "decode", tok, "--jsonl"); code != 1 || !strings.Contains(stderr, "record 2 of standard input: id 1 of the list is 4000") {
		t.Errorf("exit %d: %s", code, stderr)
	}
}

func TestEncodeStreams(t *testing.T) {
	path := trainedTokenizer(t, "-v", "280")
	if code, out, stderr := piped(strings.Repeat("the cat sat on the mat\n", 200_000), "tokenizer", "encode", path, "--count"); code != 0 || !strings.HasPrefix(out, "4600000 bytes, ") {
		t.Errorf("exit %d: %s%s", code, out, stderr)
	}
	tok, err := tokenizer.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	// The pieces that are read end within a character and within what is no character.
	text := strings.Repeat("中\xe4\xb8a", 100)
	w := newTextWatch(tok, iotest.OneByteReader(strings.NewReader(text)))
	if _, err := io.Copy(io.Discard, w); err != nil {
		t.Fatal(err)
	}
	if st := w.stats(); st.InvalidUTF8 != 100 || st.Bytes != int64(len(text)) || len(w.held) > 0 {
		t.Errorf("%+v", st)
	}
	if code, out, stderr := piped("not this", "tokenizer", "encode", path, "-t", "", "--count"); code != 0 || !strings.HasPrefix(out, "0 bytes, 0 tokens") {
		t.Errorf("exit %d: %s%s", code, out, stderr)
	}
	chars := trainedTokenizer(t, "--chars")
	if code, _, stderr := piped(strings.Repeat("the xyz ", 3_000_000), "tokenizer", "encode", chars, "--count"); code != 0 || !strings.Contains(stderr, "9000000 bytes or characters have no token") {
		t.Errorf("exit %d: %s", code, stderr)
	}
	if code, _, stderr := piped("the xyz", "tokenizer", "encode", chars); code != 0 || !strings.Contains(stderr, "3 bytes or characters have no token") {
		t.Errorf("exit %d: %s", code, stderr)
	}
}

func TestEncodeWithDropout(t *testing.T) {
	tok := trainedTokenizer(t, "-v", "290")
	plain, seen := "", map[string]bool{}
	_, plain, _ = piped("", "tokenizer", "encode", tok, "-t", "the cat sat on the mat")
	for seed := range 5 {
		args := []string{"tokenizer", "encode", tok, "-t", "the cat sat on the mat", "--dropout", "0.5", "--seed", strconv.Itoa(seed)}
		code, one, stderr := piped("", args...)
		_, two, _ := piped("", args...)
		if code != 0 || one != two || len(strings.Fields(one)) < len(strings.Fields(plain)) {
			t.Errorf("exit %d: %s and %s%s", code, one, two, stderr)
		}
		seen[one] = true
		if _, text, _ := piped(one, "tokenizer", "decode", tok); text != "the cat sat on the mat" {
			t.Errorf("%s is %q", one, text)
		}
	}
	if len(seen) < 2 {
		t.Error("every seed cuts alike")
	}
}
