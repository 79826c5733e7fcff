package pii

// countryDigits are, for calling codes (ITU-T E.164), the fewest and the most digits of a number behind them; other codes in use have 6
// to 12.
var countryDigits = map[int][2]int{1: {10, 10}, 7: {10, 10}, 20: {8, 10}, 27: {9, 9}, 30: {10, 10}, 31: {9, 11}, 32: {8, 9}, 33: {9, 9},
	34: {9, 9}, 36: {8, 9}, 39: {6, 12}, 40: {9, 9}, 41: {9, 9}, 43: {6, 13}, 44: {9, 10}, 45: {8, 8}, 46: {7, 10}, 47: {5, 8}, 48: {9, 9},
	49: {6, 12}, 51: {8, 9}, 52: {10, 11}, 54: {10, 11}, 55: {10, 11}, 56: {9, 9}, 57: {8, 10}, 60: {8, 10}, 61: {9, 9}, 62: {8, 12},
	63: {8, 10}, 64: {8, 10}, 65: {8, 8}, 66: {8, 9}, 81: {9, 10}, 82: {8, 11}, 84: {9, 10}, 86: {7, 12}, 90: {10, 10}, 91: {10, 10},
	92: {9, 10}, 351: {9, 9}, 352: {5, 11}, 353: {7, 9}, 354: {7, 9}, 358: {5, 12}, 420: {9, 9}, 852: {8, 8}, 853: {8, 8}, 886: {8, 9},
	971: {8, 9}, 972: {8, 9}}

// twoDigits and threeDigits are the calling codes in use of that many digits, the latter as ranges; 1 and 7 have one.
var (
	twoDigits = map[int]bool{20: true, 27: true, 30: true, 31: true, 32: true, 33: true, 34: true, 36: true, 39: true, 40: true, 41: true, 43: true,
		44: true, 45: true, 46: true, 47: true, 48: true, 49: true, 51: true, 52: true, 53: true, 54: true, 55: true, 56: true, 57: true, 58: true,
		60: true, 61: true, 62: true, 63: true, 64: true, 65: true, 66: true, 81: true, 82: true, 84: true, 86: true, 90: true, 91: true, 92: true,
		93: true, 94: true, 95: true, 98: true}
	threeDigits = [...][2]int{{211, 213}, {216, 216}, {218, 218}, {220, 258}, {260, 269}, {290, 291}, {297, 299}, {350, 359}, {370, 378},
		{380, 383}, {385, 387}, {389, 389}, {420, 421}, {423, 423}, {500, 509}, {590, 599}, {670, 670}, {672, 683}, {685, 692}, {800, 800},
		{808, 808}, {850, 850}, {852, 853}, {855, 856}, {870, 870}, {878, 878}, {880, 883}, {886, 886}, {888, 888}, {960, 968}, {970, 977},
		{979, 979}, {992, 996}, {998, 998}}
)

// callingCode returns the calling code that d begins with and its length, or 0.
func callingCode(d []byte) (code, n int) {
	if d[0] == '1' || d[0] == '7' {
		return int(d[0] - '0'), 1
	}
	if len(d) < 3 {
		return 0, 0
	}
	if two := number(string(d[:2])); twoDigits[two] {
		return two, 2
	}
	three := number(string(d[:3]))
	for _, r := range threeDigits {
		if three >= r[0] && three <= r[1] {
			return three, 3
		}
	}
	return 0, 0
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
