package filter_test

import (
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/athanor-lm/athanor/corpus"
	"github.com/athanor-lm/athanor/corpus/filter"
	"github.com/athanor-lm/athanor/internal/realdata"
)

// lists writes files and returns the directory.
func lists(t *testing.T, files map[string]string) corpus.Env {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		writeList(t, dir, name, content)
	}
	return corpus.Env{Dir: dir, Seed: 1}
}

func writeList(t testing.TB, dir, name, content string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

// opened returns a filter.
func opened(t *testing.T, s corpus.FilterSettings, env corpus.Env) corpus.Filter {
	t.Helper()
	if err := s.Validate(); err != nil {
		t.Fatal(err)
	}
	open, err := s.Open(env)
	if err != nil {
		t.Fatal(err)
	}
	return open()
}

func TestURLFilter(t *testing.T) {
	env := lists(t, map[string]string{
		"hosts":   "# sites\nbad.example\n0.0.0.0 worse.example # comment\nsub.fine.co.uk\nCASE.example\n",
		"ads":     "[Adblock Plus 2.0]\n! title\n||ads.example^\n||third.example^$third-party\n||whole.example^$document\nhost.example##.ad\n/banner/\n@@||x.example^\n",
		"urls":    "http://fine.example/one.html\n",
		"words":   "Casino\n#no\n18+abused\n",
		"soft":    "free\nmovie\n",
		"subword": "p o r n\n",
	})
	s := filter.DefaultURLFilter()
	s.Domains, s.URLs, s.Words, s.SoftWords, s.Subwords = []string{"hosts", "ads"}, []string{"urls"}, []string{"words"}, []string{"soft"}, []string{"subword"}
	f := opened(t, &s, env)
	for url, rule := range map[string]string{
		"http://bad.example/":                    "domain",
		"https://www.bad.example:8080/x":         "domain",
		"http://user:pw@a.b.bad.example?q":       "domain",
		"http://notbad.example/":                 "",
		"//worse.example":                        "domain",
		"http://case.EXAMPLE/":                   "domain",
		"http://fine.co.uk/":                     "",
		"http://sub.fine.co.uk/":                 "subdomain",
		"http://deep.sub.fine.co.uk/":            "", // datatrove looks at the host and the registered domain alone
		"http://x.y.ads.example/":                "domain",
		"http://third.example/":                  "",
		"http://a.whole.example/":                "domain",
		"http://host.example/":                   "",
		"http://fine.example/one.html":           "url",
		"http://fine.example/one.html?":          "",
		"http://fine.example/online-casino":      "hard-blacklisted",
		"http://fine.example/Casino":             "", // the address keeps its case
		"http://fine.example/casinos":            "",
		"http://fine.example/18abused":           "hard-blacklisted",
		"http://fine.example/free/free":          "",
		"http://fine.example/free/movie":         "soft-blacklisted",
		"http://fine.example/xP-OR_n":            "blacklisted-subword",
		"http://fine.example/about/por/national": "blacklisted-subword", // datatrove squeezes words together
		"http://fine.example/about/pod":          "",
		"http://192.0.2.1/x":                     "",
		"http://[2001:db8::1]:80/":               "",
		"no address":                             "",
		"http://github.io/":                      "",
		"http://\u4f60\u597d.example/\u4f60":     "",
	} {
		var r corpus.Report
		d := corpus.NewDocument("", nil)
		d.URL = url
		if f.Apply(d, &r); r.Dropped != rule {
			t.Errorf("%s: dropped by %q, want %q", url, r.Dropped, rule)
		}
	}
	var r corpus.Report
	f.Apply(corpus.NewDocument("", nil), &r)
	if r.Dropped != "" || len(r.Counts) != 1 || r.Counts[0] != (corpus.Count{Kind: "no address", N: 1}) {
		t.Errorf("without an address: dropped by %q, counted %v", r.Dropped, r.Counts)
	}
}

func TestURLFilterRefusesWhatIsNoHost(t *testing.T) {
	env := lists(t, map[string]string{"hosts": "good.example\n\nbad.example/path\n", "words": "...\n"})
	s := filter.DefaultURLFilter()
	if err := s.Validate(); err == nil {
		t.Error("settings without a list are valid")
	}
	s.Domains = []string{"hosts"}
	if _, err := s.Open(env); err == nil || !strings.Contains(err.Error(), `hosts:3: "bad.example/path" is no host`) {
		t.Errorf("error %v, want one that names the line", err)
	}
	s.Domains, s.Words = nil, []string{"words"}
	if _, err := s.Open(env); err == nil || !strings.Contains(err.Error(), "words:1:") {
		t.Errorf("error %v, want one that names the line", err)
	}
	s.Words = []string{"absent"}
	if _, err := s.Open(env); err == nil || !strings.Contains(err.Error(), "absent") {
		t.Errorf("error %v, want one that names the file", err)
	}
}

// TestURLFilterReadsEasyList has a real list of an ad blocker, of 69,336 lines.
func TestURLFilterReadsEasyList(t *testing.T) {
	list := realdata.Bytes(t, "corpora/pipeline-golden-dolma/tests/data/urls/easylist.txt.gz")
	s := filter.DefaultURLFilter()
	s.Domains = []string{"easylist"}
	judge := opened(t, &s, lists(t, map[string]string{"easylist": string(list)}))
	for url, dropped := range map[string]bool{"http://hpjnixtyjnl.com/": true, "https://www.date2day.pro/a": true, "http://greatist.com/health": false, "http://twitter.com/": false, "http://gmail.com/": false} {
		var r corpus.Report
		d := corpus.NewDocument("", nil)
		d.URL = url
		if judge.Apply(d, &r); (r.Dropped == "domain") != dropped {
			t.Errorf("%s: dropped by %q, want %v", url, r.Dropped, dropped)
		}
	}
}

func TestBadWords(t *testing.T) {
	env := lists(t, map[string]string{"en": "damn\nTwo  words\nf**k\nsm\nétat\n", "zh": "坏词\n性\n"})
	s := filter.DefaultBadWords()
	s.Lists = map[string]string{"en": "en", "zh": "zh"}
	f := opened(t, &s, env)
	for _, c := range []struct{ lang, text, spans string }{
		{"", "Damn it, and DAMN.", "Damn|DAMN"},
		{"en", "damned goddamn _damn damn_ damn1 4damn", ""},
		{"en", "(damn)", "damn"},
		{"en", "two words or two  words", "two  words"},
		{"en", "what the f**k?", "f**k"},
		{"en", "sm", ""}, // allowed
		{"en", "L'ÉTAT, c'est moi", "ÉTAT"},
		{"en", "états éétat", ""},
		{"zh", "这是坏词吗", "坏词"},
		{"zh", "性别", ""},
		{"fr", "damn", ""},
	} {
		r := corpus.Report{Explain: true}
		d := corpus.NewDocument(c.text, nil)
		d.Lang = c.lang
		f.Apply(d, &r)
		var spans []string
		for _, finding := range r.Findings {
			for _, s := range finding.Spans {
				spans = append(spans, c.text[s.Start:s.End])
			}
		}
		if got := strings.Join(spans, "|"); got != c.spans || (r.Dropped != "") != (c.spans != "") {
			t.Errorf("%s %q: found %q, dropped by %q; want %q", c.lang, c.text, got, r.Dropped, c.spans)
		}
	}
	s.Keep = 0.25
	f = opened(t, &s, env)
	kept := 0
	for i := range 1000 {
		var r corpus.Report
		d := corpus.NewDocument("damn", nil)
		d.ID = strings.Repeat("x", i)
		if f.Apply(d, &r); r.Dropped == "" {
			kept++
		}
	}
	if kept < 200 || kept > 300 {
		t.Errorf("%d of 1000 documents stay, want about a quarter", kept)
	}
}

// TestDatatrovesListsAgree compares with what tools/oracle/corpus_lists.py has written to the directory ATHANOR_RULES.
func TestDatatrovesListsAgree(t *testing.T) {
	dir := os.Getenv("ATHANOR_RULES")
	if dir == "" {
		t.Skip("ATHANOR_RULES is not set: it names the directory that tools/oracle/corpus_lists.py makes")
	}
	env := corpus.Env{Dir: filepath.Join(dir, "lists")}
	urls := filter.URLFilter{Domains: []string{"domains"}, URLs: []string{"urls"}, Words: []string{"banned_words.txt"}, SoftWords: []string{"soft_banned_words.txt"}, SoftLimit: 2, Subwords: []string{"banned_subwords.txt"}}
	bad := filter.DefaultBadWords()
	bad.Lists = map[string]string{"en": "bad_words.txt", "zh": "bad_words.txt"}
	for name, f := range map[string]corpus.Filter{"urls.jsonl": opened(t, &urls, env), "badwords.jsonl": opened(t, &bad, env)} {
		file, err := os.Open(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		documents, dropped, same := 0, map[string]int{}, 0
		for dec := json.NewDecoder(file); ; {
			var row struct{ URL, Text, Lang, Rule string }
			if err := dec.Decode(&row); err == io.EOF {
				break
			} else if err != nil {
				t.Fatal(err)
			}
			var r corpus.Report
			d := corpus.NewDocument(row.Text, nil)
			d.URL, d.Lang = row.URL, row.Lang
			f.Apply(d, &r)
			want := strings.ReplaceAll(row.Rule, "_", "-")
			if want == "document-removed-with-badwords" {
				want = "bad-words"
			}
			documents++
			dropped[want]++
			if r.Dropped == want {
				same++
			} else if documents-same < 20 {
				t.Logf("%s%.40q: dropped by %q, want %q", row.URL, row.Text, r.Dropped, want)
			}
		}
		share := float64(same) / float64(documents)
		t.Logf("%s: %d, %.3f %% agree; by rule %v", name, documents, 100*share, dropped)
		if share < 0.995 {
			t.Errorf("%s: %.3f %% of the decisions agree, want 99.5 %%", name, 100*share)
		}
	}
}
