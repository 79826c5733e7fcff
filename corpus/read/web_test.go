package read

import (
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tidwall/gjson"
	"golang.org/x/text/encoding/simplifiedchinese"

	"github.com/athanor-lm/athanor/internal/realdata"
)

const kiln = "The fire is lit in the evening, when the wind has gone down, and someone stays with it, for a kiln that is left alone cools unevenly."

func webPage(lang, text string) string {
	return "<!doctype html><html lang=" + lang + "><title>The kiln</title><link rel=canonical href=https://pottery.example/kiln><body><nav><a href=/>Home</a></nav><article><p>" +
		text + "</article><footer>© Pottery</footer>"
}

func httpRecord(uri, status, contentType, body string) string {
	block := "HTTP/1.1 " + status + "\r\nContent-Type: " + contentType + "\r\n\r\n" + body
	return fmt.Sprintf("WARC/1.0\r\nWARC-Type: response\r\nWARC-Record-ID: <urn:uuid:%s>\r\nWARC-Date: 2024-05-18T01:58:10Z\r\nWARC-Target-URI: %s\r\n"+
		"Content-Type: application/http; msgtype=response\r\nContent-Length: %d\r\n\r\n%s\r\n\r\n", uri[len(uri)-1:], uri, len(block), block)
}

func otherRecord(kind, contentType, block string) string {
	return fmt.Sprintf("WARC/1.0\r\nWARC-Type: %s\r\nWARC-Target-URI: https://w.example/\r\nWARC-Identified-Content-Language: spa,eng\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s\r\n\r\n",
		kind, contentType, len(block), block)
}

func TestWebPageBecomesItsMainText(t *testing.T) {
	chinese := "夜里点火，风停了以后，总有人守在窑边，因为没有人看着的窑，冷下来就不均匀。柴一个时辰加一次，先粗后细，直到釉流下来。"
	gb, err := simplifiedchinese.GB18030.NewEncoder().String("<meta charset=gb2312>" + webPage("zh-CN", chinese))
	if err != nil {
		t.Fatal(err)
	}
	dir := tree(t, map[string]string{"a.html": webPage("en-GB", kiln), "b.htm.gz": gz(t, gb), "c.xhtml": "<p>", "d.html": strings.Repeat("<div>", 600)})
	docs, bad, st, err := all(t, Options{KeepMeta: true}, dir)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, d := range docs {
		got = append(got, fmt.Sprintf("%s|%s|%s|%s|%s", d.ID, d.Lang, d.URL, d.Text, d.Meta))
	}
	want := []string{
		`a.html|en|https://pottery.example/kiln|` + kiln + `|{"title":"The kiln","canonical":"https://pottery.example/kiln","html_lang":"en-GB"}`,
		`b.htm.gz|zh|https://pottery.example/kiln|` + chinese + `|{"title":"The kiln","canonical":"https://pottery.example/kiln","html_lang":"zh-CN"}`,
	}
	if !slices.Equal(got, want) {
		t.Errorf("documents\n got %q\nwant %q", got, want)
	}
	if len(bad) != 1 || !strings.Contains(bad[0].Reason, "nested too deeply") {
		t.Errorf("set aside: %v", bad)
	}
	if st.Documents != 2 || st.Empty != 1 || st.Bad != 1 || st.Decoded != 1 {
		t.Errorf("stats %+v", st)
	}
}

func archive() []string {
	return []string{
		otherRecord("warcinfo", "application/warc-fields", "software: none\r\n"),
		otherRecord("request", "application/http; msgtype=request", "GET / HTTP/1.1\r\n\r\n"),
		httpRecord("https://w.example/a", "200 OK", "text/html; charset=utf-8", webPage("en", kiln)),
		httpRecord("https://w.example/b", "404 Not Found", "text/html", webPage("en", kiln)),
		httpRecord("https://w.example/c", "200 OK", "application/pdf", "%PDF"+strings.Repeat(" ", 17<<20)),
		httpRecord("https://w.example/d", "200 OK", "text/html", "<html><body>"),
		strings.Replace(httpRecord("https://w.example/e", "200 OK", "text/html", webPage("en", kiln)), "Content-Length: ", "Content-Length: 1", 1),
		strings.Replace(httpRecord("https://w.example/f", "200 OK", "text/html", webPage("en", kiln)), "HTTP/1.1 200", "HTTP/1.1 two", 1),
		otherRecord("conversion", "text/plain", "Una vez, y otra vez."),
		otherRecord("resource", "text/html", webPage("en", kiln)),
		httpRecord("https://w.example/g", "200 OK", "Application/XHTML+xml;charset", webPage("de", kiln)),
	}
}

func TestWebArchiveGivesItsPagesAndCountsTheRest(t *testing.T) {
	var members strings.Builder
	for _, r := range archive() {
		members.WriteString(gz(t, r))
	}
	plain := strings.Join(archive(), "")
	dir := tree(t, map[string]string{"a.warc.gz": members.String(), "b.warc": plain, "c.warc.zst": zst(t, plain), "d.warc.wet.gz": gz(t, archive()[8])})
	for _, name := range []string{"a.warc.gz", "b.warc", "c.warc.zst"} {
		docs, bad, st, err := all(t, Options{KeepMeta: true}, filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, d := range docs {
			got = append(got, fmt.Sprintf("%s|%s|%s|%.12s|%s", d.ID, d.URL, d.Lang, d.Text, gjson.GetBytes(d.Meta, "date")))
		}
		want := []string{
			"urn:uuid:a|https://w.example/a|en|The fire is |2024-05-18T01:58:10Z",
			name + "#9|https://w.example/|es|Una vez, y o|",
			name + "#10|https://w.example/|en|The fire is |",
			"urn:uuid:g|https://w.example/g|de|The fire is |2024-05-18T01:58:10Z",
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: documents\n got %q\nwant %q", name, got, want)
		}
		left := map[string]int{"warcinfo": 1, "request": 1, "status 404": 1, "application/pdf": 1}
		if !maps.Equal(st.LeftOutRecords, left) || st.Empty != 1 || st.Bad != 2 {
			t.Errorf("%s: stats %+v, want left out %v, 1 empty and 2 bad", name, st, left)
		}
		if len(bad) != 2 || bad[0].Record != 7 || !strings.Contains(bad[0].Reason, "https://w.example/e: at byte") || bad[1].Record != 8 ||
			!strings.Contains(bad[1].Reason, "https://w.example/f: HTTP response begins with") {
			t.Errorf("%s: set aside %v", name, bad)
		}
	}
	_, _, st, err := all(t, Options{}, tree(t, map[string]string{"x.warc": otherRecord(strings.Repeat("x", 1000), "text/plain", "") + otherRecord("甲", "text/plain", "") + otherRecord("", "text/plain", "")}))
	if want := map[string]int{"unknown record type": 3}; err != nil || !maps.Equal(st.LeftOutRecords, want) {
		t.Errorf("types: %v, %v, want %v", st.LeftOutRecords, err, want)
	}
	docs, _, _, err := all(t, Options{}, filepath.Join(dir, "d.warc.wet.gz"))
	if err != nil || len(docs) != 1 || string(docs[0].Text) != "Una vez, y otra vez." || docs[0].Meta != nil {
		t.Errorf("WET: %v, %+v", err, docs)
	}
}

// Reading goes on at any place as if it had never stopped.
func TestWebArchiveGoesOnAtEveryRecord(t *testing.T) {
	dir := tree(t, map[string]string{"a.warc": strings.Join(archive(), "")})
	c, err := Open([]string{dir}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	var places []Position
	var ids []string
	for d, err := range c.Documents(context.Background()) {
		if err != nil {
			t.Fatal(err)
		}
		places, ids = append(places, c.Position()), append(ids, d.ID)
	}
	want := c.Stats()
	for i, p := range places {
		var rest []string
		for d, err := range c.DocumentsFrom(context.Background(), p) {
			if err != nil {
				t.Fatal(err)
			}
			rest = append(rest, d.ID)
		}
		if got := c.Stats(); !slices.Equal(rest, ids[i+1:]) || !maps.Equal(got.LeftOutRecords, want.LeftOutRecords) || got.Bad != want.Bad || got.Documents != want.Documents {
			t.Errorf("from %+v: %v, %+v; want %v, %+v", p, rest, got, ids[i+1:], want)
		}
	}
}

func TestRealWebArchives(t *testing.T) {
	for name, want := range map[string]struct {
		documents int64
		left      map[string]int
		text      string
	}{
		"dirty-warc-whirlwind/whirlwind.warc.gz":                    {1, map[string]int{"warcinfo": 1, "request": 1, "metadata": 1}, "Escopete"},
		"dirty-warc-whirlwind/whirlwind.warc.wet.gz":                {1, map[string]int{"warcinfo": 1}, "Biquipedia, a enciclopedia libre"},
		"pipeline-golden-dolma/tests/data/warc/sample-0000.warc.gz": {22, map[string]int{"warcinfo": 1, "request": 22, "metadata": 1, "text/plain": 2}, ""},
		"pipeline-golden-dolma/tests/data/warc/sample-0001.warc.gz": {15, map[string]int{"warcinfo": 1, "request": 15, "metadata": 1, "text/plain": 2}, ""},
	} {
		docs, bad, st, err := all(t, Options{}, realdata.Path(t, "corpora/"+name))
		if err != nil || len(bad) > 0 {
			t.Fatalf("%s: %v, %v", name, err, bad)
		}
		t.Logf("%s: %+v", name, st)
		if st.Documents+st.Empty != want.documents || !maps.Equal(st.LeftOutRecords, want.left) {
			t.Errorf("%s: %+v, want %d pages, left out %v", name, st, want.documents, want.left)
		}
		if want.text != "" && (len(docs) != 1 || !strings.Contains(string(docs[0].Text), want.text) || docs[0].URL != "https://an.wikipedia.org/wiki/Escopete") {
			t.Errorf("%s: %+v", name, docs)
		}
	}
}
