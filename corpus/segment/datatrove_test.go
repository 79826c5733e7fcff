package segment

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestWordsAreDatatroves compares with what tools/oracle/corpus_rules.py has written to the directory ATHANOR_RULES.
func TestWordsAreDatatroves(t *testing.T) {
	dir := os.Getenv("ATHANOR_RULES")
	if dir == "" {
		t.Skip("ATHANOR_RULES is not set: it names the directory that tools/oracle/corpus_rules.py makes")
	}
	paths, _ := filepath.Glob(filepath.Join(dir, "rules-*.jsonl"))
	if len(paths) == 0 {
		t.Fatalf("%s: no rules-*.jsonl", dir)
	}
	of := map[string]*tally{}
	for _, path := range paths {
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		for dec := json.NewDecoder(bufio.NewReaderSize(f, 1<<20)); ; {
			var row oracleRow
			if err := dec.Decode(&row); err == io.EOF {
				break
			} else if err != nil {
				t.Fatalf("%s: %v", path, err)
			}
			if of[row.Corpus] == nil {
				of[row.Corpus] = new(tally)
			}
			of[row.Corpus].count(row)
		}
	}
	for name, c := range of {
		t.Logf("%-10s %5d documents, %5d of equal words; of %d %d of equally many sentences; %d words, counts differ by %d", name, c.documents, c.same, c.asked, c.sentences, c.words, c.differ)
		if share := float64(c.same) / float64(c.documents); share < 0.998 {
			t.Errorf("%s: %.2f %% of the documents have datatrove's words, want 99.8 %%", name, 100*share)
		}
	}
}

// oracleRow is a document with what datatrove finds in it.
type oracleRow struct {
	Corpus, Text, Digest string
	Words                int
	Sentences            *int
}

// tally counts how often words and sentences are datatrove's.
type tally struct {
	text                                             Text
	documents, same, asked, sentences, words, differ int
}

func (c *tally) count(row oracleRow) {
	c.text.Reset(row.Text)
	tokens := words(&c.text, c.text.Tokens())
	sum := sha256.Sum256([]byte(strings.Join(tokens, "\x00")))
	c.documents++
	c.words += row.Words
	c.differ += max(row.Words-len(tokens), len(tokens)-row.Words)
	if hex.EncodeToString(sum[:])[:16] == row.Digest {
		c.same++
	}
	if row.Sentences != nil {
		c.asked++
		if max(1, len(c.text.Sentences())) == *row.Sentences {
			c.sentences++
		}
	}
}
