package read

import (
	"bytes"
	"encoding/json"
	"io"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/token"
)

// markdownReader reads a Markdown file, one document.
type markdownReader struct {
	in   *input
	opts *Options
	done bool
}

func openMarkdown(in *input, opts *Options) reader {
	if opts.Separator != "" || opts.Markdown == "raw" {
		return openText(in, opts)
	}
	return &markdownReader{in: in, opts: opts}
}

func (m *markdownReader) next(d *Document) error {
	if m.done {
		return io.EOF
	}
	m.done = true
	data, err := whole(m.in, m.opts)
	if err != nil {
		return err
	}
	d.ID = m.in.file.Name
	if err := d.decode(data, m.opts); err != nil {
		return err
	}
	meta, body := frontMatter(d.Text)
	d.Text = body
	if m.opts.Markdown == "plain" {
		if reason := markdownReason(d.Text); reason != "" {
			return &badRecord{reason: reason, head: bytes.Clone(d.Text[:min(len(d.Text), headBytes)])}
		}
		d.Text = plainMarkdown(d.Text)
	}
	d.describe(meta, m.opts)
	return nil
}

// describe takes what a file says of itself: the fields that documents have, the rest into Meta.
func (d *Document) describe(fields map[string]any, opts *Options) {
	for key, into := range map[string]*string{"lang": &d.Lang, "language": &d.Lang, "url": &d.URL} {
		if s, ok := fields[key].(string); ok && s != "" {
			*into = s
			delete(fields, key)
		}
	}
	if s, ok := fields["synthetic"].(bool); ok {
		d.Synthetic = s
		delete(fields, "synthetic")
	}
	if opts.KeepMeta && len(fields) > 0 {
		d.Meta, _ = json.Marshal(fields) // whoever made the fields made sure that they can be JSON
	}
}

// mostFrontMatter is the size in bytes above which what is between two lines of dashes is text.
const mostFrontMatter = 64 << 10

// frontMatter splits the YAML between two lines "---" at the beginning of a text from the rest. What is no YAML mapping is
// no front matter, but two rules and what is between them.
func frontMatter(text []byte) (fields map[string]any, body []byte) {
	first, rest, ok := bytes.Cut(text, []byte("\n"))
	if !ok || string(bytes.TrimRight(first, " \t\r")) != "---" {
		return nil, text
	}
	at := 0
	for at < min(len(rest), mostFrontMatter) {
		line, _, _ := bytes.Cut(rest[at:], []byte("\n"))
		end := min(at+len(line)+1, len(rest))
		switch string(bytes.TrimRight(line, " \t\r")) {
		case "---", "...":
			if fields, ok = yamlFields(rest[:at]); !ok {
				return nil, text
			}
			return fields, bytes.TrimLeft(rest[end:], "\r\n")
		}
		at = end
	}
	return nil, text
}

// mostWithin is how deep lists and mappings of a front matter may lie within each other; the lexer's time grows with the square of it.
const mostWithin = 100

// yamlFields reads a mapping that can be written as JSON. One with aliases, which can make much out of little, is none.
func yamlFields(data []byte) (fields map[string]any, ok bool) {
	within := 0
	for _, c := range data {
		switch c {
		case '[', '{':
			within++
		case ']', '}':
			within = max(0, within-1)
		}
		if within > mostWithin {
			return nil, false
		}
	}
	for _, t := range lexer.Tokenize(string(data)) {
		if t.Type == token.AliasType || t.Type == token.MergeKeyType {
			return nil, false
		}
	}
	if yaml.Unmarshal(data, &fields) != nil || fields == nil && len(bytes.TrimSpace(data)) > 0 {
		return nil, false
	}
	_, err := json.Marshal(fields) // it has neither infinities nor keys that are no strings
	return fields, err == nil
}
