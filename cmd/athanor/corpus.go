package main

type corpusCmd struct {
	Run           corpusRunCmd           `cmd:"" help:"Run a recipe: from files to clean, mixed documents and token shards."`
	Plan          corpusPlanCmd          `cmd:"" help:"Show what a recipe would do, and how much of each source its mix would take."`
	Report        corpusReportCmd        `cmd:"" help:"Show what a run of a recipe did, and write it as a page with charts."`
	Inspect       corpusInspectCmd       `cmd:"" help:"Show what every rule of a recipe says about one document."`
	Launch        corpusLaunchCmd        `cmd:"" help:"Write the scripts that run a recipe on a cluster."`
	Classify      corpusClassifyCmd      `cmd:"" help:"Classifiers of documents: quality, toxicity, domain."`
	Perplexity    corpusPerplexityCmd    `cmd:"" help:"Language models of n-grams: how odd documents are."`
	Decontaminate corpusDecontaminateCmd `cmd:"" help:"Show which items of benchmarks documents hold."`
}

// Help is shown by athanor corpus --help.
func (*corpusCmd) Help() string {
	return `Examples:
  athanor corpus plan examples/corpus-english-web.yaml
  athanor corpus run examples/corpus-english-web.yaml
  athanor corpus launch slurm recipe.yaml --ranks 64 --cpus 8 --mem 16GiB`
}
