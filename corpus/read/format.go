package read

import (
	"io"
	"slices"
	"strings"
)

// format is a kind of file.
type format struct {
	name       string
	extensions []string
	open       func(in io.Reader, f *File, opts *Options) reader
}

// formats are looked up by extension, behind .gz or .zst.
var formats = []*format{
	{"text", []string{".txt", ".text", ".md", ".markdown", ".rst"}, openText},
	{"jsonl", []string{".jsonl", ".ndjson"}, openJSONL},
	{"source", []string{
		".go", ".s", ".c", ".h", ".cc", ".cpp", ".cxx", ".hh", ".hpp", ".cu", ".cuh", ".rs", ".zig", ".swift",
		".java", ".kt", ".scala", ".cs", ".fs", ".py", ".pyi", ".rb", ".pl", ".pm", ".php", ".lua", ".r", ".jl",
		".js", ".jsx", ".mjs", ".ts", ".tsx", ".vue", ".css", ".scss", ".sh", ".bash", ".sql", ".hs", ".ml", ".mli",
		".ex", ".exs", ".erl", ".clj", ".el", ".lisp", ".scm", ".f90", ".proto", ".tex", ".cmake", ".toml", ".yaml", ".yml",
	}, openText},
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

// formatNames are the formats one can ask for: a source file differs from a text by its extension alone.
func formatNames() []string { return []string{"text", "jsonl"} }

func knownExtensions() string {
	return strings.Join(append(slices.Clone(formats[0].extensions), formats[1].extensions...), " ") +
		" and source code, each also with .gz or .zst"
}

// splitCompression cuts a compression's extension off a name.
func splitCompression(name string) (bare, compression string) {
	lower := strings.ToLower(name)
	switch {
	case strings.HasSuffix(lower, ".gz"):
		return name[:len(name)-len(".gz")], "gzip"
	case strings.HasSuffix(lower, ".zst"):
		return name[:len(name)-len(".zst")], "zstd"
	}
	return name, ""
}
