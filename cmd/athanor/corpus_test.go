//go:build unix

package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/athanor-lm/athanor/corpus/pipeline"
	"github.com/athanor-lm/athanor/runlog"
)

// corpusRecipe writes inputs with copies in them and a recipe with two passes.
func corpusRecipe(t *testing.T, dir, out string) string {
	t.Helper()
	for f := range 6 {
		var b strings.Builder
		for i := range 60 {
			var words strings.Builder
			for w := range 30 {
				n := (f*60 + i) * (w + 7) % 997
				fmt.Fprintf(&words, " wo%c%cd", 'a'+n/26%26, 'a'+n%26)
			}
			text := fmt.Sprintf("Document %d of file %d tells of a cat that sat on%s.", i, f, words.String())
			if i%9 == 0 {
				text = fmt.Sprintf("This text number %d comes in every file of the corpus, again and again, and once would do.", i)
			}
			row, err := json.Marshal(map[string]string{"text": text})
			if err != nil {
				t.Fatal(err)
			}
			b.Write(append(row, '\n'))
		}
		if err := os.MkdirAll(filepath.Join(dir, "in"), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "in", fmt.Sprint(f, ".jsonl")), []byte(b.String()), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	recipe := filepath.Join(dir, "recipe.yaml")
	text := "name: a test\nout: " + out + "\ntask_size: 8KB\ninputs:\n- {source: web, paths: [in]}\nsteps:\n- use: normalize\n- use: exact\n- use: minhash\n"
	if err := os.WriteFile(recipe, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	return recipe
}

// outputs reads the files of a corpus but for its work, its times and its recipe.
func outputs(t *testing.T, out string) map[string]string {
	t.Helper()
	files := map[string]string{}
	for _, pattern := range []string{"data/*/*", "report.json", "manifest.json"} {
		found, err := filepath.Glob(filepath.Join(out, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range found {
			data, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			files[strings.TrimPrefix(f, out)] = string(data)
		}
	}
	return files
}

// fakeSbatch does what sbatch does, at once: it reads the directives, runs an array's tasks in a strange order, the last of them twice and
// the first after a kill, and refuses jobs whose dependency did not end well.
const fakeSbatch = `#!/bin/bash
set -u
state=$FAKE_SLURM
dep="" script=""
for a in "$@"; do
  case $a in
    --parsable|--kill-on-invalid-dep=yes) ;;
    --dependency=afterok:*) dep=${a##*:} ;;
    -*) echo "sbatch: unknown option $a" >&2; exit 1 ;;
    *) script=$a ;;
  esac
done
script=$PWD/$script
[ -z "$dep" ] || [ "$(cat "$state/$dep")" = 0 ] || { echo "sbatch: job $dep failed" >&2; exit 1; }
head -1 "$script" | grep -qx '#!/bin/bash' || { echo "sbatch: no shebang" >&2; exit 1; }
directive() { sed -n "s/^#SBATCH --$1=//p" "$script"; }
for d in job-name output chdir cpus-per-task mem time partition account; do
  [ -n "$(directive $d)" ] || { echo "sbatch: no --$d" >&2; exit 1; }
done
id=$(( $(ls "$state" | wc -l) + 100 ))
cd "$(directive chdir)" || exit 1
exec 3>&1 >>"$state/../log" 2>&1
export SLURM_CPUS_PER_TASK=$(directive cpus-per-task) SLURM_JOB_ID=$id
array=$(directive array)
code=0
if [ -n "$array" ]; then
  last=${array#0-}; last=${last%%%*}
  ranks=$(seq "$last" -1 0)
  SLURM_ARRAY_TASK_ID=0 bash "$script" & pid=$!; sleep 0.0$(( RANDOM % 10 )); kill -9 $pid 2>/dev/null; wait $pid 2>/dev/null
  for r in $last $ranks; do SLURM_ARRAY_TASK_ID=$r bash "$script" || code=1; done
else
  bash "$script" || code=1
fi
echo $code > "$state/$id"
echo "$id;cluster" >&3
`

func TestSlurmScriptsRunTheWholeChain(t *testing.T) {
	if _, err := exec.LookPath("bash"); err != nil {
		t.Skip("no bash")
	}
	dir := t.TempDir()
	t.Chdir(dir)
	recipe := corpusRecipe(t, dir, "out")
	if code, _, stderr := piped("", "corpus", "run", recipe, "--set", "out=whole"); code != 0 {
		t.Fatal(stderr)
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"athanor":    "#!/bin/bash\n" + programEnv + "=1 exec '" + exe + "' \"$@\"\n",
		"bin/sbatch": fakeSbatch,
	} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o777); err != nil {
			t.Fatal(err)
		}
	}
	code, stdout, stderr := piped("", "corpus", "launch", "slurm", recipe, "--ranks", "3", "--cpus", "2", "--mem", "1GiB", "--time", "90m", "-p", "cpu", "-A", "lab",
		"--sbatch=--constraint=cascadelake", "--binary", filepath.Join(dir, "athanor"))
	if code != 0 {
		t.Fatal(stderr)
	}
	script, err := os.ReadFile("out/slurm/00-stage-0.sbatch")
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{"#SBATCH --job-name=a-test-stage-0", "#SBATCH --array=0-2", "#SBATCH --cpus-per-task=2", "#SBATCH --mem=1024M", "#SBATCH --time=0-01:30:00",
		"#SBATCH --partition=cpu", "#SBATCH --account=lab", "#SBATCH --constraint=cascadelake", "#SBATCH --chdir=" + dir} {
		if !strings.Contains(string(script), line+"\n") {
			t.Errorf("the script lacks %q:\n%s", line, script)
		}
	}
	if check, err := exec.LookPath("shellcheck"); err == nil {
		files, _ := filepath.Glob("out/slurm/*.s*")
		if out, err := exec.Command(check, files...).CombinedOutput(); err != nil {
			t.Errorf("shellcheck: %s", out)
		}
	}
	if err := os.Mkdir("state", 0o777); err != nil {
		t.Fatal(err)
	}
	submit := exec.Command("out/slurm/submit.sh")
	submit.Env = append(os.Environ(), "PATH="+filepath.Join(dir, "bin")+":"+os.Getenv("PATH"), "FAKE_SLURM="+filepath.Join(dir, "state"))
	out, err := submit.CombinedOutput()
	if err != nil || strings.Count(string(out), ": job 1") != 7 {
		t.Fatalf("%v; want 7 jobs (3 stages, 2 merges, write, finish):\n%s\n%s", err, out, stdout)
	}
	want, got := outputs(t, "whole"), outputs(t, "out")
	for name := range want {
		if got[name] != want[name] {
			t.Errorf("%s differs from a local run's", name)
		}
	}
	if len(got) != len(want) || len(want) < 8 || !strings.Contains(got["/manifest.json"], `"duplicate": 35`) {
		t.Errorf("%d files, a local run has %d", len(got), len(want))
	}
}

func TestProgressShowsItsFiguresOnATerminal(t *testing.T) {
	var out strings.Builder
	w := &corpusWatch{term: runlog.Terminal{W: &out, Live: true, Width: func() int { return 100 }}}
	part := "stage 0: read → extract → normalize → language → gopher-quality → collect for exact"
	for i := range int64(3) {
		w.Progress(pipeline.Progress{Part: part, Done: i << 20, Total: 4 << 20, Bytes: true})
		time.Sleep(110 * time.Millisecond)
	}
	w.Note("rank 0 waits")
	if !strings.Contains(out.String(), "stage 0: read…") || !strings.Contains(out.String(), "left") || !strings.Contains(out.String(), "50.0%") {
		t.Errorf("the figures cannot be seen: %q", out.String())
	}
	if after := out.String()[strings.Index(out.String(), "rank 0 waits"):]; after != "rank 0 waits\n" {
		t.Errorf("the note is drawn over: %q", after)
	}
	before := out.Len()
	if err := w.close(); err != nil || out.Len() != before {
		t.Errorf("%v; behind the note: %q", err, out.String()[before:])
	}
}

func TestFilesOfTwoInputsAreNamed(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	recipe := corpusRecipe(t, dir, "out")
	for _, command := range []string{"plan", "run"} {
		if code, _, stderr := piped("", "corpus", command, recipe); code != 0 || strings.Contains(stderr, "the same file") {
			t.Errorf("%s: exit %d, %s", command, code, stderr)
		}
	}
	text, err := os.ReadFile(recipe)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(recipe, []byte(strings.Replace(string(text), "inputs:\n", "inputs:\n- {source: again, paths: [in/2.jsonl, in/3.jsonl]}\n", 1)), 0o666); err != nil {
		t.Fatal(err)
	}
	for _, command := range []string{"plan", "run"} {
		if code, _, stderr := piped("", "corpus", command, recipe); code != 0 || !strings.Contains(stderr, "come more than once: in/2.jsonl (2 such files)") {
			t.Errorf("%s: exit %d, %s", command, code, stderr)
		}
	}
}

func TestJobsGetTheMemoryTheRecipeNeeds(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	recipe := corpusRecipe(t, dir, "out")
	for _, args := range [][]string{{"--mem", "512MiB"}, {"--merge-mem", "1GiB"}} {
		code, _, stderr := piped("", append([]string{"corpus", "launch", "slurm", recipe}, args...)...)
		if code != 1 || !strings.Contains(stderr, "the recipe's memory is 2.00 GiB") {
			t.Errorf("%v: exit %d, %s", args, code, stderr)
		}
	}
}

func TestPartsOutOfTurnSayWhatIsMissing(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	recipe := corpusRecipe(t, dir, "out")
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"--stage=1"}, "merge 0 is not done; do it before stage 1"},
		{[]string{"--merge=0"}, "tasks of stage 0 are not done (the first: 0); run them first"},
		{[]string{"--merge=2"}, "merge 2, this recipe has 2 merges"},
		{[]string{"--stage=3"}, "stage 3, this recipe has stages 0 to 2"},
		{[]string{"--finish"}, "tasks of stage 0 are not done"},
		{[]string{"--world=4"}, "with --rank"},
		{[]string{"--rank=4", "--world=4"}, "rank 4 of 4, want 0 ≤ rank < ranks"},
		{[]string{"--rank=0", "--world=2", "--wait=0s"}, "waited 0s for 3 tasks of stage 0 (the first: task 1, of rank 1)"},
	} {
		code, _, stderr := piped("", append([]string{"corpus", "run", recipe}, c.args...)...)
		if code != 1 || !strings.Contains(stderr, c.want) {
			t.Errorf("%v: exit %d, %s\nwant %q", c.args, code, stderr, c.want)
		}
	}
}
