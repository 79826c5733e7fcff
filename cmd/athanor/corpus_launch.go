package main

import (
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/athanor-lm/athanor/corpus/launch"
	"github.com/athanor-lm/athanor/corpus/pipeline"
	"github.com/athanor-lm/athanor/runlog"
)

type corpusLaunchCmd struct {
	Slurm corpusSlurmCmd `cmd:"" help:"Write sbatch scripts: an array job for each stage, merge jobs between them, and one that submits them."`
}

// Help is shown by athanor corpus launch --help.
func (*corpusLaunchCmd) Help() string {
	return `Examples:
  athanor corpus launch slurm recipe.yaml --ranks 64 --cpus 8 --mem 16GiB
  athanor corpus launch slurm recipe.yaml --sbatch=--constraint=cascadelake -o jobs && jobs/submit.sh`
}

type corpusSlurmCmd struct {
	Recipe string   `arg:"" type:"existingfile" help:"The recipe, a YAML file."`
	Set    []string `help:"Change a key of the recipe outside its inputs and steps; may be given several times." placeholder:"KEY=VALUE" sep:"none"`

	Out       string        `short:"o" placeholder:"DIR" help:"Directory for the scripts and the jobs' logs (default: slurm in the recipe's out)."`
	Ranks     int           `default:"16" help:"Processes of an array job."`
	AtOnce    int           `default:"0" help:"Of them at once; 0 = as many as Slurm gives."`
	CPUs      int           `name:"cpus" default:"4" help:"Processors of each process."`
	Mem       byteSize      `default:"8GiB" help:"Memory of each process."`
	MergeMem  byteSize      `default:"0" help:"Memory of a merge; 0 = the recipe's memory and 2 GiB."`
	Time      time.Duration `default:"0s" help:"Time limit of each job, such as 4h; 0 = the partition's."`
	Partition string        `short:"p" help:"Slurm partition."`
	Account   string        `short:"A" help:"Slurm account."`
	Sbatch    []string      `placeholder:"--OPTION=VALUE" sep:"none" help:"Further sbatch directive, such as --constraint=cascadelake. May be repeated."`
	Binary    string        `placeholder:"PATH" help:"The program on the nodes (default: this one)."`
}

// Help is shown by athanor corpus launch slurm --help.
func (*corpusSlurmCmd) Help() string {
	return `Recipe, inputs, output and program must lie on a file system that all nodes share. Jobs start when those before them have ended well;
a job that fails stops the chain. Submitting again goes on: what is done is not done again.

Examples:
  athanor corpus launch slurm recipe.yaml --ranks 64 --cpus 8 --mem 16GiB --time 6h -p cpu -A lab
  athanor corpus launch slurm recipe.yaml --set out=/scratch/clean -o jobs --at-once 8 && jobs/submit.sh`
}

func (l *corpusSlurmCmd) Run(c *cliContext) error {
	recipe, err := pipeline.LoadRecipe(l.Recipe, l.Set)
	if err != nil {
		return err
	}
	p, err := pipeline.Open(recipe, pipeline.Options{Creator: "athanor " + version})
	if err != nil {
		return err
	}
	s := launch.Slurm{Name: recipe.Name, Stages: p.Stages(), WritesByTask: p.WritesByTask(), Ranks: min(l.Ranks, p.Tasks()), AtOnce: l.AtOnce, CPUs: l.CPUs,
		Mem: int64(l.Mem), MergeMem: int64(l.MergeMem), Time: l.Time, Partition: l.Partition, Account: l.Account, Lines: l.Sbatch, Binary: l.Binary}
	if s.MergeMem == 0 {
		s.MergeMem = int64(recipe.Memory) + 2<<30
	}
	if s.MergeMem < int64(recipe.Memory) || s.Mem < int64(recipe.Memory)/2 {
		return fmt.Errorf("--mem %s, --merge-mem %s: the recipe's memory is %s, which a merge needs, and half of which other processes do",
			runlog.Bytes(s.Mem), runlog.Bytes(s.MergeMem), runlog.Bytes(int64(recipe.Memory)))
	}
	for _, set := range l.Set {
		s.Args = append(s.Args, "--set="+set)
	}
	if s.Recipe, err = filepath.Abs(l.Recipe); err != nil {
		return err
	}
	if s.Dir, err = os.Getwd(); err != nil {
		return err
	}
	if s.Binary == "" {
		if s.Binary, err = os.Executable(); err != nil {
			return err
		}
	}
	dir := l.Out
	if dir == "" {
		dir = filepath.Join(recipe.Out, "slurm")
	}
	scripts, err := s.Write(dir)
	if err != nil {
		return err
	}
	fmt.Fprintf(c.stdout, "%d scripts for %s in %s\nSubmit them with: %s\n", len(scripts), numberOf(p.Tasks(), "task"), dir, filepath.Join(dir, "submit.sh"))
	return nil
}
