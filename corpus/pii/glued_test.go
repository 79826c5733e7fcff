package pii_test

import (
	"testing"

	"github.com/athanor-lm/athanor/corpus/pii"
)

// Numbers that a Latin word touches, and what only looks like them.
func TestNumbersGluedToLatinLetters(t *testing.T) {
	s := pii.NewScanner(pii.Options{})
	for text, want := range map[string]string{
		"ID11010519491231002X":          "chinese-id 11010519491231002X",
		"身份证ID11010519491231002X。":      "chinese-id 11010519491231002X",
		"sfz11010519491231002X":         "chinese-id 11010519491231002X",
		"tel13812345678":                "phone 13812345678",
		"手机Tel13812345678":              "phone 13812345678",
		"card4111111111111111":          "bank-card 4111111111111111",
		"VISA4111111111111111, thanks":  "bank-card 4111111111111111",
		"a0f11010519491231002X":         "", // a hash
		"identifier11010519491231002X":  "",
		"id_11010519491231002X":         "",
		"ID110105194912310021":          "", // check digit
		"ID11010519491331002X":          "", // month 13
		"sha4111111111111111":           "",
		"discard4111111111111111":       "",
		"card4111111111111112":          "", // Luhn
		"card4111111111111111f":         "",
		"img13812345678":                "",
		"0x13812345678":                 "",
		"the file x4111111111111111.go": "",
	} {
		if got := kindsAndTexts(s, text); got != want {
			t.Errorf("%q: found %q, want %q", text, got, want)
		}
	}
}

// Addresses in words are taken where something says that they are; prose is left.
func TestAddressesInWords(t *testing.T) {
	s := pii.NewScanner(pii.Options{})
	for text, want := range map[string]string{
		"jane at example dot org":                               "jane at example dot org",
		"Contact: jane.doe AT example DOT co DOT uk.":           "jane.doe AT example DOT co DOT uk",
		"my email is jane dot doe at mail dot example dot com,": "jane dot doe at mail dot example dot com",
		"<jane at example dot org>":                             "jane at example dot org",
		"邮箱：jane at example dot cn。":                            "jane at example dot cn",
		"联系 jane_1 at example dot com":                          "jane_1 at example dot com",
		"Please write to bob at example dot net":                "bob at example dot net",
		"jane [at] example [dot] org":                           "jane [at] example [dot] org",
		"look at example dot com":                               "",
		"Have a look at example dot com for this":               "",
		"visit us at example dot com":                           "",
		"Email us at example dot com":                           "",
		"the site at example dot com is down":                   "",
		"we met Jane at example dot com":                        "", // nothing says so
		"Aim at the dot in the middle":                          "",
		"he stared at a dot com":                                "",
		"at the point at which dot products vanish":             "",
		"jane at example dot product":                           "",
		"jane#example.org":                                      "",
		" at example dot org":                                   "",
		"at example dot org":                                    "",
		"x at  dot org":                                         "",
		"a dot at b dot ":                                       "",
	} {
		if want != "" {
			want = "email " + want
		}
		if got := kindsAndTexts(s, text); got != want {
			t.Errorf("%q: found %q, want %q", text, got, want)
		}
	}
}

// kindsAndTexts are all finds in a text, one behind the other.
func kindsAndTexts(s *pii.Scanner, text string) (found string) {
	for _, m := range s.Scan(text) {
		found += m.Kind.String() + " " + text[m.Start:m.End]
	}
	return found
}
