package pii

import "strings"

// notDomains are last labels that no mail goes to: files and systemd's units, "user@1000.service", "image@2x.png".
var notDomains = map[string]bool{"service": true, "socket": true, "timer": true, "target": true, "mount": true, "automount": true,
	"slice": true, "scope": true, "device": true, "swap": true, "path": true, "png": true, "jpg": true, "jpeg": true, "gif": true,
	"svg": true, "webp": true, "js": true, "ts": true, "mjs": true, "css": true, "html": true, "htm": true, "json": true, "yaml": true,
	"yml": true, "xml": true, "txt": true, "conf": true, "tgz": true, "gz": true, "whl": true, "deb": true, "rpm": true, "exe": true}

// local are the characters of an address before its '@' (RFC 5322, 3.2.3: atext and '.').
var local = func() (set [256]bool) {
	for c := range 256 {
		set[c] = isAlnum(byte(c)) || strings.IndexByte("!#$%&'*+-/=?^_`{|}~.", byte(c)) >= 0
	}
	return set
}()

const maxLocal = 128 // bytes; RFC 5321 allows 64, dirty mail does not ask

// email looks for an address around an '@', written in t[i:j]. The host may be an IPv4 address as well, in brackets or not. It returns
// where to go on.
func (s *Scanner) email(t string, i, j int) int {
	if i == s.userinfoAt {
		return i + 1
	}
	start := localStart(t, i)
	if start < 0 {
		return i + 1
	}
	end := domainEnd(t, j)
	if end < 0 {
		end = wideDomainEnd(t, j)
	}
	if end < 0 || isRemote(t, start, i, end) {
		return i + 1
	}
	s.add(Email, start, end)
	return end
}

// localStart returns where the local part before i begins, or -1.
func localStart(t string, i int) int {
	if i > 0 && t[i-1] == '\\' { // escaped in a program
		i--
	}
	if i > 0 && t[i-1] == '"' { // a quoted string, on one line
		for k := i - 2; k >= 0 && i-k < maxLocal && t[k] != '\n'; k-- {
			if t[k] == '"' {
				if k == i-2 {
					return -1
				}
				return k
			}
		}
		return -1
	}
	k := i // where the local part begins
	for k > 0 && i-k < maxLocal {
		if local[t[k-1]] {
			k--
		} else if k > 1 && t[k-1]&0xC0 == 0x80 && t[k-2] >= 0xC2 && t[k-2] <= 0xC9 && t[k-2:k] != "\u00a0" { // é, ö, ž, and what they were decoded to
			k -= 2
		} else {
			break
		}
	}
	run := t[k:i]
	start := ownStart(run)
	if start == len(run) { // "#list#", "*", "=?utf-8?q?x?=": odd all through
		start = 0
		if strings.Trim(run, "/=?&'-") == "" {
			return -1
		}
	}
	return k + start
}

// ownStart returns where in a run of characters before an '@' the local part itself begins, behind what belongs to a URL or a list
// before the address.
func ownStart(run string) int {
	k := strings.LastIndexAny(run, "/?&`{|}^$!*#") + 1
	if c := strings.LastIndexByte(run[k:], '='); c >= 0 && !strings.ContainsAny(strings.TrimLeft(run[k:k+c], "-"), "-+.") { // "to=a@b.org", not "bounce-x=y.org@b.org"
		k += c + 1
	}
	for k < len(run) && run[k] < 0x80 && !isAlnum(run[k]) && run[k] != '_' && run[k] != '+' {
		k++
	}
	return k
}

// domainEnd returns where the domain that begins at j ends, or -1 if none does. It has a dot and ends in a name ("org", "xn--p1ai")
// or is an IPv4 address, with or without brackets.
func domainEnd(t string, j int) int {
	if byteAt(t, j) == '[' {
		if e, _ := quad(t, j+1); e > 0 && byteAt(t, e) == ']' {
			return e + 1
		}
		return -1
	}
	e := j
	for e < len(t) && e-j < 255 && (isAlnum(t[e]) || t[e] == '-' || t[e] == '_' || t[e] == '.' && e > j && t[e-1] != '.') {
		e++
	}
	for e > j && !isAlnum(t[e-1]) {
		e--
	}
	for e > j {
		p := strings.LastIndexByte(t[j:e], '.')
		if p <= 0 {
			return -1
		}
		if isTopLevel(t[j+p+1 : e]) {
			return e
		}
		if q, _ := quad(t, j); q == e {
			return e
		}
		l := t[j+p+1 : e]
		if c := strings.IndexAny(l, "-_"); c > 0 && isTopLevel(l[:c]) { // "x@example.org----"
			return j + p + 1 + c
		}
		// "x@example.org.3": what follows a name that can end a domain is not part of it. A version is none.
		if isDigit(t[j]) || t[j] == 'v' && isDigit(byteAt(t, j+1)) {
			return -1
		}
		e = j + p
	}
	return -1
}

// isTopLevel says whether a label can end a domain: letters, or a name in Punycode. Digits may stand among the letters, since mail's own
// headers name hosts without a domain, "mail.host02b".
func isTopLevel(l string) bool {
	if len(l) < 2 || len(l) > 24 || !isLetter(l[0]) {
		return false
	}
	if len(l) > 4 && equalFold(l[:4], "xn--") {
		return true
	}
	for i := range len(l) {
		if !isAlnum(l[i]) {
			return false
		}
	}
	return isLetter(l[len(l)-1]) && !notDomains[strings.ToLower(l)]
}

// isRemote says whether what reads as an address is the place of a repository, "git@host:path".
func isRemote(t string, start, at, end int) bool {
	switch t[start:at] {
	case "git", "hg", "svn", "gitlab":
		c := byteAt(t, end)
		return (c == ':' || c == '/') && end+1 < len(t) && t[end+1] > ' ' || start >= 2 && t[start-2:start] == "//"
	}
	return false
}

// writtenAt takes an address whose '@' is written "(at)" or "[at]", and whose dots may be "(dot)", with spaces or without.
// It returns where to go on.
func (s *Scanner) writtenAt(t string, i int) int {
	end := wordInBrackets(t, i, "at")
	if end < 0 {
		return i + 1
	}
	before := i
	for before > 0 && i-before < 2 && t[before-1] == ' ' {
		before--
	}
	start := localStart(t, before)
	if start < 0 {
		return i + 1
	}
	j := end
	for j < len(t) && j-end < 2 && t[j] == ' ' {
		j++
	}
	// The domain: labels with dots, written out or not.
	dots := 0
	e := j
	for {
		k := e
		for k < len(t) && (isAlnum(t[k]) || t[k] == '-') {
			k++
		}
		if k == e {
			return i + 1
		}
		e = k
		d := e
		for d < len(t) && d-e < 2 && t[d] == ' ' {
			d++
		}
		if w := wordInBrackets(t, d, "dot"); w > 0 {
			for w < len(t) && t[w] == ' ' {
				w++
			}
			e = w
		} else if byteAt(t, e) == '.' && isAlnum(byteAt(t, e+1)) {
			e++
		} else {
			break
		}
		dots++
	}
	last := e
	for last > j && isAlnum(t[last-1]) {
		last--
	}
	if dots == 0 || !isTopLevel(t[last:e]) {
		return i + 1
	}
	s.add(Email, start, e)
	return e
}

// wordInBrackets returns the end of "(word)" or "[word]" at i, in any case, or -1.
func wordInBrackets(t string, i int, word string) int {
	e := i + len(word) + 2
	if e > len(t) || !equalFold(t[i+1:e-1], word) {
		return -1
	}
	if t[i] == '(' && t[e-1] == ')' || t[i] == '[' && t[e-1] == ']' {
		return e
	}
	return -1
}
