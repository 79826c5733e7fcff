package filter_test

import (
	"bufio"
	"cmp"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
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

// reasons are datatrove's names of rules that are called otherwise here.
var reasons = map[string]string{
	"gopher_enough_stop_words": "too-few-stop-words",
	"ZeroDivisionError":        "", // a rule alone on a text without words or lines: it passes here
}

// ours returns our name of datatrove's reason.
func ours(reason string) string {
	if name, ok := reasons[reason]; ok {
		return name
	}
	return strings.ReplaceAll(strings.TrimPrefix(reason, "gopher_"), "_", "-")
}

// judges returns the filters that tools/oracle/corpus_rules.py applies, under its names.
func judges(t testing.TB) map[string]corpus.Filter {
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
	quality := func(name string, set func(off, on *filter.GopherQuality)) {
		on := filter.DefaultGopherQuality()
		off := filter.GopherQuality{Words: "spacy", MaxWords: -1, MaxMeanWordLength: -1, MaxHashesPerWord: -1, MaxEllipsesPerWord: -1, MaxBulletLines: -1, MaxEllipsisLines: -1, StopWords: on.StopWords}
		set(&off, &on)
		open("gopher-quality/"+name, &off)
	}
	repetition := func(name string, set func(off, on *filter.GopherRepetition)) {
		on := filter.DefaultGopherRepetition()
		off := filter.GopherRepetition{Words: "spacy", Count: "later", MaxDuplicateLines: -1, MaxDuplicateParagraphs: -1, MaxDuplicateLineChars: -1, MaxDuplicateParagraphChars: -1}
		set(&off, &on)
		open("gopher-repetition/"+name, &off)
	}
	c4 := func(name string, set func(off, on *filter.C4)) {
		on, off := filter.DefaultC4(), filter.C4{By: "line", MaxWordLength: -1}
		set(&off, &on)
		open("c4/"+name, &off)
	}
	fineWeb := func(name string, set func(off, on *filter.FineWeb)) {
		on, off := filter.DefaultFineWeb(), filter.FineWeb{Words: "spacy", MaxShortLines: -1, ShortLine: 30, MaxDuplicateLineChars: -1, MaxNewlinesPerWord: -1}
		set(&off, &on)
		open("fineweb/"+name, &off)
	}
	// On Chinese datatrove's English filters count what spaCy's English tokenizer makes of it.
	q, r, c, f := filter.DefaultGopherQuality(), filter.DefaultGopherRepetition(), filter.DefaultC4(), filter.DefaultFineWeb()
	q.Words, r.Words, f.Words = "spacy", "spacy", "spacy"
	open("gopher-quality", &q)
	open("gopher-repetition", &r)
	open("c4", &c)
	open("fineweb", &f)
	unmarked := c
	unmarked.TerminalMark = false
	open("c4-no-terminal", &unmarked)

	quality("min_doc_words", func(off, on *filter.GopherQuality) { off.MinWords = on.MinWords })
	quality("max_doc_words", func(off, on *filter.GopherQuality) { off.MaxWords = on.MaxWords })
	quality("max_doc_words=2000", func(off, on *filter.GopherQuality) { off.MaxWords = 2000 })
	quality("min_avg_word_length", func(off, on *filter.GopherQuality) { off.MinMeanWordLength = on.MinMeanWordLength })
	quality("max_avg_word_length", func(off, on *filter.GopherQuality) { off.MaxMeanWordLength = on.MaxMeanWordLength })
	quality("max_symbol_word_ratio", func(off, on *filter.GopherQuality) {
		off.MaxHashesPerWord, off.MaxEllipsesPerWord = on.MaxHashesPerWord, on.MaxEllipsesPerWord
	})
	quality("max_bullet_lines_ratio", func(off, on *filter.GopherQuality) { off.MaxBulletLines = on.MaxBulletLines })
	quality("max_ellipsis_lines_ratio", func(off, on *filter.GopherQuality) { off.MaxEllipsisLines = on.MaxEllipsisLines })
	quality("max_non_alpha_words_ratio", func(off, on *filter.GopherQuality) { off.MinWordsWithLetters = on.MinWordsWithLetters })
	quality("min_stop_words", func(off, on *filter.GopherQuality) { off.MinStopWords = on.MinStopWords })
	repetition("dup_line_frac", func(off, on *filter.GopherRepetition) { off.MaxDuplicateLines = on.MaxDuplicateLines })
	repetition("dup_para_frac", func(off, on *filter.GopherRepetition) { off.MaxDuplicateParagraphs = on.MaxDuplicateParagraphs })
	repetition("dup_line_char_frac", func(off, on *filter.GopherRepetition) { off.MaxDuplicateLineChars = on.MaxDuplicateLineChars })
	repetition("dup_para_char_frac", func(off, on *filter.GopherRepetition) { off.MaxDuplicateParagraphChars = on.MaxDuplicateParagraphChars })
	for i, name := range []string{"top_2_gram", "top_3_gram", "top_4_gram"} {
		repetition(name, func(off, on *filter.GopherRepetition) { off.TopNGrams = on.TopNGrams[i : i+1] })
	}
	for i, name := range []string{"dup_5_gram", "dup_6_gram", "dup_7_gram", "dup_8_gram", "dup_9_gram", "dup_10_gram"} {
		repetition(name, func(off, on *filter.GopherRepetition) { off.DuplicateNGrams = on.DuplicateNGrams[i : i+1] })
	}
	c4("remove_citations", func(off, on *filter.C4) { off.RemoveCitations = true })
	c4("filter_no_terminal_punct", func(off, on *filter.C4) { off.TerminalMark = true })
	c4("min_num_sentences", func(off, on *filter.C4) { off.MinSentences = on.MinSentences })
	c4("min_words_per_line", func(off, on *filter.C4) { off.MinWords = on.MinWords })
	c4("max_word_length", func(off, on *filter.C4) { off.MaxWordLength = on.MaxWordLength })
	c4("filter_lorem_ipsum", func(off, on *filter.C4) { off.LoremIpsum = true })
	c4("filter_javascript", func(off, on *filter.C4) { off.JavaScript = true })
	c4("filter_curly_bracket", func(off, on *filter.C4) { off.CurlyBracket = true })
	c4("filter_policy", func(off, on *filter.C4) { off.Policy = true })
	fineWeb("line_punct_thr", func(off, on *filter.FineWeb) { off.MinLinesEndingInMark = on.MinLinesEndingInMark })
	fineWeb("short_line_thr", func(off, on *filter.FineWeb) { off.MaxShortLines = on.MaxShortLines })
	fineWeb("char_duplicates_ratio", func(off, on *filter.FineWeb) { off.MaxDuplicateLineChars = on.MaxDuplicateLineChars })
	fineWeb("new_line_ratio", func(off, on *filter.FineWeb) { off.MaxNewlinesPerWord = on.MaxNewlinesPerWord })
	return out
}

// oracleRow is a document with what datatrove says of it.
type oracleRow struct {
	Corpus, Text string
	Words        int // in all
	Rules, Left  map[string]string
}

// oracleRows calls f with the rows of the files of a pattern.
func oracleRows(t testing.TB, pattern string, f func(oracleRow)) {
	paths, _ := filepath.Glob(pattern)
	if len(paths) == 0 {
		t.Fatalf("%s: no such file", pattern)
	}
	for _, path := range paths {
		file, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		var r io.Reader = bufio.NewReaderSize(file, 1<<20)
		if strings.HasSuffix(path, ".gz") {
			if r, err = gzip.NewReader(r); err != nil {
				t.Fatalf("%s: %v", path, err)
			}
		}
		for dec := json.NewDecoder(r); ; {
			var row oracleRow
			if err := dec.Decode(&row); err == io.EOF {
				break
			} else if err != nil {
				t.Fatalf("%s: %v", path, err)
			}
			f(row)
		}
	}
}

// agreement counts how often a rule says what datatrove says.
type agreement struct{ documents, dropped, same, left, text, changed int }

// compare judges a row's text, in both ways of reporting, and counts.
func compare(t testing.TB, seg *segment.Text, row oracleRow, judges map[string]corpus.Filter, of map[string]*agreement) (differ []string) {
	for name, want := range row.Rules {
		a := of[name]
		if a == nil {
			a = new(agreement)
			of[name] = a
		}
		a.documents++
		if want != "" {
			a.dropped++
		}
		var report corpus.Report
		d := corpus.NewDocument(row.Text, seg)
		judges[name].Apply(d, &report)
		explained := corpus.Report{Explain: true}
		e := corpus.NewDocument(row.Text, seg)
		judges[name].Apply(e, &explained)
		if report.Dropped != explained.Dropped || d.Text() != e.Text() {
			t.Errorf("%s: %q without explanation, %q with, of %.80q", name, report.Dropped, explained.Dropped, row.Text)
		}
		if report.Dropped == ours(want) {
			a.same++
		} else {
			differ = append(differ, name+": "+cmp.Or(report.Dropped, "kept")+", want "+cmp.Or(want, "kept"))
		}
		if left := row.Left[name]; left != "" && report.Dropped == "" {
			a.left++
			if len(report.Counts) > 0 {
				a.changed++
			}
			sum := sha256.Sum256([]byte(d.Text()))
			if hex.EncodeToString(sum[:])[:16] == left {
				a.text++
			} else {
				differ = append(differ, name+": another text is left")
			}
		}
	}
	return differ
}

// TestDatatroveAgrees compares with what tools/oracle/corpus_rules.py has written to the directory ATHANOR_RULES.
func TestDatatroveAgrees(t *testing.T) {
	dir := os.Getenv("ATHANOR_RULES")
	if dir == "" {
		t.Skip("ATHANOR_RULES is not set: it names the directory that tools/oracle/corpus_rules.py makes")
	}
	of, judges, seg, shown := map[string]*agreement{}, judges(t), new(segment.Text), 0
	oracleRows(t, filepath.Join(dir, "rules-*.jsonl"), func(row oracleRow) {
		for _, differ := range compare(t, seg, row, judges, of) {
			if shown++; shown <= 40 {
				t.Logf("%s, %d bytes %.60q: %s", row.Corpus, len(row.Text), row.Text, differ)
			}
		}
	})
	for _, name := range slices.Sorted(maps.Keys(of)) {
		a := of[name]
		share := float64(a.same) / float64(a.documents)
		t.Logf("%-44s %6d documents, %6d dropped, %6d agree: %.3f %%; of %5d texts left %5d are equal, %5d lost something", name, a.documents, a.dropped, a.same, 100*share, a.left, a.text, a.changed)
		if a.left != a.text {
			t.Errorf("%s leaves %d of %d texts other than datatrove does", name, a.left-a.text, a.left)
		}
		if share < 0.995 {
			t.Errorf("%s: %.3f %% of the decisions agree, want 99.5 %%", name, 100*share)
		}
	}
}

// TestDatatroveAgreesOnTheFixture has pages of books, statutes and the project's documentation, many of them made worse, with what
// datatrove says of them (tools/oracle/corpus_rules.py --own).
func TestDatatroveAgreesOnTheFixture(t *testing.T) {
	of, judges, seg := map[string]*agreement{}, judges(t), new(segment.Text)
	oracleRows(t, filepath.Join("testdata", "datatrove.jsonl.gz"), func(row oracleRow) {
		for _, differ := range compare(t, seg, row, judges, of) {
			if seg.Reset(row.Text); strings.Contains(differ, "too_few_sentences") && len(seg.Words()) != len(seg.Tokens()) {
				continue // Chinese sentences are found here, not by spaCy's English tokenizer
			}
			t.Errorf("%s %.60q: %s", row.Corpus, row.Text, differ)
		}
	})
	if len(of) != len(judges) {
		t.Errorf("%d rules in the fixture, want %d", len(of), len(judges))
	}
	for name, a := range of {
		if a.dropped+a.changed == 0 && name != "gopher-quality/max_doc_words" && name != "gopher-quality/max_doc_words=2000" {
			t.Errorf("%s never has anything to say in %d documents", name, a.documents)
		}
	}
}
