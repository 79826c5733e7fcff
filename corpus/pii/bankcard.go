package pii

var cardCues = cuesOf("card", "cards", "cc", "visa", "mastercard", "amex", "american express", "credit", "debit", "unionpay", "maestro",
	"discover", "diners", "jcb", "pan", "cvv", "account", "acct",
	"卡", "银联", "账号", "帐号", "账户", "帐户", "户头", "尾号")

// bankCard looks for a card's number at group g (ISO/IEC 7812): 13 to 19 digits by the issuer's rule, with the check digit of
// Luhn. They are in one group, or in groups of at least three with one kind of separator: 4-4-4-4, 4-6-5, 6-13. Where the words
// before speak of another number, or the length is rare with the issuer, words that speak of a card are asked for.
func (s *Scanner) bankCard(t string, g int) {
	a := s.groups[g]
	if c := t[a.start]; c < '2' || c == '7' || c == '9' || a.len() < 4 || a.len() > 19 {
		return
	}
	if g > 0 && a.sep&(a.sep-1) == 0 && a.sep&(dash|dot|slash) != 0 { // inside of a longer number
		return
	}
	if g > 0 && a.sep == space && a.len() < 12 && (s.groups[g-1].len() == a.len() || alnumBefore(t, s.groups[g-1].start)) {
		return // one of many groups, an account's
	}
	h, n := g, 0
	best := 0
	for h < len(s.groups) && (h == g || s.groups[h].len() >= 3) && (h < g+2 || s.groups[h].sep == s.groups[g+1].sep) {
		if h == g+1 && s.groups[h].sep != space && s.groups[h].sep != dash {
			break
		}
		if n += s.groups[h].len(); n > 19 {
			break
		}
		if h++; n >= 13 && s.isCard(t, g, h) && !s.runsOn(g, h) {
			best = h
		}
		if h-g == 6 {
			break
		}
	}
	if best == 0 {
		return
	}
	end := s.groups[best-1].end
	if !loose(t, a.start, end) && !s.gluedCard(t, g, best) || byteBefore(t, a.start) == '-' && a.start > 1 && isAlnum(t[a.start-2]) || byteAt(t, end) == '-' && isAlnum(byteAt(t, end+1)) {
		return
	}
	c := context(t, a.start, cardCues, numberCues)
	usual := usualLength(t[a.start:a.start+4], len(s.join(t, g, best)))
	if c >= near || c == silent && usual {
		s.add(BankCard, a.start, end)
	}
}

// gluedCard says whether a word that speaks of a card, and nothing else, touches the digits of a card in one piece: "card4111…", "VISA4111…".
func (s *Scanner) gluedCard(t string, g, h int) bool {
	a := s.groups[g]
	return h == g+1 && isLetter(byteBefore(t, a.start)) && cardCues.before(t, a.start) == 0 && !alnumAfter(t, a.end)
}

// runsOn says whether the number that begins at group g goes on behind group h-1: with a hyphen, or with another three or four digits after
// the same space, as a longer card's would.
func (s *Scanner) runsOn(g, h int) bool {
	if h == len(s.groups) {
		return false
	}
	next := s.groups[h]
	return next.sep == dash || h > g+1 && next.sep == s.groups[h-1].sep && (next.len() == 3 || next.len() == 4) && s.groups[h-1].len() == 4
}

func (s *Scanner) isCard(t string, g, h int) bool {
	d := s.join(t, g, h)
	return issued(d) && luhn(d)
}

// luhn says whether the digits, every second of them from the right but one doubled and its digits added, sum to a multiple of 10.
func luhn(d []byte) bool {
	sum := 0
	for i := range d {
		v := int(d[len(d)-1-i] - '0')
		if i%2 == 1 {
			if v *= 2; v > 9 {
				v -= 9
			}
		}
		sum += v
	}
	return sum%10 == 0
}

// issued says whether an issuer gives out numbers of this beginning and length.
func issued(d []byte) bool {
	p4 := number(string(d[:4]))
	p2, p3 := p4/100, p4/10
	n := len(d)
	switch {
	case d[0] == '4': // Visa
		return n == 13 || n == 16 || n == 19
	case p2 >= 51 && p2 <= 55, number(string(d[:6])) >= 222100 && number(string(d[:6])) <= 272099: // Mastercard
		return n == 16
	case p2 == 34 || p2 == 37: // American Express
		return n == 15
	case p2 == 62: // UnionPay
		return n >= 16 && n <= 19
	case p4 == 6011, p3 >= 644 && p3 <= 649, p2 == 65: // Discover
		return n >= 16 && n <= 19
	case p4 >= 3528 && p4 <= 3589: // JCB
		return n >= 16 && n <= 19
	case p3 >= 300 && p3 <= 305, p2 == 36, p2 == 38, p2 == 39: // Diners Club
		return n >= 14 && n <= 19
	case p4 >= 2200 && p4 <= 2204: // Mir
		return n >= 16 && n <= 19
	case p2 == 50, p2 >= 56 && p2 <= 58, p2 == 60, p2 == 63, p2 == 67, p2 == 81, p2 == 82: // Maestro, RuPay, UnionPay
		return n >= 13 && n <= 19
	}
	return false
}

// usualLength says whether the number's form is common enough to be taken without a word about it.
func usualLength(prefix string, n int) bool {
	switch p2 := number(prefix[:2]); {
	case prefix[0] == '4', p2 == 65, p2 == 60, p2 == 64, p2 == 35:
		return n == 16
	case p2 == 34, p2 == 37:
		return n == 15
	case p2 == 36, p2 == 30, p2 == 38, p2 == 39:
		return n == 14
	case p2 == 62:
		return n == 16 || n == 19
	case p2 == 22, p2 >= 51 && p2 <= 55, p2 >= 23 && p2 <= 27:
		return true
	}
	return false
}
