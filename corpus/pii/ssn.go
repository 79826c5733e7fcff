package pii

var ssnCues = cuesOf("ssn", "ssns", "social security", "social", "soc sec", "ss#", "taxpayer", "社会安全", "社保", "社会保险")

// ssn looks for a US social security number at group g: area 001-899 without 666, group 01-99, serial 0001-9999. With hyphens
// the form says enough; with spaces or in one piece words must say so.
func (s *Scanner) ssn(t string, g int) {
	a := s.groups[g]
	h := g + 1
	hyphens := false
	switch {
	case s.lengths(g, 3, 2, 4) && s.sameSeparator(g, g+3, space|dash):
		h = g + 3
		hyphens = s.groups[g+1].sep == dash
	case a.len() != 9:
		return
	}
	d := string(s.join(t, g, h))
	end := s.groups[h-1].end
	switch area := d[:3]; {
	case area == "000" || area == "666" || d[0] == '9', d[3:5] == "00", d[5:] == "0000":
		return
	case !loose(t, a.start, end), g > 0 && a.sep&(dash|dot) != 0, s.sepAfter(h-1)&(dash|dot) != 0:
		return
	case byteBefore(t, a.start) == '-', byteAt(t, end) == '-' && isAlnum(byteAt(t, end+1)), byteAt(t, end) == '.' && isDigit(byteAt(t, end+1)):
		return
	}
	if c := context(t, a.start, ssnCues, numberCues); c >= near || c == silent && hyphens {
		s.add(SSN, a.start, end)
	}
}
