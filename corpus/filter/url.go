package filter

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"github.com/athanor-lm/athanor/corpus"
	"github.com/zeebo/xxh3"
	"golang.org/x/net/publicsuffix"
)

// URLFilter drops documents by the address they come from (Penedo et al. 2023, arXiv:2306.01116, appendix G.1, and FineWeb), as
// datatrove's URLFilter does. The lists are the user's; datatrove ships lists of adult and malign sites.
type URLFilter struct {
	// Domains are files of hosts, one a line: plain, as in a hosts file ("0.0.0.0 host"), or as in a list for ad blockers
	// ("||host^"; its other lines say nothing about whole sites and are passed over).
	Domains []string `yaml:"domains"`
	// URLs are files of whole addresses.
	URLs []string `yaml:"urls"`
	// Words are files of words that no address may have as one of its words.
	Words []string `yaml:"words"`
	// SoftWords are files of words of which an address may have fewer than SoftLimit.
	SoftWords []string `yaml:"soft_words"`
	SoftLimit int      `yaml:"soft_limit"`
	// Subwords are files of strings that no address may have anywhere, once all but letters and digits of ASCII are taken out.
	Subwords []string `yaml:"subwords"`
}

// DefaultURLFilter has no lists; two soft words drop, as in datatrove.
func DefaultURLFilter() URLFilter { return URLFilter{SoftLimit: 2} }

// Validate refuses settings without a list.
func (u *URLFilter) Validate() error {
	if len(u.Files()) == 0 {
		return fmt.Errorf("no lists, want files under domains, urls, words, soft_words or subwords")
	}
	if u.SoftLimit < 1 {
		return fmt.Errorf("soft_limit: %d, want at least 1", u.SoftLimit)
	}
	return nil
}

// Files returns the lists.
func (u *URLFilter) Files() []string {
	return slices.Concat(u.Domains, u.URLs, u.Words, u.SoftWords, u.Subwords)
}

// Open reads the lists.
func (u *URLFilter) Open(env corpus.Env) (func() corpus.Filter, error) {
	lists := &urlLists{words: map[string]bool{}, soft: map[string]bool{}}
	subwords := map[string]bool{}
	for _, of := range []struct {
		files []string
		into  map[string]bool
		key   func(string) string
	}{
		{u.Words, lists.words, alphanumeric}, {u.SoftWords, lists.soft, alphanumeric}, {u.Subwords, subwords, alphanumeric},
	} {
		for _, path := range of.files {
			err := readList(env.Path(path), func(line string) error {
				key := of.key(line)
				if key == "" {
					return fmt.Errorf("%q has no letter or digit of ASCII", line)
				}
				of.into[key] = true
				return nil
			})
			if err != nil {
				return nil, err
			}
		}
	}
	for _, path := range u.URLs {
		if err := readList(env.Path(path), func(line string) error { lists.urls.add(line); return nil }); err != nil {
			return nil, err
		}
	}
	for _, path := range u.Domains {
		if err := lists.readHosts(env.Path(path)); err != nil {
			return nil, err
		}
	}
	for _, s := range []*hashSet{&lists.hosts, &lists.below, &lists.urls} {
		slices.Sort(*s)
	}
	if len(subwords) > 0 {
		lists.subwords = newPhraseSet(slices.Collect(maps.Keys(subwords)))
	}
	return func() corpus.Filter { return &urlFilter{URLFilter: u, urlLists: lists} }, nil
}

// urlLists are what the files hold.
type urlLists struct {
	hosts    hashSet // plain ones: a host, or the registered domain of hosts
	below    hashSet // of ad blockers: a host with all below it
	urls     hashSet
	words    map[string]bool
	soft     map[string]bool
	subwords *phraseSet // nil = none
}

// hashSet holds strings by their hash, sorted: lists of sites have millions of them.
type hashSet []uint64

func (s *hashSet) add(text string) { *s = append(*s, xxh3.HashString(text)) }

func (s hashSet) has(text string) bool {
	_, found := slices.BinarySearch(s, xxh3.HashString(text))
	return found && text != ""
}

// readHosts reads a file of hosts.
func (l *urlLists) readHosts(path string) error {
	blocker := false
	return readList(path, func(line string) error {
		if strings.HasPrefix(line, "[Adblock") || line[0] == '!' {
			blocker = true
			return nil
		}
		if host, ok := strings.CutPrefix(line, "||"); ok {
			host, options, _ := strings.Cut(host, "^")
			if whole := options == "" || options == "$all" || options == "$document" || options == "$doc"; whole && isHost(host) {
				l.below.add(strings.ToLower(host))
			}
			return nil
		}
		if blocker {
			return nil
		}
		fields := strings.Fields(line)
		if len(fields) > 1 {
			if _, err := netip.ParseAddr(fields[0]); err == nil {
				fields = fields[1:]
			}
		}
		for _, host := range fields {
			if host[0] == '#' {
				break
			}
			if !isHost(host) {
				return fmt.Errorf("%.80q is no host, want one a line, %q or %q", line, "0.0.0.0 host", "||host^")
			}
			l.hosts.add(strings.ToLower(host))
		}
		return nil
	})
}

// isHost says whether a text may be the name or the address of a host.
func isHost(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(c rune) bool {
		return c <= ' ' || strings.ContainsRune("/?#@*,$|=&%\\\"'()<>", c)
	})
}

// alphanumeric returns the letters and digits of ASCII, in lower case.
func alphanumeric(s string) string { return string(appendAlphanumeric(nil, s)) }

func appendAlphanumeric(dst []byte, s string) []byte {
	for i := range len(s) {
		if isAlphanumeric(s[i]) {
			c := s[i]
			if c <= 'Z' && c >= 'A' {
				c |= 0x20
			}
			dst = append(dst, c)
		}
	}
	return dst
}

func isAlphanumeric(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

type urlFilter struct {
	*URLFilter
	*urlLists
	squeezed []byte
	met      []string // soft words
}

// Apply judges one document by its address. One without stays and is counted.
func (u *urlFilter) Apply(d *corpus.Document, r *corpus.Report) {
	if d.URL == "" {
		r.Add("no address", 1)
		return
	}
	j := judge{r}
	hard, soft := u.count(d.URL)
	host := hostOf(d.URL)
	_ = j.never("domain", u.hosts.has(registered(host)) || u.under(host)) ||
		j.never("subdomain", u.hosts.has(host)) ||
		j.never("url", u.urls.has(d.URL)) ||
		j.never("hard-blacklisted", hard > 0) ||
		j.atMost("soft-blacklisted", float64(soft), float64(u.SoftLimit-1), nil) ||
		j.never("blacklisted-subword", u.hasSubword(d.URL))
}

// never wants something not to be.
func (j judge) never(rule string, is bool) bool {
	value := 0.0
	if is {
		value = 1
	}
	return j.atMost(rule, value, 0, nil)
}

// count returns how many words of the address are hard ones, and how many different ones are soft. As in datatrove the address keeps
// its case, while the lists are in lower case.
func (u *urlFilter) count(url string) (hard, soft int) {
	u.met = u.met[:0]
	for i := 0; i < len(url); i++ {
		from := i
		for i < len(url) && isAlphanumeric(url[i]) {
			i++
		}
		word := url[from:i]
		if word == "" {
			continue
		}
		if u.urlLists.words[word] {
			hard++
		}
		if u.soft[word] && !slices.Contains(u.met, word) {
			u.met = append(u.met, word)
		}
	}
	return hard, len(u.met)
}

// hasSubword says whether the address has one of the strings in it.
func (u *urlFilter) hasSubword(url string) bool {
	if u.subwords == nil {
		return false
	}
	u.squeezed = appendAlphanumeric(u.squeezed[:0], url)
	for i := range u.squeezed {
		if u.subwords.at(u.squeezed, i, func(int) bool { return true }) {
			return true
		}
	}
	return false
}

// under says whether a host, or one that it lies below, is of a list for ad blockers.
func (u *urlFilter) under(host string) bool {
	for len(u.below) > 0 && host != "" {
		if u.below.has(host) {
			return true
		}
		_, host, _ = strings.Cut(host, ".")
	}
	return false
}

// hostOf returns the host of an address in lower case, without user and port.
func hostOf(url string) string {
	if at := strings.Index(url, "//"); at >= 0 && (at == 0 || url[at-1] == ':') {
		url = url[at+2:]
	}
	if end := strings.IndexAny(url, "/?#"); end >= 0 {
		url = url[:end]
	}
	url = url[strings.LastIndexByte(url, '@')+1:]
	if strings.HasPrefix(url, "[") {
		end := strings.IndexByte(url, ']')
		return strings.ToLower(url[1:max(1, end)])
	}
	url, _, _ = strings.Cut(url, ":")
	return strings.ToLower(strings.TrimSuffix(url, "."))
}

// registered returns the domain that somebody registered, below one of the public suffixes that registries run; those that companies
// offer, such as github.io, do not count. Empty for addresses and for suffixes themselves.
func registered(host string) string {
	if _, err := netip.ParseAddr(host); err == nil || host == "" {
		return ""
	}
	suffix, icann := publicsuffix.PublicSuffix(host)
	for !icann && strings.Contains(suffix, ".") {
		_, parent, _ := strings.Cut(suffix, ".")
		suffix, icann = publicsuffix.PublicSuffix(parent)
	}
	label := strings.TrimSuffix(host, suffix)
	if label == "" || !strings.HasSuffix(label, ".") {
		return ""
	}
	label = label[:len(label)-1]
	return label[strings.LastIndexByte(label, '.')+1:] + "." + suffix
}
