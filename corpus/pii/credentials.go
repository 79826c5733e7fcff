package pii

import "strings"

// credentials looks for a user with a password in the URL whose scheme ends at t[i] (RFC 3986, 3.2.1): "//user:password@". The URL
// without them stays. Passwords that only show where one goes stay as well.
func (s *Scanner) credentials(t string, i int) {
	if !hasAt(t, i, "://") || i < 2 || !isAlnum(t[i-1]) {
		return
	}
	start := i + 3
	sep, last := -1, -1
loop:
	for j := start; j < len(t) && j-start < 256; j++ {
		switch c := t[j]; c {
		case '/', '?', '"', '\'', '<', '>', '`', ')', ' ', '\n', '\r', '\t':
			break loop
		case ':':
			if sep < 0 {
				sep = j
			}
		case '@':
			last = j
		default:
			if c >= 0x80 {
				break loop
			}
		}
	}
	if last < 0 || sep < 0 || sep > last {
		return
	}
	s.userinfoAt = last
	if pass := t[sep+1 : last]; pass == "" || isPattern(pass) {
		return
	}
	s.add(Credentials, start, last)
}

// isPattern says whether a password is one of those that manuals write where the reader's own goes.
func isPattern(pass string) bool {
	low := strings.ToLower(pass)
	switch low {
	case "pass", "pwd", "secret", "token", "port":
		return true
	}
	return strings.Contains(low, "password") || strings.Contains(low, "passwd") || strings.IndexByte("<${[*%", pass[0]) >= 0 || strings.Trim(low, "x") == "" || strings.Trim(pass, ".*") == ""
}
