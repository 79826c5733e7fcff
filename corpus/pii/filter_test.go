package pii_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/athanor-lm/athanor/corpus"
	"github.com/athanor-lm/athanor/corpus/pii"
)

func apply(t *testing.T, s pii.Settings, text string, explain bool) (*corpus.Document, *corpus.Report) {
	t.Helper()
	if err := s.Validate(); err != nil {
		t.Fatal(err)
	}
	open, err := s.Open(corpus.Env{})
	if err != nil {
		t.Fatal(err)
	}
	d := corpus.NewDocument(text, nil)
	r := &corpus.Report{Explain: explain}
	open().Apply(d, r)
	return d, r
}

func TestFilterReplacesByKind(t *testing.T) {
	s := pii.DefaultSettings()
	d, r := apply(t, s, "Write to a@b.org or c@d.org, call +1 212 555 0123; 手机13812345678，IP 66.187.233.211。", false)
	if want := "Write to [EMAIL] or [EMAIL], call [PHONE]; 手机[PHONE]，IP [IP]。"; d.Text() != want {
		t.Errorf("got %q, want %q", d.Text(), want)
	}
	slices.SortFunc(r.Counts, func(a, b corpus.Count) int { return strings.Compare(a.Kind, b.Kind) })
	if want := []corpus.Count{{Kind: "email", N: 2}, {Kind: "ipv4", N: 1}, {Kind: "phone", N: 2}}; !slices.Equal(r.Counts, want) || len(r.Findings) > 0 {
		t.Errorf("counts are %v, want %v; findings %v, want none", r.Counts, want, r.Findings)
	}
}

// datatrove's replacements, in turn within a document, and left alone where they are found again.
func TestFilterReplacesAsDatatroveDoes(t *testing.T) {
	s := pii.DefaultSettings()
	s.Email.With = []string{"email@example.com", "firstname.lastname@example.org"}
	s.IPv4.With = []string{"22.214.171.124", "126.96.36.199"}
	d, _ := apply(t, s, "a@b.org c@d.org e@f.org host 66.187.233.211", false)
	want := "email@example.com firstname.lastname@example.org email@example.com host 22.214.171.124"
	if d.Text() != want {
		t.Errorf("got %q, want %q", d.Text(), want)
	}
	if again, r := apply(t, s, want, false); again.Text() != want || len(r.Counts) > 0 {
		t.Errorf("a second time: %q, counts %v", again.Text(), r.Counts)
	}
}

func TestFilterDropsKeepsAndLooksAway(t *testing.T) {
	s := pii.DefaultSettings()
	s.ChineseID.Action, s.Email.Action, s.Phone.Action = pii.Drop, pii.Keep, pii.Off
	d, r := apply(t, s, "a@b.org, 13812345678, 11010519491231002X", false)
	if r.Dropped != "chinese-id" || r.Value != 1 || d.Text() != "a@b.org, 13812345678, 11010519491231002X" {
		t.Errorf("dropped by %q for %v, text %q", r.Dropped, r.Value, d.Text())
	}
	d, r = apply(t, s, "a@b.org, 13812345678", false)
	if r.Dropped != "" || d.Text() != "a@b.org, 13812345678" || len(r.Counts) != 1 || r.Counts[0] != (corpus.Count{Kind: "email kept", N: 1}) {
		t.Errorf("dropped by %q, text %q, counts %v", r.Dropped, d.Text(), r.Counts)
	}
	// A kept kind yields to others: the number before the '@' is hidden though the address is not.
	s.Phone.Action = pii.Replace
	if d, _ = apply(t, s, "write to 13812345678@b.org now", false); strings.Contains(d.Text(), "138") && !strings.Contains(d.Text(), "@b.org") {
		t.Errorf("got %q", d.Text())
	}
	s.MaxItems = 2
	if _, r = apply(t, s, "a@b.org c@d.org e@f.org", false); r.Dropped != "too-many" || r.Value != 3 || r.Limit != 2 {
		t.Errorf("three addresses with a limit of 2: dropped by %q, %v of %v", r.Dropped, r.Value, r.Limit)
	}
}

func TestExplainGivesPlacesOnly(t *testing.T) {
	_, r := apply(t, pii.DefaultSettings(), "call +1 212 555 0123, a@b.org", true)
	if len(r.Findings) != int(pii.NumKinds)-1 { // coordinates are off
		t.Fatalf("%d findings, want one for each of %d kinds", len(r.Findings), pii.NumKinds-1)
	}
	for _, f := range r.Findings {
		want := map[string][]corpus.Span{"email": {{Start: 22, End: 29, Kind: "email"}}, "phone": {{Start: 5, End: 20, Kind: "phone"}}}[f.Rule]
		if !slices.Equal(f.Spans, want) || f.Limit != "replace" {
			t.Errorf("%s: spans %v, want %v; limit %q", f.Rule, f.Spans, want, f.Limit)
		}
	}
}

func TestSettingsThatCannotBe(t *testing.T) {
	for name, change := range map[string]func(*pii.Settings){
		"action":                  func(s *pii.Settings) { s.Email.Action = "hide" },
		"with":                    func(s *pii.Settings) { s.Email = pii.Rule{Action: pii.Drop, With: []string{"x"}} },
		"max_items":               func(s *pii.Settings) { s.MaxItems = -1 },
		"in its own replacement":  func(s *pii.Settings) { s.Phone.With = []string{"call 13812345678"} },
		"in its own replacement ": func(s *pii.Settings) { s.Phone.With = []string{"a@b.org"} },
		"off":                     func(s *pii.Settings) { *s = pii.Settings{}; s.Email.Action = pii.Off },
	} {
		s := pii.DefaultSettings()
		change(&s)
		if err := s.Validate(); err == nil || !strings.Contains(err.Error(), strings.TrimSpace(name)) && name != "off" {
			t.Errorf("%s: got %v", name, err)
		}
	}
}
