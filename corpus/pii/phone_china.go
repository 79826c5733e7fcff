package pii

import "strings"

// chinaPrefix takes the country's prefix before a Chinese number at group g: +86, 0086, 86 or (+86), also with the area code, 8610. It returns where the number with
// it begins, in which group and after how many of its digits the national number begins.
func (s *Scanner) chinaPrefix(t string, g int) (start, h, skip int) {
	a := s.groups[g]
	start = plusBefore(t, a.start)
	d := t[a.start:a.end]
	n := 0
	switch {
	case len(d) >= 4 && d[:4] == "0086":
		n = 4
	case len(d) >= 2 && d[:2] == "86" && (start < a.start || len(d) == 2 || len(d) >= 11 || len(d) > 3 && areaCode(d[2:]) == len(d)-2):
		n = 2
	case start < a.start: // another country
		return start, -1, 0
	}
	if n > 0 && n == len(d) {
		if g+1 == len(s.groups) || s.groups[g+1].sep&slash != 0 {
			return start, -1, 0
		}
		return start, g + 1, 0
	}
	return start, g, n
}

// mobile looks for a Chinese mobile number: 1, then 3 to 9, then nine digits, in one group or as 3-4-4 and the like.
func (s *Scanner) mobile(t string, g int) (int, int) {
	start, h, skip := s.chinaPrefix(t, g)
	if h < 0 {
		return 0, 0
	}
	prefixed := h > g || skip > 0
	first := s.groups[h]
	if d := t[first.start+skip : first.end]; len(d) < 3 || len(d) > 11 || d[0] != '1' || d[1] < '3' {
		return 0, 0
	}
	e, n := h, -skip
	for e < len(s.groups) && n < 11 {
		if e > h && (s.groups[e].len() < 3 || s.groups[e].sep&(s.groups[e].sep-1) != 0 || s.groups[e].sep&(space|dash|dot) == 0 || s.groups[e].sep != s.groups[h+1].sep) {
			break
		}
		n += s.groups[e].len()
		e++
	}
	if n != 11 || !s.alone(t, start, g, e) {
		return 0, 0
	}
	if e > h+1 && !s.mobileForm(g, h, e, skip) {
		return 0, 0
	}
	if !prefixed && e == h+1 && !s.bareMobile(t, first) {
		return 0, 0
	}
	if (!prefixed || start == s.groups[g].start && h == g) && context(t, start, phoneCues, numberCues) == against {
		return 0, 0
	}
	return s.open(t, start, g, e), e
}

// mobileForm says whether groups h to e are apart as mobile numbers are: 3-4-4 and the like, and not among more groups, as in a card's
// number or a table's row. The number begins in group g, with its prefix.
func (s *Scanner) mobileForm(g, h, e, skip int) bool {
	var n [3]int
	if e-h > len(n) {
		return false
	}
	for i := h; i < e; i++ {
		n[i-h] = s.groups[i].len()
	}
	n[0] -= skip
	alone := g == 0 || s.groups[g].sep != s.groups[h+1].sep
	if e < len(s.groups) && s.groups[e].sep == s.groups[e-1].sep && s.groups[e].len() == s.groups[e-1].len() {
		alone = false
	}
	switch n {
	case [3]int{3, 4, 4}, [3]int{3, 8}:
		return alone || s.groups[g].sep != dash && (e == len(s.groups) || s.groups[e].len() == n[0])
	case [3]int{7, 4}, [3]int{4, 3, 4}, [3]int{4, 4, 3}:
		return alone
	}
	return false
}

// bareMobile says whether eleven digits in one piece are rather a telephone number than an amount or an index: no unit behind them, no
// '=' before, not a round number of kibibytes. Of numbers drawn at random the latter leaves out one in 1,024.
func (s *Scanner) bareMobile(t string, a group) bool {
	if c := byteAt(t, a.end); c == '.' && isDigit(byteAt(t, a.end+1)) {
		return false
	}
	if d := announcing.before(t, a.start); d >= 0 && isFiller(t[a.start-d:a.start]) {
		return true
	}
	return number(t[a.start:a.end])%1024 != 0 && byteBefore(t, a.start) != '=' && !amount(t, a.end)
}

// units are words behind amounts.
var units = [...]string{"bytes", "byte", "bits", "kb", "kib", "mb", "b", "rows", "records", "ns", "ms", "us", "seconds", "hz", "times", "tokens",
	"元", "字节", "行", "条", "次", "个", "秒", "毫秒", "美元", "人民币", "吨", "件"}

// amount says whether a unit stands at i, the end of a number, or behind a space there.
func amount(t string, i int) bool {
	if byteAt(t, i) == ' ' {
		i++
	}
	for _, w := range units {
		if end := i + len(w); end <= len(t) && equalFold(t[i:end], w) && (w[0] >= 0x80 || !isAlnum(byteAt(t, end))) {
			return true
		}
	}
	return false
}

// landline looks for a Chinese landline number: 0 and an area code, then seven or eight digits; after +86 the 0 is left out.
func (s *Scanner) landline(t string, g int) (int, int) {
	start, h, skip := s.chinaPrefix(t, g)
	if h < 0 {
		return 0, 0
	}
	prefixed := h > g || skip > 0
	a := s.groups[h]
	d := t[a.start+skip : a.end]
	if len(d) > 0 && d[0] == '0' {
		d = d[1:]
		if len(d) == 0 && prefixed && h+1 < len(s.groups) { // +86 (0) 10 …
			h++
			d = t[s.groups[h].start:s.groups[h].end]
		}
	} else if !prefixed {
		return 0, 0
	}
	area := areaCode(d)
	if area == 0 || len(d) < area || len(d) > area+8 {
		return 0, 0
	}
	glued := len(d) > area
	n, e := len(d)-area, h+1
	for e < len(s.groups) && n < 7 && e < h+4 {
		if s.groups[e].sep&(slash|dot) != 0 || s.groups[e].len() < 3 {
			break
		}
		n += s.groups[e].len()
		e++
	}
	if n != 8 && (n != 7 || area == 2) || s.localDigit(t, h, area, e) < '2' {
		return 0, 0
	}
	if e > h+1 && g > 0 && a.sep == space && s.groups[h+1].sep == space {
		return 0, 0 // one of many groups
	}
	strong := start < s.groups[g].start || h > g // +86 or 86 by itself
	if !s.alone(t, start, g, e) || !strong && context(t, start, phoneCues, numberCues) == against {
		return 0, 0
	}
	if glued && !prefixed && (e > h+1 || strings.Count(d, d[len(d)-1:]) >= 8) { // 037777777777 is an octal number
		return 0, 0
	}
	return s.open(t, start, g, e), e
}

// localDigit returns the first digit of the local number: behind the area code, in the area's group h or the next.
func (s *Scanner) localDigit(t string, h, area, e int) byte {
	a := s.groups[h]
	if e == h+1 {
		n := 8
		if (a.len()-area)%8 == 7 || a.len() == 1+area+7 {
			n = 7
		}
		return t[a.end-n]
	}
	return t[s.groups[h+1].start]
}

// areaCodes of three digits (without the 0), as ranges: the plan of the Ministry of Industry and Information Technology.
var areaCodes = [...][2]int{{310, 319}, {335, 335}, {349, 359}, {370, 379}, {391, 398}, {411, 419}, {421, 421}, {427, 427}, {429, 429},
	{431, 439}, {451, 459}, {464, 464}, {467, 479}, {482, 483}, {510, 520}, {523, 523}, {527, 527}, {530, 539}, {543, 543}, {546, 546},
	{550, 566}, {570, 580}, {591, 599}, {631, 635}, {660, 663}, {668, 668}, {691, 692}, {701, 701}, {710, 719}, {722, 724}, {728, 728},
	{730, 739}, {743, 746}, {750, 763}, {766, 766}, {768, 779}, {790, 799}, {812, 813}, {816, 818}, {825, 827}, {830, 839}, {851, 859},
	{870, 879}, {883, 883}, {886, 888}, {891, 899}, {901, 909}, {911, 919}, {930, 939}, {941, 941}, {943, 943}, {951, 955}, {970, 979},
	{990, 999}}

// areaCode returns the length of the area code that d begins with, without its 0: 2 (10 and 20 to 29), 3 or 0 for none.
func areaCode(d string) int {
	if len(d) < 2 {
		return 0
	}
	if d[:2] == "10" || d[0] == '2' && d[1] != '6' {
		return 2
	}
	if len(d) < 3 {
		return 0
	}
	c := number(d[:3])
	for _, r := range areaCodes {
		if c >= r[0] && c <= r[1] {
			return 3
		}
	}
	return 0
}
