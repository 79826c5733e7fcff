package mail

import (
	"errors"
	"testing"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"

	"github.com/athanor-lm/athanor/internal/realdata"
)

// rawMails are the mails of the SpamAssassin corpus, in the bytes that they had before they were put into JSON.
func rawMails(tb testing.TB) (mails [][]byte) {
	for d := range realdata.Rows[struct{ Text, Decoded string }](tb, "corpora/dirty-mail-spamassassin/mail.jsonl.gz") {
		raw := []byte(d.Text)
		if d.Decoded == "latin1-fallback" {
			latin1, err := charmap.ISO8859_1.NewEncoder().Bytes(raw)
			if err != nil {
				tb.Fatal(err)
			}
			raw = latin1
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
