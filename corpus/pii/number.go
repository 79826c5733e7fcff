package pii

// group is a run of digits in a number that is written in groups.
type group struct {
	start, end int
	sep        separator // what joins it to the group before; 0 for the first
}

func (g group) len() int { return g.end - g.start }

// separator is the set of characters between two groups of digits.
type separator uint8

const (
	space separator = 1 << iota
	dash
	dot
	slash
	opening // "("
	closing // ")"
)

// maxGroups bounds how many groups of digits are looked at together; no kind has more than 10. Of a longer run the last
// ones are looked at again with what follows.
const maxGroups = 32

// number takes in the number that begins at t[i], all groups of it, and asks the kinds that are made of digits at each
// group. It returns where to go on.
func (s *Scanner) number(t string, i int) int {
	s.groups = s.groups[:0]
	next := i
	var sep separator
	for len(s.groups) < maxGroups {
		j := next + 1
		for j < len(t) && isDigit(t[j]) {
			j++
		}
		s.groups = append(s.groups, group{next, j, sep})
		var k int
		if sep, k = separatorAt(t, j); k == 0 {
			s.kindsOfDigits(t, len(s.groups))
			return j
		}
		next = k
	}
	const again = maxGroups - 10
	s.kindsOfDigits(t, again)
	return s.groups[again].start
}

// kindsOfDigits asks the kinds at each of the first n groups.
func (s *Scanner) kindsOfDigits(t string, n int) {
	for g := range n {
		a := s.groups[g]
		if a.len() < 4 && g+1 == len(s.groups) && !isLetter(byteAt(t, a.end)) && !isLetter(byteBefore(t, a.start)) {
			continue // a short number by itself
		}
		s.chineseID(t, g)
		s.bankCard(t, g)
		s.ssn(t, g)
		s.phone(t, g)
		s.ipv4(t, g)
		s.iban(t, a.start)
		s.passport(t, a.start)
		s.coordinates(t, a.start)
	}
}

// separatorAt returns what stands between the digits that end at t[i] and the next digit, if that is no more than people put
// between groups: up to three characters, never two spaces, and a dot only by itself. next is 0 where nothing joins.
func separatorAt(t string, i int) (sep separator, next int) {
	j := i
	for range 3 {
		if j >= len(t) {
			return 0, 0
		}
		one, n := separatorRune(t, j)
		if n == 0 || one == space && sep&space != 0 && t[j-1] == ' ' || (one|sep)&dot != 0 && sep != 0 {
			break
		}
		sep |= one
		j += n
	}
	if j == i || j >= len(t) || !isDigit(t[j]) {
		return 0, 0
	}
	return sep, j
}

// separatorRune returns the separator at t[j] and its length in bytes, or 0.
func separatorRune(t string, j int) (separator, int) {
	switch t[j] {
	case ' ':
		return space, 1
	case '-':
		return dash, 1
	case '.':
		return dot, 1
	case '/':
		return slash, 1
	case '(':
		return opening, 1
	case ')':
		return closing, 1
	case 0xC2:
		if hasAt(t, j, "\u00a0") {
			return space, 2
		}
	case 0xE2:
		if j+2 < len(t) && (t[j+1] == 0x80 && t[j+2] >= 0x90 && t[j+2] <= 0x95 || hasAt(t, j, "\u2212")) { // hyphens and dashes, minus
			return dash, 3
		}
	case 0xE3:
		if hasAt(t, j, "\u3000") {
			return space, 3
		}
	case 0xEF:
		switch {
		case hasAt(t, j, "（"):
			return opening, 3
		case hasAt(t, j, "）"):
			return closing, 3
		case hasAt(t, j, "－"):
			return dash, 3
		}
	}
	return 0, 0
}

// join copies the digits of the groups from g up to h into memory of the scanner; too many are cut off.
func (s *Scanner) join(t string, g, h int) []byte {
	b := s.digits[:0]
	for _, a := range s.groups[g:h] {
		b = append(b, t[a.start:a.end][:min(a.len(), cap(b)-len(b))]...)
	}
	return b
}

// sepAfter returns what joins group g to the next, 0 where it is the last.
func (s *Scanner) sepAfter(g int) separator {
	if g+1 < len(s.groups) {
		return s.groups[g+1].sep
	}
	return 0
}

// lengths says whether the groups from g on have these lengths.
func (s *Scanner) lengths(g int, n ...int) bool {
	if g+len(n) > len(s.groups) {
		return false
	}
	for i, want := range n {
		if s.groups[g+i].len() != want {
			return false
		}
	}
	return true
}

// loose says whether the digits from start to end stand by themselves: no letter or underscore touches them, no sign of money or
// decimals.
func loose(t string, start, end int) bool {
	if alnumBefore(t, start) || alnumAfter(t, end) {
		return false
	}
	switch c := byteBefore(t, start); c {
	case '.', ',':
		if start > 1 && isDigit(t[start-2]) && c == '.' {
			return false
		}
	case '$', '#', '%', '\\', '=':
		return c == '='
	}
	if start >= 3 && (t[start-3:start] == "€" || t[start-3:start] == "￥") || start >= 2 && (t[start-2:start] == "¥" || t[start-2:start] == "£") {
		return false
	}
	if c := byteAt(t, end); (c == '.' || c == ',') && isDigit(byteAt(t, end+1)) {
		return c == ',' && end-start > 3
	}
	return byteAt(t, end) != '%'
}
