package warc

import (
	"bytes"
	"crypto/sha1"
	"encoding/base32"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/klauspost/compress/gzip"

	"github.com/athanor-lm/athanor/internal/realdata"
)

// record writes a record whose header states a length.
func record(uri, block string, stated int) string {
	return fmt.Sprintf("WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: %s\r\nContent-Length: %d\r\n\r\n%s\r\n\r\n", uri, stated, block)
}

func good(uri, block string) string { return record(uri, block, len(block)) }

func member(text string) string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	io.WriteString(z, text)
	z.Close()
	return b.String()
}

// read returns what is read of a file: "uri=block" or "!number@offset reason" each.
func read(t testing.TB, file io.Reader, max int) (got []string) {
	t.Helper()
	r := NewReader(file, max)
	for range 10_000 {
		rec, err := r.Next()
		var bad *BadRecord
		switch {
		case err == io.EOF:
			if _, again := r.Next(); again != io.EOF {
				t.Errorf("after the end: %v", again)
			}
			return got
		case errors.As(err, &bad):
			got = append(got, fmt.Sprintf("!%d@%d %s: %s", bad.Number, bad.Offset, bad.URI, bad.Reason))
		case err != nil:
			return append(got, "error: "+err.Error())
		default:
			got = append(got, rec.URI()+"="+string(rec.Block))
		}
	}
	t.Fatal("no end")
	return nil
}

func TestRecords(t *testing.T) {
	noise := make([]byte, 3000) // that does not compress, so that members are long
	source := rand.New(rand.NewPCG(1, 1))
	for i := range noise {
		noise[i] = "abcdefghijklmnopqrstuvwxyz0123456789+/= <>.,;:"[source.IntN(46)]
	}
	long := string(noise)
	cut := func(s string, n int) string { return s[:len(s)-n] }
	a, b, c := good("a:", "one"), good("b:", "two\r\n\r\nmore"), good("c:", "")
	wrong := member(good("b:", long))
	wrong = wrong[:200] + "\xff\xff\xff\xff" + wrong[204:]
	for _, test := range []struct {
		name, file string
		want       []string
	}{
		{"nothing", "", nil},
		{"plain", a + b + c, []string{"a:=one", "b:=two\r\n\r\nmore", "c:="}},
		{"a member a record", member(a) + member(b) + member(c), []string{"a:=one", "b:=two\r\n\r\nmore", "c:="}},
		{"one member", member(a + b + c), []string{"a:=one", "b:=two\r\n\r\nmore", "c:="}},
		{"line ends of one byte, and none behind the last", strings.ReplaceAll(a, "\r\n", "\n") + cut(b, 4), []string{"a:=one", "b:=two\r\n\r\nmore"}},
		{"a folded field", "WARC/1.1\r\nWARC-Target-URI: a\r\n\tb\r\nContent-Length:1\r\n\r\nx", []string{"a b=x"}},

		{"too long", a + record("b:", "two", 10) + c,
			[]string{"a:=one", "!2@80 b:: Content-Length 10, but no record ends there: \"C/1.0\\r\\nWA\" follows", "c:="}},
		{"too long, beyond the end", a + record("b:", "two", 1000) + c,
			[]string{"a:=one", "!2@80 b:: Content-Length 1000, but the file ends after 84 bytes", "c:="}},
		{"too long, above the limit", a + record("b:", "two", 5000) + c,
			[]string{"a:=one", "!2@80 b:: a block of 5000 bytes, above the largest of 4000, and another record begins after 7 of them", "c:="}},
		{"too short", a + record("b:", "two", 1) + c,
			[]string{"a:=one", "!2@80 b:: Content-Length 1, but no record ends there: \"wo\\r\\n\\r\\nWAR\" follows", "c:="}},
		{"too long in a member", member(a) + member(record("b:", "two", 10)) + member(c),
			[]string{"a:=one", "!2@105 b:: Content-Length 10, but the gzip member ends after 7 bytes", "c:="}},
		{"above the limit", a + good("b:", long+long) + c,
			[]string{"a:=one", "!2@80 b:: a block of 6000 bytes, above the largest of 4000", "c:="}},
		{"above the limit in a member", member(a) + member(good("b:", long+long)) + member(c),
			[]string{"a:=one", "!2@105 b:: a block of 6000 bytes, above the largest of 4000", "c:="}},
		{"above the limit, cut off", a + good("b:", long+long)[:4000],
			[]string{"a:=one", "!2@80 b:: a block of 6000 bytes, above the largest of 4000, of which there are 3924"}},

		{"no length", strings.Replace(a, "Content-Length: 3\r\n", "", 1) + c,
			[]string{"!1@0 a:: Content-Length \"\", want a number of bytes", "c:="}},
		{"negative length", record("a:", "one", -3) + c, []string{"!1@0 a:: Content-Length \"-3\", want a number of bytes", "c:="}},
		{"length of 2^63", strings.Replace(a, "Length: 3", "Length: 9223372036854775808", 1) + c,
			[]string{"!1@0 a:: Content-Length \"9223372036854775808\", want a number of bytes", "c:="}},
		{"length of 2^63-1", a + strings.Replace(a, "Length: 3", "Length: 9223372036854775807", 1) + c,
			[]string{"a:=one", "!2@80 a:: a block of 9223372036854775807 bytes, above the largest of 4000, and another record begins after 7 of them", "c:="}},
		{"length of 2^63-1 at the end", a + strings.Replace(a, "Length: 3", "Length: 9223372036854775807", 1),
			[]string{"a:=one", "!2@80 a:: a block of 9223372036854775807 bytes, above the largest of 4000, of which there are 7"}},
		{"garbage", "hello\r\n\r\n" + a, []string{"!1@0 : no record begins here: \"hello\\r\\n\\r\\nWARC/1.0\\r\\nWARC-Type: response\\r\\n\", want \"WARC/\"", "a:=one"}},
		{"garbage between members", member(a) + "garbage" + member(c),
			[]string{"a:=one", "!2@105 : no gzip member begins here: gzip: invalid header", "c:="}},
		{"header line without a name", "WARC/1.0\r\nhello\r\n\r\n" + a, []string{"!1@0 : header line \"hello\", want name: value", "a:=one"}},
		{"header without an end", a + "WARC/1.0\r\nContent-Len", []string{"a:=one", "!2@80 : the header is cut off after 21 bytes"}},

		{"cut off", a + cut(good("b:", long), 100), []string{"a:=one", "!2@80 b:: Content-Length 3000, but the file ends after 2904 bytes"}},
		{"last member cut off", member(a) + cut(member(good("b:", long)), 200),
			[]string{"a:=one", "!2@105 b:: the gzip member is cut off after *"}},
		{"first member cut off", cut(member(good("a:", long)), 900) + member(b) + member(c),
			[]string{"!1@0 a:: the gzip member is damaged after *", "b:=two\r\n\r\nmore", "c:="}},
		{"member cut off in its first bytes", member(a)[:15] + member(b),
			[]string{"!1@0 : the gzip member is damaged after *", "b:=two\r\n\r\nmore"}},
		{"damaged member", member(a) + wrong + member(c), []string{"a:=one", "!2@105 b:: the gzip member is damaged after *", "c:="}},
		{"wrong checksum", member(a)[:len(member(a))-8] + "\x01\x02\x03\x04\x50\x00\x00\x00" + member(c),
			[]string{"!1@0 a:: the gzip member's 80 bytes of text do not have its checksum", "c:="}},
	} {
		t.Run(test.name, func(t *testing.T) {
			for name, in := range map[string]io.Reader{"whole": strings.NewReader(test.file), "by byte": iotest.OneByteReader(strings.NewReader(test.file))} {
				got := read(t, in, 4000)
				for i := range max(len(got), len(test.want)) {
					g, w := "nothing", "nothing"
					if i < len(got) {
						g = got[i]
					}
					if i < len(test.want) {
						w = test.want[i]
					}
					// How far a damaged member can be unpacked is the decoder's affair.
					if start, any := strings.CutSuffix(w, "*"); g != w && !(any && strings.HasPrefix(g, start)) {
						t.Errorf("%s: record %d\n got %.200q\nwant %.200q", name, i, g, w)
					}
				}
			}
		})
	}
}

func TestFailingFileEndsTheReading(t *testing.T) {
	failed := errors.New("disk on fire")
	for _, file := range []string{good("a:", "one") + good("b:", "two"), member(good("a:", "one")) + member(good("b:", "two"))} {
		in := io.MultiReader(strings.NewReader(file[:len(file)-20]), iotest.ErrReader(failed))
		r := NewReader(in, 0)
		if _, err := r.Next(); err != nil {
			t.Fatal(err)
		}
		if _, err := r.Next(); !errors.Is(err, failed) {
			t.Errorf("got %v, want %v", err, failed)
		}
	}
}

// endless gives a record's header and then zeros.
type endless struct {
	head io.Reader
	n    int64
}

func (e *endless) Read(p []byte) (int, error) {
	if n, err := e.head.Read(p); err == nil {
		return n, nil
	}
	if e.n <= 0 {
		return 0, io.EOF
	}
	n := int(min(int64(len(p)), e.n))
	clear(p[:n])
	e.n -= int64(n)
	return n, nil
}

func TestRecordOfTwoGigabytesIsPassedOverInBoundedMemory(t *testing.T) {
	const size = 2 << 30
	head := strings.SplitAfter(record("big:", "", size), "\r\n\r\n")[0]
	file := io.MultiReader(strings.NewReader(good("a:", "one")), &endless{strings.NewReader(head), size}, strings.NewReader("\r\n\r\n"+good("c:", "three")))
	r := NewReader(file, 1<<20)
	var got []string
	for {
		rec, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			got = append(got, err.Error())
			continue
		}
		got = append(got, rec.URI())
	}
	want := []string{"a:", "warc: record 2 at byte 80 (big:): a block of 2147483648 bytes, above the largest of 1048576", "c:"}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if held := len(r.in.buf); held > 1<<20 {
		t.Errorf("%d bytes held", held)
	}
}

// The crawlers' own checksums say whether blocks are whole.
func TestRealArchives(t *testing.T) {
	for name, want := range map[string]map[string]int{
		"dirty-warc-whirlwind/whirlwind.warc.gz":                    {"warcinfo": 1, "request": 1, "response": 1, "metadata": 1},
		"dirty-warc-whirlwind/whirlwind.warc.wet.gz":                {"warcinfo": 1, "conversion": 1},
		"dirty-warc-whirlwind/whirlwind.warc.wat.gz":                {"warcinfo": 1, "metadata": 1},
		"pipeline-golden-dolma/tests/data/warc/sample-0000.warc.gz": {"warcinfo": 1, "request": 22, "response": 22, "metadata": 1, "resource": 2},
		"pipeline-golden-dolma/tests/data/warc/sample-0001.warc.gz": {"warcinfo": 1, "request": 15, "response": 15, "metadata": 1, "resource": 2},
	} {
		f, err := os.Open(realdata.Path(t, "corpora/"+name))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		got := map[string]int{}
		checked := 0
		for r := NewReader(f, 0); ; {
			rec, err := r.Next()
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			got[rec.Type]++
			if digest, ok := strings.CutPrefix(rec.Header.Get("WARC-Block-Digest"), "sha1:"); ok {
				sum := sha1.Sum(rec.Block)
				if have := base32.StdEncoding.EncodeToString(sum[:]); have != digest {
					t.Errorf("%s: record %d: sha1 %s, want %s", name, rec.Number, have, digest)
				}
				checked++
			}
			if rec.Type == "response" {
				resp, err := unpacked(string(rec.Block), 1<<20)
				if err != nil || resp.Status != 200 || len(resp.Body) == 0 || resp.Truncated {
					t.Errorf("%s: record %d: %v, %+.80v", name, rec.Number, err, resp)
				}
			}
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
		t.Logf("%s: %v, %d checksums", name, got, checked)
	}
}

// The decoder of a member that is cut off has run on into the next one when it notices, however long the member is.
func TestRecordBehindALongMemberThatIsCutOff(t *testing.T) {
	block := make([]byte, 12<<20)
	source := rand.NewChaCha8([32]byte{1})
	source.Read(block) // does not compress
	long := member(good("a:", string(block)))
	file := long[:len(long)-1000] + member(good("b:", "two")) + member(good("c:", "three"))
	got := read(t, strings.NewReader(file), 0)
	if len(got) != 3 || !strings.HasPrefix(got[0], "!1@0 a:: the gzip member is") || got[1] != "b:=two" || got[2] != "c:=three" {
		t.Errorf("got %.200q", got)
	}
}
