package main

import (
	"errors"
	"fmt"

	"github.com/athanor-lm/athanor/pretrained"
	"github.com/athanor-lm/athanor/runlog"
)

type exportCmd struct {
	Model     string `arg:"" help:"A run, a checkpoint or a Hugging Face directory."`
	Out       string `short:"o" required:"" placeholder:"DIR" help:"The Hugging Face directory to write."`
	DType     string `name:"dtype" enum:"f32,bf16,f16" default:"f32" help:"Type of the stored weights: f32, bf16 or f16."`
	ShardSize int64  `default:"5000" help:"Largest weights file in MB." placeholder:"MB"`
	Overwrite bool   `help:"Replace a model that was exported there before."`
}

// Help is shown by athanor export --help.
func (*exportCmd) Help() string {
	return `Writes config.json, model.safetensors (in shards where larger than --shard-size), the tokenizer and
generation_config.json, as transformers reads them.

Examples:
  athanor export runs/shakespeare-char --out exported/
  athanor export runs/english-30m/checkpoints/step-00000400 --out exported/ --dtype bf16 --overwrite`
}

func (e *exportCmd) Run(c *cliContext) error {
	if e.ShardSize < 1 {
		return fmt.Errorf("--shard-size %d: want at least 1 MB", e.ShardSize)
	}
	src, err := pretrained.Open(e.Model)
	if err != nil {
		return err
	}
	for _, note := range src.Notes {
		fmt.Fprintln(c.stderr, "athanor:", note)
	}
	err = src.Export(e.Out, pretrained.ExportOptions{DType: e.DType, MaxShardBytes: e.ShardSize * 1e6, Overwrite: e.Overwrite})
	if err := errors.Join(err, src.Close()); err != nil {
		return err
	}
	_, err = fmt.Fprintf(c.stdout, "%s: %s parameters as %s\n", e.Out, runlog.Count(float64(src.Config.NumParams())), e.DType)
	return err
}
