package pii_test

import (
	"net/netip"
	"regexp"
	"strings"
	"testing"

	"github.com/athanor-lm/athanor/corpus"
	"github.com/athanor-lm/athanor/corpus/pii"
)

// Deliberately broad, and no relation of the scanners': whatever has an '@' between something and a name with a dot, and whatever is four
// small numbers with dots.
var (
	broadMail = regexp.MustCompile(`[^\s@<>()\[\]",;:]+@[^\s@<>()\[\]",;:]*[A-Za-z0-9-]\.[A-Za-z]{2,}`)
	broadIP   = regexp.MustCompile(`[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}`)
)

// explained are what the broad expressions still meet after the filter, and why it stays. Each was looked at.
var explained = []struct {
	re  *regexp.Regexp
	why string
}{
	{regexp.MustCompile(`^1\.\d+\.\d+\.\d+$`), "revision of a file in CVS, or a version of Evolution, Mutt, mod_gzip, a compiler"},
	{regexp.MustCompile(`^2\.(0\.0\.6|1\.0\.20|5\.1\.1[238]|5\.2\.1[12]|5\.3\.0|8\.7\.5|88\.1\.1|9\.5\.1)$`), "version: AvMailGate, SQLView, NAVGW, JetMail, MDaemon, NIMS, AIMC"},
	{regexp.MustCompile(`^3\.(0\.0\.2|1\.0\.2|1\.30\.16|2\.1\.0)$`), "version: WebEasyMail, EraseTemp, Smail, Panda"},
	{regexp.MustCompile(`^4\.(0\.4\.3|3\.2\.7)$`), "version: PHP; Eudora in a message's id"},
	{regexp.MustCompile(`^5\.(0\.2\.0|1\.0\.442|5\.4\.217)$`), "version: Sun's Lite Release, SLmail, Starter"},
	{regexp.MustCompile(`^(6\.3\.1\.0|7\.1\.4\.0|8\.6\.8\.1|9\.0\.1\.310)$`), "version: Disk Triage, MP3 Rename, sendmail, Entourage"},
	{regexp.MustCompile(`^(2\.4\.8\.5|9\.0\.5\.1|9\.2\.1\.6)$`), "end of a fax number that a spammer wrote with dots to hide it"},
	{regexp.MustCompile(`^3\.4\.6\.8$`), "made up by a spammer's program: junodialup(3.4.6.8)65d4rg654g"},
	{regexp.MustCompile(`^27\.0\.0\.1$`), "the rest of 127.0.0.1, which a line's end has cut"},
	{regexp.MustCompile(`^/?/?[^@]*%[^@]*@|/@/index\.php|^L@p!no\.tk$`), "no address: a URL in disguise, a path, a name in odd letters"},
	{regexp.MustCompile(`^password@foobar\.com/`), "user and password of a manual's example"},
}

// After the filter no e-mail address and no public IP address is left in 6,046 raw mails: the broad expressions meet only what is no
// address by the registries' ranges, or what is explained above.
func TestNothingSurvivesInRawMail(t *testing.T) {
	if testing.Short() {
		t.Skip("8 s over 32 MB of mail")
	}
	settings := pii.DefaultSettings()
	open, err := settings.Open(corpus.Env{})
	if err != nil {
		t.Fatal(err)
	}
	f := open()
	mails := texts(t, "corpora/dirty-mail-spamassassin/mail.jsonl.gz", 0)
	counts := map[string]int64{}
	reasons := map[string]int{}
	for _, m := range mails {
		d := corpus.NewDocument(m, nil)
		var r corpus.Report
		f.Apply(d, &r)
		for _, c := range r.Counts {
			counts[c.Kind] += c.N
		}
		for i, re := range []*regexp.Regexp{broadMail, broadIP} {
			for line := range strings.Lines(d.Text()) {
				if i == 0 && !strings.Contains(line, "@") || i == 1 && strings.Count(line, ".") < 3 {
					continue
				}
				for _, s := range re.FindAllString(line, -1) {
					why := explain(s, i == 1)
					if reasons[why]++; why == "" {
						t.Errorf("left: %q in %.300q", s, line)
					}
				}
			}
		}
	}
	t.Logf("%d mails: %v; what the broad expressions still meet:", len(mails), counts)
	for why, n := range reasons {
		t.Logf("%6d  %s", n, why)
	}
}

func explain(s string, ip bool) string {
	if ip {
		a, err := netip.ParseAddr(s)
		if err != nil {
			return "no address: a number above 255, or zeros before one"
		}
		if netip.MustParsePrefix("100.64.0.0/10").Contains(a) {
			return "shared by providers"
		}
		if a.IsPrivate() || a.IsLoopback() || a.IsMulticast() || a.IsLinkLocalUnicast() || a.As4()[0] == 0 || a.As4()[0] >= 240 {
			return "private, loopback, multicast or reserved"
		}
	}
	for _, e := range explained {
		if e.re.MatchString(s) {
			return e.why
		}
	}
	return ""
}
