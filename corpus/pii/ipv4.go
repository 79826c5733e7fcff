package pii

// Words before four numbers with dots that are no address, and before ones that are.
var (
	sectionCues = cues{"section", "sections", "sec", "chapter", "chap", "version", "versions", "ver", "v", "release", "rev", "revision", "build",
		"oid", "mib", "clause", "article", "table", "figure", "fig", "appendix", "paragraph", "para", "item", "step", "rule", "firmware",
		"driver", "kernel", "upgrade", "upgraded", "patch", "clauses", "annex",
		"版本", "附录", "小节", "固件", "步骤", "升级", "附件"}
	sectionCuesChinese = cues{"第", "节", "章", "条", "款", "版", "表", "图", "段", "见", "则"}
	addressCues        = cues{"ip", "ips", "ipv4", "address", "addresses", "addr", "host", "hosts", "server", "servers", "dns", "nameserver", "ping",
		"gateway", "router", "client", "peer", "from", "proxy", "remote", "connect", "connected", "connection", "subnet", "netmask", "route",
		"traceroute", "ssh", "telnet", "ftp", "http", "https", "login", "visitor", "whois", "received", "dig", "curl", "resolver",
		"地址", "服务器", "主机", "网关", "域名", "登录", "来自", "路由", "客户端", "代理"}
)

// ipv4 looks for an address at group g: four numbers up to 255 with dots between them, neither part of a longer row (OIDs,
// 1.3.6.1.4.1) nor said to be a section or version. Numbers that are all small (1.2.3.4) are taken only where something
// says that they are an address.
func (s *Scanner) ipv4(t string, g int) {
	if s.groups[g].len() > 3 || s.sepAfter(g) != dot || g+3 >= len(s.groups) {
		return
	}
	start := s.groups[g].start
	end := quad(t, start)
	if end < 0 || !s.allIPs && !publicIPv4(t[start:end]) {
		return
	}
	switch before := byteBefore(t, start); {
	case isLetter(before) || before == '_' || before == '.' && start > 1 && isAlnum(t[start-2]):
		return
	case alnumAfter(t, end) || byteAt(t, end) == '.' && isDigit(byteAt(t, end+1)):
		return
	case start > 2 && (hasAt(t, start-2, "§") || hasAt(t, start-3, "§ ")):
		return
	}
	c := context(t, start, addressCues, sectionCues)
	if c == against || low(t[start:end]) && (sectionCuesChinese.before(t, start) == 0 || isSection(t, end)) {
		return
	}
	if c < right && smallQuad(t[start:end]) && !marked(t, start, end, c) {
		return
	}
	s.add(IPv4, start, end)
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

// low says whether all four numbers are below 100, as sections' are.
func low(t string) bool {
	o := octets(t)
	return max(o[0], o[1], o[2], o[3]) < 100
}

// quad returns the end of four numbers up to 255 with dots that begin at i, without leading zeros, or -1.
func quad(t string, i int) int {
	for n := range 4 {
		if n > 0 {
			if byteAt(t, i) != '.' {
				return -1
			}
			i++
		}
		v, from := 0, i
		for i < len(t) && i-from < 4 && isDigit(t[i]) {
			v = v*10 + int(t[i]-'0')
			i++
		}
		if i == from || v > 255 || t[from] == '0' && i > from+1 {
			return -1
		}
	}
	return i
}

// octets returns the four numbers of an address that quad has taken.
func octets(t string) (o [4]int) {
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

// publicIPv4 says whether an address is one host's on the internet: none of the ranges of IANA's special-purpose registry
// (RFC 6890: private, shared, loopback, link-local, documentation, benchmarks), no multicast and none of the reserved class E.
func publicIPv4(t string) bool {
	o := octets(t)
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

// smallQuad says whether the numbers could as well count sections or versions: none from 32 on, or six digits in all. Of addresses drawn
// at random about one in 700 is such; 10.0.0.0/8 reads like an address.
func smallQuad(t string) bool {
	o := octets(t)
	return o[0] != 10 && (max(o[0], o[1], o[2], o[3]) < 32 || len(t) <= 6+3)
}

// marked says whether the place itself says that four numbers are an address: a URL, a port or a network's length behind it, or brackets
// where a word in the clause speaks of addresses as well, "from a.example ([1.2.3.4])".
func marked(t string, start, end int, c weight) bool {
	if start > 1 && t[start-2:start] == "//" || c == near && byteBefore(t, start) == '[' && byteAt(t, end) == ']' {
		return true
	}
	next := byteAt(t, end)
	return (next == ':' || next == '/') && isDigit(byteAt(t, end+1))
}
