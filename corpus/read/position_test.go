package read

import (
	"context"
	"fmt"
	"reflect"
	"strings"
	"testing"
)

// Whatever the place, going on from it gives the rest, and the same counts.
func TestReadingGoesOnFromAnyPosition(t *testing.T) {
	var lines strings.Builder
	lines.WriteString("\xef\xbb\xbf\n")
	for i := range 700 {
		switch {
		case i%11 == 3:
			lines.WriteString("nonsense\n \n")
		case i%13 == 5:
			lines.WriteString(`{"text":""}` + "\n")
		case i%17 == 7:
			lines.WriteString(`{"text":"` + strings.Repeat("long", 60) + `"}` + "\n") // above MaxRecord
		default:
			fmt.Fprintf(&lines, `{"text":"document %d","source":"s%d"}`+"\r\n", i, i%3)
		}
	}
	dir := tree(t, map[string]string{
		"a.jsonl.gz": gz(t, lines.String()), "b.txt": "one\n---\n\n---\ntwo \xff\n---\nthree", "c.jsonl.zst": zst(t, lines.String()), "d.jsonl": "\n", "e.txt": "end",
		"f.pdf": "left out",
	})
	opts := Options{Separator: "---", MaxRecord: 200, OnBad: func(Bad) {}}
	open := func() *Corpus {
		c, err := Open([]string{dir}, opts)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	whole := open()
	var docs []Document
	var places []Position
	for d, err := range whole.Documents(context.Background()) {
		if err != nil {
			t.Fatal(err)
		}
		docs, places = append(docs, d), append(places, whole.Position())
	}
	if len(docs) < 800 {
		t.Fatalf("%d documents", len(docs))
	}
	for k := 0; k < len(docs); k += 1 + k/7 {
		c := open()
		var rest []Document
		for d, err := range c.DocumentsFrom(context.Background(), places[k]) {
			if err != nil {
				t.Fatal(err)
			}
			rest = append(rest, d)
		}
		if len(rest) != len(docs)-k-1 || len(rest) > 0 && !reflect.DeepEqual(rest, docs[k+1:]) {
			t.Fatalf("from %+v: %d documents, want %d", places[k], len(rest), len(docs)-k-1)
		}
		if !reflect.DeepEqual(c.Stats(), whole.Stats()) || !reflect.DeepEqual(c.Position(), whole.Position()) {
			t.Errorf("from %+v: counts %+v, want %+v", places[k], c.Stats(), whole.Stats())
		}
		if done, total := c.Progress(); done != total {
			t.Errorf("from %+v: %d of %d bytes", places[k], done, total)
		}
	}
	for _, from := range []Position{{File: 5}, {File: -1}, {Records: -1}, {File: 4, Records: 2}} {
		for _, err := range open().DocumentsFrom(context.Background(), from) {
			if err == nil {
				t.Errorf("from %+v: no error", from)
			}
		}
	}
}
