package toxic

// Words in disguise: "sh1t", "s.h.i.t", "s h i t", "shiiit", "sh*t", full-width letters; 傻-逼. Looked for by option, since numbers
// and abbreviations can look like it.

// letterOf is the letter that a character may stand for, by byte: itself, or what it looks like.
var letterOf = func() (l [128]byte) {
	for c := range l {
		if b := lowerOf[c]; b-'a' < 26 {
			l[c] = b
		}
	}
	for i, from := range "4@3!10$57+89" {
		l[from] = "aaeiiosstttbg"[i]
	}
	return l
}()

// isDisguise says whether a word in disguise can begin with a byte that is no letter.
func isDisguise(c byte) bool { return c == '@' || c == '$' || c == '!' || c == '+' }

// isFullWidth says whether a full-width letter or digit begins at i.
func isFullWidth(t string, i int) bool { _, n := disguised(t, i); return n == 3 }

// disguised returns the letter that the character at i stands for and the character's length, or 0.
func disguised(t string, i int) (byte, int) {
	c := t[i]
	if c < 0x80 {
		return letterOf[c], 1
	}
	if c == 0xEF && i+2 < len(t) {
		switch x := t[i+2]; {
		case t[i+1] == 0xBC && x >= 0x81 && x <= 0xBF:
			return letterOf[x-0x81+'!'], 3
		case t[i+1] == 0xBD && x >= 0x80 && x <= 0x9E:
			return letterOf[x-0x80+'`'], 3
		}
	}
	return 0, 0
}

// parting returns the length of the separator at i that a word can be taken apart with, 0 = none: punctuation, a space, or a character
// that nobody sees.
func parting(t string, i int) int {
	switch t[i] {
	case '.', '-', '_', '*', '~', '|', ' ', '/':
		return 1
	case 0xC2: // "·"
		if i+1 < len(t) && t[i+1] == 0xB7 {
			return 2
		}
	case 0xE2: // zero-width space and joiners, "•"
		if i+2 < len(t) && t[i+1] == 0x80 && (t[i+2] >= 0x8B && t[i+2] <= 0x8D || t[i+2] == 0xA2) {
			return 3
		}
	case 0xEF: // byte order mark within
		if i+2 < len(t) && t[i+1] == 0xBB && t[i+2] == 0xBF {
			return 3
		}
	}
	return 0
}

// behindDisguise looks for a word in disguise at i, where a word can begin: what stands before is neither letter nor digit.
func (m *matcher) behindDisguise(t string, i int) {
	if i > 0 && (wordOf[t[i-1]] || letterLike(t[i-1])) {
		return
	}
	m.reveal(t, i, i, 0, disguise{})
}

func letterLike(c byte) bool { return c == '@' || c == '$' }

// disguise counts what a word in disguise is made of.
type disguise struct {
	letters int  // so far
	plain   int  // of them written as they are
	parted  int  // separators between them
	repeats int  // letters drawn out
	last    byte // the last letter
}

// A word in disguise is looked for as far as this. It bounds how deep reveal calls itself.
const (
	maxLetters = 32
	maxRepeats = 64
)

// reveal goes on from node n at j. A word taken apart is so throughout: between all of its letters, or between none.
func (m *matcher) reveal(t string, start, j int, n int32, d disguise) {
	if d.letters > maxLetters || d.repeats > maxRepeats {
		return
	}
	if d.letters > 0 {
		m.keepDisguised(t, start, j, n, d)
	}
	if j >= len(t) {
		return
	}
	if d.letters > 0 && d.parted == d.letters-1 {
		if p := parting(t, j); p > 0 && j+p < len(t) {
			apart := d
			apart.parted++
			m.step(t, start, j+p, n, apart)
		}
	}
	if d.parted == 0 {
		m.step(t, start, j, n, d)
	}
}

// step takes the character at j as a letter: as what it is, as a vowel where it is a star, or as one more of the last.
func (m *matcher) step(t string, start, j int, n int32, d disguise) {
	if t[j] == '*' && d.letters > 0 {
		for _, vowel := range []byte("aeiou") {
			if next := m.trie.child(n, vowel); next != 0 {
				e := d
				e.letters, e.last = e.letters+1, vowel
				m.reveal(t, start, j+1, next, e)
			}
		}
		return
	}
	c, size := disguised(t, j)
	if c == 0 {
		return
	}
	if next := m.trie.child(n, c); next != 0 {
		e := d
		e.letters, e.last = e.letters+1, c
		if lowerOf[t[j]] == c {
			e.plain++
		}
		m.reveal(t, start, j+size, next, e)
	} else if c == d.last && d.parted == 0 {
		d.repeats++
		m.reveal(t, start, j+size, n, d)
	}
}

// keepDisguised files the terms that end at a node, if the word wears a disguise at all, and is not made of digits for the most part
// (full-width letters apart, which are letters).
func (m *matcher) keepDisguised(t string, start, end int, n int32, d disguise) {
	at := m.trie.nodes[n].end
	wide := end-start >= 3*d.letters
	if at == 0 || d.plain == d.letters && d.parted == 0 && d.repeats == 0 || d.parted > 0 && d.parted != d.letters-1 || 2*d.plain < d.letters && !wide {
		return
	}
	if end < len(t) && (wordOf[t[end]] || letterLike(t[end])) {
		return
	}
	for _, e := range m.trie.ends[at] {
		if p := &m.trie.list[e]; !p.han && d.letters >= 4 {
			m.hits = append(m.hits, hit{start: start, end: end, entry: e})
		}
	}
}

// splitHan looks for a Chinese term at i whose characters are taken apart with signs. Spaces are not looked over: 颜色 情况.
func (m *matcher) splitHan(t string, i int) {
	n, parted := int32(0), false
	for j := i; j < len(t); {
		if p := parting(t, j); p > 0 && t[j] != ' ' && j > i {
			j += p
			parted = true
			continue
		}
		if t[j] < 0xE3 || j+2 >= len(t) {
			return
		}
		for range 3 {
			if n = m.trie.child(n, t[j]); n == 0 {
				return
			}
			j++
		}
		if at := m.trie.nodes[n].end; at != 0 && parted {
			for _, e := range m.trie.ends[at] {
				m.hits = append(m.hits, hit{start: i, end: j, entry: e})
			}
		}
	}
}
