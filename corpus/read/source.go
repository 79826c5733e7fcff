package read

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"path"
	"slices"
	"strings"
)

// sourceReader reads a file of a source tree, one document, and says of it in Meta what a recipe may choose by: language,
// license where a header names one, generated where nobody wrote it, with the reason.
type sourceReader struct {
	in   *input
	opts *Options
	done bool
}

func openSource(in *input, opts *Options) reader {
	if opts.Separator != "" {
		return openText(in, opts)
	}
	return &sourceReader{in: in, opts: opts}
}

func (s *sourceReader) next(d *Document) error {
	if s.done {
		return io.EOF
	}
	s.done = true
	data, err := whole(s.in, s.opts)
	if err != nil {
		return err
	}
	d.ID = s.in.file.Name
	if err := d.decode(data, s.opts); err != nil || !s.opts.KeepMeta {
		return err
	}
	name := stripped(s.in.file.Name)
	d.Meta, err = json.Marshal(struct {
		Language  string `json:"language,omitempty"`
		License   string `json:"license,omitempty"`
		Generated string `json:"generated,omitempty"`
	}{languages[strings.ToLower(path.Ext(name))], license(d.Text), generated(name, d.Text)})
	return err
}

// languages by extension, named as GitHub's linguist names them. Where an extension has several, the most usual one.
var languages = map[string]string{
	".go": "Go", ".s": "Assembly", ".c": "C", ".h": "C", ".cc": "C++", ".cpp": "C++", ".cxx": "C++", ".hh": "C++", ".hpp": "C++",
	".cu": "Cuda", ".cuh": "Cuda", ".rs": "Rust", ".zig": "Zig", ".swift": "Swift", ".java": "Java", ".kt": "Kotlin",
	".scala": "Scala", ".cs": "C#", ".fs": "F#", ".py": "Python", ".pyi": "Python", ".rb": "Ruby", ".pl": "Perl", ".pm": "Perl",
	".php": "PHP", ".lua": "Lua", ".r": "R", ".jl": "Julia", ".js": "JavaScript", ".jsx": "JavaScript", ".mjs": "JavaScript",
	".ts": "TypeScript", ".tsx": "TSX", ".vue": "Vue", ".css": "CSS", ".scss": "SCSS", ".sh": "Shell", ".bash": "Shell",
	".sql": "SQL", ".hs": "Haskell", ".ml": "OCaml", ".mli": "OCaml", ".ex": "Elixir", ".exs": "Elixir", ".erl": "Erlang",
	".clj": "Clojure", ".el": "Emacs Lisp", ".lisp": "Common Lisp", ".scm": "Scheme", ".f90": "Fortran",
	".proto": "Protocol Buffer", ".tex": "TeX", ".cmake": "CMake", ".toml": "TOML", ".yaml": "YAML", ".yml": "YAML",
	".dart": "Dart", ".groovy": "Groovy", ".ps1": "PowerShell", ".sol": "Solidity", ".nim": "Nim", ".sv": "SystemVerilog",
	".vhd": "VHDL", ".asm": "Assembly", ".gradle": "Gradle", ".tf": "HCL", ".svelte": "Svelte", ".less": "Less", ".rkt": "Racket",
	".lean": "Lean", ".nix": "Nix",
}

func sourceExtensions() []string { return slices.Sorted(maps.Keys(languages)) }

// headerBytes is where a licence is looked for: at the head of a file.
const headerBytes = 4096

// license names the licence of a file's header by its SPDX identifier: the one the header gives, or the one whose words
// it has; "" where it has none.
func license(text []byte) string {
	head := text[:min(len(text), headerBytes)]
	if _, id, ok := bytes.Cut(head, []byte("SPDX-License-Identifier:")); ok {
		line, _, _ := bytes.Cut(id, []byte("\n"))
		return spdx(string(line))
	}
	flat := flatten(head)
	for _, l := range licenses {
		if containsAll(flat, l.words) {
			return l.id
		}
	}
	return ""
}

// spdx cuts the end of a comment off an SPDX expression.
func spdx(line string) string {
	for _, end := range []string{"*/", "-->", "*)", "#}", "%>"} {
		line, _, _ = strings.Cut(line, end)
	}
	line = strings.Trim(line, " \t\r\"';,")
	return line[:min(len(line), 100)]
}

// licenses by words of their headers, in lower case without marks of comments, the more particular ones first.
var licenses = []struct {
	id    string
	words []string
}{
	{"Apache-2.0", []string{"licensed under the apache license, version 2.0"}},
	{"Apache-2.0", []string{"apache.org/licenses/license-2.0"}},
	{"AGPL-3.0-or-later", []string{"gnu affero general public license", "any later version"}},
	{"AGPL-3.0-only", []string{"gnu affero general public license"}},
	{"LGPL-3.0-or-later", []string{"gnu lesser general public license", "version 3", "any later version"}},
	{"LGPL-2.1-or-later", []string{"gnu lesser general public license", "any later version"}},
	{"LGPL-2.0-or-later", []string{"gnu library general public license", "any later version"}},
	{"GPL-3.0-or-later", []string{"gnu general public license", "version 3", "any later version"}},
	{"GPL-2.0-or-later", []string{"gnu general public license", "version 2", "any later version"}},
	{"GPL-3.0-only", []string{"gnu general public license", "version 3"}},
	{"GPL-2.0-only", []string{"gnu general public license", "version 2"}},
	{"MPL-2.0", []string{"mozilla public license", "2.0"}},
	{"EPL-2.0", []string{"eclipse public license", "2.0"}},
	{"BSL-1.0", []string{"boost software license"}},
	{"Unlicense", []string{"released into the public domain", "unlicense.org"}},
	{"MulanPSL-2.0", []string{"mulan psl v2"}},
	{"MIT", []string{"permission is hereby granted, free of charge, to any person obtaining a copy", "without restriction"}},
	{"MIT", []string{"mit license"}},
	{"BSD-3-Clause", []string{"redistribution and use in source and binary forms", "neither the name"}},
	{"BSD-2-Clause", []string{"redistribution and use in source and binary forms"}},
	{"ISC", []string{"permission to use, copy, modify, and/or distribute this software for any purpose"}},
	{"BSD", []string{"bsd-style license"}},
	{"BSD", []string{"bsd license"}},
}

// flatten makes words of a header comparable: lower case, one space between them, no marks of comments.
func flatten(head []byte) string {
	words := strings.FieldsFunc(strings.ToLower(string(head)), func(r rune) bool { return r <= ' ' || r == '*' || r == '#' })
	kept := words[:0]
	for _, w := range words {
		if w != "//" && w != "/" && w != "--" && w != ";;" && w != "%" && w != "\"" {
			kept = append(kept, w)
		}
	}
	return strings.Join(kept, " ")
}

func containsAll(s string, words []string) bool {
	for _, w := range words {
		if !strings.Contains(s, w) {
			return false
		}
	}
	return true
}

// Lines of a minified file: GitHub's linguist takes scripts and style sheets with more than 110 bytes a line on average
// for that; no person writes lines of thousands of bytes.
const (
	minifiedMean = 110
	minifiedMax  = 5000
	minifiedFrom = 1000 // bytes of a file that is looked at
)

// generated says what shows that nobody wrote a file by hand; "" where nothing does.
func generated(name string, text []byte) string {
	head := text[:min(len(text), headerBytes)]
	for line := range bytes.Lines(head) {
		if !isComment(line) { // a generator holds the words in a string
			continue
		}
		lower := bytes.ToLower(line)
		switch {
		case bytes.Contains(line, []byte("Code generated ")) && bytes.Contains(line, []byte("DO NOT EDIT")): // Go's rule
			return "code generated, do not edit"
		case bytes.Contains(line, []byte("@generated")):
			return "@generated"
		case bytes.Contains(lower, []byte("generated by the protocol buffer compiler")), bytes.Contains(lower, []byte("autogenerated by thrift")):
			return "generated by a compiler of interfaces"
		case bytes.Contains(lower, []byte("do not edit")) && (bytes.Contains(lower, []byte("generated")) || bytes.Contains(lower, []byte("automatically"))):
			return "generated, do not edit"
		case bytes.Contains(lower, []byte("this file was automatically generated")), bytes.Contains(lower, []byte("this file is automatically generated")),
			bytes.Contains(lower, []byte("automatically generated by")), bytes.Contains(lower, []byte("<auto-generated")):
			return "automatically generated"
		}
	}
	if minified(name, text) {
		return "minified"
	}
	return ""
}

// isComment tells a line that begins as a comment does in some language.
func isComment(line []byte) bool {
	line = bytes.TrimLeft(line, " \t\ufeff")
	for _, mark := range []string{"//", "/*", "*", "#", "--", ";", "%", "<!--", `"""`, "(*", "{-", "{{!", "@", "'", "REM "} {
		if bytes.HasPrefix(line, []byte(mark)) {
			return true
		}
	}
	return false
}

func minified(name string, text []byte) bool {
	if len(text) < minifiedFrom {
		return false
	}
	longest, lines := 0, 0
	for line := range bytes.Lines(text) {
		longest = max(longest, len(line))
		lines++
	}
	switch strings.ToLower(path.Ext(name)) {
	case ".js", ".mjs", ".css":
		if strings.Contains(name, ".min.") || len(text) > minifiedMean*lines {
			return true
		}
	case ".tex", ".yaml", ".yml", ".sql": // a line may be a paragraph, a row of data
		return false
	}
	return longest > minifiedMax
}
