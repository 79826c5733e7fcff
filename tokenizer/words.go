package tokenizer

import (
	"unicode"
	"unicode/utf8"
)

// HanPerWord is how many Han characters count as a word. Chinese is written without spaces, so its words are a matter of
// the rule; this is the mean of the four corpora that were segmented by hand for the second international Chinese word
// segmentation bakeoff (Emerson 2005, table 1: Academia Sinica 8.37M characters in 5.45M words, City University of Hong
// Kong 2.40M in 1.46M, Peking University 1.83M in 1.11M, Microsoft Research 4.05M in 2.37M).
const HanPerWord = 1.6

// SampleSize measures a text. A word is a run of letters, marks and digits, also across an apostrophe between two of
// them; HanPerWord Han characters are a word as well. Scripts that are written without spaces, such as Thai and kana, are
// not cut: a run of them counts as one word.
type SampleSize struct {
	Name       string  `json:"name"`
	Documents  int     `json:"documents"`
	Bytes      int64   `json:"bytes"`
	Characters int64   `json:"characters"` // code points, and one for each byte that is not UTF-8
	Letters    int64   `json:"letters"`
	Han        int64   `json:"han"` // Han characters, which are among the letters
	Words      float64 `json:"words"`
}

// Chinese tells whether at least half of the letters are Han characters.
func (s *SampleSize) Chinese() bool { return s.Han > 0 && 2*s.Han >= s.Letters }

func (s *Sample) size() SampleSize {
	out := SampleSize{Name: s.Name, Documents: len(s.Docs)}
	runs := int64(0)
	for _, d := range s.Docs {
		runs += out.add(d)
	}
	out.Words = float64(runs) + float64(out.Han)/HanPerWord
	return out
}

// add counts a document and returns its words but for the Chinese ones.
func (s *SampleSize) add(text []byte) (runs int64) {
	s.Bytes += int64(len(text))
	inside := false
	for i := 0; i < len(text); {
		r, w := utf8.DecodeRune(text[i:])
		i += w
		s.Characters++
		switch {
		case unicode.Is(unicode.Han, r):
			s.Han++
			s.Letters++
			inside = false
		case wordRune(r):
			if unicode.IsLetter(r) {
				s.Letters++
			}
			if !inside {
				runs++
			}
			inside = true
		case inside && (r == '\'' || r == '’'):
			next, _ := utf8.DecodeRune(text[i:])
			inside = wordRune(next) && !unicode.Is(unicode.Han, next)
		default:
			inside = false
		}
	}
	return runs
}

func wordRune(r rune) bool { return unicode.IsLetter(r) || unicode.IsMark(r) || unicode.IsDigit(r) }
