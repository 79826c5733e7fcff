package pii

// phone looks for a telephone number at group g: Chinese, North American, international, or whatever a word like "tel"
// stands before. The first that fits is taken.
func (s *Scanner) phone(t string, g int) {
	if !s.kinds.has(Phone) {
		return
	}
	a := s.groups[g]
	if a.len() < 7 && g+1 == len(s.groups) || alnumBefore(t, a.start) && !wordBefore(t, a.start) {
		return
	}
	for _, find := range [...]func(t string, g int) (start, h int){s.mobile, s.landline, s.nanp, s.international, s.announced, s.listed} {
		if start, h := find(t, g); h > g {
			end := s.extension(t, h)
			s.add(Phone, start, end)
			s.list = phoneList{end, s.localForm(g, h)}
			return
		}
	}
}

// wordBefore says whether what touches the number at i is a word like "tel".
func wordBefore(t string, i int) bool {
	k := i
	for k > 0 && isLetter(t[k-1]) {
		k--
	}
	return k < i && i-k <= 9 && phoneCues.before(t, i) == 0
}

// plusBefore returns where a '+' right before i stands, or i.
func plusBefore(t string, i int) int {
	if byteBefore(t, i) == '+' && !(i > 1 && isAlnum(t[i-2])) {
		return i - 1
	}
	if i >= 3 && t[i-3:i] == "＋" {
		return i - 3
	}
	return i
}

// open returns where a bracket before i that is closed within the groups g to h stands, or i.
func (s *Scanner) open(t string, i, g, h int) int {
	for _, a := range s.groups[g+1 : h] {
		if a.sep&opening != 0 { // a pair of its own
			return i
		}
		if a.sep&closing != 0 {
			if byteBefore(t, i) == '(' {
				return i - 1
			}
			if i >= 3 && t[i-3:i] == "（" {
				return i - 3
			}
		}
	}
	return i
}

// alone says whether the groups g to h are no part of a longer number, as dates, versions, decimals and part numbers are. An extension
// may be joined to a number that begins with 0 or a country's code.
func (s *Scanner) alone(t string, start, g, h int) bool {
	if g > 0 && s.groups[g].sep&(dash|dot) != 0 && s.groups[g].sep&(space|slash|opening) == 0 && start == s.groups[g].start {
		return false
	}
	if sep := s.sepAfter(h - 1); sep&(dash|dot) != 0 && sep&space == 0 {
		return s.isExtension(h) && (t[s.groups[g].start] == '0' || start < s.groups[g].start || s.groups[g].len() <= 2)
	}
	switch c := byteBefore(t, start); c {
	case '.', '-', '$', '#', '\\':
		if c != '-' || start > 1 && isAlnum(t[start-2]) && phoneCues.before(t, start-1) != 0 {
			return false
		}
	}
	if start >= 3 && (t[start-3:start] == "€" || t[start-3:start] == "￥") || start >= 2 && (t[start-2:start] == "¥" || t[start-2:start] == "£") {
		return false
	}
	end := s.groups[h-1].end
	if alnumAfter(t, end) {
		return byteAt(t, end)|0x20 == 'x' && isDigit(byteAt(t, end+1))
	}
	return byteAt(t, end) != '%' && !(byteAt(t, end) == ',' && isDigit(byteAt(t, end+1)) && end-s.groups[h-1].start <= 3)
}

// isExtension says whether group h can be an extension that a hyphen joins: up to five digits, the last of the number.
func (s *Scanner) isExtension(h int) bool {
	return h < len(s.groups) && s.groups[h].sep == dash && s.groups[h].len() <= 5 && s.sepAfter(h)&(dash|dot|slash) == 0
}

// extension returns the end of the number whose last group is h-1, with the extension behind it: "-8001" of Chinese landlines is
// taken where it is looked for, "x123", "ext. 123" and "转8001" anywhere.
func (s *Scanner) extension(t string, h int) int {
	end := s.groups[h-1].end
	if s.isExtension(h) {
		return s.groups[h].end
	}
	j := end
	for j < len(t) && j-end < 2 && (t[j] == ' ' || t[j] == ',') {
		j++
	}
	for _, word := range [...]string{"extension", "ext.", "ext", "x", "转", "分机"} {
		if len(t)-j < len(word) || !equalFold(t[j:j+len(word)], word) {
			continue
		}
		k := j + len(word)
		for k < len(t) && k-j-len(word) < 2 && (t[k] == ' ' || t[k] == ':' || t[k] == '.') {
			k++
		}
		e := k
		for e < len(t) && e-k < 6 && isDigit(t[e]) {
			e++
		}
		if e > k && e-k < 6 && !isLetter(byteAt(t, e)) {
			return e
		}
	}
	return end
}

// announced takes seven to fifteen digits right behind a word like "tel": local and national numbers of any country.
func (s *Scanner) announced(t string, g int) (start, h int) {
	start = s.groups[g].start
	before := plusBefore(t, start)
	if byteBefore(t, before) == '(' {
		before--
	}
	d := announcing.before(t, before)
	if d < 0 || !isFiller(t[before-d:before]) {
		return 0, 0
	}
	n, best := 0, 0
	for h = g; h < len(s.groups) && h-g < 7; h++ {
		if h > g && (s.groups[h].sep&slash != 0 || s.groups[h].sep == dot && s.groups[g+1].sep != dot) {
			break
		}
		if n += s.groups[h].len(); n > 15 {
			break
		}
		if n >= 7 {
			best = h + 1
		}
	}
	if best == g+1 && amount(t, s.groups[g].end) {
		return 0, 0
	}
	if best == 0 || s.isDateForm(t, g, best) || !s.alone(t, before, g, best) {
		return 0, 0
	}
	if s.groups[g].len() == n && best == g+1 && !loose(t, start, s.groups[g].end) && before == start {
		return 0, 0
	}
	return s.open(t, before, g, best), best
}

// isDateForm says whether groups g to h are a date: 2024-05-06, 06.05.2024, with a time behind it or not.
func (s *Scanner) isDateForm(t string, g, h int) bool {
	if h-g < 3 {
		return h-g == 1 && s.groups[g].len() == 8 && isDay(number(t[s.groups[g].start:s.groups[g].start+4]),
			number(t[s.groups[g].start+4:s.groups[g].start+6]), number(t[s.groups[g].start+6:s.groups[g].end]))
	}
	a, b, c := s.groups[g], s.groups[g+1], s.groups[g+2]
	v := func(x group) int { return number(t[x.start:x.end]) }
	if b.len() > 2 {
		return false
	}
	return a.len() == 4 && c.len() <= 2 && isDay(v(a), v(b), v(c)) ||
		c.len() == 4 && a.len() <= 2 && (isDay(v(c), v(b), v(a)) || isDay(v(c), v(a), v(b)))
}
