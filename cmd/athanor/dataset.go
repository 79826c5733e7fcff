package main

import (
	"encoding/json"
	"io"
)

type datasetCmd struct {
	Build datasetBuildCmd `cmd:"" help:"Encode text into token shards for training."`
	Info  datasetInfoCmd  `cmd:"" help:"Show what a dataset holds, and check it."`
}

// Help is shown by athanor dataset --help.
func (*datasetCmd) Help() string {
	return `Examples:
  athanor dataset build --tokenizer tok --out data/books books/
  athanor dataset info data/books --sample 3`
}

func printJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}
