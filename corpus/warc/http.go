package warc

import (
	"bytes"
	"compress/flate"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zlib"
	"github.com/klauspost/compress/zstd"
)

// Response is an HTTP response as a record of type "response" holds it.
type Response struct {
	Status int // 200, …
	Header Header
	// Body is the payload: a part of the record's block as it is stored, until Unpack.
	Body []byte
	// Truncated says that the body ends before its encoding does, as where a crawler stopped reading.
	Truncated bool
}

// ErrTooLarge is in the error of a body that is, or unpacks to, more than the limit.
var ErrTooLarge = errors.New("body too large")

// ParseResponse takes a response apart.
func ParseResponse(block []byte) (*Response, error) {
	size := headerSize(block[:min(len(block), maxHeader)])
	switch {
	case size == 0 && len(block) > maxHeader:
		return nil, fmt.Errorf("warc: HTTP response with a header of more than %d bytes", maxHeader)
	case size == 0:
		return nil, fmt.Errorf("warc: HTTP response of %d bytes without an empty line behind its header", len(block))
	}
	status, err := parseStatus(block[:size])
	if err != nil {
		return nil, err
	}
	header, err := parseFields(block[:size])
	if err != nil {
		return nil, fmt.Errorf("warc: HTTP response: %w", err)
	}
	return &Response{Status: status, Header: header, Body: block[size:]}, nil
}

// Unpack takes transfer and content encodings off the body. One that is more than maxBody bytes then is an error.
//
// Crawlers store bodies as they came or unpacked, and leave the header fields in either case: an encoding is only taken off
// where the body has it.
func (r *Response) Unpack(maxBody int) error {
	if strings.EqualFold(r.Header.Get("Transfer-Encoding"), "chunked") {
		r.unchunk()
	}
	// Encodings are listed in the order in which they were put on.
	encodings := strings.Split(r.Header.Get("Content-Encoding"), ",")
	if len(encodings) > maxEncodings {
		return fmt.Errorf("warc: %d content encodings, want at most %d", len(encodings), maxEncodings)
	}
	for i := len(encodings) - 1; i >= 0; i-- {
		if err := r.unpack(lower(encodings[i]), maxBody); err != nil {
			return err
		}
	}
	if len(r.Body) > maxBody {
		return fmt.Errorf("warc: %w: %d bytes, want at most %d", ErrTooLarge, len(r.Body), maxBody)
	}
	return nil
}

// maxEncodings is how many content encodings may lie over each other.
const maxEncodings = 4

// parseStatus reads "HTTP/1.1 200 OK".
func parseStatus(head []byte) (int, error) {
	line, _, _ := bytes.Cut(head, []byte("\n"))
	fields := bytes.Fields(line)
	if len(fields) >= 2 && bytes.HasPrefix(fields[0], []byte("HTTP/")) {
		if status, err := strconv.ParseUint(string(fields[1]), 10, 16); err == nil {
			return int(status), nil
		}
	}
	return 0, fmt.Errorf("warc: HTTP response begins with %.60q, want a status line", bytes.TrimSpace(line))
}

// unchunk takes the chunked transfer encoding off a body that has it.
func (r *Response) unchunk() {
	var body []byte
	rest, first := r.Body, true
	for {
		line, after, ok := bytes.Cut(rest, []byte("\n"))
		size, _, _ := bytes.Cut(line, []byte(";"))
		n, err := strconv.ParseUint(string(bytes.TrimSpace(size)), 16, 31)
		switch {
		case !ok || err != nil || !bytes.HasSuffix(line, []byte("\r")):
			if !first {
				r.Body, r.Truncated = body, true
			}
			return
		case n == 0:
			r.Body = body
			return
		case n > uint64(len(after)):
			r.Body, r.Truncated = append(body, after...), true
			return
		}
		body = append(body, after[:n]...)
		rest, first = bytes.TrimPrefix(after[n:], []byte("\r")), false
		rest = bytes.TrimPrefix(rest, []byte("\n"))
	}
}

// unpack takes a content encoding off a body that has it.
func (r *Response) unpack(encoding string, max int) error {
	z, err := decoder(encoding, r.Body)
	var body []byte
	if z != nil && err == nil {
		defer z.Close()
		body, err = io.ReadAll(io.LimitReader(z, int64(max)+1))
	}
	switch {
	case len(body) > max:
		return fmt.Errorf("warc: %w: the %s encoding holds more than %d bytes", ErrTooLarge, encoding, max)
	case z == nil && err == nil: // no encoding
	case err == nil:
		r.Body = body
	case readable(r.Body): // it was taken off already
	case len(body) == 0:
		return fmt.Errorf("warc: Content-Encoding %s, which the body has not: %w", encoding, err)
	default:
		r.Body, r.Truncated = body, true
	}
	return nil
}

// readable tells whether a body begins as text does. What is compressed has control characters soon.
func readable(body []byte) bool {
	return bytes.IndexFunc(body[:min(len(body), 512)], func(c rune) bool { return c < '\t' || c == 0x7f }) < 0
}

// decoder returns a reader of what is encoded, nil where the encoding is none that is known, or an error where the body does
// not begin with it.
func decoder(encoding string, body []byte) (io.ReadCloser, error) {
	in := bytes.NewReader(body)
	switch encoding {
	case "gzip", "x-gzip":
		return gzip.NewReader(in)
	case "deflate": // is that of zlib by the standard, and a bare one from some servers
		if z, err := zlib.NewReader(in); err == nil {
			return z, nil
		}
		in.Reset(body)
		return flate.NewReader(in), nil
	case "br":
		return io.NopCloser(brotli.NewReader(in)), nil
	case "zstd":
		z, err := zstd.NewReader(in, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(8<<20))
		if err != nil {
			return nil, err
		}
		return z.IOReadCloser(), nil
	}
	return nil, nil
}
