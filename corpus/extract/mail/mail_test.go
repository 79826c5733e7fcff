package mail

import (
	"errors"
	"runtime"
	"strings"
	"testing"
	"unicode/utf8"
)

// crlf writes a message as it goes over the wire.
func crlf(s string) string { return strings.ReplaceAll(s, "\n", "\r\n") }

func TestMessages(t *testing.T) {
	for _, c := range []struct{ what, raw, text, defect string }{
		{"plain", "Subject: s\n\nHello\nyou\n", "Hello\nyou", ""},
		{"wire", crlf("Subject: s\n\nHello\nyou\n"), "Hello\nyou", ""},
		{"behind a From line", "From a@b Mon Aug 12 11:00:01 2002\nSubject: s\n\nHello", "Hello", ""},
		{"quoted-printable", "Content-Type: text/plain; charset=\"ISO-8859-1\"\nContent-Transfer-Encoding: Quoted-Printable\n\ncaf=E9=\n s =3D 1  \nend=", "café s = 1\nend", ""},
		{"damaged quoted-printable", "Content-Transfer-Encoding: quoted-printable\n\n100% =zz =4", "100% =zz =4", "an escape of quoted-printable that is none"},
		{"base64", "Content-Type: text/plain; charset=gb2312\nContent-Transfer-Encoding: base64\n\n1tDOxLHgwuu1xM7Esb4=\n", "中文编码的文本", ""},
		{"cut base64", "Content-Transfer-Encoding: base64\n\naGVsbG8gd29ybGQxM\n", "hello world1", "base64 that is cut off"},
		{"wrongly declared", "Content-Type: text/plain; charset=iso-8859-1\n\n中文编码的文本", "中文编码的文本", ""},
		{"declared as nothing", "Content-Type: text/plain; charset=unknown\n\n\xd6\xd0\xce\xc4\xb1\xe0\xc2\xeb\xb5\xc4\xce\xc4\xb1\xbe", "中文编码的文本", ""},
		{"Japanese", "Content-Type: text/plain; charset=iso-2022-jp\n\n\x1b$B$3$s$K$A$O\x1b(B", "こんにちは", ""},
		{"HTML", "Content-Type: text/html\n\n<p>One</p><script>no</script><p>Two &amp; three</p>", "One\n\nTwo & three", ""},
		{"alternative", "Content-Type: multipart/alternative; boundary=b\n\npreamble\n--b\nContent-Type: text/plain\n\nplain\n--b\nContent-Type: text/html\n\n<b>rich</b>\n--b--\nepilogue", "plain", ""},
		{"an empty alternative", "Content-Type: multipart/alternative; boundary=b\n\n--b\nContent-Type: text/plain\n\n \n--b\nContent-Type: text/html\n\n<p>rich</p>\n--b--\n", "rich", ""},
		{"mixed", "Content-Type: multipart/mixed; boundary=\"a b\"\n\n--a b\n\nfirst\n--a b\nContent-Type: text/plain\nContent-Disposition: attachment; filename=x.txt\n\nno\n--a b\nContent-Type: text/plain\n\nsecond\n--a b--\n", "first\n\nsecond", ""},
		{"cut off", "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n\nfirst and no end", "first and no end", "the last boundary is missing"},
		{"without its boundary", "Content-Type: multipart/mixed\n\ntext all the same", "text all the same", "a part of several without the boundary between them"},
		{"forwarded", "Content-Type: message/rfc822\n\nSubject: inner\n\ninner text", "inner text", ""},
		{"forwarded without a header", "Content-Type: multipart/mixed; boundary=b\n\n--b\n\nfirst\n--b\nContent-Type: message/rfc822\n\nno header\n--b--", "first", "a message within that has no header"},
		{"signed", "Content-Type: multipart/signed; boundary=b\n\n--b\n\nsigned text\n--b\nContent-Type: application/pgp-signature\n\nno\n--b--", "signed text", ""},
		{"a line that is no field", "Subject: s\nthis is none\nTo: x\n\nbody", "body", "a line in the header that is no field"},
	} {
		m, err := Parse([]byte(c.raw), Options{})
		if err != nil || m.Text != c.text {
			t.Errorf("%s: %+v, %v, want %q", c.what, m, err, c.text)
			continue
		}
		if got := strings.Join(m.Defects, "; "); got != c.defect {
			t.Errorf("%s: defects %q, want %q", c.what, got, c.defect)
		}
	}
}

func TestHeaders(t *testing.T) {
	m, err := Parse([]byte("Subject: =?gb2312?B?1tDOxA==?= and\n =?iso-8859-1?Q?caf=E9?=\nFrom: J\xf6rg <j@example.org>\nMessage-ID: <1@x>\nDate: Fri, 21 Nov 1997 09:55:06 -0600\nTo: a\nTo: b\n\nx"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if m.Subject != "中文 and café" || m.From != "Jörg <j@example.org>" || m.ID != "1@x" || m.Date != "1997-11-21T09:55:06-06:00" || m.To != "a" {
		t.Errorf("%+v", m)
	}
	meta, err := m.Meta()
	if err != nil || string(meta) != `{"subject":"中文 and café","date":"1997-11-21T09:55:06-06:00"}` {
		t.Errorf("%s, %v", meta, err)
	}
}

// A field of many lines costs what its bytes cost, not the square of it.
func TestFieldOfManyLinesIsReadOnce(t *testing.T) {
	raw := []byte("Subject: s\n" + strings.Repeat(" a\n", 100_000) + "\nx")
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	m, err := Parse(raw, Options{})
	runtime.ReadMemStats(&after)
	if err != nil || m.Subject != "s"+strings.Repeat(" a", 100_000) {
		t.Fatalf("a subject of %d bytes, %v", len(m.Subject), err)
	}
	if grown := after.TotalAlloc - before.TotalAlloc; grown > 100<<20 {
		t.Errorf("%d bytes were allocated for a message of %d", grown, len(raw))
	}
}

func TestWhatIsNoMailIsRefused(t *testing.T) {
	for raw, want := range map[string]error{
		"":                        ErrNoHeader,
		"just a text\nof lines\n": ErrNoHeader,
		"Content-Type: image/png\nContent-Transfer-Encoding: base64\n\niVBORw0K": ErrNoText,
		"Content-Type: multipart/mixed; boundary=b\n\n--b--\n":                   ErrNoText,
	} {
		if m, err := Parse([]byte(raw), Options{}); !errors.Is(err, want) {
			t.Errorf("%q: %+v, %v, want %v", raw, m, err, want)
		}
	}
	deep := strings.Repeat("Content-Type: message/rfc822\n\n", 100) + "Subject: deep\n\ntext"
	if _, err := Parse([]byte(deep), Options{}); !errors.Is(err, ErrNoText) {
		t.Errorf("a hundred messages within each other: %v", err)
	}
}

func TestFromLines(t *testing.T) {
	for line, want := range map[string]bool{
		"From jane@example.org Mon Aug 12 11:00:01 2002":  true,
		"From jane Mon Aug 12 11:00 2002 +0200":           true,
		"From here on, at 11:00, nothing is as it was.":   false,
		"From the year 2002 on":                           false,
		"from jane@example.org Mon Aug 12 11:00:01 2002":  false,
		">From jane@example.org Mon Aug 12 11:00:01 2002": false,
	} {
		if got := IsFromLine([]byte(line)); got != want {
			t.Errorf("%q: %v, want %v", line, got, want)
		}
	}
}

// Whatever the message, it gives UTF-8 or an error.
func FuzzParse(f *testing.F) {
	for _, s := range []string{
		"Subject: =?x?B?!?=\n\nx", "Content-Type: multipart/mixed; boundary=b\n\n--b\n\n--b\n--b--", "a:b\n", "Content-Type: text/html; charset=\xff\n\n<p>\xe9",
		"Content-Type: TEXT/PLAIN; charset=\nContent-Transfer-Encoding: base64\n\n====", "Content-Type: message/rfc822\n\nContent-Type: multipart/alternative;boundary=\"\"\n\n--\n",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		m, err := Parse(raw, Options{})
		if err == nil && (!utf8.ValidString(m.Text) || !utf8.ValidString(m.Subject)) {
			t.Fatalf("%q gives %+v", raw, m)
		}
		if err == nil {
			if _, err := m.Meta(); err != nil {
				t.Fatal(err)
			}
		}
	})
}
