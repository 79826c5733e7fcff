package dataset

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/athanor-lm/athanor/corpus/read"
	"github.com/athanor-lm/athanor/tokenizer"
)

// byteTokenizer gives every byte its own id, plus base; the last id ends a text, the one before begins it.
type byteTokenizer struct {
	vocab  int
	base   uint32
	noRole bool
	wrong  bool // gives an id outside the vocabulary
	fails  bool
}

func (b byteTokenizer) TryEncode(dst []uint32, text []byte, o tokenizer.EncodeOptions) ([]uint32, error) {
	if b.fails {
		return nil, errors.New("the pattern takes too long")
	}
	if o.Plain {
		return b.plain(dst, text), nil
	}
	for i, part := range bytes.Split(text, []byte("<eos>")) {
		if i > 0 {
			dst = append(dst, uint32(b.vocab-1))
		}
		dst = b.plain(dst, part)
	}
	return dst, nil
}

func (b byteTokenizer) plain(dst []uint32, text []byte) []uint32 {
	for _, c := range text {
		dst = append(dst, b.base+uint32(c))
	}
	if b.wrong {
		dst = append(dst, uint32(b.vocab))
	}
	return dst
}

func (b byteTokenizer) VocabSize() int      { return b.vocab }
func (b byteTokenizer) BOS() (uint32, bool) { return uint32(b.vocab - 2), !b.noRole }
func (b byteTokenizer) EOS() (uint32, bool) { return uint32(b.vocab - 1), !b.noRole }
func (b byteTokenizer) Hash() string        { return fmt.Sprintf("bytes-%d-%d", b.vocab, b.base) }
func (b byteTokenizer) Save(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "tokenizer.json"), []byte(b.Hash()), 0o644)
}

// corpusOf writes documents as JSON Lines in files of at most perFile.
func corpusOf(tb testing.TB, perFile int, docs ...string) string {
	tb.Helper()
	dir := filepath.Join(tb.TempDir(), "text")
	for i := 0; i < len(docs); i += perFile {
		var b bytes.Buffer
		for j, d := range docs[i:min(len(docs), i+perFile)] {
			line, _ := json.Marshal(map[string]string{"text": d, "source": fmt.Sprint("s", (i+j)%3)})
			b.Write(append(line, '\n'))
		}
		writeFile(tb, filepath.Join(dir, fmt.Sprintf("%05d.jsonl", i)), b.Bytes())
	}
	return dir
}

func randomDocs(n int) []string {
	rng := rand.New(rand.NewPCG(9, 9))
	docs := make([]string, n)
	for i := range docs {
		b := make([]byte, 1+rng.IntN(400))
		for j := range b {
			b[j] = byte('a' + rng.IntN(26))
		}
		docs[i] = string(b)
	}
	return docs
}

// contents returns every file below dir.
func contents(tb testing.TB, dir string) map[string]string {
	tb.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(dir, func(p string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		rel, _ := filepath.Rel(dir, p)
		data, err := os.ReadFile(p)
		out[filepath.ToSlash(rel)] = string(data)
		return err
	})
	if err != nil {
		tb.Fatal(err)
	}
	return out
}

func TestBuildWritesTheDocuments(t *testing.T) {
	in := corpusOf(t, 10, "hello", "a\xffb <eos>", "héé")
	out := filepath.Join(t.TempDir(), "new", "set")
	m, err := Build(context.Background(), BuildConfig{Inputs: []string{in}, Out: out, Tokenizer: byteTokenizer{vocab: 258}, AppendEOS: true, PrependBOS: true, Creator: "test"})
	if err != nil {
		t.Fatal(err)
	}
	set, err := Open(out)
	if err != nil {
		t.Fatal(err)
	}
	defer set.Close()
	if err := set.CheckTokenizer(m.Tokenizer.Hash); err != nil {
		t.Error(err)
	}
	if err := set.CheckTokenizer("0123456789abcdef"); err == nil || !strings.Contains(err.Error(), "not with 0123456789ab:") {
		t.Errorf("another tokenizer: %v", err)
	}
	if err := set.Verify(context.Background()); err != nil {
		t.Error(err)
	}
	sp := set.Split("train")
	if set.Split("val") != nil || sp.Docs() != 3 || sp.DType() != U16 {
		t.Errorf("%d documents, %s, val %v", sp.Docs(), sp.DType(), set.Split("val"))
	}
	var text string
	for d := range sp.Docs() {
		lo, hi := sp.Doc(d)
		ids := make([]int32, hi-lo)
		if err := sp.Read(ids, lo); err != nil {
			t.Fatal(err)
		}
		for _, id := range ids {
			text += map[int32]string{256: "[", 257: "]"}[id]
			if id < 256 {
				text += string([]byte{byte(id)})
			}
		}
	}
	if want := "[hello][a\ufffdb <eos>][héé]"; text != want { // the fixture's writer replaced the bad byte
		t.Errorf("text %q, want %q", text, want)
	}
	info, _ := m.Split("train")
	if info.Bytes != 5+11+5 || info.Tokens != info.Bytes+6 || sp.Bytes() != info.Bytes {
		t.Errorf("counts %+v", info)
	}
	if len(m.Sources) != 3 || m.Sources[1].Name != "s1" || m.Sources[1].Train.Bytes != 11 {
		t.Errorf("sources %+v", m.Sources)
	}
	if b, err := os.ReadFile(filepath.Join(set.TokenizerDir(), "tokenizer.json")); err != nil || string(b) != "bytes-258-0" {
		t.Errorf("tokenizer: %s, %v", b, err)
	}
}

func TestSpecialTokensInTextAreTextUnlessAskedFor(t *testing.T) {
	in := corpusOf(t, 10, "a<eos>b")
	for special, want := range map[bool]int64{false: 7, true: 3} {
		m, err := Build(context.Background(), BuildConfig{Inputs: []string{in}, Out: filepath.Join(t.TempDir(), "x"), Tokenizer: byteTokenizer{vocab: 258}, Special: special})
		if err != nil || m.Splits[0].Tokens != want {
			t.Errorf("special %v: %v, %v", special, m, err)
		}
	}
}

func TestAnyNumberOfWorkersWritesTheSameBytes(t *testing.T) {
	in := corpusOf(t, 700, randomDocs(6000)...)
	var want map[string]string
	for _, tok := range []byteTokenizer{{vocab: 300}, {vocab: 70000, base: 60000}} {
		want = nil
		for _, workers := range []int{1, 2, 3, 7} {
			out := filepath.Join(t.TempDir(), "set")
			if _, err := Build(context.Background(), BuildConfig{Inputs: []string{in}, Out: out, Tokenizer: tok, ValFraction: 0.1, AppendEOS: true, Workers: workers}); err != nil {
				t.Fatal(err)
			}
			got := contents(t, out)
			if want == nil {
				want = got
			}
			for name := range want {
				if got[name] != want[name] || len(got) != len(want) {
					t.Errorf("%d workers: %s differs", workers, name)
				}
			}
		}
		if len(want) != 6 {
			t.Errorf("%d files: %v", len(want), want)
		}
	}
}

func TestHashSplitDoesNotDependOnOrder(t *testing.T) {
	docs := randomDocs(2000)
	side := func(docs []string) map[string]string {
		out := filepath.Join(t.TempDir(), "set")
		if _, err := Build(context.Background(), BuildConfig{Inputs: []string{corpusOf(t, 5000, docs...)}, Out: out, Tokenizer: byteTokenizer{vocab: 256, noRole: true}, ValFraction: 0.2}); err != nil {
			t.Fatal(err)
		}
		set, err := Open(out)
		if err != nil {
			t.Fatal(err)
		}
		defer set.Close()
		sides := map[string]string{}
		for _, name := range []string{"train", "val"} {
			sp := set.Split(name)
			for d := range sp.Docs() {
				lo, hi := sp.Doc(d)
				ids := make([]int32, hi-lo)
				if err := sp.Read(ids, lo); err != nil {
					t.Fatal(err)
				}
				b := make([]byte, len(ids))
				for i, id := range ids {
					b[i] = byte(id)
				}
				sides[string(b)] = name
			}
		}
		return sides
	}
	a := side(docs)
	shuffled := append([]string(nil), docs[:1000]...) // a part of them, in another order
	rand.New(rand.NewPCG(1, 1)).Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
	held := 0
	for text, s := range side(shuffled) {
		if a[text] != s {
			t.Fatalf("a document went from %s to %s", a[text], s)
		}
		if s == "val" {
			held++
		}
	}
	if held < 140 || held > 260 {
		t.Errorf("%d of 1000 documents held out, want about 200", held)
	}
}

func TestCharactersWithoutATokenAreCounted(t *testing.T) {
	tok, err := tokenizer.TrainChars(context.Background(), func(yield func([]byte, error) bool) { yield([]byte("abc"), nil) })
	if err != nil {
		t.Fatal(err)
	}
	m, err := Build(context.Background(), BuildConfig{Inputs: []string{corpusOf(t, 10, "aXb", "éc")}, Out: filepath.Join(t.TempDir(), "set"), Tokenizer: tok})
	if err != nil || m.Unencodable != 2 || m.Splits[0].Tokens != 3 {
		t.Errorf("manifest %+v, %v", m, err)
	}
}

func TestTailSplitCutsAtACharacter(t *testing.T) {
	in := corpusOf(t, 10, "0123456789", "ééééééé")
	out := filepath.Join(t.TempDir(), "set")
	m, err := Build(context.Background(), BuildConfig{Inputs: []string{in}, Out: out, Tokenizer: byteTokenizer{vocab: 256, noRole: true}, ValFraction: 0.1, SplitBy: ByTail})
	if err != nil {
		t.Fatal(err)
	}
	tr, _ := m.Split("train")
	va, _ := m.Split("val")
	if tr.Bytes != 9+12 || va.Bytes != 1+2 {
		t.Errorf("train %+v, val %+v", tr, va)
	}
}

func TestValidationInputs(t *testing.T) {
	m, err := Build(context.Background(), BuildConfig{Inputs: []string{corpusOf(t, 10, "abc")}, ValInputs: []string{corpusOf(t, 10, "de")}, Out: filepath.Join(t.TempDir(), "set"), Tokenizer: byteTokenizer{vocab: 256, noRole: true}})
	if err != nil {
		t.Fatal(err)
	}
	if v, ok := m.Split("val"); !ok || v.Bytes != 2 || m.Read.Documents != 2 || m.Read.Files != 2 {
		t.Errorf("val %+v, read %+v", v, m.Read)
	}
}

func TestBuildRefusals(t *testing.T) {
	in, empty := corpusOf(t, 10, "abc"), corpusOf(t, 10, "")
	broken := filepath.Join(t.TempDir(), "b.jsonl")
	writeFile(t, broken, []byte("{\"text\":\n"))
	cutGz := filepath.Join(t.TempDir(), "cut.jsonl.gz")
	writeFile(t, cutGz, []byte{0x1f, 0x8b, 8, 0, 0, 0})
	full := filepath.Join(t.TempDir(), "full")
	writeFile(t, filepath.Join(full, "precious.txt"), []byte("x"))
	tok := byteTokenizer{vocab: 256, noRole: true}
	for _, c := range []struct {
		want string
		cfg  BuildConfig
	}{
		{"corpus is empty: 1 files hold no document; 1 records have no text", BuildConfig{Inputs: []string{empty}, Tokenizer: tok}},
		{"b.jsonl:1: invalid JSON", BuildConfig{Inputs: []string{broken}, Tokenizer: tok}},
		{"cut.jsonl.gz", BuildConfig{Inputs: []string{cutGz}, Tokenizer: tok}},
		{"no inputs", BuildConfig{Tokenizer: tok}},
		{"no tokenizer", BuildConfig{Inputs: []string{in}}},
		{"no end-of-text token", BuildConfig{Inputs: []string{in}, Tokenizer: tok, AppendEOS: true}},
		{"no beginning-of-text token", BuildConfig{Inputs: []string{in}, Tokenizer: tok, PrependBOS: true}},
		{"id 256", BuildConfig{Inputs: []string{in}, Tokenizer: byteTokenizer{vocab: 256, wrong: true}}},
		{"the pattern takes too long", BuildConfig{Inputs: []string{in}, Tokenizer: byteTokenizer{vocab: 258, fails: true}}},
		{"held out none of the 1", BuildConfig{Inputs: []string{in}, Tokenizer: tok, ValFraction: 1e-12}},
		{"left for training", BuildConfig{Inputs: []string{in}, Tokenizer: tok, ValFraction: 1 - 1e-12}},
		{"want one of them", BuildConfig{Inputs: []string{in}, ValInputs: []string{in}, Tokenizer: tok, ValFraction: 0.5}},
		{"validation inputs hold no document", BuildConfig{Inputs: []string{in}, ValInputs: []string{empty}, Tokenizer: tok}},
		{"validation fraction 1", BuildConfig{Inputs: []string{in}, Tokenizer: tok, ValFraction: 1}},
		{`split by "x"`, BuildConfig{Inputs: []string{in}, Tokenizer: tok, SplitBy: "x"}},
		{"not empty", BuildConfig{Inputs: []string{in}, Tokenizer: tok, Out: full}},
		{"only replaces a dataset", BuildConfig{Inputs: []string{in}, Tokenizer: tok, Out: full, Overwrite: true}},
	} {
		parent := t.TempDir()
		if c.cfg.Out == "" {
			c.cfg.Out = filepath.Join(parent, "set")
		}
		_, err := Build(context.Background(), c.cfg)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want %q", err, c.want)
		}
		if left, _ := os.ReadDir(parent); len(left) != 0 {
			t.Errorf("%s: left behind %v", c.want, left)
		}
	}
	if got := contents(t, full); got["precious.txt"] != "x" {
		t.Error("a directory that is no dataset was touched")
	}
}

func TestCancelledBuildLeavesTheOldDataset(t *testing.T) {
	parent := t.TempDir()
	out := filepath.Join(parent, "set")
	cfg := BuildConfig{Inputs: []string{corpusOf(t, 10, "old")}, Out: out, Tokenizer: byteTokenizer{vocab: 256, noRole: true}}
	if _, err := Build(context.Background(), cfg); err != nil {
		t.Fatal(err)
	}
	before := contents(t, out)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	cfg.Inputs, cfg.Overwrite = []string{corpusOf(t, 50, randomDocs(20000)...)}, true
	cfg.Progress = func(p Progress) { cancel() }
	if _, err := Build(ctx, cfg); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	after := contents(t, out)
	for name := range before {
		if before[name] != after[name] || len(before) != len(after) {
			t.Errorf("%s changed", name)
		}
	}
	cfg.Progress = nil
	if _, err := Build(context.Background(), cfg); err != nil {
		t.Fatal(err)
	}
	if contents(t, out)["train.bin"] == before["train.bin"] {
		t.Error("the dataset was not overwritten")
	}
	if left, _ := os.ReadDir(parent); len(left) != 1 {
		t.Errorf("left behind %v", left)
	}
}

func TestQuarantineAndProgress(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.jsonl")
	writeFile(t, path, []byte("{\"text\":\"ok\"}\nnonsense\n"))
	out := filepath.Join(t.TempDir(), "set")
	var last Progress
	var heard []read.Bad
	m, err := Build(context.Background(), BuildConfig{Inputs: []string{path}, Out: out, Tokenizer: byteTokenizer{vocab: 256, noRole: true},
		Progress: func(p Progress) { last = p }, Read: read.Options{OnBad: func(b read.Bad) { heard = append(heard, b) }}})
	if err != nil {
		t.Fatal(err)
	}
	if q := contents(t, out)["quarantine.jsonl"]; !strings.Contains(q, `"line":2`) || !strings.Contains(q, "nonsense") || strings.Count(q, "\n") != 1 {
		t.Errorf("quarantine %q", q)
	}
	if m.Read.Bad != 1 || len(heard) != 1 || !last.Done || last.Tokens != 2 || last.ReadBytes != last.TotalBytes || last.Bad != 1 {
		t.Errorf("read %+v, heard %v, progress %+v", m.Read, heard, last)
	}
}
