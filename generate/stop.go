package generate

import "strings"

// stopper cuts a stream of text at the first stop string, and holds back text that may be the beginning of one.
type stopper struct {
	stops []string
	held  string
	done  bool
}

// push takes new text and returns what may be shown; done is set when a stop string has appeared.
func (s *stopper) push(text string) string {
	if s.done {
		return ""
	}
	s.held += text
	cut := -1
	for _, stop := range s.stops {
		if i := strings.Index(s.held, stop); i >= 0 && (cut < 0 || i < cut) {
			cut = i
		}
	}
	if cut >= 0 {
		s.done = true
		out := s.held[:cut]
		s.held = ""
		return out
	}
	keep := 0
	for _, stop := range s.stops {
		for n := min(len(stop)-1, len(s.held)); n > keep; n-- {
			if strings.HasSuffix(s.held, stop[:n]) {
				keep = n
				break
			}
		}
	}
	out := s.held[:len(s.held)-keep]
	s.held = s.held[len(s.held)-keep:]
	return out
}

// flush returns what was held back, at the end of the text.
func (s *stopper) flush() string {
	out := s.held
	s.held = ""
	return out
}
