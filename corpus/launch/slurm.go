// Package launch writes the scripts that run a recipe as jobs of a cluster.
package launch

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"text/template"
	"time"
)

// Slurm says how a recipe is run under Slurm: an array job for each stage, and between them jobs of one process that merge.
type Slurm struct {
	Recipe string   // its file, absolute
	Args   []string // further arguments of corpus run, such as --set
	Binary string   // the program on the nodes, absolute
	Dir    string   // working directory, absolute: relative paths of the recipe start there
	Name   string   // of the jobs

	Stages       int  // of the recipe; there is a merge after each but the last
	WritesByTask bool // the outputs are written by an array too

	Ranks     int           // processes of an array
	AtOnce    int           // of them at once, 0 = as many as Slurm gives
	CPUs      int           // of each process
	Mem       int64         // bytes of each process of an array
	MergeMem  int64         // bytes of each merge
	Time      time.Duration // limit of each job, 0 = the partition's
	Partition string
	Account   string
	Lines     []string // further directives: "--constraint=cascadelake"
}

// Script is a file to write.
type Script struct{ Name, Text string }

// job is one script's part of the chain.
type job struct {
	*Slurm
	File  string
	Part  string // the flags that choose what it does
	Array bool
	Bytes int64
}

const jobText = `#!/bin/bash
#SBATCH --job-name={{.JobName}}
{{- if .Array}}
#SBATCH --array=0-{{.Last}}{{if .AtOnce}}%{{.AtOnce}}{{end}}
#SBATCH --output={{.Logs}}/%x-%A_%a.log
{{- else}}
#SBATCH --output={{.Logs}}/%x-%j.log
{{- end}}
#SBATCH --chdir={{.Dir}}
#SBATCH --nodes=1
#SBATCH --ntasks=1
#SBATCH --cpus-per-task={{.CPUs}}
#SBATCH --mem={{.MiB}}M
#SBATCH --requeue
{{- if .Time}}
#SBATCH --time={{.Limit}}
{{- end}}
{{- if .Partition}}
#SBATCH --partition={{.Partition}}
{{- end}}
{{- if .Account}}
#SBATCH --account={{.Account}}
{{- end}}
{{- range .Lines}}
#SBATCH {{.}}
{{- end}}

# A job that is killed or requeued does what is left of its part; what is done is not done again.
set -euo pipefail
exec {{.Command}}
`

const submitText = `#!/bin/bash
# Submits the jobs of the recipe, each to start when the one before has ended well. To go on after a failure, submit them again:
# what is done is not done again.
set -euo pipefail
cd "$(dirname "$0")"
{{- range $i, $j := .}}
job=$(sbatch --parsable {{if $i}}--dependency="afterok:$job" --kill-on-invalid-dep=yes {{end}}{{$j}})
job=${job%%;*}
echo "{{$j}}: job $job"
{{- end}}
`

// Scripts makes the scripts: one a job, and submit.sh, which submits them in order. dir is where they will lie, absolute.
func (s *Slurm) Scripts(dir string) ([]Script, error) {
	if err := s.validate(); err != nil {
		return nil, err
	}
	var jobs []*job
	add := func(name, part string, array bool, mem int64) {
		jobs = append(jobs, &job{Slurm: s, File: fmt.Sprintf("%02d-%s.sbatch", len(jobs), name), Part: part, Array: array, Bytes: mem})
	}
	for k := range s.Stages {
		add(fmt.Sprintf("stage-%d", k), fmt.Sprintf("--stage=%d", k), true, s.Mem)
		if k < s.Stages-1 {
			add(fmt.Sprintf("merge-%d", k), fmt.Sprintf("--merge=%d", k), false, s.MergeMem)
		}
	}
	if s.WritesByTask {
		add("write", "--write", true, s.Mem)
	}
	add("finish", "--finish", false, s.MergeMem)

	job, submit := template.Must(template.New("job").Parse(jobText)), template.Must(template.New("submit").Parse(submitText))
	var scripts []Script
	var names []string
	for _, j := range jobs {
		var b bytes.Buffer
		if err := job.Execute(&b, jobView{j, filepath.Join(dir, "logs")}); err != nil {
			return nil, err
		}
		scripts = append(scripts, Script{j.File, b.String()})
		names = append(names, j.File)
	}
	var b bytes.Buffer
	if err := submit.Execute(&b, names); err != nil {
		return nil, err
	}
	return append(scripts, Script{"submit.sh", b.String()}), nil
}

func (s *Slurm) validate() error {
	switch {
	case s.Ranks < 1:
		return fmt.Errorf("launch: %d ranks, want 1 or more", s.Ranks)
	case s.CPUs < 1:
		return fmt.Errorf("launch: %d CPUs a task, want 1 or more", s.CPUs)
	case s.Mem < 64<<20 || s.MergeMem < 64<<20:
		return fmt.Errorf("launch: %d and %d bytes of memory, want at least 64 MiB", s.Mem, s.MergeMem)
	case s.AtOnce < 0:
		return fmt.Errorf("launch: %d processes at once, want 1 or more, or 0 for as many as Slurm gives", s.AtOnce)
	case s.Time < 0 || (s.Time > 0 && s.Time < time.Minute):
		return fmt.Errorf("launch: time limit %v, want a minute or more", s.Time)
	}
	for _, v := range s.Lines {
		if strings.ContainsAny(v, "\n\r") {
			return fmt.Errorf("launch: %q has several lines, and a directive is one", v)
		}
		if !strings.HasPrefix(v, "-") {
			return fmt.Errorf("launch: the directive %q, want an option of sbatch, such as --constraint=avx512", v)
		}
	}
	for _, v := range []struct{ what, value string }{{"working directory", s.Dir}, {"partition", s.Partition}, {"account", s.Account}} {
		if err := oneWord(v.what, v.value); err != nil {
			return err
		}
	}
	return nil
}

// unfit are the characters by which sbatch ends, quotes or comments a value of a directive.
const unfit = " \t\n\r\"'\\#"

// oneWord refuses what a directive would not take as it is.
func oneWord(what, value string) error {
	if strings.ContainsAny(value, unfit) {
		return fmt.Errorf("launch: the %s %q has white space, quotes, a backslash or #, which a directive of sbatch cannot hold", what, value)
	}
	return nil
}

// jobView is what the template of a job sees.
type jobView struct {
	*job
	Logs string
}

// Last is the number of the last rank.
func (j jobView) Last() int { return j.Ranks - 1 }

// MiB is the memory.
func (j jobView) MiB() int64 { return (j.Bytes + 1<<20 - 1) >> 20 }

// JobName is the name Slurm shows.
func (j jobView) JobName() string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(unfit+"%/", r) {
			return '-'
		}
		return r
	}, j.Name+"-"+strings.TrimSuffix(j.File[3:], ".sbatch"))
}

// Limit is the time limit as days-hours:minutes:seconds.
func (j jobView) Limit() string {
	s := int64(j.Time / time.Second)
	return fmt.Sprintf("%d-%02d:%02d:%02d", s/86400, s/3600%24, s/60%60, s%60)
}

// Command is the command line.
func (j jobView) Command() string {
	args := []string{quote(j.Binary), "corpus", "run", quote(j.Recipe)}
	for _, a := range j.Args {
		args = append(args, quote(a))
	}
	args = append(args, `--workers="$SLURM_CPUS_PER_TASK"`, j.Part)
	if j.Array {
		args = append(args, `--rank="$SLURM_ARRAY_TASK_ID"`, fmt.Sprintf("--world=%d", j.Ranks))
	}
	return strings.Join(args, " ")
}

// quote makes text one word of a shell.
func quote(text string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("/._-=:,+@", r)
	}
	if text != "" && strings.IndexFunc(text, func(r rune) bool { return !plain(r) }) < 0 {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}

// Write writes the scripts to a directory, which is made; earlier ones there are replaced.
func (s *Slurm) Write(dir string) ([]Script, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("launch: %w", err)
	}
	if err := oneWord("scripts' directory", abs); err != nil {
		return nil, err
	}
	if strings.Contains(abs, "%") {
		return nil, fmt.Errorf("launch: the scripts' directory %q has %%, which sbatch replaces in the names of logs", abs)
	}
	scripts, err := s.Scripts(abs)
	if err != nil {
		return nil, err
	}
	err = os.MkdirAll(filepath.Join(abs, "logs"), 0o755)
	old, globErr := filepath.Glob(filepath.Join(abs, "*.sbatch"))
	err = errors.Join(err, globErr)
	for _, f := range old {
		err = errors.Join(err, os.Remove(f))
	}
	for _, f := range scripts {
		err = errors.Join(err, os.WriteFile(filepath.Join(abs, f.Name), []byte(f.Text), 0o755))
	}
	if err != nil {
		return nil, fmt.Errorf("launch: %w", err)
	}
	return scripts, nil
}
