package wordpiece

import (
	"context"
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/athanor-lm/athanor/tokenizer/internal/align"
	"github.com/athanor-lm/athanor/tokenizer/internal/normalize"
)

func countWords(norm normalize.Bert, texts []string) map[string]int64 {
	r, words := NewRuns(norm, nil), map[string]int64{}
	var t align.Text
	for _, text := range texts {
		for i := 0; i < len(text); {
			j := r.Cut([]byte(text), i)
			r.Words([]byte(text[i:j]), &t, func(word []byte) { words[string(word)]++ })
			i = j
		}
	}
	return words
}

// The fixture is made by tools/oracle/wordpiece_golden.py with the reference.
func TestLearnedVocabularyIsTheReferences(t *testing.T) {
	data, err := os.ReadFile("../../testdata/wordpiece.json")
	if err != nil {
		t.Fatal(err)
	}
	var f struct{ Corpus, Uncased, Cased []string }
	if err := json.Unmarshal(data, &f); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		norm normalize.Bert
		want []string
	}{{variants[0], f.Uncased}, {variants[1], f.Cased}} {
		words := countWords(c.norm, f.Corpus)
		l := Learning{Special: f.Cased[:5], VocabSize: len(c.want), MinFrequency: 2, LimitAlphabet: 2000, Prefix: "##"}
		own, err := Learn(t.Context(), l, words)
		if err != nil {
			t.Fatal(err)
		}
		place := map[rune]int{} // of characters with the prefix
		for id, token := range c.want {
			if inside, ok := strings.CutPrefix(token, "##"); ok && utf8.RuneCountInString(inside) == 1 {
				place[[]rune(inside)[0]] = id
			}
		}
		l.order = func(continued []rune) {
			slices.SortFunc(continued, func(a, b rune) int { return place[a] - place[b] })
		}
		got, err := Learn(t.Context(), l, words)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("with the reference's order of characters: got %q, want %q", got, c.want)
		}
		// With our order the same tokens come first, up to ties among the last.
		has := map[string]bool{}
		for _, token := range own {
			has[token] = true
		}
		missing := 0
		for _, token := range c.want {
			if !has[token] {
				missing++
			}
		}
		if len(own) != len(c.want) || missing > len(c.want)/50 {
			t.Errorf("with our order: %d of the reference's %d tokens are missing in %d", missing, len(c.want), len(own))
		}
	}
}

func TestLearning(t *testing.T) {
	words := map[string]int64{"abab": 10, "ab": 5, "xb": 3, "b": 1, "中": 7, "aaa": 2}
	for _, c := range []struct {
		l    Learning
		want string
	}{
		// The alphabet in order, then what occurs inside words, then ab by count, and ##ab before abab by ids.
		{Learning{VocabSize: 100, MinFrequency: 3, LimitAlphabet: 100}, "? a b x 中 ##a ##b ab ##ab abab xb"},
		{Learning{VocabSize: 9, MinFrequency: 1, LimitAlphabet: 100}, "? a b x 中 ##a ##b ab ##ab"},
		{Learning{VocabSize: 100, MinFrequency: 100, LimitAlphabet: 100}, "? a b x 中 ##a ##b"},
		// Only the two most frequent characters: xb becomes b, inside a word.
		{Learning{VocabSize: 100, MinFrequency: 10, LimitAlphabet: 2}, "? a b ##a ##b ab ##ab abab"},
		{Learning{VocabSize: 100, MinFrequency: 100, LimitAlphabet: 2, Initial: []rune("zx")}, "? x z"},
	} {
		c.l.Special, c.l.Prefix = []string{"?"}, "##"
		got, err := Learn(t.Context(), c.l, words)
		if err != nil || strings.Join(got, " ") != c.want {
			t.Errorf("%+v: got %q, %v, want %q", c.l, got, err, c.want)
		}
	}
	_, err := Learn(t.Context(), Learning{Special: []string{"?"}, VocabSize: 6, MinFrequency: 1, LimitAlphabet: 100, Prefix: "##"}, words)
	if err == nil || !strings.Contains(err.Error(), "take 7 ids, the vocabulary is to have 6") {
		t.Errorf("a vocabulary too small for the characters: error %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	long := map[string]int64{}
	for i := range 100 {
		long[strings.Repeat(string(rune('a'+i)), 200)] = 5
	}
	if _, err := Learn(ctx, Learning{VocabSize: 10_000, MinFrequency: 1, LimitAlphabet: 1000, Prefix: "##"}, long); err != context.Canceled {
		t.Errorf("cancelled: error %v", err)
	}
}
