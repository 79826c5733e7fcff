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
}

// formats are looked up by extension, behind that of a compression.
var formats = []*format{
	{"text", []string{".txt", ".text", ".rst"}, openText},
	{"markdown", []string{".md", ".markdown"}, openMarkdown},
	{"jsonl", []string{".jsonl", ".ndjson"}, openJSONL},
	{"parquet", []string{".parquet"}, openParquet},
	{"mail", []string{".eml", ".mbox"}, openMail},
	{"source", sourceExtensions(), openSource},
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
