package main

type tokenizerCmd struct {
	Train   tokenizerTrainCmd   `cmd:"" help:"Train a tokenizer on text, JSON Lines or source trees."`
	Encode  tokenizerEncodeCmd  `cmd:"" help:"Turn text into token ids, or show how it is cut."`
	Decode  tokenizerDecodeCmd  `cmd:"" help:"Turn token ids into text."`
	Info    tokenizerInfoCmd    `cmd:"" help:"Describe a tokenizer."`
	Compare tokenizerCompareCmd `cmd:"" help:"Compare tokenizers on texts: size, fertility, losses, speed."`
}

// Help is shown by athanor tokenizer --help.
func (*tokenizerCmd) Help() string {
	return `Examples:
  athanor tokenizer train books/ -o tok -v 16384
  athanor tokenizer encode tok book.txt --count`
}
