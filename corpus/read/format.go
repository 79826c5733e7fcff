package read

import (
	"slices"
	"strings"
)

// format is a kind of file. A new one is a file of this package with its reader, and a row in the table formats.
type format struct {
	name       string
	extensions []string
	open       func(in *input, opts *Options) reader
	members    bool // it takes gzip apart itself, to go on behind a damaged member
}

// formats are looked up by extension, behind that of a compression.
var formats = []*format{
	{"text", []string{".txt", ".text", ".rst"}, openText, false},
	{"markdown", []string{".md", ".markdown"}, openMarkdown, false},
	{"jsonl", []string{".jsonl", ".ndjson"}, openJSONL, false},
	{"parquet", []string{".parquet"}, openParquet, false},
	{"mail", []string{".eml", ".mbox"}, openMail, false},
	{"html", []string{".html", ".htm", ".xhtml"}, openHTML, false},
	{"warc", []string{".warc"}, openWARC, true},
	{"wet", []string{".wet"}, openWARC, true},
	{"source", sourceExtensions(), openSource, false},
}

func formatByExtension(ext string) *format {
	for _, f := range formats {
		if slices.Contains(f.extensions, ext) {
			return f
		}
	}
	return nil
}

func formatByName(name string) *format {
	for _, f := range formats {
		if f.name == name {
			return f
		}
	}
	return nil
}

// Formats are the names of the formats one can ask for (Options.Format).
func Formats() []string {
	var names []string
	for _, f := range formats {
		names = append(names, f.name)
	}
	return names
}

func knownExtensions() string {
	var known []string
	for _, f := range formats {
		if f.name != "source" { // too many to list
			known = append(known, f.extensions...)
		}
	}
	return strings.Join(known, " ") + " and source code, each also with .gz, .zst, .bz2 or .xz"
}

// compressions by their extensions.
var compressions = []struct{ extension, name string }{
	{".gz", "gzip"}, {".zst", "zstd"}, {".bz2", "bzip2"}, {".xz", "xz"},
}

// splitCompression cuts a compression's extension off a name.
func splitCompression(name string) (bare, compression string) {
	lower := strings.ToLower(name)
	for _, c := range compressions {
		if strings.HasSuffix(lower, c.extension) {
			return name[:len(name)-len(c.extension)], c.name
		}
	}
	return name, ""
}
