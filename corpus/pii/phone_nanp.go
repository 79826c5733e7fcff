package pii

// nanp looks for a North American number: NXX-NXX-XXXX or (NXX)NXXXXXX with N from 2 to 9, with or without 1 before it. With brackets or hyphens the
// form says enough unless the words before speak of another number; with spaces or dots it must stand by itself; ten digits in
// one piece need a word.
func (s *Scanner) nanp(t string, g int) (int, int) {
	a := s.groups[g]
	start := plusBefore(t, a.start)
	first := g
	if t[a.start:a.end] == "1" && g+1 < len(s.groups) {
		first++
	} else if start < a.start {
		return 0, 0
	} else if g > 0 && t[s.groups[g-1].start:s.groups[g-1].end] == "1" && a.sep&(slash|dot) == 0 {
		return 0, 0 // taken with its 1
	}
	if f := s.groups[first]; f.len() == 10 || f.len() == 11 && first == g && t[f.start] == '1' {
		d := t[f.end-10 : f.end]
		if !isNANP(d) || first > g && f.sep&(dot|slash) != 0 || !s.alone(t, start, g, first+1) || context(t, start, phoneCues, numberCues) < near && start == a.start && first == g {
			return 0, 0
		}
		return start, first + 1
	}
	h := first + 3
	if s.lengths(first, 3, 7) && s.groups[first+1].sep&closing != 0 {
		h = first + 2
	} else if !s.lengths(first, 3, 3, 4) {
		return 0, 0
	}
	if !isNANP(string(s.join(t, first, h))) {
		return 0, 0
	}
	left, right := s.groups[first+1].sep, s.groups[h-1].sep
	brackets := left&closing != 0 && left&dot == 0
	switch {
	case brackets, left == dash && right == dash, left == slash && right == dash, left == space && right == dash:
	case left == right && (left == space || left == dot):
		if first == g && (g > 0 && a.sep&closing == 0 || h < len(s.groups)) && phoneCues.before(t, start) < 0 {
			return 0, 0 // one of more numbers
		}
	default:
		return 0, 0
	}
	if !s.alone(t, start, g, h) || context(t, start, phoneCues, numberCues) == against {
		return 0, 0
	}
	return s.open(t, start, g, h), h
}

// isNANP says whether ten digits fit the numbering plan: area and exchange from 200, neither N11.
func isNANP(d string) bool {
	return d[0] >= '2' && d[3] >= '2' && d[1:3] != "11" && d[4:6] != "11"
}
