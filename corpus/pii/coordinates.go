package pii

// coordinates looks for a latitude and a longitude that begin at the digit at i: two decimal numbers with at least four decimals each
// (11 m), within ±90 and ±180, with a comma or space between them; signs and N/S/E/W may stand at either.
func (s *Scanner) coordinates(t string, i int) {
	if !s.kinds.has(Coordinates) {
		return
	}
	start := i
	switch c := byteBefore(t, start); {
	case c == '-' || c == '+':
		start--
	case alnumBefore(t, i) && c != 'N' && c != 'S', c == '.':
		return
	}
	lat, ok := degrees(t, i, 90)
	if !ok {
		return
	}
	j := lat
	for n := 0; j < len(t) && n < 3 && (t[j] == ',' || t[j] == ' ' || hasAt(t, j, "，") || hasAt(t, j, "、")); n++ {
		if t[j] >= 0x80 {
			j += 2
		}
		j++
	}
	if j == lat {
		return
	}
	if c := byteAt(t, j); c == '-' || c == '+' || c == 'E' || c == 'W' {
		j++
	}
	end, ok := degrees(t, j, 180)
	if !ok {
		return
	}
	s.add(Coordinates, start, end)
}

// degrees returns the end of a decimal number at i of at most limit, with a degree sign and a letter of direction behind it or not.
func degrees(t string, i, limit int) (int, bool) {
	j := i
	for j < len(t) && j-i < 4 && isDigit(t[j]) {
		j++
	}
	if n := j - i; n == 0 || n > 3 || number(t[i:j]) > limit || byteAt(t, j) != '.' {
		return 0, false
	}
	k := j + 1
	for k < len(t) && isDigit(t[k]) {
		k++
	}
	if k-j-1 < 4 {
		return 0, false
	}
	if hasAt(t, k, "°") {
		k += len("°")
	}
	for _, d := range [...]string{"N", "S", "E", "W", " N", " S", " E", " W"} {
		if hasAt(t, k, d) && !alnumAfter(t, k+len(d)) {
			return k + len(d), true
		}
	}
	return k, !alnumAfter(t, k)
}
