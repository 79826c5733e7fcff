package chinese

import "unicode/utf8"

// Measures are what the rules look at in a text. Shares are of the visible characters, unless said otherwise.
type Measures struct {
	Chars       int // visible characters
	Han         int // Han characters
	Simplified  int // those that simplified Chinese alone has
	Traditional int // those that traditional Chinese alone has
	Latin       int // Latin letters and digits, full-width ones among them
	Wide        int // full-width Latin letters and digits
	Marks       int // punctuation
	Broken      int // replacement and private characters, and what wrong decoding leaves (锟斤拷, 鐨, 銆)
	Lines       int // lines with a visible character
	Short       int // lines of at most ShortLine visible characters
	Open        int // lines that end without punctuation
	Sentences   int // sentences that end in 。！？…；
	Complete    int // characters in them
	Function    int // different characters of 的是在和了有不为以之与于也而
	Pinyin      int // places where a Han character, a pinyin syllable in Latin letters and a Han character touch
}

// ShortLine is the length in visible characters up to which a line is short.
const ShortLine = 10

// functionChars hold sentences together; lists of names and keywords have few.
const functionChars = "的是在和了有不为以之与于也而爲為與於"

// mojibake are the characters that the commonest words and punctuation become when UTF-8 is read as GB 18030 (的 鐨, 。 銆, ， 锛, 是
// 鏄, 中 涓, 在 鍦, 和 鍜, 了 浜, 我 鎴) or the replacement character is (锟斤拷). All are rare otherwise.
const mojibake = "鐨銆锛鏄涓鍦鍜鎴锟"

// scanner measures a text line by line, and keeps its letters for the rules of repetition.
type scanner struct {
	Measures
	table    *[1 << 16]class
	special  map[rune]uint32 // of functionChars: a bit each; of mojibake: bit 31
	sieve    [64]uint64      // lets through the keys of special, and few others
	unseen   [64]uint64      // the sieve, less the text's function characters
	function uint32
	letters  []rune // Han characters, letters and digits, in order
}

func newScanner() *scanner {
	s := &scanner{table: classes(), special: map[rune]uint32{}}
	i := 0
	for _, c := range functionChars {
		s.special[c] = 1 << i
		i++
	}
	// 為 and 爲 are 为, and so on: one function.
	s.special['爲'], s.special['為'], s.special['與'], s.special['於'] = s.special['为'], s.special['为'], s.special['与'], s.special['于']
	for _, c := range mojibake {
		s.special[c] = 1 << 31
	}
	for c := range s.special {
		s.sieve[c&63] |= 1 << (c >> 6 & 63)
	}
	s.reset()
	return s
}

func (s *scanner) reset() {
	s.Measures, s.function, s.letters, s.unseen = Measures{}, 0, s.letters[:0], s.sieve
}

// line measures one line, and says whether it has what disguises have: Latin letters, digits, separators behind Han characters.
func (s *scanner) line(line string) (look bool) {
	chars, complete := 0, 0
	ended := false // the last visible character, or one before closing marks, was a stop
	last := space
	latinFrom := -1 // where Latin letters began right behind a Han character
	letters := s.letters
	for i := 0; i < len(line); {
		c, n := rune(line[i]), 1
		if c >= utf8.RuneSelf {
			c, n = decode(line[i:])
		}
		at := i
		i += n
		cl := classOf(s.table, c)
		switch {
		case isHan(cl):
			s.Han++
			letters = append(letters, c)
			switch cl {
			case simplified:
				s.Simplified++
			case traditional:
				s.Traditional++
			}
			if s.unseen[c&63]>>(c>>6&63)&1 != 0 {
				s.note(c)
			}
			if last == latin && latinFrom >= 0 && at-latinFrom >= 2 && at-latinFrom <= 6 && syllables()[line[latinFrom:at]] {
				s.Pinyin++
			}
		case cl == space:
			latinFrom = -1
			continue
		case cl == latin || cl == digit || cl == wide:
			if look = true; cl == wide {
				s.Wide++
			}
			s.Latin++
			letters = append(letters, c)
			if last != latin {
				latinFrom = -1
				if isHan(last) && line[at-1] >= utf8.RuneSelf { // no space between
					latinFrom = at
				}
			}
		case cl == letter:
			letters = append(letters, c)
		case cl == broken:
			s.Broken++
		case isMark(cl):
			s.Marks++
			look = look || isHan(last) && separator(c) != none
		default:
			look = look || isHan(last) && separator(c) != none
		}
		chars++
		switch {
		case cl < stop:
			ended = false
		case cl == stop, cl == dot && isHan(last):
			if !ended {
				s.Sentences++
			}
			complete, ended = chars, true
		case cl == closing && ended:
			complete = chars
		default:
			ended = false
		}
		last = cl
	}
	s.letters = letters
	if chars > 0 {
		s.endLine(chars, complete, !ended && last != pause && last != closing && last != dot)
	}
	return look
}

// endLine counts a line of so many visible characters, of which so many are of complete sentences.
func (s *scanner) endLine(chars, complete int, open bool) {
	s.Chars += chars
	s.Complete += complete
	s.Lines++
	if chars <= ShortLine {
		s.Short++
	}
	if open {
		s.Open++
	}
}

// decode returns the character a string begins with, quickly where it has three bytes, as Han characters have.
func decode(s string) (rune, int) {
	if len(s) >= 3 && s[0] > 0xE0 && s[0] < 0xED && s[1]&0xC0 == 0x80 && s[2]&0xC0 == 0x80 {
		return rune(s[0]&0xF)<<12 | rune(s[1]&0x3F)<<6 | rune(s[2]&0x3F), 3
	}
	return utf8.DecodeRuneInString(s)
}

// note takes note of characters of a kind of their own.
func (s *scanner) note(c rune) {
	switch bit := s.special[c]; {
	case bit == 1<<31:
		s.Broken++
	case bit != 0:
		s.unseen[c&63] &^= 1 << (c >> 6 & 63) // once is enough
		if s.function&bit == 0 {
			s.function |= bit
			s.Function++
		}
	}
}

// share is part of whole, 0 of nothing.
func share(part, whole int) float64 {
	if whole == 0 {
		return 0
	}
	return float64(part) / float64(whole)
}
