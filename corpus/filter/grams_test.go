package filter

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/athanor-lm/athanor/corpus"
)

// plainTop returns the characters in the most frequent n-gram of words, of several the first, with a blank between words.
func plainTop(words []string, n int) int {
	counts, best := map[string]int{}, 0
	for i := 0; i+n <= len(words); i++ {
		key := strings.Join(words[i:i+n], " ")
		counts[key]++
		best = max(best, counts[key])
	}
	for i := 0; i+n <= len(words); i++ {
		if key := strings.Join(words[i:i+n], " "); counts[key] == best {
			return best * len(key)
		}
	}
	return 0
}

// plainLater is find_all_duplicate of datatrove, with blanks between words that it does not count.
func plainLater(words []string, n int) (size int) {
	seen := map[string]bool{}
	for i := 0; i+n <= len(words); {
		key := strings.Join(words[i:i+n], " ")
		if !seen[key] {
			seen[key] = true
			i++
			continue
		}
		size += len(key) - (n - 1)
		i += n
	}
	return size
}

// plainAll returns the characters of the words in n-grams that occur more than once.
func plainAll(words []string, n int) (size int) {
	counts, covered := map[string]int{}, make([]bool, len(words))
	for i := 0; i+n <= len(words); i++ {
		counts[strings.Join(words[i:i+n], " ")]++
	}
	for i := 0; i+n <= len(words); i++ {
		for j := i; j < i+n && counts[strings.Join(words[i:i+n], " ")] > 1; j++ {
			covered[j] = true
		}
	}
	for i, is := range covered {
		if is {
			size += len(words[i])
		}
	}
	return size
}

// someWords returns words of a small vocabulary with passages that occur again.
func someWords(r *rand.Rand) (words []string) {
	vocabulary := make([]string, 2+r.IntN(60))
	for i := range vocabulary {
		vocabulary[i] = strings.Repeat(string(rune('a'+i%26)), 1+i/26+r.IntN(8))
	}
	for n := r.IntN(400); len(words) < n; {
		if len(words) > 12 && r.IntN(20) == 0 {
			from := r.IntN(len(words) - 12)
			words = append(words, words[from:from+3+r.IntN(9)]...)
			continue
		}
		words = append(words, vocabulary[min(r.IntN(len(vocabulary)), r.IntN(len(vocabulary)))])
	}
	return words
}

// TestGramsAreThoseOfPlainCounting compares what is found with counting in maps, and decisions without an explanation, which bounds
// cut short, with those by the values.
func TestGramsAreThoseOfPlainCounting(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 400 {
		words := someWords(r)
		text := strings.Join(words, " ")
		for _, count := range []string{countLater, countAll} {
			limit := func() float64 { return r.Float64() * r.Float64() }
			s := GopherRepetition{Words: wordsFields, Count: count, MaxDuplicateParagraphs: -1, MaxDuplicateParagraphChars: -1, MaxDuplicateLines: -1, MaxDuplicateLineChars: -1,
				TopNGrams: []Repeats{{2, limit()}, {3, limit()}, {4, limit()}, {1, limit()}}, DuplicateNGrams: []Repeats{{7, limit()}, {5, limit()}, {3, limit()}}}
			whole, duplicates := len(text), plainLater
			if count == countAll {
				whole, duplicates = len(strings.Join(words, "")), plainAll
			}
			var values []float64
			dropped := -1
			add := func(size int, limit float64) {
				values = append(values, share(size, whole))
				if dropped < 0 && values[len(values)-1] > limit {
					dropped = len(values) - 1
				}
			}
			for _, top := range s.TopNGrams {
				if len(words) >= top.N {
					add(plainTop(words, top.N), top.MaxChars)
				}
			}
			for _, d := range s.DuplicateNGrams {
				add(duplicates(words, d.N), d.MaxChars)
			}
			if text != "" {
				checkGrams(t, &s, text, values, dropped)
			}
		}
	}
}

// checkGrams wants the values of all rules that were judged, and the document dropped by one of them, or by none where that is -1.
func checkGrams(t *testing.T, s *GopherRepetition, text string, values []float64, dropped int) {
	t.Helper()
	open, err := s.Open(corpus.Env{})
	if err != nil {
		t.Fatal(err)
	}
	judge := open()
	brief, full := corpus.Report{}, corpus.Report{Explain: true}
	judge.Apply(corpus.NewDocument(text, nil), &full)
	judge.Apply(corpus.NewDocument(text, nil), &brief)
	var got []float64
	for _, f := range full.Findings[1:] { // the first is about empty texts
		got = append(got, f.Value)
	}
	if !slices.Equal(got, values) {
		t.Fatalf("%s of %q:\n got %v\nwant %v", s.Count, text, got, values)
	}
	rule, value := "", 0.0
	if dropped >= 0 {
		rule, value = full.Findings[1+dropped].Rule, values[dropped]
	}
	if brief.Dropped != rule || brief.Value != value {
		t.Fatalf("%s of %q: dropped by %q (%v), want %q (%v)", s.Count, text, brief.Dropped, brief.Value, rule, value)
	}
}
