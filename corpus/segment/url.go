package segment

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// isURL says whether a chunk is a URL, or a host with or without a path, or an e-mail address, as spaCy's URL_PATTERN has it
// (lang/tokenizer_exceptions.py, after Diego Perini's).
func isURL(p *pages, s string) bool {
	if strings.IndexByte(s, '.') < 0 {
		return false
	}
	if hostFrom(p, s) {
		return true
	}
	if at := strings.Index(s, "://"); at >= 2 && isScheme(s[:at]) && hostFrom(p, s[at+3:]) {
		return true
	}
	return false
}

// isScheme says whether a text has letters, numbers, _, +, - and . alone, and at least two.
func isScheme(s string) bool {
	for _, c := range s {
		if c != '_' && c != '+' && c != '-' && c != '.' && !unicode.IsLetter(c) && !unicode.IsNumber(c) {
			return false
		}
	}
	return utf8.RuneCountInString(s) >= 2
}

// hostFrom says whether a text is a host with what may follow, behind an optional user.
func hostFrom(p *pages, s string) bool {
	if host(p, s) {
		return true
	}
	for at := 1; at < len(s); at++ {
		if s[at] == '@' && host(p, s[at+1:]) {
			return true
		}
	}
	return false
}

// host says whether a text is a host with an optional port and path.
func host(p *pages, s string) bool {
	end, dots := 0, 0
	for end < len(s) && s[end] != ':' && s[end] != '/' && s[end] != '?' && s[end] != '#' {
		if s[end] == '.' {
			dots++
		}
		end++
	}
	if dots == 0 {
		return false
	}
	rest := s[end:]
	if strings.HasPrefix(rest, ":") {
		n := 1
		for n < len(rest) && isDigit(rest[n]) {
			n++
		}
		if n < 3 || n > 6 {
			return false
		}
		rest = rest[n:]
	}
	if rest != "" && !strings.ContainsRune("/?#", rune(rest[0])) {
		return false
	}
	return isDomain(p, s[:end]) || isAddress(s[:end])
}

// isDomain says whether a text is labels with full stops between them, the last of 2 to 63 lower-case letters.
func isDomain(p *pages, s string) bool {
	at := strings.LastIndexByte(s, '.')
	if at < 0 {
		return false
	}
	n := 0
	for _, c := range s[at+1:] {
		if p.class(c)&lower == 0 {
			return false
		}
		n++
	}
	if n < 2 || n > 63 {
		return false
	}
	for label := range strings.SplitSeq(s[:at], ".") {
		if !isLabel(label) {
			return false
		}
	}
	return true
}

// isLabel says whether a text is 1 to 64 letters, digits, hyphens and underscores, the last two not at its ends. Whatever lies
// above U+00A1 is a letter, up to U+FFFF.
func isLabel(s string) bool {
	n, edge := 0, false
	for i, c := range s {
		edge = '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || 0xa1 <= c && c <= 0xffff
		if !edge && (i == 0 || c != '-' && c != '_') {
			return false
		}
		n++
	}
	return edge && n <= 64
}

// isAddress says whether a text is an IPv4 address outside of the private networks.
func isAddress(s string) bool {
	var octet [4]int
	i := 0
	for part := range strings.SplitSeq(s, ".") {
		if i == 4 || part == "" || len(part) > 3 {
			return false
		}
		for j := range len(part) {
			if !isDigit(part[j]) {
				return false
			}
			octet[i] = octet[i]*10 + int(part[j]-'0')
		}
		if outer := i == 0 || i == 3; octet[i] > 255 || outer && part[0] == '0' || !outer && len(part) == 3 && part[0] == '0' {
			return false
		}
		i++
	}
	a, b := octet[0], octet[1]
	return i == 4 && a <= 223 && octet[3] <= 254 && a != 10 && a != 127 && (a != 169 || b != 254) && (a != 192 || b != 168) && (a != 172 || b < 16 || b > 31)
}
