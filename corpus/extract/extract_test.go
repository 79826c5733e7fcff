package extract

import (
	"reflect"
	"strings"
	"testing"

	"github.com/athanor-lm/athanor/corpus"
)

const (
	kiln = "The fire is lit in the evening, when the wind has gone down, and someone stays with it, for a kiln that is left alone cools unevenly."
	page = "<!doctype html><html lang=en-GB><title>The kiln</title><link rel=canonical href=https://pottery.example/kiln><body><nav><a href=/>Home</a></nav><article><p>" +
		kiln + "</article>"
	letter     = "From: A <a@pottery.example>\r\nSubject: The kiln\r\nDate: Mon, 1 Apr 2024 10:00:00 +0000\r\n\r\n" + kiln + "\r\n"
	htmlLetter = "From: A <a@pottery.example>\nSubject: The kiln\nMIME-Version: 1.0\nContent-Type: text/html; charset=utf-8\n\n<html><body><p>" + kiln + "<p>A."
)

func apply(t *testing.T, s Settings, text string) (*corpus.Document, *corpus.Report) {
	t.Helper()
	make, err := s.Open(corpus.Env{})
	if err != nil {
		t.Fatal(err)
	}
	d, r := corpus.NewDocument(text, nil), &corpus.Report{}
	make().Apply(d, r)
	return d, r
}

func TestExtract(t *testing.T) {
	titled := Default()
	titled.Title = true
	alone := Default()
	alone.Stated = false
	forced := func(kind string) Settings { s := Default(); s.Kind = kind; return s }
	for _, c := range []struct {
		name, text       string
		settings         Settings
		want, lang, url  string
		dropped, counted string
	}{
		{"page", page, Default(), kiln, "en", "https://pottery.example/kiln", "", "html"},
		{"page with its title", page, titled, "The kiln\n\n" + kiln, "en", "https://pottery.example/kiln", "", "html"},
		{"page, nothing of what it states", page, alone, kiln, "", "", "", "html"},
		{"mail", letter, Default(), kiln, "", "", "", "mail"},
		{"mail of HTML", htmlLetter, Default(), kiln + "\n\nA.", "", "", "", "mail"},
		{"mail with its subject", letter, titled, "The kiln\n\n" + kiln, "", "", "", "mail"},
		{"text", kiln, Default(), kiln, "", "", "", "plain"},
		{"empty text", "", Default(), "", "", "", "", "plain"},
		{"text that is said to be a page", "<p>" + kiln, forced("html"), kiln, "", "", "", "html"},
		{"page without text", "<html><body></body></html>", Default(), "<html><body></body></html>", "", "", "no-text", "html"},
		{"page that is too deep", "<html>" + strings.Repeat("<div>", 600), Default(), "<html>" + strings.Repeat("<div>", 600), "", "", "unreadable", "html"},
		{"text that is said to be a mail", kiln, forced("mail"), kiln, "", "", "unreadable", "mail"},
		{"mail of an attachment", "From: a\nMIME-Version: 1.0\nContent-Type: image/png\n\nx", Default(), "From: a\nMIME-Version: 1.0\nContent-Type: image/png\n\nx", "", "", "no-text", "mail"},
	} {
		d, r := apply(t, c.settings, c.text)
		if strings.TrimSpace(d.Text()) != c.want || d.Lang != c.lang || d.URL != c.url || r.Dropped != c.dropped || !reflect.DeepEqual(r.Counts, []corpus.Count{{Kind: c.counted, N: 1}}) {
			t.Errorf("%s: text %q, lang %q, url %q, %+v", c.name, d.Text(), d.Lang, d.URL, r)
		}
	}
}

func TestKindsAreTold(t *testing.T) {
	for text, want := range map[string]string{
		"\ufeff\n<!-- saved --><?xml version='1.0'?>\n<!DOCTYPE HTML PUBLIC>": "html",
		"<HTML>":                  "html",
		"<headline>x":             "",
		"<p>One paragraph.":       "",
		"<script src=x></script>": "html",
		"a <html> in a text":      "",
		"<!-- never closed":       "",
		letter:                    "mail",
		"From a@b Mon Apr  1 10:00:00 2024\nReceived: from x\n\tby y\nTo: c\n\nhello": "mail",
		"From: me\nhello there":                        "",
		"Subject: a note\nTo: self\n\nnot from anyone": "",
		"From here on: it rains\n\n":                   "",
		"Question: why\nAnswer: so":                    "",
	} {
		if got := kindOf(text); got != want {
			t.Errorf("%.40q: %q, want %q", text, got, want)
		}
	}
}

func TestExplainNamesBothRules(t *testing.T) {
	make, _ := (&Settings{Kind: "auto"}).Open(corpus.Env{})
	d, r := corpus.NewDocument("<html>"+strings.Repeat("<div>", 600), nil), &corpus.Report{Explain: true}
	make().Apply(d, r)
	if len(r.Findings) != 2 || !r.Findings[0].Failed || !strings.Contains(r.Findings[0].Limit, "nested too deeply") || r.Findings[1].Failed {
		t.Errorf("%+v", r.Findings)
	}
}

func TestOtherKindsAreRefused(t *testing.T) {
	err := (&Settings{Kind: "pdf"}).Validate()
	if err == nil || !strings.Contains(err.Error(), `kind is "pdf", want auto, html or mail`) {
		t.Errorf("%v", err)
	}
}
