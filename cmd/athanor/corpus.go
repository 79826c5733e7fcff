package main

type corpusCmd struct {
	Run corpusRunCmd `cmd:"" help:"Run a recipe: from files to clean, mixed documents and token shards."`
}

// Help is shown by athanor corpus --help.
func (*corpusCmd) Help() string {
	return `Examples:
  athanor corpus run examples/corpus-english-web.yaml`
}
