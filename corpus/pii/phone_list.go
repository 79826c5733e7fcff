package pii

import "strings"

// phoneList is the telephone number that was found last, as the head of a list: "电话：62785001、62785002", "tel. 555-0123 or 555-0124".
// The numbers behind it are often without the area code, and have no word before them.
type phoneList struct {
	end  int
	form [2]int // digits in the groups of its local part, nothing where others would not be known by it
}

// localForm returns the form of the local part that ends groups g to h: seven or eight digits, in one group or 3-4 and 4-4.
func (s *Scanner) localForm(g, h int) (form [2]int) {
	last := s.groups[h-1].len()
	switch {
	case last == 7, last == 8:
		return [2]int{last}
	case last == 4 && h-g > 1:
		if n := s.groups[h-2].len(); n == 3 || n == 4 {
			return [2]int{n, last}
		}
	}
	return form
}

// betweenPhones are what stands between the numbers of a list, but for white space.
var betweenPhones = map[string]bool{",": true, "，": true, "、": true, "/": true, "／": true, ";": true, "；": true, "or": true, "and": true, ", or": true,
	", and": true, "&": true, "或": true, "或者": true, "和": true, "及": true, "與": true, "与": true}

// listed takes a number of the same form as the one that was found right before it in a list.
func (s *Scanner) listed(t string, g int) (start, h int) {
	start = s.groups[g].start
	form := s.list.form
	if form[0] == 0 || start <= s.list.end || start-s.list.end > 12 || t[start] < '2' || !betweenPhones[strings.TrimSpace(t[s.list.end:start])] {
		return 0, 0
	}
	h = g + 1
	if form[1] > 0 {
		h++
	}
	if !s.lengths(g, form[:h-g]...) || h > g+1 && s.groups[h-1].sep&(space|dash) == 0 {
		return 0, 0
	}
	if s.isDateForm(t, g, h) || !s.alone(t, start, g, h) || amount(t, s.groups[h-1].end) {
		return 0, 0
	}
	return start, h
}
