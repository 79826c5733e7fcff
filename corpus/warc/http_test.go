package warc

import (
	"bytes"
	"compress/flate"
	"compress/zlib"
	"errors"
	"io"
	"runtime"
	"strings"
	"testing"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

func packed(text string, open func(w io.Writer) io.WriteCloser) string {
	var b bytes.Buffer
	w := open(&b)
	io.WriteString(w, text)
	w.Close()
	return b.String()
}

// unpacked parses a response and unpacks its body.
func unpacked(block string, maxBody int) (*Response, error) {
	r, err := ParseResponse([]byte(block))
	if err == nil {
		err = r.Unpack(maxBody)
	}
	return r, err
}

func TestResponses(t *testing.T) {
	text := "<p>" + strings.Repeat("the kiln is hot, ", 20)
	gz := packed(text, func(w io.Writer) io.WriteCloser { return gzip.NewWriter(w) })
	br := packed(text, func(w io.Writer) io.WriteCloser { return brotli.NewWriter(w) })
	zl := packed(text, func(w io.Writer) io.WriteCloser { return zlib.NewWriter(w) })
	raw := packed(text, func(w io.Writer) io.WriteCloser { z, _ := flate.NewWriter(w, 6); return z })
	zs := packed(text, func(w io.Writer) io.WriteCloser { z, _ := zstd.NewWriter(w); return z })
	for _, c := range []struct {
		name, fields, body, want string
		truncated                bool
	}{
		{"plain", "Content-Type: text/html", text, text, false},
		{"gzip", "content-encoding: gzip", gz, text, false},
		{"br", "Content-Encoding: br", br, text, false},
		{"deflate, zlib", "Content-Encoding: deflate", zl, text, false},
		{"deflate, bare", "Content-Encoding: deflate", raw, text, false},
		{"zstd", "Content-Encoding: zstd", zs, text, false},
		{"two encodings", "Content-Encoding: gzip, br", packed(gz, func(w io.Writer) io.WriteCloser { return brotli.NewWriter(w) }), text, false},
		{"identity", "Content-Encoding: identity", text, text, false},
		{"gzip, taken off", "Content-Encoding: gzip", text, text, false},
		{"br, taken off", "Content-Encoding: br", text, text, false},
		{"deflate, taken off", "Content-Encoding: deflate", text, text, false},
		{"gzip, empty body", "Content-Encoding: gzip", "", "", false},
		{"chunked", "Transfer-Encoding: chunked", "3\r\n<p>\r\nA;x=y\r\n0123456789\r\n0\r\n\r\n", "<p>0123456789", false},
		{"chunked, taken off", "Transfer-Encoding: chunked", text, text, false},
		{"chunked, cut off in a chunk", "Transfer-Encoding: chunked", "3\r\n<p>\r\nA\r\n0123", "<p>0123", true},
		{"chunked, cut off between chunks", "Transfer-Encoding: chunked", "3\r\n<p>\r\n", "<p>", true},
		{"chunked gzip", "Transfer-Encoding: chunked\r\nContent-Encoding: gzip", "5\r\n" + gz[:5] + "\r\n" + strings.ToUpper(string("0123456789abcdef"[len(gz[5:])/16])) +
			string("0123456789abcdef"[len(gz[5:])%16]) + "\r\n" + gz[5:] + "\r\n0\r\n\r\n", text, false},
	} {
		got, err := unpacked("HTTP/1.1 200 OK\r\n"+c.fields+"\r\n\r\n"+c.body, 1000)
		if err != nil || string(got.Body) != c.want || got.Truncated != c.truncated || got.Status != 200 {
			t.Errorf("%s: %v: %+v", c.name, err, got)
		}
	}

	got, err := unpacked("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n"+gz[:len(gz)-12], 1000)
	if err != nil || !got.Truncated || !strings.HasPrefix(text, string(got.Body)) || len(got.Body) == 0 {
		t.Errorf("gzip, cut off: %v: %+v", err, got)
	}
}

func TestResponsesThatAreNone(t *testing.T) {
	bomb := packed(strings.Repeat("\x00", 50<<20), func(w io.Writer) io.WriteCloser { return gzip.NewWriter(w) })
	for _, c := range []struct {
		name, block, want string
		is                error
	}{
		{"bomb", "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + bomb, "body too large: the gzip encoding holds more than 1000 bytes", ErrTooLarge},
		{"large", "HTTP/1.1 200 OK\r\n\r\n" + strings.Repeat("x", 1001), "body too large: 1001 bytes, want at most 1000", ErrTooLarge},
		{"no header", "HTTP/1.1 200 OK", "without an empty line", nil},
		{"no status line", "<html>\n\n", "begins with \"<html>\"", nil},
		{"another encoding than it says", "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a", "which the body has not", nil},
	} {
		_, err := unpacked(c.block, 1000)
		if err == nil || !strings.Contains(err.Error(), c.want) || (c.is != nil && !errors.Is(err, c.is)) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
}

// A field of many lines costs what its bytes cost, not the square of it.
func TestFieldOfManyLinesIsReadOnce(t *testing.T) {
	const lines = maxHeader/3 - 100
	head := "HTTP/1.1 200 OK\r\nX: s\n" + strings.Repeat(" a\n", lines) + "Y: t\n\tu\n"
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	r, err := ParseResponse([]byte(head + "\r\nbody"))
	runtime.ReadMemStats(&after)
	if err != nil || r.Header.Get("x") != "s"+strings.Repeat(" a", lines) || r.Header.Get("Y") != "t u" {
		t.Fatalf("%d fields, %v", len(r.Header), err)
	}
	if grown := after.TotalAlloc - before.TotalAlloc; grown > 100<<20 {
		t.Errorf("%d bytes were allocated for a header of %d", grown, len(head))
	}
	if _, err := ParseResponse([]byte(head + strings.Repeat("Z: z\n", maxHeader) + "\n")); err == nil || !strings.Contains(err.Error(), "a header of more than") {
		t.Errorf("a header above the limit: %v", err)
	}
}

func TestStatus(t *testing.T) {
	for line, want := range map[string]int{"HTTP/1.1 404 Not Found": 404, "HTTP/2 301": 301, "HTTP/1.0  200  OK": 200} {
		if got, err := unpacked(line+"\r\nA: b\r\n\r\n", 10); err != nil || got.Status != want {
			t.Errorf("%q: %+v, %v", line, got, err)
		}
	}
}
