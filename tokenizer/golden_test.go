package tokenizer

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/athanor-lm/athanor/internal/realdata"
)

// The fixtures are made by tools/oracle/tokenizer_golden.py with Hugging Face's
// tokenizers, the reference.

type variantsFile struct {
	Texts    []string `json:"texts"`
	Variants []struct {
		Name      string          `json:"name"`
		Tokenizer json.RawMessage `json:"tokenizer"`
		IDs       [][]uint32      `json:"ids"`
	} `json:"variants"`
}

func readJSON(t testing.TB, name string, v any) {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, v); err != nil {
		t.Fatal(err)
	}
}

func TestVariantsGiveTheReferenceIDs(t *testing.T) {
	var f variantsFile
	readJSON(t, "testdata/variants.json", &f)
	for _, v := range f.Variants {
		t.Run(v.Name, func(t *testing.T) {
			tok, err := Parse(v.Tokenizer, nil)
			if err != nil {
				t.Fatal(err)
			}
			for k, text := range f.Texts {
				if got := tok.Encode(text, true); !slices.Equal(got, v.IDs[k]) {
					t.Errorf("%q\n got %q\nwant %q", text, spell(tok, got), spell(tok, v.IDs[k]))
				}
			}
		})
	}
}

func spell(tok *Tokenizer, ids []uint32) (out []string) {
	for _, id := range ids {
		s, _ := tok.Token(id)
		out = append(out, s)
	}
	return out
}

// documents is the first size bytes of a corpus, as the oracle's script has it.
func documents(t testing.TB, name string, size int) []byte {
	t.Helper()
	return bytes.Join(wholeDocuments(t, name, size), []byte("\n\n"))[:size]
}

// wholeDocuments are the first documents of a corpus, of size bytes or more together.
func wholeDocuments(t testing.TB, name string, size int) (docs [][]byte) {
	t.Helper()
	documents, _ := realdata.Documents(t, "corpora/"+name, int64(size))
	for _, d := range documents {
		docs = append(docs, []byte(d.Text))
	}
	return docs
}

func goCode(t testing.TB, size int) []byte {
	t.Helper()
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Skip("no Go toolchain: ", err)
	}
	var out []byte
	for _, pkg := range []string{"bufio", "bytes", "encoding/json", "fmt", "go/parser", "net/http", "os", "regexp", "strconv", "unicode/utf8"} {
		names, _ := filepath.Glob(filepath.Join(strings.TrimSpace(string(root)), "src", pkg, "*.go"))
		slices.Sort(names)
		for _, name := range names {
			data, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, data...)
		}
	}
	if len(out) < size {
		t.Skipf("this toolchain's source has %d bytes in the packages of the fixture, which was made from %d", len(out), size)
	}
	return out[:size]
}

func realText(t testing.TB, lang string, size int) []byte {
	switch lang {
	case "en":
		return documents(t, "en-books/books.jsonl.gz", size)
	case "zh":
		return slices.Concat(documents(t, "zh-laws/laws.jsonl.gz", size/3), documents(t, "zh-docs/docs.jsonl.gz", size/3),
			documents(t, "zh-poetry/poetry.jsonl.gz", size/3))
	}
	return goCode(t, size)
}

func TestRealFilesGiveTheReferenceIDs(t *testing.T) {
	var cases []struct {
		Tokenizer string   `json:"tokenizer"`
		Text      string   `json:"text"`
		SHA256    string   `json:"sha256"`
		Chunk     int      `json:"chunk"`
		IDs       []string `json:"ids"`
	}
	readJSON(t, "testdata/real.json", &cases)
	loaded := map[string]*Tokenizer{}
	for _, c := range cases {
		t.Run(c.Tokenizer+"/"+c.Text, func(t *testing.T) {
			tok := loaded[c.Tokenizer]
			if tok == nil {
				var err error
				if tok, err = Load(realdata.Path(t, "tokenizers/"+c.Tokenizer)); err != nil {
					t.Fatal(err)
				}
				loaded[c.Tokenizer] = tok
			}
			text := realText(t, c.Text, 1_000_000)
			if sum := sha256.Sum256(text); hex.EncodeToString(sum[:]) != c.SHA256 {
				t.Skip("the text is not the fixture's: another version of the toolchain or the corpus")
			}
			for k, want := range c.IDs {
				chunk := bytes.ToValidUTF8(text[k*c.Chunk:min(len(text), (k+1)*c.Chunk)], nil)
				ids := tok.AppendEncode(nil, chunk, true)
				if got := hashIDs(ids); got != want {
					t.Errorf("chunk %d: ids hash to %s, want %s", k, got, want)
				}
				if back := tok.AppendDecode(nil, ids...); tok.norm == nil && !bytes.Equal(back, chunk) {
					t.Errorf("chunk %d does not come back from its ids", k)
				}
			}
		})
	}
}

func hashIDs(ids []uint32) string {
	h := sha256.New()
	binary.Write(h, binary.LittleEndian, ids)
	return hex.EncodeToString(h.Sum(nil))[:16]
}

func TestGPT2FilePairIsTheSameTokenizer(t *testing.T) {
	dir := realdata.Path(t, "tokenizers")
	pair, err := Load(filepath.Join(dir, "gpt2"))
	if err != nil {
		t.Fatal(err)
	}
	one, err := Load(filepath.Join(dir, "hf-gpt2", "tokenizer.json"))
	if err != nil {
		t.Fatal(err)
	}
	text := string(documents(t, "en-books/books.jsonl.gz", 100_000)) + "<|endoftext|>"
	if !slices.Equal(pair.Encode(text, true), one.Encode(text, true)) {
		t.Error("encoder.json + vocab.bpe and tokenizer.json give different ids")
	}
	if eos, ok := pair.EOS(); !ok || eos != 50256 {
		t.Errorf("EOS is %d, %v, want 50256", eos, ok)
	}
}
