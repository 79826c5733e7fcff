package dedup

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/athanor-lm/athanor/corpus"
)

func ids(o *outcome) string {
	var out []string
	for _, d := range o.kept {
		out = append(out, d.ID)
	}
	slices.Sort(out)
	return strings.Join(out, " ")
}

func TestExactNormalisation(t *testing.T) {
	docs := []*corpus.Document{doc("a", "One two,  three."), doc("b", "One two, three."), doc("c", "ONE TWO THREE"), doc("d", "one two 三"),
		doc("e", "one two, 三!"), doc("f", ""), doc("g", ""), doc("h", "…")}
	for _, c := range []struct{ normalise, want string }{
		{"none", "a b c d e f g h"}, {"whitespace", "a c d e f g h"}, {"words", "a e f g h"},
	} {
		s := DefaultExact()
		s.Normalise = c.normalise
		o := runPass(t, &s, corpus.Env{}, [][]*corpus.Document{docs})
		if got := ids(o); got != c.want {
			t.Errorf("%s: %s stay, want %s", c.normalise, got, c.want)
		}
	}
}

func TestKeepRules(t *testing.T) {
	var docs []*corpus.Document
	for i, c := range []struct{ text, source, meta string }{
		{"same text", "web", `{"score":0.5,"date":"2020-05-01","year":"1999"}`},
		{"Same  text!", "books", `{"score":-3,"date":"2019","year":1813}`},
		{"same text..", "mail", `{"score":7e9,"year":1000000000}`},
		{"same text", "other", `{"date":1000000000,"year":1850}`},
	} {
		d := doc(fmt.Sprint(i), c.text)
		d.Source, d.Meta = c.source, []byte(c.meta)
		docs = append(docs, d)
	}
	docs[1].Set("quality", 9.0)
	docs[0].Set("quality", -9.0)
	for _, c := range []struct {
		keep Keep
		want string
	}{
		{Keep{Rule: "first"}, "0"}, {Keep{Rule: "source", Sources: []string{"mail", "books"}}, "2"}, {Keep{Rule: "score", Score: "score"}, "2"},
		{Keep{Rule: "score", Score: "quality"}, "1"}, {Keep{Rule: "date", Date: "date"}, "3"}, {Keep{Rule: "date", Date: "year"}, "1"},
	} {
		s := DefaultExact()
		s.Keep, s.Normalise = c.keep, "words"
		o := runPass(t, &s, corpus.Env{}, [][]*corpus.Document{docs[:2], docs[2:]})
		if got := ids(o); got != c.want {
			t.Errorf("%+v: %s stays, want %s", c.keep, got, c.want)
		}
		for i, r := range o.reports {
			if fmt.Sprint(i) != c.want && (r.Dropped != "duplicate" || r.Partner != c.want) {
				t.Errorf("%+v: document %d: %+v, want a copy of %s", c.keep, i, r, c.want)
			}
		}
	}
	s := DefaultExact()
	s.Normalise = "words"
	longest := runPass(t, &s, corpus.Env{}, [][]*corpus.Document{docs})
	if n := len(longest.kept); n != 1 || len(longest.kept[0].Text()) != 11 {
		t.Errorf("longest: %s stay, want one of 11 bytes", ids(longest))
	}
	if longest.stats["duplicates"] != 3 || longest.stats["clusters"] != 1 || longest.stats["largest cluster"] != 4 || longest.chart["4"] != 1 {
		t.Errorf("figures %v %v", longest.stats, longest.chart)
	}
}

func TestLongNamesAreCutBetweenCharacters(t *testing.T) {
	long := strings.Repeat("语料", 50)
	s := DefaultExact()
	s.Rule = "first"
	o := runPass(t, &s, corpus.Env{}, [][]*corpus.Document{{doc(long, "text"), doc("copy", "text")}})
	if got := o.reports[1].Partner; got != long[:198] {
		t.Errorf("a copy of %q, want the first 66 characters", got)
	}
}

func TestExactOrder(t *testing.T) {
	var docs []*corpus.Document
	for i := range 3000 {
		d := doc(fmt.Sprint(i), fmt.Sprintf("text %d", i*i%700))
		d.Source = fmt.Sprint(i % 7)
		docs = append(docs, d)
	}
	s := DefaultExact()
	o := sameForEveryOrder(t, &s, docs)
	distinct := map[string]bool{}
	for _, d := range docs {
		distinct[d.Text()] = true
	}
	if len(o.kept) != len(distinct) {
		t.Errorf("%d stay of %d different texts", len(o.kept), len(distinct))
	}
}

func TestSettingsAreChecked(t *testing.T) {
	for _, s := range []corpus.PassSettings{
		&Exact{Keep: Keep{Rule: "best"}, Normalise: "none"}, &Exact{Keep: Keep{Rule: "longest"}, Normalise: "all"},
		&Exact{Keep: Keep{Rule: "score"}, Normalise: "none"},
		&Exact{Keep: Keep{Rule: "longest"}, Normalise: "none", Earlier: Earlier{Against: []string{"a", "./b"}, Save: "b"}}, &URL{Keep: Keep{Rule: "longest"}}, &URL{Keep: Keep{Rule: "date"}, Normalise: "none"},
	} {
		if err := s.Validate(); err == nil {
			t.Errorf("%+v: no error", s)
		}
	}
}

func TestAgainstAnEarlierCorpus(t *testing.T) {
	dir := t.TempDir()
	old, now := DefaultExact(), DefaultExact()
	old.Save = "old.index"
	if err := os.WriteFile(filepath.Join(dir, ".old.index-1234"), []byte("of a killed process"), 0o666); err != nil {
		t.Fatal(err)
	}
	now.Against, now.Save = []string{"old.index"}, "new.index"
	env := corpus.Env{Dir: dir, Memory: 100}
	tasks := func(from, to int) [][]*corpus.Document {
		out := make([][]*corpus.Document, 3)
		for i := from; i < to; i++ {
			out[i%3] = append(out[i%3], doc(fmt.Sprint(i), fmt.Sprint("text ", i)))
		}
		return out
	}
	if o := runPass(t, &old, env, tasks(0, 100)); len(o.kept) != 100 {
		t.Errorf("%d stay of the earlier corpus", len(o.kept))
	}
	o := runPass(t, &now, env, tasks(60, 200))
	if len(o.kept) != 100 || o.stats["in earlier corpora"] != 40 {
		t.Errorf("%d stay, want 100; %v", len(o.kept), o.stats)
	}
	for _, r := range o.reports {
		if r.Dropped != "" && r.Dropped != "in-earlier-corpus" {
			t.Errorf("dropped as %q", r.Dropped)
		}
	}
	if st, err := os.Stat(filepath.Join(dir, "new.index")); err != nil || st.Mode().Perm()&0o444 != 0o444 {
		t.Errorf("the index: %v, %v, want a file that all can read", st, err)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 2 {
		t.Errorf("%v, %v, want two indexes and nothing beside", entries, err)
	}
	third := DefaultExact()
	third.Against = []string{"new.index", filepath.Join(dir, "old.index")}
	if o := runPass(t, &third, env, tasks(0, 300)); len(o.kept) != 100 {
		t.Errorf("%d stay against two, want 100", len(o.kept))
	}
	third.Normalise = "words"
	if _, err := tryPass(t, &third, env, tasks(0, 3)); err == nil || !strings.Contains(err.Error(), "new.index") {
		t.Errorf("an index of other settings: error %v, want one that names it", err)
	}
}

func TestNormalizeURL(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"HTTPS://www.Example.COM:443/a/../b/?utm_source=x&b=2&a=1#top", "example.com/b?a=1&b=2"},
		{"http://example.com/b?a=1&b=2", "example.com/b?a=1&b=2"},
		{"http://example.com", "example.com"},
		{"http://example.com/", "example.com"},
		{"http://example.com:8080/%7euser/%e4%b8%ad", "example.com:8080/~user/%E4%B8%AD"},
		{"http://example.com/a%2Fb/c%3fd/", "example.com/a%2Fb/c%3Fd"},
		{"http://example.com/a/%2e%2e/b/%61", "example.com/b/a"},
		{"http://例子.中国/页?spm=a.b&id=3", "例子.中国/%E9%A1%B5?id=3"},
		{"http://cpdlab.eun.org/related-projects;jsessionid=2015C1", "cpdlab.eun.org/related-projects"},
		{"http://example.com/#!/page", "example.com#!/page"},
		{"http://[::1]:80/x", "[::1]/x"},
		{" no address ", "no address"},
		{"", ""},
	} {
		if got := normalizeURL(c.in); got != c.want {
			t.Errorf("normalizeURL(%q) = %q, want %q", c.in, got, c.want)
		}
		if again := normalizeURL("http://" + c.want); strings.HasPrefix(c.in, "h") && again != c.want {
			t.Errorf("normalizeURL(%q) = %q, want the same", "http://"+c.want, again)
		}
	}
}

func TestURL(t *testing.T) {
	docs := []*corpus.Document{doc("a", "short"), doc("b", "a longer text"), doc("c", "none"), doc("d", "none")}
	docs[0].URL, docs[1].URL = "http://example.com/x", "https://www.example.com/x/"
	s := DefaultURL()
	if got := ids(runPass(t, &s, corpus.Env{}, [][]*corpus.Document{docs})); got != "b c d" {
		t.Errorf("%s stay, want b c d", got)
	}
	s.Normalise = "none"
	if got := ids(runPass(t, &s, corpus.Env{}, [][]*corpus.Document{docs})); got != "a b c d" {
		t.Errorf("as they are: %s stay, want all", got)
	}
}

// The real corpus of documentation has 1,728 documents whose text another has.
func TestExactOnRealDocuments(t *testing.T) {
	docs := realDocs(t, 1<<30, "en-docs/docs.jsonl.gz")
	s := DefaultExact()
	o := runPass(t, &s, corpus.Env{Memory: 1 << 20}, shuffled(docs, 3, 5))
	seen := map[string]bool{}
	for _, d := range o.kept {
		if seen[d.Text()] {
			t.Errorf("%s stays beside its copy", d.ID)
		}
		seen[d.Text()] = true
	}
	for _, d := range docs {
		if !seen[d.Text()] {
			t.Errorf("no copy of %s stays", d.ID)
		}
	}
	if n := len(docs) - len(o.kept); n != 1728 {
		t.Errorf("%d dropped of %d, want 1,728", n, len(docs))
	}
}
