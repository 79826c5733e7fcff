package dedup

import (
	"errors"
	"fmt"
	"net/url"
	"path"
	"slices"
	"strings"

	"github.com/athanor-lm/athanor/corpus"
	"github.com/zeebo/xxh3"
)

// URL drops documents that were found at an address at which another was found. Documents without an address stay.
type URL struct {
	Keep    `yaml:",inline"`
	Earlier `yaml:",inline"`
	// Normalise: "address", the default, takes addresses for the same that differ in what normalizeURL leaves out; "none" compares them as they are.
	Normalise string `yaml:"normalise"`
}

// DefaultURL returns the settings that compare normalised addresses and keep the longest text.
func DefaultURL() URL { return URL{Keep: Keep{Rule: "longest"}, Normalise: "address"} }

// Validate refuses unknown rules.
func (u *URL) Validate() error {
	if u.Normalise != "address" && u.Normalise != "none" {
		return fmt.Errorf("normalise: %q, want address or none", u.Normalise)
	}
	return errors.Join(u.Keep.validate(), u.Earlier.validate())
}

// Open returns the pass.
func (u *URL) Open(env corpus.Env) (corpus.Pass, error) {
	key := func() func([]byte, *corpus.Document) []byte {
		return func(dst []byte, d *corpus.Document) []byte {
			address := d.URL
			if u.Normalise == "address" {
				address = normalizeURL(address)
			}
			return appendKey(dst, xxh3.HashString128(address), address == "")
		}
	}
	return &keyed{env: env, keep: u.Keep, earlier: u.Earlier, name: "url, normalise: " + u.Normalise, key: key}, nil
}

// normalizeURL returns an address without what seldom makes it another: scheme, user, "www.", the scheme's usual port, a dot
// behind the host, case of scheme and host, dot segments, a slash at the path's end, needless escapes, session identifiers,
// parameters that only follow the visitor (utm_…, gclid, fbclid, spm, …), their order, and the fragment but for "#!…". What is no
// address comes back trimmed.
func normalizeURL(s string) string {
	s = strings.TrimSpace(s)
	u, err := url.Parse(s)
	if err != nil || u.Host == "" {
		return s
	}
	host := strings.ToLower(u.Hostname())
	host = strings.TrimPrefix(strings.TrimSuffix(host, "."), "www.")
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	if port := u.Port(); port != "" && port != usualPort[strings.ToLower(u.Scheme)] {
		host += ":" + port
	}
	segments := strings.Split(u.EscapedPath(), "/")
	for i, s := range segments {
		segments[i] = pathPart(s)
	}
	p := strings.Join(segments, "/")
	if i := strings.Index(strings.ToLower(p), ";jsessionid="); i >= 0 {
		p = p[:i]
	}
	if p != "" {
		p = strings.TrimSuffix(path.Clean("/"+p), "/")
	}
	out := host + p
	if q := query(u.RawQuery); q != "" {
		out += "?" + q
	}
	if strings.HasPrefix(u.Fragment, "!") {
		out += "#" + u.EscapedFragment()
	}
	return out
}

// pathPart writes what stands between two slashes of a path with only the escapes it needs. A slash in it needs one.
func pathPart(escaped string) string {
	plain, err := url.PathUnescape(escaped)
	if err != nil {
		return escaped
	}
	parts := strings.Split(plain, "/")
	for i, p := range parts {
		parts[i] = (&url.URL{Path: "/" + p}).EscapedPath()[1:]
	}
	return strings.Join(parts, "%2F")
}

var usualPort = map[string]string{"http": "80", "https": "443", "ftp": "21"}

// followers are parameters that say who came from where.
var followers = map[string]bool{"gclid": true, "dclid": true, "fbclid": true, "msclkid": true, "yclid": true, "igshid": true, "mc_cid": true, "mc_eid": true,
	"_ga": true, "spm": true, "scm": true, "jsessionid": true, "phpsessid": true}

// query sorts parameters and leaves those out that follow the visitor.
func query(raw string) string {
	if raw == "" {
		return ""
	}
	parts := strings.FieldsFunc(raw, func(r rune) bool { return r == '&' })
	parts = slices.DeleteFunc(parts, func(p string) bool {
		name, _, _ := strings.Cut(strings.ToLower(p), "=")
		return followers[name] || strings.HasPrefix(name, "utm_") || strings.HasPrefix(name, "aspsessionid")
	})
	for i, p := range parts {
		name, value, has := strings.Cut(p, "=")
		parts[i] = reescape(name)
		if has {
			parts[i] += "=" + reescape(value)
		}
	}
	slices.SortStableFunc(parts, func(a, b string) int {
		a, _, _ = strings.Cut(a, "=")
		b, _, _ = strings.Cut(b, "=")
		return strings.Compare(a, b)
	})
	return strings.Join(parts, "&")
}

// reescape writes a part of a query with only the escapes it needs.
func reescape(s string) string {
	if plain, err := url.QueryUnescape(s); err == nil {
		return url.QueryEscape(plain)
	}
	return s
}
