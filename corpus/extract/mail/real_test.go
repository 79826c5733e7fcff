package mail

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
)

// data is where the real corpora lie.
func data(tb testing.TB) string {
	tb.Helper()
	dir := os.Getenv("ATHANOR_DATA")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "..", "shared", "data")
	}
	if _, err := os.Stat(dir); err != nil {
		tb.Skipf("no real data at %s: %v", dir, err)
	}
	return dir
}

// rawMails are the mails of the SpamAssassin corpus, in the bytes that they had before they were put into JSON.
func rawMails(tb testing.TB) (mails [][]byte) {
	f, err := os.Open(filepath.Join(data(tb), "corpora", "dirty-mail-spamassassin", "mail.jsonl.gz"))
	if err != nil {
		tb.Skip(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(bufio.NewReader(f))
	if err != nil {
		tb.Fatal(err)
	}
	dec := json.NewDecoder(z)
	for dec.More() {
		var d struct{ Text, Decoded string }
		if err := dec.Decode(&d); err != nil {
			tb.Fatal(err)
		}
		raw := []byte(d.Text)
		if d.Decoded == "latin1-fallback" {
			if raw, err = charmap.ISO8859_1.NewEncoder().Bytes(raw); err != nil {
				tb.Fatal(err)
			}
		}
		mails = append(mails, raw)
	}
	return mails
}

// Every mail gives text or a reason, and what it gives is UTF-8.
func TestRealMails(t *testing.T) {
	outcomes, defects := map[string]int{}, map[string]int{}
	for i, raw := range rawMails(t) {
		m, err := Parse(raw, Options{})
		switch {
		case errors.Is(err, ErrNoHeader):
			outcomes["no header"]++
			continue
		case errors.Is(err, ErrNoText):
			outcomes["no text"]++
			continue
		case err != nil:
			t.Fatalf("mail %d: %v", i, err)
		case m.Text == "":
			outcomes["empty"]++
		case m.HTML:
			outcomes["HTML"]++
		default:
			outcomes["plain"]++
		}
		for _, d := range m.Defects {
			defects[d]++
		}
		if !utf8.ValidString(m.Text) {
			t.Errorf("mail %d: text that is not UTF-8", i)
		}
		if m.Charset != "" {
			outcomes["decoded "+m.Charset]++
		}
	}
	t.Log(outcomes, defects)
}
