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
	f, err := os.Open(filepath.Join(dir, "rules.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	type tally struct{ documents, same, sentences, words, differ int }
	of := map[string]*tally{}
	dec := json.NewDecoder(bufio.NewReaderSize(f, 1<<20))
	var text Text
	shown := 0
	for {
		var row struct {
			Corpus, Text, Digest string
			Words, Sentences     int
		}
		if err := dec.Decode(&row); err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		c := of[row.Corpus]
		if c == nil {
			c = new(tally)
			of[row.Corpus] = c
		}
		text.Reset(row.Text)
		var words []string
		for _, w := range text.Tokens() {
			words = append(words, text.Word(w))
		}
		sum := sha256.Sum256([]byte(strings.Join(words, "\x00")))
		c.documents++
		c.words += row.Words
		c.differ += max(row.Words-len(words), len(words)-row.Words)
		if hex.EncodeToString(sum[:])[:16] == row.Digest {
			c.same++
		} else if !strings.HasPrefix(row.Corpus, "zh") && row.Corpus != "udhr" && shown < 20 {
			if d := os.Getenv("DUMP"); d != "" {
				os.WriteFile(filepath.Join(d, string(rune('a'+shown))+".txt"), []byte(row.Text), 0o644)
				os.WriteFile(filepath.Join(d, string(rune('a'+shown))+".words"), []byte(strings.Join(words, "\n")), 0o644)
			}
			shown++
		}
		if max(1, len(text.Sentences())) == row.Sentences {
			c.sentences++
		}
	}
	for name, c := range of {
		t.Logf("%-10s %5d documents, %5d of equal words, %5d of equally many sentences; %d words, counts differ by %d", name, c.documents, c.same, c.sentences, c.words, c.differ)
	}
}
