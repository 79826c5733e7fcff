package pii

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/athanor-lm/athanor/corpus"
)

func TestWhatIsKnownOfADocumentIsCleanedToo(t *testing.T) {
	s := DefaultSettings()
	s.Phone.Action = Keep
	s.IBAN.Action = Drop
	open, err := s.Open(corpus.Env{})
	if err != nil {
		t.Fatal(err)
	}
	var r corpus.Report
	d := corpus.NewDocument("Nothing here.", nil)
	d.Meta = json.RawMessage(`{"from": "Bob \"B\" <bob@corp.example.com>", "a@b.example.com": 1.50, "n": [12, {"to":["x@y.example.com","plain", "\u4e2d\u6587 zhang@corp.example.cn <ok>"]}], "big": 12345678901234567890, "iban": "GB29 NWBK 6016 1331 9268 19", "tel": "tel. +1 212 555 0142"}`)
	d.URL = "https://joe:secret99@files.example.com/a?mail=amy@corp.example.com"
	d.Set("origin", "list of eve@corp.example.com")
	d.Set("score", 0.5)
	open().Apply(d, &r)
	want := `{"from": "Bob \"B\" <[EMAIL]>", "a@b.example.com": 1.50, "n": [12, {"to":["[EMAIL]","plain", "中文 [EMAIL] <ok>"]}], "big": 12345678901234567890, "iban": "[IBAN]", "tel": "tel. +1 212 555 0142"}`
	if string(d.Meta) != want {
		t.Errorf("metadata\n%s, want\n%s", d.Meta, want)
	}
	if strings.Contains(d.URL, "secret99") || strings.Contains(d.URL, "amy@") || !strings.Contains(d.URL, "files.example.com/a?mail=") {
		t.Errorf("the address is %s", d.URL)
	}
	if o, _ := d.String("origin"); o != "list of [EMAIL]" {
		t.Errorf("a finding is %q", o)
	}
	if r.Dropped != "" || d.Text() != "Nothing here." {
		t.Errorf("the text is %q, dropped for %q; want it as it was", d.Text(), r.Dropped)
	}
	counted := map[string]int64{}
	for _, c := range r.Counts {
		counted[c.Kind] = c.N
	}
	if counted["email in metadata"] != 5 || counted["iban in metadata"] != 1 {
		t.Errorf("counted %v", counted)
	}
	// Again, nothing is left to do.
	before := string(d.Meta)
	r.Reset()
	open().Apply(d, &r)
	if string(d.Meta) != before || len(r.Counts) != 0 {
		t.Errorf("a second time: %s, %v", d.Meta, r.Counts)
	}

	s.Meta = false
	if open, err = s.Open(corpus.Env{}); err != nil {
		t.Fatal(err)
	}
	d.Meta = json.RawMessage(`{"from":"bob@corp.example.com"}`)
	open().Apply(d, &r)
	if string(d.Meta) != `{"from":"bob@corp.example.com"}` {
		t.Errorf("meta: false makes %s", d.Meta)
	}
}

func FuzzCleanJSONStaysJSON(f *testing.F) {
	f.Add(`{"a":"bob@corp.example.com","b":[1,"\\\"x@corp.example.com"]}`)
	f.Add(`{"\"":"a","c":{"d":"\ud83d tel +1 212 555 0142"}}`)
	s := DefaultSettings()
	filter := newFilter(&s)
	f.Fuzz(func(t *testing.T, text string) {
		var r corpus.Report
		out, changed := filter.cleanJSON(json.RawMessage(text), &r)
		if !json.Valid([]byte(text)) {
			return
		}
		if !json.Valid(out) {
			t.Fatalf("%s becomes %s, which is no JSON", text, out)
		}
		if !changed && string(out) != text {
			t.Fatalf("%s becomes %s, but is said not to change", text, out)
		}
	})
}
