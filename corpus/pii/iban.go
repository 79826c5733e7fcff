package pii

// ibanLengths are the lengths by country, of the SWIFT registry (release 99).
var ibanLengths = map[string]int{"AD": 24, "AE": 23, "AL": 28, "AT": 20, "AZ": 28, "BA": 20, "BE": 16, "BG": 22, "BH": 22, "BI": 27,
	"BR": 29, "BY": 28, "CH": 21, "CR": 22, "CY": 28, "CZ": 24, "DE": 22, "DJ": 27, "DK": 18, "DO": 28, "EE": 20, "EG": 29, "ES": 24,
	"FI": 18, "FK": 18, "FO": 18, "FR": 27, "GB": 22, "GE": 22, "GI": 23, "GL": 18, "GR": 27, "GT": 28, "HN": 28, "HR": 21, "HU": 28,
	"IE": 22, "IL": 23, "IQ": 23, "IS": 26, "IT": 27, "JO": 30, "KW": 30, "KZ": 20, "LB": 28, "LC": 32, "LI": 21, "LT": 20, "LU": 20,
	"LV": 21, "LY": 25, "MC": 27, "MD": 24, "ME": 22, "MK": 19, "MN": 20, "MR": 27, "MT": 31, "MU": 30, "NI": 28, "NL": 18, "NO": 15,
	"OM": 23, "PK": 24, "PL": 28, "PS": 29, "PT": 25, "QA": 29, "RO": 24, "RS": 22, "RU": 33, "SA": 24, "SC": 31, "SD": 18, "SE": 24,
	"SI": 19, "SK": 24, "SM": 27, "SO": 23, "ST": 25, "SV": 28, "TL": 23, "TN": 24, "TR": 26, "UA": 29, "VA": 22, "VG": 24, "XK": 20,
	"YE": 30}

// iban looks for an account number (ISO 13616) whose check digits begin at i: country, two digits, and the country's number of
// further letters and digits, in one piece or in groups of four with a space or a hyphen. Moved to the end and read as base 36
// digits in decimal, country and check digits make the number 1 mod 97.
func (s *Scanner) iban(t string, i int) {
	if i < 2 || !isLetter(t[i-1]) || !isLetter(t[i-2]) || isUpper(t[i-1]) != isUpper(t[i-2]) || i+2 > len(t) || !isDigit(byteAt(t, i+1)) {
		return
	}
	if alnumBefore(t, i-2) {
		return
	}
	want := ibanLengths[string([]byte{t[i-2] &^ 0x20, t[i-1] &^ 0x20})]
	if want == 0 {
		return
	}
	mod, n := 0, 4
	j := i + 2
	group := 4 // characters since the last separator, the first group's four included
	var sep separator
	for n < want && j < len(t) {
		c := t[j]
		switch {
		case isDigit(c):
			mod = (mod*10 + int(c-'0')) % 97
		case isLetter(c):
			mod = (mod*100 + int(c&^0x20-'A') + 10) % 97
		default:
			one, size := separatorRune(t, j)
			if group != 4 || one != space && one != dash || one != sep && (sep != 0 || n != 4) {
				return
			}
			sep, group = one, 0
			j += size
			continue
		}
		if group == 4 && sep != 0 {
			return
		}
		j, n, group = j+1, n+1, group+1
	}
	if n < want || alnumAfter(t, j) {
		return
	}
	for _, c := range []byte{t[i-2], t[i-1]} {
		mod = (mod*100 + int(c&^0x20-'A') + 10) % 97
	}
	if (mod*100+number(t[i:i+2]))%97 == 1 {
		s.add(IBAN, i-2, j)
	}
}
