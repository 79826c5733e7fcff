package pii

// chineseID looks for a resident identity number (GB 11643-1999) at group g: six digits of a region, eight of the birthday, three of
// a sequence and the check character (ISO 7064, mod 11-2). The groups may be apart, 6-8-4 or 6-4-4-4. The form before 1999, by option,
// has a two-digit year and no check character.
func (s *Scanner) chineseID(t string, g int) {
	a := s.groups[g]
	h := g + 1
	switch {
	case a.len() == 18 || a.len() == 17:
	case s.lengths(g, 6, 8, 4) || s.lengths(g, 6, 8, 3):
		if !s.sameSeparator(g, g+3, space|dash) {
			return
		}
		h = g + 3
	case s.lengths(g, 6, 4, 4, 4) || s.lengths(g, 6, 4, 4, 3):
		if !s.sameSeparator(g, g+4, space|dash) {
			return
		}
		h = g + 4
	case a.len() == 15 && s.oldChineseID:
		if d := t[a.start:a.end]; loose(t, a.start, a.end) && isRegion(d) && isBirthday(1900+number(d[6:8]), number(d[8:10]), number(d[10:12])) {
			s.add(ChineseID, a.start, a.end)
		}
		return
	default:
		return
	}
	d := s.join(t, g, h)
	end := s.groups[h-1].end
	if len(d) == 17 {
		if byteAt(t, end)|0x20 != 'x' {
			return
		}
		d = append(d, 'X')
		end++
	}
	if len(d) != 18 || gluedBefore(t, a.start) || alnumAfter(t, end) || byteBefore(t, a.start) == '.' && a.start > 1 && isDigit(t[a.start-2]) {
		return
	}
	id := string(d)
	if isRegion(id) && isBirthday(number(id[6:10]), number(id[10:12]), number(id[12:14])) && checkChar(id) == id[17] {
		s.add(ChineseID, a.start, end)
	}
}

// gluedBefore says whether what touches the number at i makes it part of something else. A word of up to eight Latin letters does not
// ("ID11010519491231002X", "sfz…"): region, birthday and check character say enough. A hash has digits among its letters.
func gluedBefore(t string, i int) bool {
	k := i
	for k > 0 && isLetter(t[k-1]) {
		k--
	}
	return i-k > 8 || alnumBefore(t, k)
}

// checkChar returns the 18th character for the 17 digits before it: Σ dᵢ·2^(17−i) mod 11 chooses from "10X98765432".
func checkChar(id string) byte {
	sum := 0
	for i := range 17 {
		sum = (sum + int(id[i]-'0')) * 2 % 11
	}
	return "10X98765432"[sum]
}

// isRegion says whether a number begins with a region of GB/T 2260: a province that there is, and a prefecture below it. Counties come
// and go, and people keep the numbers of those that went.
func isRegion(d string) bool {
	switch province := number(d[:2]); {
	case province >= 11 && province <= 15, province >= 21 && province <= 23, province >= 31 && province <= 37,
		province >= 41 && province <= 46, province >= 50 && province <= 54, province >= 61 && province <= 65:
		return d[2:4] != "00"
	case province == 71, province == 81, province == 82, province == 83: // Taiwan, Hong Kong, Macao
		return true
	}
	return false
}

// isBirthday says whether somebody who has a number can be born on the day.
func isBirthday(year, month, day int) bool {
	return year >= 1890 && year < 2050 && isDay(year, month, day)
}

// isDay says whether there is such a day, in the two centuries that texts write about most.
func isDay(year, month, day int) bool {
	if year < 1800 || year > 2099 || month < 1 || month > 12 || day < 1 {
		return false
	}
	days := [...]int{31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31}[month-1]
	if month == 2 && year%4 == 0 && (year%100 != 0 || year%400 == 0) {
		days++
	}
	return day <= days
}

// number returns the value of a few digits.
func number(d string) int {
	n := 0
	for i := range len(d) {
		n = n*10 + int(d[i]-'0')
	}
	return n
}

// sameSeparator says whether groups g to h are joined by one and the same of the separators in set.
func (s *Scanner) sameSeparator(g, h int, set separator) bool {
	sep := s.groups[g+1].sep
	if sep&set == 0 || sep&(sep-1) != 0 {
		return false
	}
	for _, a := range s.groups[g+1 : h] {
		if a.sep != sep {
			return false
		}
	}
	return true
}
