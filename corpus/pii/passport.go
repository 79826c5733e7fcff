package pii

var passportCues = cuesOf("passport", "passports", "passport number", "护照", "護照", "通行证", "旅行证")

// passport looks for the number of a passport in the word around the digit at i. Countries number theirs in many ways (E12345678,
// 123456789, C01X00T47, M123A4567), so the form is wide, seven to nine capitals and digits, and a word must say what it is:
// before it in the clause, or right behind.
func (s *Scanner) passport(t string, i int) {
	start := i
	for start > 0 && i-start < 9 && isAlnum(t[start-1]) {
		start--
	}
	if start == s.token {
		return
	}
	s.token = start
	end, digits, capitals := start, 0, 0
	for end < len(t) && end-start < 10 && isAlnum(t[end]) {
		if isDigit(t[end]) {
			digits++
		} else if isUpper(t[end]) {
			capitals++
		}
		end++
	}
	if n := end - start; n < 7 || n > 9 || digits < 5 || digits+capitals != n || alnumBefore(t, start) || alnumAfter(t, end) {
		return
	}
	if c := byteBefore(t, start); c == '.' || c == '/' || c == '-' || c == '$' {
		return
	}
	if c := byteAt(t, end); (c == '.' || c == '-' || c == '/' || c == ',') && isAlnum(byteAt(t, end+1)) {
		return
	}
	if capitals == 0 && digits == 8 && isDay(number(t[start:start+4]), number(t[start+4:start+6]), number(t[start+6:end])) {
		return
	}
	c := context(t, start, passportCues, numberCues)
	if capitals == 0 && digits < 9 && (c != right || digits < 8) { // few countries', and many other things
		return
	}
	if c >= near || passportCues.behind(t, end, 16) {
		s.add(Passport, start, end)
	}
}
