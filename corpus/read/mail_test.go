package read

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
)

const mbox = `From jane@example.org Mon Aug 12 11:00:01 2002
From: Jane <jane@example.org>
Subject: =?utf-8?B?5L2g5aW9?=
Date: Mon, 12 Aug 2002 11:00:01 +0000
Content-Type: text/plain; charset=iso-8859-1
Content-Transfer-Encoding: quoted-printable

caf=E9 au=
 lait

>From here on it is quoted.
From nowhere a line that begins no message.

From joe@example.org Tue Aug 13 09:30:00 2002
From: joe@example.org
Subject: second

Second text.

From broken@example.org Tue Aug 13 09:31:00 2002
no header at all
`

func TestMailboxIsCutIntoMessages(t *testing.T) {
	docs, bad, st, err := all(t, Options{KeepMeta: true}, tree(t, map[string]string{"m.mbox": mbox, "n.eml": "Subject: alone\n\nA message."}))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, d := range docs {
		got = append(got, fmt.Sprintf("%s|%s", d.ID, d.Text))
	}
	want := []string{"m.mbox#0|café au lait\n\nFrom here on it is quoted.\nFrom nowhere a line that begins no message.", "m.mbox#1|Second text.", "n.eml|A message."}
	if strings.Join(got, "\n\n") != strings.Join(want, "\n\n") {
		t.Errorf("got %q, want %q", got, want)
	}
	if m := string(docs[0].Meta); !strings.Contains(m, `"subject":"你好"`) || !strings.Contains(m, `"date":"2002-08-12T11:00:01Z"`) || !strings.Contains(m, `"charset":"windows-1252"`) {
		t.Errorf("meta %s", m)
	}
	if len(bad) != 1 || bad[0].Line != 21 || !strings.Contains(bad[0].Reason, "does not begin with the fields of a header") || st.Bad != 1 {
		t.Errorf("set aside %v", bad)
	}
	docs, bad, _, err = all(t, Options{MaxRecord: 250}, tree(t, map[string]string{"m.mbox": mbox}))
	if err != nil || len(docs) != 1 || len(bad) != 2 || bad[0].Line != 2 || !strings.Contains(bad[0].Reason, "a message of 279 bytes") {
		t.Errorf("a large message: %d documents, %v, %v", len(docs), bad, err)
	}
}

// Whatever the mailbox, each of its messages gives a document or a reason.
func FuzzMailbox(f *testing.F) {
	f.Add([]byte(mbox))
	f.Add([]byte("From a Mon 11:00 2002\n\nFrom b 11:00 2002\n"))
	f.Add([]byte(">From a\r\n\r\n\xff"))
	f.Fuzz(func(t *testing.T, data []byte) {
		r := openMail(&input{Reader: bytes.NewReader(data), file: &File{Name: "f"}}, &Options{MaxRecord: 1 << 16, Charset: "auto", KeepMeta: true})
		for n := 0; ; n++ {
			var d Document
			err := r.next(&d)
			if _, bad := err.(*badRecord); err != nil && !bad {
				return
			}
			if n > len(data) {
				t.Fatalf("%q has no end", data)
			}
		}
	})
}
