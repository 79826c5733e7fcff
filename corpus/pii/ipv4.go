package pii

import "strings"

// Words before four numbers with dots that are no address, and before ones that are.
var (
	sectionCues = cuesOf("section", "sections", "sec", "chapter", "chap", "version", "versions", "ver", "v", "release", "rev", "revision", "build",
		"oid", "mib", "clause", "article", "table", "figure", "fig", "appendix", "paragraph", "para", "item", "step", "rule", "firmware",
		"driver", "kernel", "upgrade", "upgraded", "patch", "clauses", "annex",
		"版本", "附录", "小节", "固件", "步骤", "升级", "附件")
	sectionCuesChinese = cuesOf("第", "节", "章", "条", "款", "版", "表", "图", "段", "见", "则")
	addressCues        = cuesOf("ip", "ips", "ipv4", "address", "addresses", "addr", "host", "hosts", "server", "servers", "dns", "nameserver", "ping",
		"gateway", "router", "client", "peer", "from", "proxy", "remote", "connect", "connected", "connection", "subnet", "netmask", "route",
		"traceroute", "ssh", "telnet", "ftp", "http", "https", "login", "visitor", "whois", "received", "dig", "curl", "resolver",
		"地址", "服务器", "主机", "网关", "域名", "登录", "来自", "路由", "客户端", "代理")
)

// ipv4 looks for an address at group g: four numbers up to 255 with dots between them, neither part of a longer row (OIDs,
// 1.3.6.1.4.1) nor said to be a section or version. Numbers that are all small (1.2.3.4) are taken only where something
// says that they are an address. An address within a host's name, as providers give them, is one as well.
func (s *Scanner) ipv4(t string, g int) {
	if s.groups[g].len() > 3 || s.sepAfter(g) != dot || g+3 >= len(s.groups) || !s.kinds.has(IPv4) {
		return
	}
	start := s.groups[g].start
	end, padded := quad(t, start)
	if end < 0 {
		return
	}
	o := octets(t[start:end])
	small := o.small()
	host := !small && isHostTail(t, start, end)
	if !s.allIPs && !o.public() && !(host && o.reversed().public()) {
		return
	}
	if s.inRow(t, start, end) {
		if e := reverseZone(t, end); e > 0 {
			s.add(IPv4, start, e)
		}
		return
	}
	switch before := byteBefore(t, start); {
	case before == '.' && start > 1 && isAlnum(t[start-2]) && !host, isLetter(before) && !host && !isEscape(t, start), before == '_' && small:
		return
	case isLetter(byteAt(t, end)), byteAt(t, end) == '_' && small:
		return
	case start > 2 && (hasAt(t, start-2, "§") || hasAt(t, start-3, "§ ")):
		return
	case small && (before == '\n' && byteAt(t, end) == '.' || before == '/' && start > 1 && isLetter(t[start-2])): // a heading, "Firefox/2.0.0.1"
		return
	}
	c := context(t, start, addressCues, sectionCues)
	if c == against || o.low() && (sectionCuesChinese.before(t, start) == 0 || isSection(t, end)) || padded && o.low() && c != right {
		return
	}
	if c < right && small && !marked(t, start, end, c) {
		if s.besideAddress(t, start) {
			s.add(IPv4, start, end)
		}
		s.smallQuad = [2]int{start, end}
		return
	}
	if q := s.smallQuad; q[1] > 0 && isList(t[q[1]:start]) {
		s.add(IPv4, q[0], q[1])
	}
	s.add(IPv4, start, end)
}

// inRow says whether more numbers follow or precede with dots.
func (s *Scanner) inRow(t string, start, end int) bool {
	return byteAt(t, end) == '.' && isDigit(byteAt(t, end+1)) && !isHostTail(t, start, end) || byteBefore(t, start) == '.' && start > 1 && isDigit(t[start-2])
}

// besideAddress says whether the last find is an address, and stands right before i in a list.
func (s *Scanner) besideAddress(t string, i int) bool {
	if len(s.found) == 0 {
		return false
	}
	last := s.found[len(s.found)-1]
	return last.Kind == IPv4 && last.End <= i && isList(t[last.End:i])
}

// isList says whether what stands between two items is no more than lists have.
func isList(gap string) bool {
	return len(gap) <= 8 && !strings.ContainsFunc(gap, func(r rune) bool { return r > 0x7F || isAlnum(byte(r)) })
}

// isHostTail says whether the four numbers at start are the beginning or middle of a host's name: "66.13.218.82.dsl.example.net".
func isHostTail(t string, start, end int) bool {
	if byteAt(t, end) != '.' || !isAlnum(byteAt(t, end+1)) {
		return false
	}
	e := domainEnd(t, start)
	return e > end && !strings.ContainsAny(t[strings.LastIndexByte(t[:e], '.')+1:e], "0123456789")
}

// reverseZone returns the end of further numbers at i that end in the zone of reverse look-ups, or 0.
func reverseZone(t string, i int) int {
	for from := i; i < len(t) && i-from < 64 && (isDigit(t[i]) || t[i] == '.'); {
		i++
	}
	if hasAt(t, i, "in-addr.arpa") {
		return i - 1
	}
	return 0
}

// isEscape says whether the letter before i belongs to an escape: "%2f" of URLs, "=3D" of mail.
func isEscape(t string, i int) bool {
	return i > 2 && (t[i-3] == '%' || t[i-3] == '=') && isHex(t[i-2]) && isHex(t[i-1])
}

// isSection says whether what stands at i is what Chinese puts behind the number of a section or version.
func isSection(t string, i int) bool {
	for _, w := range [...]string{"节", "条", "章", "款", "版", "小节"} {
		if hasAt(t, i, w) {
			return true
		}
	}
	return false
}

// quad returns the end of four numbers up to 255 with dots that begin at i, or -1, and whether one has zeros before it.
func quad(t string, i int) (end int, padded bool) {
	for n := range 4 {
		if n > 0 {
			if byteAt(t, i) != '.' {
				return -1, false
			}
			i++
		}
		v, from := 0, i
		for i < len(t) && i-from < 4 && isDigit(t[i]) {
			v = v*10 + int(t[i]-'0')
			i++
		}
		if i == from || i-from > 3 || v > 255 {
			return -1, false
		}
		padded = padded || t[from] == '0' && i > from+1
	}
	return i, padded
}

// address is the four numbers of one.
type address [4]int

// octets reads four numbers that quad has taken.
func octets(t string) (o address) {
	n := 0
	for i := range len(t) {
		if t[i] == '.' {
			n++
			continue
		}
		o[n] = o[n]*10 + int(t[i]-'0')
	}
	return o
}

func (o address) reversed() address { return address{o[3], o[2], o[1], o[0]} }

// low says whether all four numbers are below 100, as sections' are.
func (o address) low() bool { return max(o[0], o[1], o[2], o[3]) < 100 }

// small says whether the numbers could as well count sections or versions: none from 32 on, or no more than two digits but once or twice.
// Of addresses drawn at random about one in 700 is such; 10.0.0.0/8 reads like an address.
func (o address) small() bool {
	digits := 4
	for _, v := range o {
		if v >= 10 {
			digits++
		}
	}
	return o[0] != 10 && (max(o[0], o[1], o[2], o[3]) < 32 || o.low() && digits <= 6)
}

// public says whether an address is one host's on the internet: in none of the ranges of IANA's special-purpose registry
// (RFC 6890: private, shared, loopback, link-local, documentation, benchmarks), no multicast and none of the reserved class E.
func (o address) public() bool {
	a, b, c := o[0], o[1], o[2]
	switch {
	case a == 0, a == 10, a == 127, a >= 224:
		return false
	case a == 100:
		return b < 64 || b > 127
	case a == 169:
		return b != 254
	case a == 172:
		return b < 16 || b > 31
	case a == 192:
		return b != 168 && !(b == 0 && (c == 0 || c == 2)) && !(b == 88 && c == 99)
	case a == 198:
		return b != 18 && b != 19 && !(b == 51 && c == 100)
	case a == 203:
		return !(b == 0 && c == 113)
	}
	return true
}

// marked says whether the place itself says that four numbers are an address: a URL, a port or a network's length behind it, or brackets
// as mail servers write them, "(a.example [1.2.3.4])" and, where a word in the clause speaks of addresses, "[1.2.3.4]" and "(1.2.3.4)".
func marked(t string, start, end int, c weight) bool {
	before, after := byteBefore(t, start), byteAt(t, end)
	switch {
	case start > 1 && (t[start-2:start] == "//" || t[start-2:start] == "::"), start > 6 && equalFold(t[start-7:start], "::ffff:"): // within an IPv6 address (RFC 4291, 2.5.5)
		return true
	case before == '[' && after == ']':
		return c == near || byteAt(t, end+1) == ')'
	case before == '(' && after == ')':
		return c == near
	}
	return (after == ':' || after == '/') && isDigit(byteAt(t, end+1))
}
