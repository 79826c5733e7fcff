package pii

import "strings"

const maxPEM = 32 << 10 // bytes of a key's block: four times a 16,384-bit RSA key's

// privateKey takes a PEM block with a private key (RFC 7468) whose first hyphen is t[i]: from "-----BEGIN …PRIVATE KEY…-----" through
// the END line, or as far as the lines are base64 where there is none.
func (s *Scanner) privateKey(t string, i int) {
	const begin, end = "-----BEGIN ", "-----END "
	if !hasAt(t, i, begin) || !s.kinds.has(PrivateKey) {
		return
	}
	label, _, ok := strings.Cut(t[i+len(begin):min(len(t), i+len(begin)+64)], "-----")
	if !ok || !strings.Contains(label, "PRIVATE KEY") {
		return
	}
	body := i + len(begin) + len(label) + 5
	rest := t[body:min(len(t), body+maxPEM)]
	stop := body
	if k := strings.Index(rest, end); k >= 0 {
		stop = body + k + len(end)
		if k := strings.Index(t[stop:min(len(t), stop+64)], "-----"); k >= 0 {
			stop += k + 5
		}
	} else {
		for stop < len(t) && stop-body < maxPEM && isPEM(t, stop) {
			stop++
		}
	}
	s.add(PrivateKey, i, stop)
	s.busyUntil = stop
}

// isPEM says whether the byte at i can be inside of a key's block that is cut off: base64, line ends, also escaped.
func isPEM(t string, i int) bool {
	c := t[i]
	if isAlnum(c) || c == '+' || c == '/' || c == '=' || c == '\r' || c == '\\' {
		return true
	}
	return c == '\n' && i+1 < len(t) && (i < 16 || !strings.ContainsAny(t[i+1:min(len(t), i+24)], " .,"))
}
