package pipeline

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"reflect"
	"testing"

	"github.com/athanor-lm/athanor/corpus"
)

// list gives out documents as a stage does.
type list struct {
	docs []*corpus.Document
	at   int
}

func (l *list) done() int64  { return 0 }
func (l *list) Close() error { return nil }
func (l *list) next() (*corpus.Document, origin, error) {
	if l.at == len(l.docs) {
		return nil, origin{}, io.EOF
	}
	d := *l.docs[l.at]
	d.Attrs = append([]corpus.Attr(nil), d.Attrs...)
	l.at++
	return &d, origin{int64(l.at - 1), d.Text(), appendRest(nil, &d)}, nil
}

// through passes a source's documents through a stage that drops and changes some of them by chance. It returns the file of what is
// different, and the documents as they are then.
func through(t *testing.T, in source, rng *rand.Rand) (file []byte, docs []*corpus.Document) {
	var c changes
	block, items, kept := beginBlock(nil), 0, int64(0)
	end := func() {
		if items > 0 {
			endStored(block, items)
			file = append(file, block...)
		}
		block, items = beginBlock(nil), 0
		c.begin()
	}
	for {
		d, from, err := in.next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		switch rng.IntN(6) {
		case 0, 1:
			continue
		case 2:
			d.SetText(d.Text() + "!")
		case 3:
			d.Set("score", rng.Float64())
		}
		block = c.append(block, d, &from)
		docs, items, kept = append(docs, d), items+1, kept+1
		if rng.IntN(4) == 0 {
			end()
		}
	}
	end()
	return append(file, endBlock(kept)...), docs
}

func TestChangesLeadToTheDocumentsBehindEveryStage(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 50 {
		var docs []*corpus.Document
		for i := range rng.IntN(40) {
			d := corpus.NewDocument(fmt.Sprint("text ", i), nil)
			d.ID = fmt.Sprint(i)
			if i%3 == 0 {
				d.Set("length", float64(i))
			}
			docs = append(docs, d)
		}
		open := func() source { return &list{docs: docs} }
		for range 3 {
			before := open
			file, want := through(t, before(), rng)
			open = func() source {
				return &changedReader{source: before(), changes: &documentReader{blocks: newBlockReader(bytes.NewReader(file), "f")}}
			}
			in := open()
			for i, w := range want {
				got, from, err := in.next()
				if err != nil || !reflect.DeepEqual(got, w) {
					t.Fatalf("document %d is %+v, %v, want %+v", i, got, err, w)
				}
				if from.at != int64(i) || from.text != got.Text() || !bytes.Equal(from.rest, appendRest(nil, got)) {
					t.Fatalf("document %d has the origin %+v", i, from)
				}
			}
			if _, _, err := in.next(); err != io.EOF {
				t.Fatalf("behind the last: %v", err)
			}
		}
	}
}

func TestUnchangedDocumentsAreNotStoredAgain(t *testing.T) {
	in := &list{docs: testDocuments()}
	var c changes
	var block []byte
	for range in.docs {
		d, from, _ := in.next()
		block = c.append(block, d, &from)
	}
	if len(block) != 4 {
		t.Errorf("two documents as they were take %d bytes, want 4", len(block))
	}
}

func FuzzChanges(f *testing.F) {
	f.Add([]byte{0, sameDocument, 0, otherText, 1, 'x', 0, 0, 0, 0, 0, 0, 0}, 2)
	f.Add([]byte{0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F, sameDocument}, 1)
	f.Add([]byte{1, otherRest, 0, 0, 0, 0, 0, 0, 0}, 3)
	f.Fuzz(func(t *testing.T, data []byte, items int) {
		block := append(beginBlock(nil), data...)
		endStored(block, items)
		r := &changedReader{source: &list{docs: testDocuments()}, changes: &documentReader{blocks: newBlockReader(bytes.NewReader(block), "f")}}
		for {
			d, _, err := r.next()
			if err != nil {
				break
			}
			appendDocument(nil, d) // all of it is there
		}
	})
}
