package launch

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

func settings() *Slurm {
	return &Slurm{Recipe: "/data/recipe.yaml", Binary: "/opt/athanor", Dir: "/data", Name: "web", Stages: 3, WritesByTask: true,
		Ranks: 8, AtOnce: 3, CPUs: 4, Mem: 1<<30 + 1, MergeMem: 4 << 30, Time: 26*time.Hour + 90*time.Second, Partition: "cpu", Account: "lab",
		Lines: []string{"--constraint=avx512"}}
}

func scripts(t *testing.T, s *Slurm) map[string]string {
	t.Helper()
	list, err := s.Scripts("/data/out/slurm")
	if err != nil {
		t.Fatal(err)
	}
	texts := map[string]string{}
	for _, f := range list {
		texts[f.Name] = f.Text
	}
	return texts
}

func TestAJobForEachPart(t *testing.T) {
	for _, c := range []struct {
		stages int
		writes bool
		want   []string // file: the flags of its command, with a star where it is an array
	}{
		{1, true, []string{"00-stage-0: --stage=0 *", "01-write: --write *", "02-finish: --finish"}},
		{1, false, []string{"00-stage-0: --stage=0 *", "01-finish: --finish"}},
		{3, true, []string{"00-stage-0: --stage=0 *", "01-merge-0: --merge=0", "02-stage-1: --stage=1 *", "03-merge-1: --merge=1", "04-stage-2: --stage=2 *",
			"05-write: --write *", "06-finish: --finish"}},
	} {
		s := settings()
		s.Stages, s.WritesByTask = c.stages, c.writes
		list, err := s.Scripts("/data/out/slurm")
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, f := range list[:len(list)-1] {
			part := regexp.MustCompile(`--(stage=\d|merge=\d|write|finish)`).FindString(f.Text)
			line := strings.TrimSuffix(f.Name, ".sbatch") + ": " + part
			array := strings.Contains(f.Text, "#SBATCH --array=0-7%3\n")
			if ranked := strings.Contains(f.Text, part+` --rank="$SLURM_ARRAY_TASK_ID" --world=8`); ranked != array {
				t.Errorf("%s: an array %v, with ranks %v", f.Name, array, ranked)
			}
			if array {
				line += " *"
			}
			got = append(got, line)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%d stages: %q, want %q", c.stages, got, c.want)
		}
		if list[len(list)-1].Name != "submit.sh" {
			t.Errorf("the last script is %s, want submit.sh", list[len(list)-1].Name)
		}
	}
}

func TestDirectives(t *testing.T) {
	texts := scripts(t, settings())
	for name, lines := range map[string][]string{
		"00-stage-0.sbatch": {"--job-name=web-stage-0", "--output=/data/out/slurm/logs/%x-%A_%a.log", "--chdir=/data", "--nodes=1", "--ntasks=1", "--cpus-per-task=4",
			"--mem=1025M", "--requeue", "--time=1-02:01:30", "--partition=cpu", "--account=lab", "--constraint=avx512"},
		"01-merge-0.sbatch": {"--job-name=web-merge-0", "--output=/data/out/slurm/logs/%x-%j.log", "--mem=4096M"},
	} {
		for _, line := range lines {
			if !strings.Contains(texts[name], "#SBATCH "+line+"\n") {
				t.Errorf("%s lacks %s:\n%s", name, line, texts[name])
			}
		}
	}
	s := settings()
	s.AtOnce, s.Time, s.Partition, s.Account, s.Lines = 0, 0, "", "", nil
	text := scripts(t, s)["00-stage-0.sbatch"]
	for _, line := range []string{"--time", "--partition", "--account", "%3"} {
		if strings.Contains(text, line) {
			t.Errorf("the script has %s, which nobody asked for:\n%s", line, text)
		}
	}
	if strings.Contains(text, "\n\n#SBATCH") {
		t.Errorf("a line is empty among the directives:\n%s", text)
	}
}

// TestCommandsKeepOddWords runs the scripts with a program that shows what it was given.
func TestCommandsKeepOddWords(t *testing.T) {
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("no bash: ", err)
	}
	dir := t.TempDir()
	for _, odd := range []string{"plain", "two words", "it's", `a "quoted" one`, "$HOME `id` $(id) !!", "back\\slash", "中文 配方", "*?[a]~", "-n", "#;&|<>", "two\nlines"} {
		s := settings()
		s.Binary = filepath.Join(dir, "program "+strings.NewReplacer("/", "", "\n", "").Replace(odd))
		s.Recipe = "/data/" + odd + ".yaml"
		s.Args = []string{"--set=out=" + odd}
		if err := os.WriteFile(s.Binary, []byte("#!/bin/bash\nprintf '%s\\0' \"$@\"\n"), 0o777); err != nil {
			t.Fatal(err)
		}
		for name, text := range scripts(t, s) {
			file := filepath.Join(dir, name)
			if err := os.WriteFile(file, []byte(text), 0o777); err != nil {
				t.Fatal(err)
			}
			if out, err := exec.Command(bash, "-n", file).CombinedOutput(); err != nil {
				t.Errorf("%q: %s: %v: %s", odd, name, err, out)
			}
		}
		cmd := exec.Command(bash, filepath.Join(dir, "02-stage-1.sbatch"))
		cmd.Env = append(os.Environ(), "SLURM_CPUS_PER_TASK=4", "SLURM_ARRAY_TASK_ID=5")
		out, err := cmd.CombinedOutput()
		want := []string{"corpus", "run", s.Recipe, s.Args[0], "--workers=4", "--stage=1", "--rank=5", "--world=8"}
		if got := strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00"); err != nil || !slices.Equal(got, want) {
			t.Errorf("%q: %v, the program gets %q, want %q", odd, err, got, want)
		}
	}
}

// fakeSbatch gives the jobs numbers, as sbatch --parsable does on a cluster of several, and fails at the third.
const fakeSbatch = `#!/bin/bash
n=$(( $(wc -l < "$FAKE_LOG") + 1 ))
echo "$*" >> "$FAKE_LOG"
[ $n != "$FAKE_FAILS" ] || exit 1
echo "10$n;cluster"
`

func TestSubmitMakesEachJobDependOnTheOneBefore(t *testing.T) {
	if _, err := exec.LookPath("bash"); err != nil {
		t.Skip("no bash: ", err)
	}
	dir := t.TempDir()
	s := settings()
	if _, err := s.Write(filepath.Join(dir, "slurm")); err != nil {
		t.Fatal(err)
	}
	log := filepath.Join(dir, "log")
	if err := os.WriteFile(filepath.Join(dir, "sbatch"), []byte(fakeSbatch), 0o777); err != nil {
		t.Fatal(err)
	}
	submit := func(fails int) ([]string, error) {
		if err := os.WriteFile(log, nil, 0o666); err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command(filepath.Join(dir, "slurm", "submit.sh"))
		cmd.Env = append(os.Environ(), "PATH="+dir+":"+os.Getenv("PATH"), "FAKE_LOG="+log, fmt.Sprint("FAKE_FAILS=", fails))
		err := cmd.Run()
		calls, readErr := os.ReadFile(log)
		if readErr != nil {
			t.Fatal(readErr)
		}
		return strings.Split(strings.TrimSpace(string(calls)), "\n"), err
	}
	calls, err := submit(0)
	if err != nil || len(calls) != 7 {
		t.Fatalf("%v, %d jobs, want 7", err, len(calls))
	}
	for i, call := range calls {
		want := "--parsable "
		if i > 0 {
			want += fmt.Sprintf("--dependency=afterok:10%d --kill-on-invalid-dep=yes ", i)
		}
		if !strings.HasPrefix(call, want+fmt.Sprintf("0%d-", i)) {
			t.Errorf("job %d: sbatch %s, want %s…", i, call, want)
		}
	}
	if calls, err := submit(3); err == nil || len(calls) != 3 {
		t.Errorf("sbatch fails at the third job: %v, and %d are submitted", err, len(calls))
	}
}

func TestWriteReplacesEarlierScripts(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "slurm")
	s := settings()
	if _, err := s.Write(dir); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "logs", "old.log"), nil, 0o666); err != nil {
		t.Fatal(err)
	}
	s.Stages, s.WritesByTask = 1, false
	list, err := s.Write(dir)
	if err != nil {
		t.Fatal(err)
	}
	left, _ := filepath.Glob(filepath.Join(dir, "*.s*"))
	if len(list) != 3 || len(left) != 3 {
		t.Errorf("%d scripts were written and %v are there, want 3", len(list), left)
	}
	if _, err := os.Stat(filepath.Join(dir, "logs", "old.log")); err != nil {
		t.Error("the logs are gone: ", err)
	}
}

func TestWhatSlurmCannotTakeIsRefused(t *testing.T) {
	for want, change := range map[string]func(*Slurm){
		"0 ranks":                        func(s *Slurm) { s.Ranks = 0 },
		"0 CPUs":                         func(s *Slurm) { s.CPUs = 0 },
		"at least 64 MiB":                func(s *Slurm) { s.MergeMem = 1 },
		"-1 processes at once":           func(s *Slurm) { s.AtOnce = -1 },
		"a minute or more":               func(s *Slurm) { s.Time = time.Second },
		"several lines":                  func(s *Slurm) { s.Lines = []string{"--x=1\nrm"} },
		"an option of sbatch":            func(s *Slurm) { s.Lines = []string{"constraint=avx512"} },
		`the working directory "/a b"`:   func(s *Slurm) { s.Dir = "/a b" },
		`the working directory "/a#b"`:   func(s *Slurm) { s.Dir = "/a#b" },
		`the partition "cpu\nrm"`:        func(s *Slurm) { s.Partition = "cpu\nrm" },
		`the account "lab of chemistry"`: func(s *Slurm) { s.Account = "lab of chemistry" },
	} {
		s := settings()
		change(s)
		if _, err := s.Scripts("/out"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
	for _, dir := range []string{"with space", "per%cent", "quo'te"} {
		if _, err := settings().Write(filepath.Join(t.TempDir(), dir)); err == nil || !strings.Contains(err.Error(), "scripts' directory") {
			t.Errorf("%s: %v", dir, err)
		}
	}
	if got := (jobView{job: &job{Slurm: &Slurm{Name: "web \"2\"/#1"}, File: "00-stage-0.sbatch"}}).JobName(); got != "web--2---1-stage-0" {
		t.Errorf("the job is called %s", got)
	}
}
