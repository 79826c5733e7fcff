package pii

// ipv6 looks for an address around the colon at t[i] (RFC 4291, 2.2). It is held once, at its first colon.
func (s *Scanner) ipv6(t string, i int) {
	if !s.kinds.has(IPv6) {
		return
	}
	start := i
	for start > 0 && i-start < 5 && isHex(t[start-1]) {
		start--
	}
	switch before := byteBefore(t, start); {
	case alnumBefore(t, start), before == '.':
		return
	case before == ':' && (start < 2 || t[start-2] == ':' || isHex(t[start-2])): // but "addr:2400:3200::1" is taken
		return
	}
	end := i
	for end < len(t) && end-start < 46 && (isHex(t[end]) || t[end] == ':') {
		end++
	}
	if end > start && t[end-1] == ':' && !(end-start > 1 && t[end-2] == ':') {
		end-- // "2001:db8::1: is down"
	}
	if alnumAfter(t, end) || end-start < 3 {
		return
	}
	first, ok := ipv6Form(t[start:end])
	if !ok || !s.allIPs && !publicIPv6(first) {
		return
	}
	s.add(IPv6, start, end)
}

func isHex(c byte) bool { return isDigit(c) || c|0x20-'a' < 6 }

// ipv6Form says whether t is eight groups of up to four hexadecimal digits, of which one row of zeros may be left out as "::". It
// returns the first two groups. Three groups must be written, or "::" stand at the beginning: "a::b" is rather a name in a program.
func ipv6Form(t string) (first [2]int, ok bool) {
	groups, gap, n, v := 0, false, 0, 0
	digits := false
	for i := 0; i <= len(t); i++ {
		if i < len(t) && t[i] != ':' {
			v = v<<4 | hexValue(t[i])
			digits = digits || isDigit(t[i])
			if n++; n > 4 {
				return first, false
			}
			continue
		}
		if n > 0 {
			if groups < 2 && !(gap && t[0] == ':') {
				first[groups] = v
			}
			groups, n, v = groups+1, 0, 0
		} else if i < len(t) && i > 0 && t[i-1] == ':' {
			if gap {
				return first, false
			}
			gap = true
		} else if i == 0 && byteAt(t, 1) != ':' {
			return first, false
		}
	}
	if gap {
		return first, digits && groups < 8 && (groups >= 3 || t[0] == ':' || first[0] >= 0x1000)
	}
	return first, digits && groups == 8
}

func hexValue(c byte) int {
	if isDigit(c) {
		return int(c - '0')
	}
	return int(c|0x20-'a') + 10
}

// publicIPv6 says whether an address that begins with these groups is one host's on the internet: global unicast, 2000::/3,
// without the ranges for documentation (2001:db8::/32, 3fff::/20) and protocols (2001::/23, but for Teredo's embedded addresses
// that is nobody's).
func publicIPv6(first [2]int) bool {
	a, b := first[0], first[1]
	return a>>13 == 1 && !(a == 0x2001 && (b == 0xdb8 || b < 0x200)) && !(a == 0x3fff && b < 0x1000)
}
