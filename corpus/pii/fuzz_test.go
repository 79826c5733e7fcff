package pii_test

import (
	"testing"
	"unicode/utf8"

	"github.com/athanor-lm/athanor/corpus/pii"
)

// Finds are in order, within the text, apart, and cut no character; redacting twice is redacting once; no placeholder is found.
func FuzzScan(f *testing.F) {
	for _, s := range []string{"a@b.org", "电话：（０７５５）２３４５ ６７８９转８", "+44 (0)20 7946 0958", "[66.187.233.211]", "2001:470:1f0b:9ad::2", "11010519491231002X",
		"4111 1111 1111 1111", "GB82 WEST 1234 5698 7654 32", "SSN 123-45-6789", "护照E12345678", "api_key = \"9f8Ab3kQ0zLw7TnX2rVc\"", "x (at) y (dot) org", "mail: a dot b at c dot d dot org", "ID11010519491231002X card4111111111111111",
		"-----BEGIN PRIVATE KEY-----\nMIIE\n", "https://u:s3cr3t@h.org", "40.7128, -74.0060", "a=40b.org &#64; %40x", "1-2-3-4-5-6-7-8-9-0-1-2-3-4-5-6-7-8-9-0-1-2-3-4-5-6-7-8-9-0-1-2-3-4-5-6",
		"\"\"@x.org", "0086 138 1234 5678", "[PHONE] 1234567 passport [PASSPORT]123456789"} {
		f.Add(s)
	}
	all := pii.NewScanner(pii.Options{AllIPs: true, OldChineseID: true})
	f.Fuzz(func(t *testing.T, s string) {
		end := 0
		for _, m := range all.Scan(s) {
			if m.Start < end || m.End <= m.Start || m.End > len(s) || m.Kind >= pii.NumKinds {
				t.Fatalf("find %+v in %q, behind %d", m, s, end)
			}
			if utf8.ValidString(s) && !utf8.ValidString(s[m.Start:m.End]) {
				t.Fatalf("find %+v cuts a character in %q", m, s)
			}
			end = m.End
		}
		once := pii.Redact(s)
		if twice := pii.Redact(once); twice != once {
			t.Fatalf("redacting %q gives %q, and again %q", s, once, twice)
		}
	})
}

func TestNoPlaceholderIsFound(t *testing.T) {
	all := pii.NewScanner(pii.Options{AllIPs: true, OldChineseID: true})
	for k := range pii.Kind(pii.NumKinds) {
		for _, s := range []string{k.Placeholder(), k.Placeholder() + k.Placeholder(), "tel: " + k.Placeholder() + " 12", "护照" + k.Placeholder() + "@" + k.Placeholder() + ".org"} {
			if m := all.Scan(s); len(m) > 0 {
				t.Errorf("%q: found %v", s, m)
			}
		}
	}
}
