package pii_test

import (
	"encoding/base64"
	"fmt"
	"math/big"
	"math/rand/v2"
	"net/netip"
	"strconv"
	"strings"
)

// The items of this file are made from the specifications of their kinds, not from what the detectors accept: no code is shared with
// them.

type gen struct{ *rand.Rand }

func (g gen) pick(from ...string) string { return from[g.IntN(len(from))] }

func (g gen) chance(percent int) bool { return g.IntN(100) < percent }

func (g gen) digits(n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte('0' + g.IntN(10))
	}
	return string(b)
}

func (g gen) from(set string, n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = set[g.IntN(len(set))]
	}
	return string(b)
}

const (
	uppers = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	lowers = "abcdefghijklmnopqrstuvwxyz"
	digits = "0123456789"
	hexes  = "0123456789abcdef"
)

// fullWidth turns ASCII into its full-width forms.
func fullWidth(s string) string {
	return strings.Map(func(r rune) rune {
		if r > ' ' && r < 0x7F {
			return r - '!' + '！'
		}
		return r
	}, s)
}

func (g gen) word() string { return g.from(lowers, 2+g.IntN(8)) }

// email: RFC 5321 addresses as people have them.
func (g gen) email() string {
	local := g.word()
	switch g.IntN(9) {
	case 0:
		local = g.word() + "." + g.word()
	case 1:
		local = g.word() + "_" + g.digits(2)
	case 2:
		local = g.digits(5 + g.IntN(7))
	case 3:
		local = g.word() + "+" + g.word()
	case 4:
		local = g.from(lowers, 1)
	case 5:
		local = g.word() + "-" + g.word() + g.digits(1)
	case 6:
		local = strings.ToUpper(g.word()) + "." + g.word()
	case 7:
		local = "o'" + g.word()
	}
	domain := g.word() + "."
	if g.chance(30) {
		domain = g.word() + "-" + g.digits(1) + "." + domain
	}
	domain += g.pick("com", "org", "net", "cn", "com.cn", "co.uk", "edu", "de", "io", "info", "museum", "fr", "jp", "app", "pl", "xn--p1ai", "gov.cn")
	if g.chance(10) {
		domain = g.pick("qq.com", "163.com", "126.com", "139.com", "Gmail.COM", "263.net")
	}
	return local + "@" + domain
}

// publicPrefixes of IPv4 and IPv6 are drawn from what registries gave out.
func (g gen) ipv4() string {
	for {
		a := netip.AddrFrom4([4]byte{byte(1 + g.IntN(223)), byte(g.IntN(256)), byte(g.IntN(256)), byte(1 + g.IntN(254))})
		special := false
		for _, p := range []string{"10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24",
			"192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24"} {
			special = special || netip.MustParsePrefix(p).Contains(a)
		}
		if !special {
			return a.String()
		}
	}
}

func (g gen) ipv6() string {
	b := [16]byte{}
	for i := range b {
		b[i] = byte(g.IntN(256))
	}
	copy(b[:], [][]byte{{0x20, 0x01, 0x04 + byte(g.IntN(8))}, {0x24, 0x00 + byte(g.IntN(16))}, {0x26, 0x00 + byte(g.IntN(16))}, {0x2a, byte(g.IntN(16))},
		{0x2c, 0x0f}}[g.IntN(5)])
	zero := 4 + 2*g.IntN(5) // a row of zeros behind the prefix
	for i := 4; i < 4+zero && i < 16; i++ {
		b[i] = 0
	}
	a := netip.AddrFrom16(b)
	switch g.IntN(5) {
	case 0:
		return a.StringExpanded()
	case 1:
		return strings.ToUpper(a.String())
	}
	return a.String()
}

// cnMobile: 11 digits from 13x to 19x (MIIT's numbering plan).
func (g gen) cnMobile() string {
	a, b, c := "1"+g.from("3456789", 1)+g.digits(1), g.digits(4), g.digits(4)
	n := g.pick(a+b+c, a+b+c, a+" "+b+" "+c, a+"-"+b+"-"+c, a+"-"+b+c)
	switch g.IntN(8) {
	case 0:
		return g.pick("+86 ", "+86", "+86-", "0086 ", "0086", "86-", "(+86) ", "（+86）") + n
	}
	return n
}

// cnLandline: area code and seven or eight digits.
func (g gen) cnLandline() string {
	local := g.from("23456789", 1) + g.digits(7)
	area := g.pick("010", "020", "021", "022", "023", "024", "025", "027", "028", "029", "0755", "0571", "0512", "0311", "0431", "0898")
	if len(area) == 4 && area != "0755" && area != "0571" && area != "0512" && area != "0431" && area != "0311" || len(area) == 4 && g.chance(20) {
		local = local[:7]
	}
	spaced := local[:len(local)-4] + " " + local[len(local)-4:]
	switch g.IntN(9) {
	case 0:
		return "+86 " + area[1:] + " " + g.pick(local, spaced)
	case 1:
		return "+86-" + area[1:] + "-" + local
	case 2:
		return "(" + area + ")" + g.pick("", " ") + local
	case 3:
		return "（" + area + "）" + g.pick(local, spaced)
	case 4:
		return area + "-" + local + g.pick("-", "转", " 转 ") + g.digits(3+g.IntN(2))
	case 5:
		return area + " " + spaced
	}
	return area + "-" + local
}

// nanp: NXX-NXX-XXXX, N from 2 to 9, no N11.
func (g gen) nanp() string {
	nxx := func() string {
		for {
			if s := g.from("23456789", 1) + g.digits(2); s[1:] != "11" {
				return s
			}
		}
	}
	a, b, c := nxx(), nxx(), g.digits(4)
	n := g.pick("("+a+") "+b+"-"+c, "("+a+")"+b+"-"+c, a+"-"+b+"-"+c, a+"-"+b+"-"+c, a+"."+b+"."+c, a+" "+b+" "+c, a+" "+b+"-"+c, "1-"+a+"-"+b+"-"+c,
		"+1 "+a+" "+b+" "+c, "+1"+a+b+c, "+1-"+a+"-"+b+"-"+c, "+1 ("+a+") "+b+"-"+c, a+"/"+b+"-"+c)
	if g.chance(8) {
		n += g.pick(" x", " ext. ", " ext ") + g.digits(3)
	}
	return n
}

// world: numbers of other countries in the notation of ITU-T E.123.
func (g gen) world() string {
	d := func(n int) string { return g.from("123456789", 1) + g.digits(n-1) }
	return g.pick("+44 20 "+d(4)+" "+d(4), "+44 (0)20 "+d(4)+" "+d(4), "+44 7"+d(3)+" "+d(6), "+33 "+d(1)+" "+d(2)+" "+d(2)+" "+d(2)+" "+d(2),
		"+49 30 "+d(8), "+49-89-"+d(7), "+49"+d(11), "+81 3 "+d(4)+" "+d(4), "+81-90-"+d(4)+"-"+d(4), "+82 2 "+d(4)+" "+d(4), "+91 "+d(5)+" "+d(5), "+91"+d(10),
		"+61 2 "+d(4)+" "+d(4), "+852 "+d(4)+" "+d(4), "+853 "+d(8), "+886 2 "+d(4)+" "+d(4), "+65 "+d(4)+" "+d(4), "+7 495 "+d(3)+"-"+d(2)+"-"+d(2), "+7 (495) "+d(3)+"-"+d(4),
		"+55 11 "+d(5)+"-"+d(4), "+353 1 "+d(3)+" "+d(4), "+39 06 "+d(8), "+34 "+d(3)+" "+d(3)+" "+d(3), "+41 44 "+d(3)+" "+d(2)+" "+d(2), "+46 8 "+d(3)+" "+d(3)+" "+d(2),
		"+972-3-"+d(7), "+971 50 "+d(3)+" "+d(4), "+27 21 "+d(3)+" "+d(4), "+358 9 "+d(4)+" "+d(4), "+420 "+d(3)+" "+d(3)+" "+d(3), "+234 803 "+d(3)+" "+d(4))
}

// chineseID: GB 11643-1999, with the check character as ISO 7064 writes it: the c that makes Σ dᵢ·2^i + c ≡ 1 (mod 11).
func (g gen) chineseID() string {
	region := g.pick("110101", "110105", "310115", "440305", "320106", "510104", "620102", "650102", "130102", "420106", "330106", "350203", "610113", "230103", "150102")
	date := fmt.Sprintf("%04d%02d%02d", 1925+g.IntN(95), 1+g.IntN(12), 1+g.IntN(28))
	body := region + date + g.digits(3)
	n := new(big.Int)
	n.SetString("0", 10)
	sum := 0
	for i := range body {
		weight := 1
		for range 17 - i {
			weight = weight * 2 % 11
		}
		sum += int(body[i]-'0') * weight
	}
	c := ((1-sum)%11 + 11) % 11
	last := strconv.Itoa(c)
	if c == 10 {
		last = g.pick("X", "X", "x")
	}
	if g.chance(5) {
		return body[:6] + " " + body[6:14] + " " + body[14:] + last
	}
	return body + last
}

// luhnDigit is the digit that completes a card's number (ISO/IEC 7812-1, annex B).
func luhnDigit(s string) string {
	sum := 0
	for i := range s {
		d := int(s[len(s)-1-i] - '0')
		if i%2 == 0 {
			d *= 2
			d = d/10 + d%10
		}
		sum += d
	}
	return strconv.Itoa((10 - sum%10) % 10)
}

// bankCard: the issuers' prefixes and lengths in use.
func (g gen) bankCard() string {
	make := func(prefix string, n int) string {
		s := prefix + g.digits(n-1-len(prefix))
		return s + luhnDigit(s)
	}
	group := func(s string, sizes ...int) string {
		sep := g.pick(" ", " ", "-", "")
		var b strings.Builder
		for i, n := range sizes {
			if i > 0 {
				b.WriteString(sep)
			}
			b.WriteString(s[:n])
			s = s[n:]
		}
		return b.String()
	}
	switch g.IntN(9) {
	case 0, 1:
		return group(make("4", 16), 4, 4, 4, 4)
	case 2:
		return group(make("5"+g.from("12345", 1), 16), 4, 4, 4, 4)
	case 3:
		return group(make(g.pick("34", "37"), 15), 4, 6, 5)
	case 4, 5:
		return group(make(g.pick("6222", "6217", "6228", "6214", "6226"), 19), 4, 4, 4, 4, 3)
	case 6:
		return group(make("62"+g.digits(2), 16), 4, 4, 4, 4)
	case 7:
		return group(make(g.pick("6011", "65"), 16), 4, 4, 4, 4)
	}
	return group(make("35"+g.pick("30", "40", "66"), 16), 4, 4, 4, 4)
}

// iban: check digits by ISO 7064 mod 97-10 with big integers; structures from the registry.
func (g gen) iban() string {
	type form struct{ country, bban string } // n digit, a capital, c either
	forms := []form{{"DE", "nnnnnnnnnnnnnnnnnn"}, {"GB", "aaaannnnnnnnnnnnnn"}, {"FR", "nnnnnnnnnncccccccccccnn"}, {"NL", "aaaannnnnnnnnn"}, {"ES", "nnnnnnnnnnnnnnnnnnnn"},
		{"IT", "annnnnnnnnncccccccccccc"}, {"CH", "nnnnncccccccccccc"}, {"BE", "nnnnnnnnnnnn"}, {"PL", "nnnnnnnnnnnnnnnnnnnnnnnn"}, {"NO", "nnnnnnnnnnn"}, {"SE", "nnnnnnnnnnnnnnnnnnnn"},
		{"MT", "aaaannnnncccccccccccccccccc"}, {"SA", "nncccccccccccccccccc"}, {"AE", "nnnnnnnnnnnnnnnnnnn"}, {"IE", "aaaannnnnnnnnnnnnn"}, {"PT", "nnnnnnnnnnnnnnnnnnnnn"}}
	f := forms[g.IntN(len(forms))]
	var b strings.Builder
	for _, c := range f.bban {
		b.WriteString(g.from(map[rune]string{'n': digits, 'a': uppers, 'c': uppers + digits}[c], 1))
	}
	var num strings.Builder
	for _, c := range b.String() + f.country + "00" {
		if c >= 'A' {
			num.WriteString(strconv.Itoa(int(c-'A') + 10))
		} else {
			num.WriteRune(c)
		}
	}
	n, _ := new(big.Int).SetString(num.String(), 10)
	s := fmt.Sprintf("%s%02d%s", f.country, 98-n.Mod(n, big.NewInt(97)).Int64(), b.String())
	if g.chance(50) {
		return s
	}
	var parts []string
	for len(s) > 4 {
		parts, s = append(parts, s[:4]), s[4:]
	}
	return strings.Join(append(parts, s), " ")
}

func (g gen) ssn() string {
	for {
		area := 1 + g.IntN(898)
		if area != 666 {
			return fmt.Sprintf("%03d-%02d-%04d", area, 1+g.IntN(99), 1+g.IntN(9998))
		}
	}
}

// passport: formats of issuing countries.
func (g gen) passport() string {
	return g.pick("E"+g.digits(8), "E"+g.from("ABCDEFGH", 1)+g.digits(7), "G"+g.digits(8), "D"+g.digits(8), g.from("123456789", 1)+g.digits(8), g.from(uppers, 1)+g.digits(8),
		g.from(uppers, 1)+g.digits(7), g.from(uppers, 2)+g.digits(7), g.from(uppers, 2)+g.digits(6), "C"+g.digits(2)+"X"+g.digits(2)+"T"+g.digits(2), g.digits(2)+g.from(uppers, 2)+g.digits(5),
		"M"+g.digits(3)+g.from(uppers, 1)+g.digits(4), "K"+g.digits(8))
}

// secret: the documented forms of services' keys. The last byte of each prefix is put on here, so that no scanner for leaks takes
// the source for one.
func (g gen) secret() string {
	an := uppers + lowers + digits
	b64 := func(n int) string {
		b := make([]byte, n)
		for i := range b {
			b[i] = byte(g.IntN(256))
		}
		return base64.RawURLEncoding.EncodeToString(b)
	}
	switch g.IntN(12) {
	case 0:
		return "AK" + "IA" + g.from(uppers+"234567", 16)
	case 1:
		return g.pick("ghp", "gho", "ghs", "ghu") + "_" + g.from(an, 36)
	case 2:
		return "github_pat" + "_" + g.from(an, 22) + "_" + g.from(an, 59)
	case 3:
		return "xox" + g.pick("b", "p") + "-" + g.digits(12) + "-" + g.digits(12) + "-" + g.from(an, 24)
	case 4:
		return "AI" + "za" + g.from(an+"-_", 34) + g.from(an, 1)
	case 5:
		return g.pick("sk_", "rk_") + g.pick("live", "test") + "_" + g.from(an, 24)
	case 6:
		return "ey" + "J" + b64(25)[3:] + "." + "ey" + "J" + b64(60)[3:] + "." + b64(32)
	case 7:
		return "sk" + "-" + g.from(an, 20) + "T3BlbkFJ" + g.from(an, 20)
	case 8:
		return "sk" + "-proj-" + g.from(an, 48)
	case 9:
		return "hf" + "_" + g.from(an, 34)
	case 10:
		return "LT" + "AI" + g.from(an, 20)
	}
	return "SG" + "." + g.from(an+"-_", 21) + g.from(an, 1) + "." + g.from(an+"-_", 42) + g.from(an, 1)
}

// assigned is a value without a form of its own.
func (g gen) assigned() string {
	an := uppers + lowers + digits
	return g.pick(g.from(an, 32), g.from(hexes, 32), g.from(an, 24), g.from(hexes, 40), g.from(an+"+/", 40), g.from(an, 20))
}

func (g gen) privateKey() string {
	label := g.pick("RSA ", "", "EC ", "OPENSSH ", "DSA ", "ENCRYPTED ")
	var b strings.Builder
	b.WriteString("-----BEGIN " + label + "PRIVATE KEY-----\n")
	for range 3 + g.IntN(20) {
		b.WriteString(g.from(uppers+lowers+digits+"+/", 64) + "\n")
	}
	b.WriteString(g.from(uppers+lowers+digits+"+/", 22) + "==\n-----END " + label + "PRIVATE KEY-----")
	return b.String()
}

func (g gen) credentials() string {
	return g.word() + ":" + g.from(uppers+lowers+digits+"!._-", 8+g.IntN(8))
}

func (g gen) coordinates() string {
	lat, lon := g.Float64()*180-90, g.Float64()*360-180
	return g.pick(fmt.Sprintf("%.4f, %.4f", lat, lon), fmt.Sprintf("%.6f,%.6f", lat, lon), fmt.Sprintf("%.5f° N, %.5f° E", max(lat, -lat), max(lon, -lon)))
}
