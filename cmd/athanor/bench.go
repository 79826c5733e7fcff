package main

type benchCmd struct {
	Kernels   benchKernelsCmd   `cmd:"" help:"Time matrix products, attention and vector kernels beside the machine's peak."`
	Train     benchTrainCmd     `cmd:"" help:"Time training steps of a model on random tokens."`
	Tokenizer benchTokenizerCmd `cmd:"" help:"Time encoding and decoding of a text."`
}

// Help is shown by athanor bench --help.
func (*benchCmd) Help() string {
	return `Examples:
  athanor bench kernels --only gemm
  athanor bench train --preset gpt2 --ctx 512 --batch 2`
}
