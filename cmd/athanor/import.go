package main

import (
	"errors"
	"fmt"

	"github.com/athanor-lm/athanor/pretrained"
	"github.com/athanor-lm/athanor/runlog"
)

type importCmd struct {
	Model string `arg:"" help:"A Hugging Face directory of a GPT-2, LLaMA, Qwen2, Qwen3, Mistral or SmolLM model."`
	Out   string `short:"o" required:"" placeholder:"DIR" help:"The run directory to make: a checkpoint at step 0 with its tokenizer."`
}

// Help is shown by athanor import --help.
func (*importCmd) Help() string {
	return `Checks every tensor and writes a run directory that generate, export and model.init_from take.
(They take the Hugging Face directory itself, too; importing makes a checksummed copy of your own.)

Examples:
  athanor import SmolLM-135M/ --out models/smollm
  athanor import gpt2/ --out models/gpt2 && athanor generate models/gpt2 --prompt "Once"`
}

func (i *importCmd) Run(c *cliContext) error {
	src, err := pretrained.Open(i.Model)
	if err != nil {
		return err
	}
	err = src.Import(i.Out)
	if err := errors.Join(err, src.Close()); err != nil {
		return err
	}
	_, err = fmt.Fprintf(c.stdout, "%s: %s, %s parameters\n", i.Out, src.Config.Family, runlog.Count(float64(src.Config.NumParams())))
	return err
}
