package read

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// tree writes files below a new directory.
func tree(tb testing.TB, files map[string]string) string {
	tb.Helper()
	dir := filepath.Join(tb.TempDir(), "corpus")
	for name, text := range files {
		p := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			tb.Fatal(err)
		}
		if err := os.WriteFile(p, []byte(text), 0o644); err != nil {
			tb.Fatal(err)
		}
	}
	return dir
}

func gz(tb testing.TB, text string) string {
	tb.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	w.Write([]byte(text))
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	return b.String()
}

func zst(tb testing.TB, text string) string {
	tb.Helper()
	w, err := zstd.NewWriter(nil)
	if err != nil {
		tb.Fatal(err)
	}
	return string(w.EncodeAll([]byte(text), nil))
}

// all reads a corpus to its end.
func all(tb testing.TB, opts Options, inputs ...string) (docs []Document, bad []Bad, st Stats, err error) {
	tb.Helper()
	opts.OnBad = func(b Bad) { bad = append(bad, b) }
	c, err := Open(inputs, opts)
	if err != nil {
		return nil, nil, Stats{}, err
	}
	for d, e := range c.Documents(context.Background()) {
		if e != nil {
			err = e
			break
		}
		docs = append(docs, d)
	}
	return docs, bad, c.Stats(), err
}

func TestDirectoryIsReadInLexicalOrderWithoutWhatIsNoText(t *testing.T) {
	dir := tree(t, map[string]string{
		"b/two.md":                  "two",
		"a/one.txt":                 "one",
		"a/z.go":                    "package z",
		"a/page.pdf":                "%PDF",
		"a/tool.go":                 "\x7fELF\x00\x01",
		"c.jsonl":                   `{"text":"three","id":"x","source":"web","lang":"en"}` + "\n\n" + `{"text":"four"}`,
		".git/config.txt":           "no",
		"a/.hidden.txt":             "no",
		"b/node_modules/x/index.js": "no",
		"d.txt.gz":                  gz(t, "five"),
		"e.jsonl.zst":               zst(t, `{"text":"six"}`+"\n"),
		"f.txt":                     "",
	})
	docs, bad, st, err := all(t, Options{}, dir)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, d := range docs {
		got = append(got, fmt.Sprintf("%s|%s|%s|%s", d.ID, d.Text, d.Source, d.Lang))
	}
	want := []string{"a/one.txt|one|corpus|", "a/z.go|package z|corpus|", "b/two.md|two|corpus|", "x|three|web|en", "c.jsonl:3|four|corpus|", "d.txt.gz|five|corpus|", "e.jsonl.zst:1|six|corpus|"}
	if !slices.Equal(got, want) {
		t.Errorf("documents\n got %q\nwant %q", got, want)
	}
	if len(bad) != 1 || !strings.Contains(bad[0].Reason, "binary") || !strings.HasSuffix(bad[0].File, "tool.go") {
		t.Errorf("set aside: %v", bad)
	}
	if st.Documents != 7 || st.Empty != 1 || st.Bad != 1 || st.TextBytes != 3+9+3+5+4+4+3 {
		t.Errorf("stats %+v", st)
	}
	if len(st.LeftOut) != 1 || st.LeftOut[".pdf"] != 1 {
		t.Errorf("left out %v, want the page alone", st.LeftOut)
	}
}

func TestInputsKeepTheirOrderAndAreReadOnce(t *testing.T) {
	dir := tree(t, map[string]string{"a.txt": "a", "b.txt": "b", "sub/c.txt": "c", "sub/deep/d.txt": "d", "sub/e.go": "e"})
	docs, _, _, err := all(t, Options{}, filepath.Join(dir, "b.txt"), filepath.Join(dir, "**", "*.txt"), filepath.Join(dir, "b.txt"), dir)
	if err != nil {
		t.Fatal(err)
	}
	var got string
	for _, d := range docs {
		got += string(d.Text)
	}
	if got != "bacde" {
		t.Errorf("order %q, want bacde", got)
	}
	docs, _, _, _ = all(t, Options{Keep: func(f *File) bool { return strings.HasPrefix(f.Name, "sub/") && f.Size == 1 }}, filepath.Join(dir, "a.txt"), dir)
	if len(docs) != 4 || docs[0].ID != "a.txt" || docs[1].ID != "sub/c.txt" {
		t.Errorf("Keep and a file named by hand: %v", docs)
	}
	docs, _, _, _ = all(t, Options{Extensions: []string{".go"}}, dir)
	if len(docs) != 1 || docs[0].ID != "sub/e.go" {
		t.Errorf("only .go: %v", docs)
	}
}

func TestBadRecordsAreSetAsideWithLineAndReason(t *testing.T) {
	dir := tree(t, map[string]string{"x.jsonl": strings.Join([]string{
		`{"text":"ok"}`, `{"text":"broken`, `[1]`, `{"body":"x"}`, `{"text":3}`, `{"text":""}`, `{"text":"` + strings.Repeat("x", 300) + `"}`,
		strings.Repeat("[", 200) + `1` + strings.Repeat("]", 200), `{"text":"end"}`}, "\r\n")})
	docs, bad, st, err := all(t, Options{MaxRecord: 250}, dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(docs) != 2 || string(docs[1].Text) != "end" || docs[1].ID != "x.jsonl:9" || st.Empty != 1 {
		t.Errorf("documents %v, stats %+v", docs, st)
	}
	for i, want := range []string{"2: invalid JSON at byte", "3: a JSON array, want an object", `4: no field "text"`, `5: field "text" is a JSON number`, "7: a line of 313 bytes, above", "8: invalid JSON"} {
		if i >= len(bad) {
			t.Fatalf("%d set aside: %v", len(bad), bad)
		}
		if want == "8: invalid JSON" { // 401 bytes are above the limit, which goes before
			want = "8: a line of 403 bytes"
		}
		if got := bad[i].String(); !strings.Contains(got, want) || !strings.Contains(got, "x.jsonl") {
			t.Errorf("record %d: %q, want %q", i, got, want)
		}
	}
}

func TestDeepNestingIsRefused(t *testing.T) {
	line := `{"text":"x","a":` + strings.Repeat("[", 20000) + strings.Repeat("]", 20000) + `}`
	_, bad, _, err := all(t, Options{}, tree(t, map[string]string{"x.jsonl": line}))
	if err != nil || len(bad) != 1 || !strings.Contains(bad[0].Reason, "max depth") {
		t.Errorf("%v, %v", bad, err)
	}
}

func TestInvalidUTF8IsKeptAndCounted(t *testing.T) {
	dir := tree(t, map[string]string{"a.txt": "a\xffb\xc3", "b.jsonl": "{\"text\":\"x\xfe\\ty\"}\n{\"text\":\"\\ud800\"}\n{\"text\":\"\\ud83d\\ude00\\u00e9\\/\"}"})
	docs, _, st, err := all(t, Options{}, dir)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{"a\xffb\xc3", "x\xfe\ty", "\xed\xa0\x80", "😀é/"} {
		if string(docs[i].Text) != want {
			t.Errorf("document %d is %q, want %q", i, docs[i].Text, want)
		}
	}
	if st.InvalidUTF8Docs != 3 || st.InvalidUTF8Bytes != 2+1+3 {
		t.Errorf("stats %+v", st)
	}
}

func TestDamagedFilesAreErrorsThatNameThem(t *testing.T) {
	text := strings.Repeat(`{"text":"the quick brown fox"}`+"\n", 2000)
	whole, wholeZ := gz(t, text), zst(t, text)
	flipped := []byte(whole)
	flipped[len(flipped)-6] ^= 1
	for name, c := range map[string]struct{ data, want string }{
		"cut.jsonl.gz":      {whole[:len(whole)/2], "truncated"},
		"nocrc.jsonl.gz":    {whole[:len(whole)-3], "truncated"},
		"head.jsonl.gz":     {whole[:5], "truncated"},
		"empty.jsonl.gz":    {"", "truncated"},
		"flipped.jsonl.gz":  {string(flipped), "damaged"},
		"notgzip.jsonl.gz":  {text, "damaged"},
		"cut.jsonl.zst":     {wholeZ[:len(wholeZ)-8], "truncated"},
		"notzstd.jsonl.zst": {text, "damaged"},
	} {
		dir := tree(t, map[string]string{name: c.data})
		_, _, _, err := all(t, Options{}, dir)
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: error %v, want %q", name, err, c.want)
		}
	}
	_, _, _, err := all(t, Options{}, tree(t, map[string]string{"flipped.jsonl.gz": string(flipped)}))
	if err == nil || !strings.Contains(err.Error(), "behind record 2000: ") {
		t.Errorf("error %v, want it behind record 2000", err)
	}
}

func TestSeparatorCutsTextsWithoutHoldingTheFile(t *testing.T) {
	dir := tree(t, map[string]string{"t.txt": "\xef\xbb\xbfone\nstory\n<|endoftext|>\n\ntwo\r\n<|endoftext|>\r\n<|endoftext|>\n" + strings.Repeat("long\n", 100) + "<|endoftext|>\nlast <|endoftext|> one"})
	docs, bad, st, err := all(t, Options{Separator: "<|endoftext|>", MaxRecord: 200}, dir)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, d := range docs {
		got = append(got, string(d.Text))
	}
	if want := []string{"one\nstory", "two", "last <|endoftext|> one"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if len(bad) != 1 || bad[0].Line != 8 || st.Empty != 1 {
		t.Errorf("set aside %v, stats %+v", bad, st)
	}
}

func TestWhiteSpaceAroundASeparatorDoesNotCount(t *testing.T) {
	far := strings.Repeat(" ", 40)
	dir := tree(t, map[string]string{"t.txt": "one\n--- \ntwo\n\nthree\n" + far + "---\n" + far + "indented\n---" + far + "title\n"})
	for separator, want := range map[string][]string{
		" ---\n": {"one", "two\n\nthree", far + "indented\n---" + far + "title"},
		"\n":     {"one\n--- \ntwo", "three\n" + far + "---\n" + far + "indented\n---" + far + "title"},
	} {
		docs, _, _, err := all(t, Options{Separator: separator}, dir)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, d := range docs {
			got = append(got, string(d.Text))
		}
		if !slices.Equal(got, want) {
			t.Errorf("separator %q: got %q, want %q", separator, got, want)
		}
	}
}

func TestMetaKeepsTheOtherFields(t *testing.T) {
	dir := tree(t, map[string]string{"x.jsonl": `{"text":"a","title":"T","meta":{"source":"arxiv","n":1}}` + "\n" + `{"content":"b","text":"no"}`})
	docs, bad, _, err := all(t, Options{KeepMeta: true}, dir)
	if err != nil || len(bad) != 0 {
		t.Fatal(err, bad)
	}
	if string(docs[0].Meta) != `{"title":"T","meta":{"source":"arxiv","n":1}}` || docs[0].Source != "arxiv" {
		t.Errorf("meta %s, source %q", docs[0].Meta, docs[0].Source)
	}
	docs, bad, _, _ = all(t, Options{TextField: "content"}, dir)
	if len(docs) != 1 || string(docs[0].Text) != "b" || len(bad) != 1 {
		t.Errorf("text field: %v, %v", docs, bad)
	}
}

func TestOpenRefusals(t *testing.T) {
	dir := tree(t, map[string]string{"a.odt": "x", "b.pdf": "y", "c.dat": "z"})
	for _, c := range []struct {
		want   string
		inputs []string
		opts   Options
	}{
		{"no inputs", nil, Options{}},
		{"no such file", []string{filepath.Join(dir, "none.txt")}, Options{}},
		{"1 .dat, 1 .odt, 1 .pdf", []string{dir}, Options{}},
		{"no readable file", []string{filepath.Join(dir, "*.txt")}, Options{}},
		{`extension ".dat"`, []string{filepath.Join(dir, "c.dat")}, Options{}},
		{`format "xml"`, []string{dir}, Options{Format: "xml"}},
		{"largest record", []string{dir}, Options{MaxRecord: -1}},
	} {
		if _, err := Open(c.inputs, c.opts); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want %q", err, c.want)
		}
	}
	if docs, _, _, err := all(t, Options{Format: "text"}, filepath.Join(dir, "c.dat")); err != nil || len(docs) != 1 {
		t.Errorf("forced format: %v, %v", docs, err)
	}
}

func TestAnyNumberOfReadersGivesTheSame(t *testing.T) {
	files := map[string]string{}
	for i := range 40 {
		var b strings.Builder
		for j := range i * 20 {
			fmt.Fprintf(&b, `{"text":"%d %d"}`+"\n", i, j)
			if j%7 == 0 {
				b.WriteString("broken\n")
			}
		}
		files[fmt.Sprintf("%02d.jsonl", i)] = b.String()
	}
	dir := tree(t, files)
	wantDocs, wantBad, wantStats, err := all(t, Options{Readers: 1}, dir)
	if err != nil || len(wantDocs) != 40*39/2*20 {
		t.Fatal(len(wantDocs), err)
	}
	for _, readers := range []int{2, 3, 50} {
		docs, bad, st, err := all(t, Options{Readers: readers}, dir)
		same := slices.EqualFunc(docs, wantDocs, func(a, b Document) bool { return a.ID == b.ID && bytes.Equal(a.Text, b.Text) })
		if err != nil || !same || !slices.Equal(bad, wantBad) || !reflect.DeepEqual(st, wantStats) {
			t.Errorf("%d readers: %d documents, %d set aside, %+v, %v", readers, len(docs), len(bad), st, err)
		}
	}
	c, err := Open([]string{dir}, Options{Readers: 4})
	if err != nil {
		t.Fatal(err)
	}
	for range 3 { // leaving early, and reading again
		n := 0
		for range c.Documents(context.Background()) {
			if n++; n == 500 {
				break
			}
		}
	}
	if st := c.Stats(); st.Documents != 500 {
		t.Errorf("stats after leaving early: %+v", st)
	}
}

func TestCancelEndsTheReading(t *testing.T) {
	dir := tree(t, map[string]string{"x.jsonl": strings.Repeat(`{"text":"a"}`+"\n", 100)})
	c, err := Open([]string{dir}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	n := 0
	for _, e := range c.Documents(ctx) {
		if err = e; n == 3 {
			cancel()
		}
		n++
	}
	if !errors.Is(err, context.Canceled) || n != 5 {
		t.Errorf("%d documents, error %v", n, err)
	}
}

// A cancelled reading must not look like the end of the corpus: what was read before would pass for all of it.
func TestCancelWhileAFileWaitsIsNoEnd(t *testing.T) {
	dir := tree(t, map[string]string{"x.jsonl": strings.Repeat(`{"text":"a"}`+"\n", 4*batchItems)})
	c, err := Open([]string{dir}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	s := &stream{batches: make(chan []item)}
	ended := make(chan struct{})
	go func() {
		c.readAhead(ctx, &c.files[0], s)
		close(ended)
	}()
	<-s.batches                       // nobody takes the next one
	time.Sleep(20 * time.Millisecond) // until it waits; if it does not yet, the test still holds
	cancel()
	<-ended
	if !errors.Is(s.err, context.Canceled) {
		t.Errorf("the file ended with error %v, want %v", s.err, context.Canceled)
	}
}

// Whatever JSON the standard library takes is read to the same text, where that text is UTF-8.
func FuzzJSONL(f *testing.F) {
	f.Add([]byte(`{"text":"a\u00e9\ud83d\ude00\n","id":1,"x":[{}]}`))
	f.Add([]byte(`{"text":"\ud800\u0041\\\"","meta":{"source":null}}`))
	f.Add([]byte("{\"te\\u0078t\":\"\xff\"}"))
	f.Add([]byte(`{"text" : "long enough for eight bytes at a time \"" ,"n":[-0.5e+3, 0, {"a":{ }}, [ ], true,false , null]}`))
	f.Add([]byte(`{"text":"` + strings.Repeat(`[`, 9999) + strings.Repeat(`]`, 9999) + `","deep":` + strings.Repeat(`[`, 9999) + strings.Repeat(`]`, 9999) + `}`))
	f.Add([]byte(`{"deep":` + strings.Repeat(`[`, 10000) + strings.Repeat(`]`, 10000) + `}`))
	f.Fuzz(func(t *testing.T, line []byte) {
		if bytes.ContainsAny(line, "\n") {
			return
		}
		r := openJSONL(&input{Reader: bytes.NewReader(line), file: &File{Name: "f"}}, &Options{TextField: "text", MaxRecord: 1 << 20, KeepMeta: true})
		var d Document
		err := r.next(&d)
		var want struct {
			Text *string `json:"text"`
		}
		if !json.Valid(withoutBOM(line)) {
			if err == nil {
				t.Fatalf("accepted %q, which is no JSON", line)
			}
			return
		}
		if err != nil && strings.Contains(err.Error(), "invalid JSON") {
			t.Fatalf("%q is JSON, but %v", line, err)
		}
		if d.Meta != nil && !json.Valid(d.Meta) {
			t.Fatalf("meta of %q is %q", line, d.Meta)
		}
		if json.Unmarshal(withoutBOM(line), &want) != nil || want.Text == nil || err != nil {
			return
		}
		if utf8.Valid(d.Text) && utf8.Valid(line) && bytes.Count(line, []byte("ext")) == 1 && string(d.Text) != *want.Text {
			t.Fatalf("%q is read as %q, want %q", line, d.Text, *want.Text)
		}
	})
}
