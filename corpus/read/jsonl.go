package read

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/athanor-lm/athanor/corpus/charset"
	"github.com/tidwall/gjson"
)

// jsonlReader reads one JSON object a line: {"text": …, "id": …, "source": …, "lang": …, "url": …, "synthetic": …, "meta": {…}, …}.
//
// encoding/json replaces invalid UTF-8 by U+FFFD, which would change the text without a word. So the fields are found,
// checked and unquoted here, byte for byte; encoding/json explains what is wrong with a line that does not pass.
//
// JSON is UTF-8. A line that is not is read in the character set that explains it, as a text is; one that nothing explains is
// damaged UTF-8.
type jsonlReader struct {
	in    *input
	lines *lines // nil before the first
	hint  string // the character set of the beginning
	file  *File
	opts  *Options
}

func openJSONL(in *input, opts *Options) reader {
	return &jsonlReader{in: in, file: in.file, opts: opts}
}

// line returns the next line, as lines.next does.
func (j *jsonlReader) line() (line []byte, size int64, err error) {
	if j.lines == nil {
		in := io.Reader(j.in)
		if j.in.os != nil { // one must not wait for much of what somebody types
			if in, j.hint, err = narrow(j.in, j.opts); err != nil {
				return nil, 0, err
			}
		}
		j.lines = newLines(in, j.opts.MaxRecord)
	}
	return j.lines.next()
}

func (j *jsonlReader) next(d *Document) error {
	for {
		line, size, err := j.line()
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
		if reason := j.decoded(line, d); reason != "" {
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

// decoded fills d from one line in whatever character set it is, or says why it cannot.
func (j *jsonlReader) decoded(line []byte, d *Document) (reason string) {
	if j.opts.Charset != "auto" {
		return j.readAs(j.opts.Charset, line, d)
	}
	reason = j.record(line, d)
	if reason == "" && d.check() || validUTF8(line) {
		return reason
	}
	name := detect(line, []string{j.hint})
	if name == charset.UTF8 {
		return reason
	}
	other := Document{Source: j.file.Source}
	if j.readAs(name, line, &other) != "" {
		return reason
	}
	*d = other
	return ""
}

// readAs fills d from one line in a character set.
func (j *jsonlReader) readAs(name string, line []byte, d *Document) (reason string) {
	if name == charset.UTF8 || name == "utf-16le" || name == "utf-16be" { // the latter was decoded with the file
		return j.record(line, d)
	}
	text, _, err := charset.Decode(line, name)
	if err != nil {
		return err.Error()
	}
	reason = j.record(text, d)
	d.charset, d.invalid, d.checked = name, int64(bytes.Count(d.Text, []byte("\ufffd"))), true
	return reason
}

// record fills d from one line, or says why it cannot.
func (j *jsonlReader) record(line []byte, d *Document) (reason string) {
	if line[0] != '{' {
		if reason := invalidJSON(line); reason != "" {
			return reason
		}
		return fmt.Sprintf("a JSON %s, want an object", jsonKind(line))
	}
	var source, metaSource, url, metaURL, meta []byte
	textKind := "" // "" = there is none
	valid := eachField(line, func(key, rest []byte) int {
		name := stringOrRaw(key)
		if name == j.opts.TextField && len(rest) > 0 && rest[0] == '"' {
			var n int
			textKind = "string"
			d.Text, n = unquoteText(rest)
			return n
		}
		n := jsonValue(rest, 1)
		if n < 0 {
			return n
		}
		switch value := rest[:n]; {
		case name == j.opts.TextField:
			textKind = jsonKind(value)
		case name == "id":
			d.ID = stringOrRaw(value)
		case name == "source":
			source = value
		case name == "lang", name == "language":
			d.Lang = stringOrRaw(value)
		case (name == "url" || name == "URL") && value[0] == '"':
			url = value
		case name == "synthetic" && (value[0] == 't' || value[0] == 'f'):
			d.Synthetic = value[0] == 't'
		default:
			if name == "meta" || name == "metadata" { // where RedPajama and Dolma keep them
				metaSource = []byte(gjson.GetBytes(value, "source").Raw)
				metaURL = []byte(gjson.GetBytes(value, "url").Raw)
				d.Synthetic = d.Synthetic || gjson.GetBytes(value, "synthetic").Type == gjson.True
			}
			if j.opts.KeepMeta {
				meta = appendField(meta, key, value)
			}
		}
		return n
	})
	switch {
	case !valid:
		return cmp.Or(invalidJSON(line), "invalid JSON")
	case textKind == "":
		return fmt.Sprintf("no field %q", j.opts.TextField)
	case textKind != "string":
		return fmt.Sprintf("field %q is a JSON %s, want a string", j.opts.TextField, textKind)
	}
	firstString(&d.Source, source, metaSource) // the record's own field goes before
	firstString(&d.URL, url, metaURL)
	if meta != nil {
		d.Meta = append(meta, '}')
	}
	return ""
}

// firstString sets s to the first of the values that is a string with something in it.
func firstString(s *string, values ...[]byte) {
	for _, v := range values {
		if len(v) > len(`""`) && v[0] == '"' {
			*s = stringOrRaw(v)
			return
		}
	}
}

// eachField calls f with the raw JSON of each key of an object and what begins with its value, of which f returns the
// length, or -1 where it is invalid. The result tells whether the object is valid and all there is.
func eachField(object []byte, f func(key, rest []byte) int) bool {
	i := 1 + jsonSpace(object[1:])
	if i < len(object) && object[i] == '}' {
		return i+1 == len(object)
	}
	for {
		key, n := jsonKey(object[i:])
		if n < 0 {
			return false
		}
		value := f(object[i:i+key], object[i+n:])
		if value < 0 {
			return false
		}
		i += n + value
		i += jsonSpace(object[i:])
		switch {
		case i == len(object):
			return false
		case object[i] == '}':
			return i+1 == len(object)
		case object[i] != ',':
			return false
		}
		i++
		i += jsonSpace(object[i:])
	}
}

// unquoteText returns the value of the JSON string that s begins with, and its length in s, -1 where it is invalid. It
// looks at every byte once: a document's text is nearly all of its line.
func unquoteText(s []byte) (text []byte, n int) {
	text = make([]byte, 0, len(s))
	for i := 1; ; {
		plain := plainBytes(s[i:])
		text = append(text, s[i:i+plain]...)
		i += plain
		switch {
		case i == len(s) || s[i] < ' ':
			return nil, -1
		case s[i] == '"':
			if len(text) < cap(text)/2 { // other fields came behind it
				text = bytes.Clone(text)
			}
			return text, i + 1
		case jsonEscape(s[i:]) < 0:
			return nil, -1
		}
		text, n = appendEscape(text, s[i:])
		i += n
	}
}

// invalidJSON says what is wrong with a line, or nothing.
func invalidJSON(line []byte) string {
	var raw json.RawMessage
	err := json.Unmarshal(line, &raw)
	var syntax *json.SyntaxError
	switch {
	case err == nil:
		return ""
	case errors.As(err, &syntax):
		return fmt.Sprintf("invalid JSON at byte %d: %v", syntax.Offset, err)
	}
	return fmt.Sprintf("invalid JSON: %v", err)
}

func appendField(meta, key, value []byte) []byte {
	sep := byte(',')
	if meta == nil {
		sep = '{'
	}
	meta = append(append(meta, sep), key...)
	return append(append(meta, ':'), value...)
}

// stringOrRaw copies a value: the text of a string, the JSON of anything else, nothing for null.
func stringOrRaw(v []byte) string {
	switch v[0] {
	case 'n':
		return ""
	case '"':
		return string(unquote(nil, v[1:len(v)-1]))
	}
	return string(v)
}

// jsonKind names the kind of a value.
func jsonKind(v []byte) string {
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

// unquote appends the value of a valid JSON string, given without its quotes. Bytes that are not UTF-8 stay as they are.
func unquote(dst, s []byte) []byte {
	for len(s) > 0 {
		plain := bytes.IndexByte(s, '\\')
		if plain < 0 {
			return append(dst, s...)
		}
		var n int
		dst, n = appendEscape(append(dst, s[:plain]...), s[plain:])
		s = s[plain+n:]
	}
	return dst
}

// appendEscape appends the character of the escape, or pair of them, that s begins with, and returns its length in s.
// Half a surrogate pair, which no UTF-8 can express, becomes the three bytes UTF-8's scheme would give it (WTF-8), and so
// is counted as invalid.
func appendEscape(dst, s []byte) ([]byte, int) {
	switch c := s[1]; c {
	case 'b':
		return append(dst, '\b'), 2
	case 'f':
		return append(dst, '\f'), 2
	case 'n':
		return append(dst, '\n'), 2
	case 'r':
		return append(dst, '\r'), 2
	case 't':
		return append(dst, '\t'), 2
	case 'u':
	default: // quote, backslash, slash
		return append(dst, c), 2
	}
	r := hex4(s[2:6])
	if !utf16.IsSurrogate(r) {
		return utf8.AppendRune(dst, r), 6
	}
	if len(s) >= 12 && s[6] == '\\' && jsonEscape(s[6:]) == 6 {
		if full := utf16.DecodeRune(r, hex4(s[8:12])); full != utf8.RuneError {
			return utf8.AppendRune(dst, full), 12
		}
	}
	return append(dst, 0xE0|byte(r>>12), 0x80|byte(r>>6)&0x3F, 0x80|byte(r)&0x3F), 6
}

func hex4(s []byte) rune {
	n, _ := strconv.ParseUint(string(s), 16, 16) // the grammar was checked
	return rune(n)
}
