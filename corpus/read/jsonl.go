package read

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
	"unsafe"

	"github.com/tidwall/gjson"
)

// jsonlReader reads one JSON object a line: {"text": …, "id": …, "source": …, "lang": …, "meta": {…}, …}.
//
// encoding/json replaces invalid UTF-8 by U+FFFD, which would change the text without a word. So gjson checks the
// grammar, and the fields of what passed are found and unquoted here, byte for byte.
type jsonlReader struct {
	lines *lines
	file  *File
	opts  *Options
}

func openJSONL(in io.Reader, f *File, opts *Options) reader {
	return &jsonlReader{lines: newLines(in, opts.MaxRecord), file: f, opts: opts}
}

func (j *jsonlReader) next(d *Document) error {
	for {
		line, size, err := j.lines.next()
		if err != nil {
			return err
		}
		if j.lines.line == 1 {
			line = withoutBOM(line)
		}
		if size > int64(j.opts.MaxRecord) {
			return j.bad(line, fmt.Sprintf("a line of %d bytes, above the largest record of %d", size, j.opts.MaxRecord))
		}
		if line = bytes.TrimSpace(line); len(line) == 0 {
			continue
		}
		if reason := j.record(line, d); reason != "" {
			return j.bad(line, reason)
		}
		if d.ID == "" {
			d.ID = j.file.Name + ":" + strconv.FormatInt(j.lines.line, 10)
		}
		return nil
	}
}

func (j *jsonlReader) bad(line []byte, reason string) error {
	return &badRecord{line: j.lines.line, reason: reason, head: line}
}

// record fills d from one line, or says why it cannot.
func (j *jsonlReader) record(line []byte, d *Document) (reason string) {
	if reason := invalidJSON(line); reason != "" {
		return reason
	}
	root := unsafe.String(unsafe.SliceData(line), len(line)) // nothing of it outlives this call
	if kind := jsonKind(root); kind != "object" {
		return fmt.Sprintf("a JSON %s, want an object", kind)
	}
	var text, source, metaSource string
	var meta []byte
	eachField(root, func(key, value string) {
		switch name := stringOrRaw(key); {
		case name == j.opts.TextField:
			text = value
		case name == "id":
			d.ID = stringOrRaw(value)
		case name == "source":
			source = value
		case name == "lang", name == "language":
			d.Lang = stringOrRaw(value)
		default:
			if name == "meta" {
				metaSource = gjson.Get(value, "source").Raw // where RedPajama keeps it
			}
			if j.opts.KeepMeta {
				meta = appendField(meta, key, value)
			}
		}
	})
	switch {
	case text == "":
		return fmt.Sprintf("no field %q", j.opts.TextField)
	case jsonKind(text) != "string":
		return fmt.Sprintf("field %q is a JSON %s, want a string", j.opts.TextField, jsonKind(text))
	}
	for _, s := range []string{metaSource, source} { // the record's own field goes before
		if len(s) > len(`""`) && s[0] == '"' {
			d.Source = stringOrRaw(s)
		}
	}
	if meta != nil {
		d.Meta = append(meta, '}')
	}
	d.Text = unquote(make([]byte, 0, len(text)), text[1:len(text)-1])
	return ""
}

// eachField calls f with the raw JSON of every key and value of a valid object.
func eachField(object string, f func(key, value string)) {
	for i := 1; ; {
		i += space(object[i:])
		switch object[i] {
		case '}':
			return
		case ',':
			i++
			continue
		}
		key := object[i : i+valueLen(object[i:])]
		i += len(key)
		i += space(object[i:]) + len(":")
		i += space(object[i:])
		value := object[i : i+valueLen(object[i:])]
		i += len(value)
		f(key, value)
	}
}

func space(s string) (n int) {
	for s[n] == ' ' || s[n] == '\t' || s[n] == '\r' || s[n] == '\n' {
		n++
	}
	return n
}

// valueLen returns the length of the JSON value that s, a part of valid JSON, begins with.
func valueLen(s string) int {
	switch s[0] {
	case '"':
		return stringLen(s)
	case '{', '[':
	default: // a number or a name ends where punctuation begins
		return strings.IndexAny(s, ",]} \t\r\n")
	}
	depth := 0
	for i := 0; ; i++ {
		switch s[i] {
		case '"':
			i += stringLen(s[i:]) - 1
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
}

// stringLen returns the length of the JSON string, with its quotes, that s begins with.
func stringLen(s string) int {
	for i := 1; ; i++ {
		i += strings.IndexByte(s[i:], '"')
		escapes := 0
		for s[i-1-escapes] == '\\' {
			escapes++
		}
		if escapes%2 == 0 {
			return i + 1
		}
	}
}

// maxNesting is where encoding/json gives up; gjson recurses without a bound.
const maxNesting = 10000

// invalidJSON says what is wrong with a line, or nothing.
func invalidJSON(line []byte) string {
	deep := bytes.Count(line, []byte("["))+bytes.Count(line, []byte("{")) > maxNesting
	if !deep && gjson.ValidBytes(line) {
		return ""
	}
	var raw json.RawMessage
	err := json.Unmarshal(line, &raw) // the slow way, which knows where and why
	var syntax *json.SyntaxError
	switch {
	case err == nil:
		return ""
	case errors.As(err, &syntax):
		return fmt.Sprintf("invalid JSON at byte %d: %v", syntax.Offset, err)
	}
	return fmt.Sprintf("invalid JSON: %v", err)
}

func appendField(meta []byte, key, value string) []byte {
	sep := byte(',')
	if meta == nil {
		sep = '{'
	}
	meta = append(append(meta, sep), key...)
	return append(append(meta, ':'), value...)
}

// stringOrRaw copies a value: the text of a string, the JSON of anything else, nothing for null.
func stringOrRaw(v string) string {
	switch v[0] {
	case 'n':
		return ""
	case '"':
		return string(unquote(nil, v[1:len(v)-1]))
	}
	return strings.Clone(v)
}

// jsonKind names the kind of a value.
func jsonKind(v string) string {
	switch v[0] {
	case '{':
		return "object"
	case '[':
		return "array"
	case '"':
		return "string"
	case 't', 'f':
		return "boolean"
	case 'n':
		return "null"
	}
	return "number"
}

// unquote appends the value of a valid JSON string, given without its quotes. Bytes that are not UTF-8 stay as they
// are. Half a surrogate pair, which no UTF-8 can express, becomes the three bytes UTF-8's scheme would give it (WTF-8),
// and so is counted as invalid.
func unquote(dst []byte, s string) []byte {
	for i := 0; i < len(s); {
		next := strings.IndexByte(s[i:], '\\')
		if next < 0 {
			return append(dst, s[i:]...)
		}
		next += i
		dst = append(dst, s[i:next]...)
		i = next + 2
		switch c := s[next+1]; c {
		case 'b':
			dst = append(dst, '\b')
		case 'f':
			dst = append(dst, '\f')
		case 'n':
			dst = append(dst, '\n')
		case 'r':
			dst = append(dst, '\r')
		case 't':
			dst = append(dst, '\t')
		case 'u':
			var n int
			dst, n = appendEscape(dst, s[next:])
			i = next + n
		default: // quote, backslash, slash
			dst = append(dst, c)
		}
	}
	return dst
}

// appendEscape appends the character of the \uXXXX, or pair of them, that s begins with, and returns its length in s.
func appendEscape(dst []byte, s string) ([]byte, int) {
	r := hex4(s[2:6])
	if !utf16.IsSurrogate(r) {
		return utf8.AppendRune(dst, r), 6
	}
	if len(s) >= 12 && s[6] == '\\' && s[7] == 'u' {
		if full := utf16.DecodeRune(r, hex4(s[8:12])); full != utf8.RuneError {
			return utf8.AppendRune(dst, full), 12
		}
	}
	return append(dst, 0xE0|byte(r>>12), 0x80|byte(r>>6)&0x3F, 0x80|byte(r)&0x3F), 6
}

func hex4(s string) rune {
	n, _ := strconv.ParseUint(s, 16, 16) // the grammar was checked
	return rune(n)
}
