// Package bench scores article extraction as the authors of the article-extraction-benchmark do
// (github.com/scrapinghub/article-extraction-benchmark, evaluate.py).
package bench

import (
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode"
)

// Page is a page of the benchmark with its text as people marked it.
type Page struct {
	ID, URL string
	HTML    []byte
	Truth   string
}

// Load reads the benchmark's pages from its folder, in the order of their names.
func Load(dir string) ([]Page, error) {
	raw, err := os.ReadFile(filepath.Join(dir, "ground-truth.json"))
	if err != nil {
		return nil, err
	}
	var truth map[string]struct{ ArticleBody, URL string }
	if err := json.Unmarshal(raw, &truth); err != nil {
		return nil, fmt.Errorf("ground-truth.json: %w", err)
	}
	var pages []Page
	for id, t := range truth {
		page, err := gunzip(filepath.Join(dir, "html", id+".html.gz"))
		if err != nil {
			return nil, err
		}
		pages = append(pages, Page{id, t.URL, page, t.ArticleBody})
	}
	slices.SortFunc(pages, func(a, b Page) int { return strings.Compare(a.ID, b.ID) })
	return pages, nil
}

func gunzip(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return io.ReadAll(z)
}

// Match is how far a text agrees with the truth: the shares of shingles in both (TP), only in the text (FP), only in the
// truth (FN).
type Match struct{ TP, FP, FN float64 }

// Compare counts the shingles of four tokens that two texts share.
func Compare(truth, text string) Match {
	a, b := shingles(truth), shingles(text)
	var m Match
	for s, n := range a {
		m.TP += float64(min(n, b[s]))
		m.FN += float64(max(0, n-b[s]))
	}
	for s, n := range b {
		m.FP += float64(max(0, n-a[s]))
	}
	if sum := m.TP + m.FP + m.FN; sum > 0 {
		m.TP, m.FP, m.FN = m.TP/sum, m.FP/sum, m.FN/sum
	}
	return m
}

// Precision is the share of the text that is of the truth.
func (m Match) Precision() float64 { return ratio(m, m.FP) }

// Recall is the share of the truth that was found.
func (m Match) Recall() float64 { return ratio(m, m.FN) }

func ratio(m Match, wrong float64) float64 {
	switch {
	case m.FP == 0 && m.FN == 0:
		return 1
	case m.TP == 0 && wrong == 0:
		return 0
	}
	return m.TP / (m.TP + wrong)
}

// Score is the result over pages: F1 is that of the mean precision and the mean recall.
type Score struct {
	F1, Precision, Recall float64
	Accuracy              float64 // pages without any difference
	Interval              float64 // 1.96 standard deviations of F1 over 1000 samples with replacement
}

func (s Score) String() string {
	return fmt.Sprintf("F1 %.4f ± %.4f  precision %.4f  recall %.4f  accuracy %.3f", s.F1, s.Interval, s.Precision, s.Recall, s.Accuracy)
}

// Total adds pages up.
func Total(matches []Match) Score {
	s := total(matches)
	r := rand.New(rand.NewPCG(1, 2))
	sample := make([]Match, len(matches))
	var sum, squares float64
	const times = 1000
	for range times {
		for i := range sample {
			sample[i] = matches[r.IntN(len(matches))]
		}
		f1 := total(sample).F1
		sum += f1
		squares += f1 * f1
	}
	s.Interval = deviation(sum, squares, times) * 1.96
	return s
}

func deviation(sum, squares, n float64) float64 {
	return math.Sqrt(max(0, squares-sum*sum/n) / (n - 1))
}

func total(matches []Match) (s Score) {
	var found, wanted float64
	for _, m := range matches {
		if m.TP+m.FP > 0 {
			s.Precision += m.Precision()
			found++
		}
		if m.TP+m.FN > 0 {
			s.Recall += m.Recall()
			wanted++
		}
		if m.FP == 0 && m.FN == 0 {
			s.Accuracy++
		}
	}
	s.Precision /= found
	s.Recall /= wanted
	s.Accuracy /= float64(len(matches))
	s.F1 = 2 * s.Precision * s.Recall / (s.Precision + s.Recall)
	return s
}

// shingles counts the runs of four tokens; a text of fewer is one run.
func shingles(text string) map[string]int {
	const n = 4
	tokens := strings.FieldsFunc(text, func(r rune) bool { return !word(r) })
	counts := map[string]int{}
	for i := range max(1, len(tokens)-n+1) {
		if run := tokens[i:min(i+n, len(tokens))]; len(run) > 0 {
			counts[strings.Join(run, " ")]++
		}
	}
	return counts
}

// word is what \w matches in Python: alphanumeric by str.isalnum, and the underscore.
func word(r rune) bool {
	return r == '_' || unicode.IsLetter(r) || unicode.IsNumber(r)
}
