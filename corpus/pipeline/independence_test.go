package pipeline

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// Words of which the test makes its texts.
var (
	someWords = strings.Fields("river stone window letter garden morning silver thunder bridge candle forest harbor island jacket kettle ladder " +
		"market needle orange pepper quarrel rabbit saddle temple uncle valley winter yellow zipper anchor basket copper dragon engine")
	someHan = []rune("的一是在不了有和人这中大为上个国我以要他时来用们生到作地于出就分对成会可主发年动同工也能下过子说产种面而方后多定行学法所民得经")
)

// sentence makes one of n words, or n Chinese characters.
func sentence(rng *rand.Rand, zh bool, n int) string {
	var b strings.Builder
	for i := range n {
		if zh {
			b.WriteRune(someHan[rng.IntN(len(someHan))])
			continue
		}
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(someWords[rng.IntN(len(someWords))])
		if rng.IntN(3) == 0 { // there are few words, and more of these
			fmt.Fprintf(&b, "%c%c", 'a'+rune(rng.IntN(26)), 'a'+rune(rng.IntN(26)))
		}
	}
	if zh {
		return b.String() + "。"
	}
	return b.String() + "."
}

type copiesRecord struct {
	ID   string `json:"id"`
	Text string `json:"text"`
	URL  string `json:"url"`
}

// copiesRecords makes documents of which many hold what others hold: whole texts, nearly whole ones, addresses, paragraphs, stretches, lines of
// a page's frame; English and Chinese in turns.
func copiesRecords() []copiesRecord {
	rng := rand.New(rand.NewPCG(1, 2))
	var all []copiesRecord
	var paragraphs, stretches [2][]string
	pick := func(of []string) string { return of[rng.IntN(len(of))] }
	for i := range 600 {
		lang := i % 2
		zh := lang == 1
		earlier := copiesRecord{}
		if i > 20 {
			earlier = all[rng.IntN(i/2)*2+lang]
		}
		parts := []string{sentence(rng, zh, 60), sentence(rng, zh, 40+rng.IntN(80)), sentence(rng, zh, 50)}
		paragraphs[lang], stretches[lang] = append(paragraphs[lang], parts[1]), append(stretches[lang], sentence(rng, zh, 80))
		switch i / 2 % 6 {
		case 2:
			parts[0] = pick(paragraphs[lang])
		case 3:
			parts[2] += pick(stretches[lang]) + sentence(rng, zh, 10)
		case 4:
			parts = append(parts, pick(stretches[lang])+parts[0])
		}
		r := copiesRecord{ID: fmt.Sprintf("d%03d", i), URL: fmt.Sprintf("https://example.org/%d", i)}
		r.Text = strings.Join(append(parts, "Share this page with your friends and family today"), "\n")
		switch {
		case i <= 20:
		case i/2%6 == 0:
			r.Text = earlier.Text
		case i/2%12 == 1:
			r.Text = strings.Replace(earlier.Text, "\n", " and one thing more\n", 1)
		case i/2%18 == 5:
			r.URL = earlier.URL + "?utm_source=x"
		}
		all = append(all, r)
	}
	return all
}

// copiesCorpus writes the documents to files, in the order of names.
func copiesCorpus(t *testing.T, dir string, names []string) {
	t.Helper()
	all := copiesRecords()
	for i, name := range names {
		var b bytes.Buffer
		for _, r := range all[i*len(all)/len(names) : (i+1)*len(all)/len(names)] {
			row, err := json.Marshal(r)
			if err != nil {
				t.Fatal(err)
			}
			b.Write(append(row, '\n'))
		}
		if err := os.MkdirAll(filepath.Join(dir, "in"), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "in", name), b.Bytes(), 0o666); err != nil {
			t.Fatal(err)
		}
	}
}

// copiesRecipe has all steps that look across documents.
func copiesRecipe(t *testing.T, dir, out string, overrides ...string) *Recipe {
	t.Helper()
	text := fmt.Sprintf(`name: copies
out: %q
seed: 3
task_size: 40KB
inputs: [{source: web, paths: [%q]}]
steps:
- use: normalize
- use: url
- use: exact
- {use: boilerplate, edges: {min_documents: 5, min_share: 0.1}}
- use: paragraphs
- use: pii
- {use: minhash, verify: 0.7}
- use: substring
`, filepath.Join(dir, out), filepath.Join(dir, "in"))
	r, err := ParseRecipe("copies.yaml", []byte(text), overrides)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// sortedRows are the rows of an output in an order of their own, without the recipe's hash.
func sortedRows(t *testing.T, out string) []string {
	t.Helper()
	s, _, err := ReadReport(out)
	if err != nil {
		t.Fatal(err)
	}
	r := map[string]bool{}
	for _, row := range rows(t, filepath.Join(out, dataDir, formatJSONL)) {
		delete(row, "recipe")
		line, err := json.Marshal(row)
		if err != nil {
			t.Fatal(err)
		}
		r[string(line)] = true
	}
	if int64(len(r)) != s.Outputs[0].Documents {
		t.Fatalf("%d different rows, the report has %d", len(r), s.Outputs[0].Documents)
	}
	return slices.Sorted(maps.Keys(r))
}

// runRanks runs a recipe with ranks of this process.
func runRanks(t *testing.T, r *Recipe, world int) {
	t.Helper()
	var ranks sync.WaitGroup
	for rank := range world {
		p, err := Open(r, Options{Workers: 1 + rank%2})
		if err != nil {
			t.Fatal(err)
		}
		ranks.Go(func() {
			if _, err := p.RunRank(t.Context(), Share{Rank: rank, World: world, Wait: time.Minute}); err != nil {
				t.Errorf("rank %d of %d: %v", rank, world, err)
			}
		})
	}
	ranks.Wait()
}

// TestCopiesAreFoundAlikeByAnyNumberOfWorkersAndRanks runs every step that looks across documents, with other numbers of workers and ranks,
// less memory, other tasks and another order of the input.
func TestCopiesAreFoundAlikeByAnyNumberOfWorkersAndRanks(t *testing.T) {
	dir := t.TempDir()
	names := []string{"a.jsonl", "b.jsonl", "c.jsonl", "d.jsonl", "e.jsonl", "f.jsonl", "g.jsonl"}
	copiesCorpus(t, dir, names)
	plain := "output.compression=none"
	s := runRecipe(t, copiesRecipe(t, dir, "one", plain), 1)
	for _, step := range s.Steps[1:] {
		if step.Use != "pii" && len(step.Drops) == 0 && step.Edited.Documents == 0 {
			t.Errorf("%s found nothing", step.Name)
		}
	}
	want := tree(t, filepath.Join(dir, "one"))
	same := func(out string) {
		t.Helper()
		got := tree(t, filepath.Join(dir, out))
		got[recipeName] = want[recipeName] // it names the other directory
		sameTree(t, out, got, want)
	}
	runRecipe(t, copiesRecipe(t, dir, "many", plain), 7)
	same("many")
	runRecipe(t, copiesRecipe(t, dir, "little", plain, "memory=16MiB"), 2)
	same("little")
	for _, world := range []int{2, 5, 11} { // the last are more than there are tasks
		out := fmt.Sprint("ranks", world)
		runRanks(t, copiesRecipe(t, dir, out, plain), world)
		same(out)
	}

	rows := sortedRows(t, filepath.Join(dir, "one"))
	runRecipe(t, copiesRecipe(t, dir, "tasks", plain, "task_size=1GB"), 3)
	if got := sortedRows(t, filepath.Join(dir, "tasks")); !slices.Equal(got, rows) {
		t.Errorf("as one task: %d documents, not the %d of several", len(got), len(rows))
	}
	remove(t, filepath.Join(dir, "in"))
	slices.Reverse(names)
	copiesCorpus(t, dir, names)
	runRecipe(t, copiesRecipe(t, dir, "reversed", plain), 2)
	if got := sortedRows(t, filepath.Join(dir, "reversed")); !slices.Equal(got, rows) {
		t.Errorf("in another order of the input: %d documents, not the %d", len(got), len(rows))
	}
}
