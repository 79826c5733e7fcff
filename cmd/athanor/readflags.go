package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/athanor-lm/athanor/corpus/read"
)

// readFlags say how files become documents, wherever text is read.
type readFlags struct {
	TextField string   `default:"text" placeholder:"NAME" help:"JSON field that holds the text."`
	Separator string   `placeholder:"LINE" help:"Cut text files into documents at lines that consist of this."`
	Format    string   `enum:",text,markdown,jsonl,parquet,mail,html,warc,wet,source" default:"" placeholder:"NAME" help:"Read every file as this format, whatever its name: text, markdown, jsonl, parquet, mail, html, warc, wet or source."`
	Ext       []string `aliases:"extensions" placeholder:".EXT" help:"Take only these extensions from directories. May be repeated."`
	MaxRecord int      `default:"268435456" placeholder:"BYTES" help:"Set aside JSON lines and texts larger than this."`
}

func (r *readFlags) options() read.Options {
	o := read.Options{Format: r.Format, TextField: r.TextField, Separator: r.Separator, MaxRecord: r.MaxRecord}
	for _, e := range r.Ext {
		o.Extensions = append(o.Extensions, "."+strings.TrimPrefix(e, ".")) // "go" is ".go"
	}
	return o
}

// printLeftOut names the files of a directory, and the records of web archives, that are no text this program reads.
func printLeftOut(w io.Writer, st read.Stats) {
	if len(st.LeftOut) > 0 {
		fmt.Fprintf(w, "files left out, as their format is not read: %s\n", read.ByExtension(st.LeftOut))
	}
	if len(st.LeftOutRecords) > 0 {
		fmt.Fprintf(w, "records left out, as they hold no page: %s\n", read.ByExtension(st.LeftOutRecords))
	}
}
