package pii

// countryDigits are, for calling codes (ITU-T E.164), the fewest and the most digits of a number behind them; other codes in use have 6
// to 12.
var countryDigits = map[int][2]int{1: {10, 10}, 7: {10, 10}, 20: {8, 10}, 27: {9, 9}, 30: {10, 10}, 31: {9, 11}, 32: {8, 9}, 33: {9, 9},
	34: {9, 9}, 36: {8, 9}, 39: {6, 12}, 40: {9, 9}, 41: {9, 9}, 43: {6, 13}, 44: {9, 10}, 45: {8, 8}, 46: {7, 10}, 47: {5, 8}, 48: {9, 9},
	49: {6, 12}, 51: {8, 9}, 52: {10, 11}, 54: {10, 11}, 55: {10, 11}, 56: {9, 9}, 57: {8, 10}, 60: {8, 10}, 61: {9, 9}, 62: {8, 12},
	63: {8, 10}, 64: {8, 10}, 65: {8, 8}, 66: {8, 9}, 81: {9, 10}, 82: {8, 11}, 84: {9, 10}, 86: {7, 12}, 90: {10, 10}, 91: {10, 10},
	92: {9, 10}, 351: {9, 9}, 352: {5, 11}, 353: {7, 9}, 354: {7, 9}, 358: {5, 12}, 420: {9, 9}, 852: {8, 8}, 853: {8, 8}, 886: {8, 9},
	971: {8, 9}, 972: {8, 9}}

// callingCode returns the calling code that d begins with and its length, or 0: one digit for 1 and 7, two for those listed here, three
// for the rest of zones 2, 3, 4, 5, 6, 8 and 9.
func callingCode(d []byte) (code, n int) {
	switch d[0] {
	case '0':
		return 0, 0
	case '1', '7':
		return int(d[0] - '0'), 1
	}
	if len(d) < 3 {
		return 0, 0
	}
	switch two := number(string(d[:2])); two {
	case 20, 27, 30, 31, 32, 33, 34, 36, 39, 40, 41, 43, 44, 45, 46, 47, 48, 49, 51, 52, 53, 54, 55, 56, 57, 58, 60, 61, 62, 63, 64, 65, 66,
		81, 82, 84, 86, 90, 91, 92, 93, 94, 95, 98:
		return two, 2
	case 28, 83, 89: // not given out
		return 0, 0
	}
	return number(string(d[:3])), 3
}

// international looks for a number with '+' or 00 and a country's calling code: groups of up to 12 digits, as many as the country's
// numbers have.
func (s *Scanner) international(t string, g int) (int, int) {
	a := s.groups[g]
	start := plusBefore(t, a.start)
	skip := 0
	if start == a.start {
		if a.len() < 4 || t[a.start:a.start+2] != "00" || phoneCues.before(t, start) < 0 && s.sepAfter(g) != space && s.sepAfter(g) != dash {
			return 0, 0
		}
		if g > 0 && a.sep == space {
			return 0, 0 // one of many groups
		}
		skip = 2
	}
	all := s.join(t, g, min(len(s.groups), g+9))
	if len(all) < skip+8 {
		return 0, 0
	}
	code, n := callingCode(all[skip:])
	if code == 0 {
		return 0, 0
	}
	limit, ok := countryDigits[code]
	if !ok {
		limit = [2]int{6, 12}
	}
	best := 0
	national := -n - skip
	for h := g; h < len(s.groups) && h < g+9; h++ {
		b := s.groups[h]
		if h > g && b.sep&slash != 0 || b.len() == 1 && h > g+1 && b.sep == space && h+1 < len(s.groups) && s.groups[h+1].sep == dot {
			break
		}
		if b.len() == 1 && t[b.start] == '0' && b.sep&opening != 0 { // +44 (0)20 …
			continue
		}
		if national += b.len(); national > limit[1] {
			break
		}
		if national >= limit[0] && national+n >= 8 {
			best = h + 1
		}
	}
	if best == 0 || !s.alone(t, start, g, best) || skip > 0 && best < g+3 && phoneCues.before(t, start) < 0 {
		return 0, 0
	}
	return s.open(t, start, g, best), best
}
