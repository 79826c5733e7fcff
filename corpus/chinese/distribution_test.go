package chinese

import (
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/athanor-lm/athanor/corpus"
	"github.com/athanor-lm/athanor/internal/realdata"
)

// documents are every step-th text of a corpus.
func documents(t testing.TB, name string, step int) (texts []string) {
	t.Helper()
	rows, _ := realdata.Documents(t, "corpora/"+name, 0)
	for i := 0; i < len(rows); i += step {
		texts = append(texts, rows[i].Text)
	}
	return texts
}

// questions are the examination questions of C-Eval, with their answers and explanations, five of a subject a text.
func questions(t testing.TB) (texts []string) {
	t.Helper()
	files, _ := filepath.Glob(filepath.Join(realdata.Path(t, "benchmarks/ceval/dev"), "*.csv"))
	for _, name := range files {
		f, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		rows, err := csv.NewReader(f).ReadAll()
		f.Close()
		if err != nil {
			t.Fatal(err)
		}
		var b strings.Builder
		for _, r := range rows[1:] {
			fmt.Fprintf(&b, "%s\nA. %s\nB. %s\nC. %s\nD. %s\n%s\n", r[1], r[2], r[3], r[4], r[5], r[7])
		}
		texts = append(texts, b.String())
	}
	return texts
}

// measuresOf are the values the rules look at.
func measuresOf(text string) map[string]float64 {
	s := newScanner()
	for line := range strings.SplitSeq(text, "\n") {
		s.line(line)
	}
	var r repeats
	m := map[string]float64{
		"han characters": float64(s.Han), "han": share(s.Han, s.Chars), "latin": share(s.Latin, s.Chars), "punctuation": share(s.Marks, s.Chars),
		"wide": share(s.Wide, s.Chars), "broken": share(s.Broken, s.Chars), "function": float64(s.Function), "pinyin": 1000 * share(s.Pinyin, s.Han),
		"sentence": share(s.Complete, s.Sentences), "complete": share(s.Complete, s.Chars), "open": share(s.Open, s.Lines), "short": share(s.Short, s.Lines),
		"mixed": share(min(s.Simplified, s.Traditional), s.Simplified+s.Traditional),
	}
	for _, n := range []int{2, 4, 6} {
		m[fmt.Sprintf("top %d", n)] = r.top(s.letters, n)
	}
	for _, n := range []int{8, 10, 15} {
		m[fmt.Sprintf("duplicate %d", n)] = r.duplicates(s.letters, n)
	}
	return m
}

// corpora are the clean texts.
func corpora(t testing.TB) map[string][]string {
	return map[string][]string{
		"laws": documents(t, "zh-laws/laws.jsonl.gz", 2), "docs": documents(t, "zh-docs/docs.jsonl.gz", 2),
		"poetry": documents(t, "zh-poetry/poetry.jsonl.gz", 40), "questions": questions(t),
	}
}

// Measures that are shares of all real texts lie between none and all; -v prints the quantiles that docs/corpus/chinese.md argues from.
func TestDistributions(t *testing.T) {
	for name, texts := range corpora(t) {
		values := map[string][]float64{}
		for _, text := range texts {
			m := Measure(text)
			if m.Chars < Default().MinJudged && name != "poetry" {
				continue
			}
			for k, v := range measuresOf(text) {
				values[k] = append(values[k], v)
			}
		}
		keys := make([]string, 0, len(values))
		for k := range values {
			keys = append(keys, k)
		}
		slices.Sort(keys)
		t.Logf("%s: %d texts; quantiles 0, 1, 5, 50, 95, 99, 100 %%", name, len(values["han"]))
		for _, k := range keys {
			v := values[k]
			slices.Sort(v)
			if isShare := !slices.Contains([]string{"han characters", "function", "pinyin", "sentence"}, k); isShare && !(v[0] >= 0 && v[len(v)-1] <= 1) {
				t.Errorf("%s: the share %q lies between %v and %v", name, k, v[0], v[len(v)-1])
			}
			line := fmt.Sprintf("%-16s", k)
			for _, q := range []float64{0, .01, .05, .5, .95, .99, 1} {
				line += fmt.Sprintf(" %8.4g", v[int(q*float64(len(v)-1))])
			}
			t.Log(line)
		}
	}
}

// verdicts counts what the filter says of texts, by rule.
func verdicts(t testing.TB, s Settings, texts []string) (kept int, by map[string]int, cutLines map[string]int64) {
	t.Helper()
	open, err := s.Open(corpus.Env{})
	if err != nil {
		t.Fatal(err)
	}
	f, by, cutLines := open(), map[string]int{}, map[string]int64{}
	for _, text := range texts {
		var r corpus.Report
		f.Apply(corpus.NewDocument(text, nil), &r)
		if r.Dropped == "" {
			kept++
		} else {
			by[r.Dropped]++
		}
		for _, c := range r.Counts {
			cutLines[c.Kind] += c.N
		}
	}
	return kept, by, cutLines
}

// poetry are the settings that docs/corpus/chinese.md has for short genres.
func poetry() Settings {
	s := Default()
	s.MinChars, s.MinFunction, s.MinComplete, s.MaxOpen, s.MaxShort, s.MinSentence = 8, 0, 0, 0, 0, 0
	s.MaxBroken, s.TopNGrams, s.DuplicateNGrams = 0.05, []Repeats{{4, 0.5}}, nil
	return s
}

func TestCleanTextsStay(t *testing.T) {
	// Of the handbooks about half are hardly translated; see docs/corpus/chinese.md.
	want := map[string]float64{"laws": 0.97, "docs": 0.55, "poetry": 0.6, "questions": 0.9}
	for name, texts := range corpora(t) {
		kept, by, lines := verdicts(t, Default(), texts)
		t.Logf("%s: %d of %d kept; dropped by %v; lines %v", name, kept, len(texts), by, lines)
		if float64(kept) < want[name]*float64(len(texts)) {
			t.Errorf("%s: want %v kept", name, want[name])
		}
		if name == "poetry" {
			kept, by, lines = verdicts(t, poetry(), texts)
			t.Logf("%s as poetry: %d of %d kept; dropped by %v; lines %v", name, kept, len(texts), by, lines)
			if 100*kept < 99*len(texts) {
				t.Errorf("%s as poetry: want 99 %% kept", name)
			}
		}
	}
}
