package pii_test

import (
	"net/netip"
	"regexp"
	"strings"
	"testing"

	"github.com/athanor-lm/athanor/corpus/pii"
)

// The expressions of datatrove 0.10.1 (pipeline/formatters/pii.py); the second is followed there by a check that the address is global.
var (
	datatroveMail = regexp.MustCompile(`\b[A-Za-z0-9!#$%&'*+/=?^_{|}~` + "`" + `-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_{|}~` + "`" + `-]+)*@(?:(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.)+[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?|\[(?:(?:25[0-5]|2[0-4][0-9]|[01]?[0-9][0-9]?)\.){3}(?:25[0-5]|2[0-4][0-9]|[01]?[0-9][0-9]?|[A-Za-z0-9-]*[A-Za-z0-9]:)])`)
	datatroveIP   = regexp.MustCompile(`(?:(?:25[0-5]|2[0-4][0-9]|[01]?[0-9][0-9]?)\.){3}(?:25[0-5]|2[0-4][0-9]|[01]?[0-9][0-9]?)`)
)

// Of what datatrove finds in real texts we leave at most 1 in 1,000 addresses of mail (versions after an '@', units of systemd, places of
// repositories) and those numbers with dots that are versions, sections and parts of longer rows.
func TestWhatDatatroveFindsIsFound(t *testing.T) {
	if testing.Short() {
		t.Skip("expressions over 24 MB")
	}
	s := pii.NewScanner(pii.Options{})
	allMails, allLeft := 0, 0
	for _, path := range []string{"dirty-mail-spamassassin/mail", "en-docs/docs", "zh-docs/docs"} {
		var mails, ips, leftMails, leftIPs int
		for _, text := range texts(t, "corpora/"+path+".jsonl.gz", 8<<20) {
			for line := range strings.Lines(text) {
				found := s.Scan(line)
				covered := func(at []int) bool {
					for _, m := range found {
						if m.Start < at[1] && at[0] < m.End {
							return true
						}
					}
					return false
				}
				if strings.Contains(line, "@") {
					for _, at := range datatroveMail.FindAllStringIndex(line, -1) {
						if mails++; !covered(at) {
							leftMails++
							t.Logf("left: %s", line[at[0]:at[1]])
						}
					}
				}
				if strings.Count(line, ".") >= 3 {
					for _, at := range datatroveIP.FindAllStringIndex(line, -1) {
						if a, err := netip.ParseAddr(line[at[0]:at[1]]); err == nil && !a.IsPrivate() && !a.IsLoopback() {
							if ips++; !covered(at) {
								leftIPs++
							}
						}
					}
				}
			}
		}
		t.Logf("%s: of %d addresses of mail %d are left, of %d of hosts %d", path, mails, leftMails, ips, leftIPs)
		allMails += mails
		allLeft += leftMails
	}
	if 1000*allLeft > allMails {
		t.Errorf("%d of %d addresses of mail that datatrove finds are left, want at most 1 in 1,000", allLeft, allMails)
	}
}
