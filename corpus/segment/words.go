package segment

import (
	"math/bits"
	"slices"
	"unicode/utf8"

	"github.com/athanor-lm/athanor/internal/eights"
)

// Word is a word of a text.
type Word struct {
	Hash       uint64 // of its bytes, see [Hash]
	Start, End uint32 // in bytes of the text
	Runes      uint32 // its length in characters
	Kind       Kind
}

// Kind says what a word is made of.
type Kind uint8

const (
	HasLetter Kind = 1 << iota // at least one letter, of whatever script
	HasText                    // at least one character that is neither punctuation nor control: datatrove counts only such words
)

// put appends a word.
func (s *scanner) put(hash uint64, a, b, runes int, kind Kind) {
	n := len(s.words)
	if n == cap(s.words) {
		s.words = slices.Grow(s.words, 1)
	}
	s.words = s.words[:n+1]
	s.words[n].set(hash, a, b, runes, kind)
}

// set gives w its fields one by one: the compiler would put a whole Word together on the stack, and wait for it there.
func (w *Word) set(hash uint64, a, b, runes int, kind Kind) {
	w.Hash = hash
	w.Start = uint32(a)
	w.End = uint32(b)
	w.Runes = uint32(runes)
	w.Kind = kind
}

// Word returns the bytes of a word.
func (t *Text) Word(w Word) string { return t.s[w.Start:w.End] }

// Words returns the words as spaCy's English tokenizer finds them, without those of white space, and characters of scripts
// written without spaces as words of their own.
func (t *Text) Words() []Word {
	if !t.have.words {
		t.words, t.mixed = t.words[:0], false
		newScanner(t, true).run()
		t.have.words = true
	}
	return t.words
}

// Tokens returns what spaCy's English tokenizer finds, without white space, also in scripts written without spaces, where its tokens
// are mostly whole clauses.
func (t *Text) Tokens() []Word {
	if words := t.Words(); !t.mixed {
		return words
	}
	if !t.have.tokens {
		words := t.words
		t.words = t.tokens[:0]
		newScanner(t, false).run()
		t.tokens, t.words, t.have.tokens = t.words, words, true
	}
	return t.tokens
}

// HaveWords says whether the words were found already, so that asking for them costs nothing.
func (t *Text) HaveWords() bool { return t.have.words }

// Fields returns the pieces between white space, as Python's str.split does.
func (t *Text) Fields() []Word {
	if !t.have.fields {
		words := t.words
		t.words = t.fields[:0]
		s := newScanner(t, false)
		for i := 0; i < len(t.s); {
			class, size := s.pages.first(t.s[i:])
			if class&space != 0 {
				i += size
				continue
			}
			end, _ := s.chunk(i)
			s.add(i, end)
			i = end
		}
		t.fields, t.words, t.have.fields = t.words, words, true
	}
	return t.fields
}

// scanner finds words.
type scanner struct {
	*Text
	pages      *pages
	ascii      *[256]class
	exceptions *exceptions
	cut        bool // characters of scripts written without spaces are words
}

func newScanner(t *Text, cut bool) *scanner {
	p := table()
	return &scanner{t, p, p.ascii(), english(), cut}
}

// What a byte is to the loops over plain words.
const (
	isLetter = 1 + iota // A-Z, a-z
	isSpace             // white space that is one byte
	isMark              // splits off behind letters in any case
)

// plainBytes are the bytes of the three kinds.
var plainBytes = [...]string{"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", "\t\n\v\f\r\x1c\x1d\x1e\x1f ", ",;:!?)\""}

var byteIs = func() (of [256]uint8) {
	for kind, bytes := range plainBytes {
		for _, c := range []byte(bytes) {
			of[c] = uint8(isLetter + kind)
		}
	}
	return of
}()

// run appends the words of the text. White space cuts it into chunks, which have nothing to do with each other.
func (s *scanner) run() {
	for i := s.common(); i < len(s.s); {
		i = s.next(i)
	}
}

// next appends the words of the chunk at i, or passes over white space, and returns where it ends.
func (s *scanner) next(i int) int {
	if byteIs[s.s[i]] == isSpace {
		return i + 1
	}
	if j, hash := letters(s.s, i); j > i {
		if n := s.plain(i, j, hash); n > 0 {
			return n
		}
	}
	return s.other(i)
}

// otherThanLetters sets the upper bit of each byte that is no letter of ASCII.
func otherThanLetters(x uint64) uint64 {
	low := (x | 0x20*eights.Ones) &^ eights.Tops // without case
	return (^eights.Within(low, 'a', 'z') | x) & eights.Tops
}

// letters returns the end of the letters of ASCII at i, and their hash.
func letters(text string, i int) (j int, hash uint64) {
	if i+8 > len(text) {
		for j = i; j < len(text) && byteIs[text[j]] == isLetter; j++ {
		}
		return j, hashAt(text, i, j)
	}
	x := eights.Load(text[i : i+8])
	if other := otherThanLetters(x); other != 0 {
		n := uint(bits.TrailingZeros64(other)) &^ 7
		return i + int(n/8), fold(uint64(n/8)*hashB^x&(1<<n-1), hashB)
	}
	for j = i + 8; j < len(text) && byteIs[text[j]] == isLetter; j++ {
	}
	return j, hashAt(text, i, j)
}

// number appends the words of a chunk that begins with digits, where it has nothing else but one comma or full stop, and returns its
// end; else 0.
func (s *scanner) number(i int) int {
	text, j := s.s, i
	for j < len(text) && isDigit(text[j]) {
		j++
	}
	end := j
	if j < len(text) && (text[j] == ',' || text[j] == '.') {
		end++
	}
	if end < len(text) && byteIs[text[end]] != isSpace {
		return 0
	}
	s.put(hashAt(text, i, j), i, j, j-i, HasText)
	if end > j {
		s.put(hashByte(text[j]), j, end, 1, 0)
	}
	return end
}

// other appends the words of the chunk at i, which may be white space, and returns its end.
func (s *scanner) other(i int) (end int) {
	if isDigit(s.s[i]) {
		if end = s.number(i); end > 0 {
			return end
		}
	}
	class, size := s.ascii[s.s[i]], 1
	if s.s[i] >= utf8.RuneSelf {
		class, size = s.pages.first(s.s[i:])
	}
	if class&space != 0 {
		return i + size
	}
	end, slot, key := s.again(i)
	if end > 0 {
		return end
	}
	first := len(s.words)
	end, all := s.chunk(i)
	if all&unspaced != 0 && s.cut {
		s.Text.mixed = true
		s.mixed(i, end)
	} else {
		s.affixes(i, end, all)
		if slot != nil {
			s.learn(slot, key, first)
		}
	}
	return end
}

// plain appends the words of a chunk that begins with the letters s[i:j], where it is one of letters with at most one mark, and
// returns its end; else 0.
func (s *scanner) plain(i, j int, hash uint64) int {
	text := s.s
	end := j
	if j < len(text) {
		switch c := text[j]; {
		case byteIs[c] == isSpace:
		case j+1 < len(text) && byteIs[text[j+1]] != isSpace:
			return 0
		case byteIs[c] == isMark:
			end++
		case c == '.':
			// A full stop stays with an abbreviation that is an exception, and with a single upper-case letter.
			if s.exception(i, j+1) != nil {
				return 0
			}
			if text[j-1] < 'a' && (j-i < 2 || text[j-2] >= 'a') {
				return 0
			}
			end++
		default:
			return 0
		}
	}
	if e := s.exceptions.find(text, i, j, hash); e != nil {
		if end > j {
			return 0
		}
		s.parts(i, e.parts)
	} else {
		s.put(hash, i, j, j-i, HasLetter|HasText)
	}
	if end > j {
		s.put(hashByte(text[j]), j, end, 1, 0)
	}
	return end
}

// chunk returns where the chunk that begins at i ends, and all classes of its characters.
func (s *scanner) chunk(i int) (end int, all class) {
	for i < len(s.s) {
		class, size := s.ascii[s.s[i]], 1
		if s.s[i] >= utf8.RuneSelf {
			class, size = s.pages.first(s.s[i:])
		}
		if class&space != 0 {
			break
		}
		all |= class
		i += size
	}
	return i, all
}

// add appends the word s[a:b].
func (s *scanner) add(a, b int) {
	if c := s.s[a]; b == a+1 && c < utf8.RuneSelf {
		s.put(hashByte(c), a, b, 1, kindOf(s.ascii[c], s.ascii[c]))
		return
	}
	var some, every class = 0, symbol
	runes := b - a
	for i := a; i < b; {
		class, size := s.ascii[s.s[i]], 1
		if s.s[i] >= utf8.RuneSelf {
			class, size = s.pages.first(s.s[i:b])
			runes -= size - 1
		}
		some |= class
		every &= class
		i += size
	}
	s.put(hashAt(s.s, a, b), a, b, runes, kindOf(some, every))
}

// kindOf returns the kind of a word, given the classes that some and that all of its characters have.
func kindOf(some, every class) (kind Kind) {
	if some&letter != 0 {
		kind = HasLetter
	}
	if every&symbol == 0 {
		kind |= HasText
	}
	return kind
}

// parts appends the words of an exception.
func (s *scanner) parts(at int, sizes []uint8) {
	for _, n := range sizes {
		s.add(at, at+int(n))
		at += int(n)
	}
}

// mixed appends the words of a chunk that has characters of scripts written without spaces: each of them is a word, and what
// stands between them is cut as a chunk is.
func (s *scanner) mixed(a, b int) {
	from := a // what stands between
	for i := a; i < b; {
		class, size := s.pages.first(s.s[i:b])
		if class&unspaced == 0 {
			i += size
			continue
		}
		if from < i {
			s.piece(from, i)
		}
		end := i + size
		if lead := s.s[i]; lead >= 0xe4 && lead <= 0xe9 && s.aloneBefore(end, b) { // Han, mostly
			s.put(hashAt(s.s, i, end), i, end, 1, kindOf(class, class))
		} else {
			end = s.character(i, b)
			s.add(i, end)
		}
		i, from = end, end
	}
	if from < b {
		s.piece(from, b)
	}
}

// aloneBefore says that the character at i, if there is one below b, surely belongs to no word before it: it is no mark.
func (s *scanner) aloneBefore(i, b int) bool {
	if i >= b || s.s[i] < utf8.RuneSelf {
		return true
	}
	class, _ := s.pages.first(s.s[i:b])
	return class&(unspaced|letter) != unspaced
}

// piece appends the words of a part of a chunk.
func (s *scanner) piece(a, b int) {
	var all class
	for i := a; i < b; {
		class, size := s.pages.first(s.s[i:b])
		all |= class
		i += size
	}
	s.affixes(a, b, all)
}

// character returns the end of the word that begins with the unspaced character at i: behind the marks that follow it, and
// behind the katakana that follow katakana.
func (s *scanner) character(i, b int) int {
	c, size := utf8.DecodeRuneInString(s.s[i:b])
	kana := isKatakana(c)
	for i += size; i < b; i += size {
		c, size = utf8.DecodeRuneInString(s.s[i:b])
		class := s.pages.class(c)
		if mark := class&unspaced != 0 && class&letter == 0 && !isNumber(c); !mark && !(kana && isKatakana(c)) {
			break
		}
	}
	return i
}
