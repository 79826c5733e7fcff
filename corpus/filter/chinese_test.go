package filter_test

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/athanor-lm/athanor/corpus"
	"github.com/athanor-lm/athanor/corpus/filter"
	"github.com/athanor-lm/athanor/corpus/segment"
)

// mandarin returns Gopher's filters as FineWeb-2 sets them for Mandarin (configs/cmn_Hani.yml), whole and by the rules that count
// words, under the names of tools/oracle/corpus_rules.py --chinese. FineWeb-2's numbers are of jieba's words, of which each is 1.7 of
// ours: for characters there are others, as docs/corpus/rules.md has them.
func mandarin(t testing.TB, forCharacters bool) map[string]corpus.Filter {
	out := map[string]corpus.Filter{}
	open := func(name string, s corpus.FilterSettings) {
		if err := s.Validate(); err != nil {
			t.Fatal(err)
		}
		f, err := s.Open(corpus.Env{})
		if err != nil {
			t.Fatal(err)
		}
		out[name] = f()
	}
	q, r := filter.DefaultGopherQuality(), filter.DefaultGopherRepetition()
	q.MinMeanWordLength, q.MaxMeanWordLength, q.MinWordsWithLetters = 1, 5, 0.735
	q.StopWords = strings.Split("的年在月是和日了於·為有被人中为他與後也而由", "")
	r.MaxDuplicateLines = 0.287
	r.TopNGrams = []filter.Repeats{{N: 2, MaxChars: 0.256}, {N: 3, MaxChars: 0.201}, {N: 4, MaxChars: 0.171}}
	r.DuplicateNGrams = []filter.Repeats{{N: 5, MaxChars: 0.198}, {N: 6, MaxChars: 0.182}, {N: 7, MaxChars: 0.167}, {N: 8, MaxChars: 0.154},
		{N: 9, MaxChars: 0.14}, {N: 10, MaxChars: 0.127}}
	if forCharacters {
		q.MinWords, q.MinWordsWithLetters, q.MinStopWords = 90, 0.84, 3
		r.TopNGrams = []filter.Repeats{{N: 2, MaxChars: 0.2}, {N: 3, MaxChars: 0.165}, {N: 4, MaxChars: 0.14}}
		for i := range r.DuplicateNGrams {
			r.DuplicateNGrams[i].N *= 2
		}
	}
	open("gopher-quality", &q)
	open("gopher-repetition", &r)
	off := filter.GopherQuality{Words: "words", MaxWords: -1, MaxMeanWordLength: -1, MaxHashesPerWord: -1, MaxEllipsesPerWord: -1, MaxBulletLines: -1,
		MaxEllipsisLines: -1, StopWords: q.StopWords}
	for name, set := range map[string]func(s *filter.GopherQuality){
		"min_doc_words":             func(s *filter.GopherQuality) { s.MinWords = q.MinWords },
		"min_avg_word_length":       func(s *filter.GopherQuality) { s.MinMeanWordLength = q.MinMeanWordLength },
		"max_avg_word_length":       func(s *filter.GopherQuality) { s.MaxMeanWordLength = q.MaxMeanWordLength },
		"max_symbol_word_ratio":     func(s *filter.GopherQuality) { s.MaxHashesPerWord, s.MaxEllipsesPerWord = 0.1, 0.1 },
		"max_non_alpha_words_ratio": func(s *filter.GopherQuality) { s.MinWordsWithLetters = q.MinWordsWithLetters },
		"min_stop_words":            func(s *filter.GopherQuality) { s.MinStopWords = q.MinStopWords },
	} {
		s := off
		set(&s)
		open("gopher-quality/"+name, &s)
	}
	none := filter.GopherRepetition{Words: "words", Count: "later", MaxDuplicateLines: -1, MaxDuplicateParagraphs: -1, MaxDuplicateLineChars: -1, MaxDuplicateParagraphChars: -1}
	for i, name := range []string{"top_2_gram", "top_3_gram", "top_4_gram"} {
		s := none
		s.TopNGrams = r.TopNGrams[i : i+1]
		open("gopher-repetition/"+name, &s)
	}
	for i, name := range []string{"dup_5_gram", "dup_6_gram", "dup_7_gram", "dup_8_gram", "dup_9_gram", "dup_10_gram"} {
		s := none
		s.DuplicateNGrams = r.DuplicateNGrams[i : i+1]
		open("gopher-repetition/"+name, &s)
	}
	return out
}

// TestDatatroveChinese compares characters for words with jieba's words, by what tools/oracle/corpus_rules.py --chinese has written to
// the directory ATHANOR_RULES.
func TestDatatroveChinese(t *testing.T) {
	dir := os.Getenv("ATHANOR_RULES")
	if dir == "" {
		t.Skip("ATHANOR_RULES is not set: it names the directory that tools/oracle/corpus_rules.py makes")
	}
	for _, c := range []struct {
		title         string
		forCharacters bool
		least         float64 // agreement of whether a filter drops
	}{{"FineWeb-2's numbers", false, 0.7}, {"numbers for characters", true, 0.85}} {
		judges, seg := mandarin(t, c.forCharacters), new(segment.Text)
		documents, dropped, ours, same := 0, map[string]int{}, map[string]int{}, map[string]int{}
		var words, theirs float64
		oracleRows(t, filepath.Join(dir, "chinese-*.jsonl"), func(row oracleRow) {
			documents++
			for name, reason := range row.Rules {
				var r corpus.Report
				judges[name].Apply(corpus.NewDocument(row.Text, seg), &r)
				if reason != "" {
					dropped[name]++
				}
				if r.Dropped != "" {
					ours[name]++
				}
				if (reason != "") == (r.Dropped != "") {
					same[name]++
				}
			}
			seg.Reset(row.Text)
			words, theirs = words+float64(len(seg.Words())), theirs+float64(row.Words)
		})
		t.Logf("%s: %d documents, %.2f words here for one of jieba's", c.title, documents, words/theirs)
		for _, name := range slices.Sorted(maps.Keys(same)) {
			share := float64(same[name]) / float64(documents)
			t.Logf("%-44s datatrove drops %5d, we %5d, agreement %.1f %%", name, dropped[name], ours[name], 100*share)
			if share < c.least {
				t.Errorf("%s, %s: agreement %.3f, want at least %.2f", c.title, name, share, c.least)
			}
		}
	}
}
