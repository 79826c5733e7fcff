package pipeline

import (
	"bytes"
	"encoding/json"
	"io"
	"reflect"
	"strings"
	"testing"

	"github.com/athanor-lm/athanor/corpus"
)

func testDocuments() []*corpus.Document {
	a, b := corpus.NewDocument("a text 中文 of some length", nil), corpus.NewDocument(strings.Repeat("long ", 30000), nil)
	a.ID, a.Source, a.Lang, a.URL, a.Synthetic = "1", "web", "zh", "https://e.org", true
	a.Meta = json.RawMessage(`{"title":"T"}`)
	a.Set("score", 0.25)
	a.Set("bucket", "head")
	b.ID = "2"
	return []*corpus.Document{a, b}
}

// documentsFile is a file of blocks with the test's documents, two in the first block and one in the second, which is stored as it is.
func documentsFile() []byte {
	docs := testDocuments()
	first := appendDocument(appendDocument(nil, docs[0]), docs[1])
	file := packBlock(nil, first, 2)
	second := appendDocument(beginBlock(nil), docs[0])
	endStored(second, 1)
	file = append(file, second...)
	return append(file, endBlock(3)...)
}

// readDocuments reads all documents of a file.
func readDocuments(file []byte) ([]*corpus.Document, error) {
	r := &documentReader{blocks: newBlockReader(bytes.NewReader(file), "f")}
	var docs []*corpus.Document
	for {
		d, _, err := r.next()
		if err == io.EOF {
			return docs, nil
		}
		if err != nil {
			return docs, err
		}
		docs = append(docs, d)
	}
}

func TestDocumentsSurviveTheirFile(t *testing.T) {
	docs, err := readDocuments(documentsFile())
	want := testDocuments()
	want = append(want, want[0])
	if err != nil || len(docs) != len(want) {
		t.Fatalf("%d documents, %v", len(docs), err)
	}
	for i := range want {
		if !reflect.DeepEqual(docs[i], want[i]) {
			t.Errorf("document %d is %+v, want %+v", i, docs[i], want[i])
		}
	}
}

func TestEveryDamageToAFileIsFound(t *testing.T) {
	file := documentsFile()
	for i := range file {
		if _, err := readDocuments(file[:i]); err == nil {
			t.Fatalf("cut off after %d of %d bytes, and nobody noticed", i, len(file))
		}
	}
	for i := range file {
		bad := bytes.Clone(file)
		bad[i] ^= 0x10
		if docs, err := readDocuments(bad); err == nil {
			t.Fatalf("byte %d is another, and nobody noticed: %d documents", i, len(docs))
		}
	}
}

func FuzzBlocks(f *testing.F) {
	file := documentsFile()
	f.Add(file)
	f.Add(file[:40])
	f.Add(endBlock(0))
	f.Add(packBlock(nil, []byte{0xFF, 0xFF, 0xFF, 0xFF, 0x0F, 1, 2}, 1))
	f.Fuzz(func(t *testing.T, data []byte) {
		readDocuments(data)
		// What is behind the checksum can be anything, too.
		readDocuments(append(packBlock(nil, data, 3), endBlock(3)...))
	})
}

func FuzzRecipe(f *testing.F) {
	f.Add([]byte("out: x\ninputs:\n- {source: a, paths: [b]}\nsteps:\n- use: minhash\n  bands: 3\nmix: {max_epochs: 2}\n"))
	f.Add([]byte("out: x\nsteps:\n- {use: [1]}\n- <<: *a\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if r, err := ParseRecipe("f.yaml", data, nil); err == nil && (r.Out == "" || len(r.Inputs) == 0) {
			t.Errorf("a recipe without output or inputs: %q", data)
		}
	})
}
