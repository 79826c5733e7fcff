package spm

import (
	"bytes"
	"fmt"
	"unicode/utf8"

	"github.com/athanor-lm/athanor/tokenizer/internal/charsmap"
)

// Normalizer rewrites text before it is segmented: by the rules of a character
// map, longest first; with spaces at the ends and repeated ones removed, a space
// added, and all of them escaped as the spec says. Bytes that are not UTF-8
// become U+FFFD one by one; user-defined symbols are left alone.
type Normalizer struct {
	rules  *charsmap.Map // nil: none
	user   *matcher
	dummy  bool // add a space …
	suffix bool // … at the end instead of the start
	trim   bool // remove extra spaces
	space  string

	// What most characters become, found without the rules: for an ASCII
	// character the one it becomes, 0 for "ask the rules"; wide[i] has a bit set
	// for every other character that rules or symbols may begin with.
	ascii  [128]byte
	joins  [128]uint64 // bit b: rules begin with the character and byte 0xc0 + b
	wide   [0x10000 / 64]uint64
	astral bool // rules or symbols may begin with a character above U+FFFF
}

// NewNormalizer returns the normalizer of a spec. suffix is the trainer's
// TreatWhitespaceAsSuffix; symbols are the user-defined ones.
func NewNormalizer(spec *NormalizerSpec, suffix bool, symbols []string) (*Normalizer, error) {
	n := &Normalizer{dummy: spec.AddDummyPrefix, suffix: suffix, trim: spec.RemoveExtraWhitespaces, space: " "}
	if spec.EscapeWhitespaces {
		n.space = space
	}
	var err error
	if len(spec.PrecompiledCharsmap) > 0 {
		if n.rules, err = charsmap.Parse(spec.PrecompiledCharsmap); err != nil {
			return nil, fmt.Errorf("precompiled_charsmap: %w", err)
		}
	}
	if n.user, err = newMatcher(symbols); err != nil {
		return nil, err
	}
	n.index()
	return n, nil
}

// index fills the tables of common characters.
func (n *Normalizer) index() {
	for c := range n.ascii {
		b := byte(c)
		repl, used := n.prefix([]byte{b})
		plain := used == 1 && len(repl) == 1 && repl[0] < 0x80 && !n.begins(b)
		for d := range 256 {
			if n.rules == nil || !n.rules.Extends(b, byte(d)) {
				continue
			}
			if d < 0xc0 {
				plain = false
			} else {
				n.joins[c] |= 1 << (d & 0x3f)
			}
		}
		if plain {
			n.ascii[c] = repl[0]
		}
	}
	var buf [4]byte
	for r := rune(0x80); r < 0x10000; r++ {
		b := utf8.AppendRune(buf[:0], r)
		if n.begins(b[0]) || n.rules != nil && n.rules.Begins(b) {
			n.wide[r>>6] |= 1 << (r & 63)
		}
	}
	for lead := byte(0xf0); lead <= 0xf4; lead++ {
		n.astral = n.astral || n.begins(lead) || n.rules != nil && n.rules.Begins([]byte{lead})
	}
}

// begins tells whether a user-defined symbol begins with b.
func (n *Normalizer) begins(b byte) bool { return n.user != nil && n.user.first[b] }

var replacement = []byte("\ufffd")

// prefix returns what the start of text becomes and how many bytes that is.
func (n *Normalizer) prefix(text []byte) (repl []byte, used int) {
	if used := n.user.match(text); used > 0 {
		return text[:used], used
	}
	if n.rules != nil {
		if repl, used := n.rules.Lookup(text); used > 0 {
			return repl, used
		}
	}
	if r, size := utf8.DecodeRune(text); r != utf8.RuneError || size == 3 {
		return text[:size], size
	}
	return replacement, 1
}

// flow is the state of normalizing a text in parts.
type flow struct {
	at    int  // bytes of the text that are done
	begun bool // the spaces at the start are done
	after bool // the last character was a space, and more of them are left out
}

// Append appends the normalized text to dst.
func (n *Normalizer) Append(dst, text []byte) []byte {
	var f flow
	from := len(dst)
	dst = n.fill(dst, text, &f, int(^uint(0)>>1))
	return n.finish(dst, from, &f)
}

// fill normalizes text from f.at on until dst has at least limit bytes.
func (n *Normalizer) fill(dst, text []byte, f *flow, limit int) []byte {
	if !f.begun {
		if n.trim {
			for f.at < len(text) {
				repl, used := n.prefix(text[f.at:])
				if len(repl) != 1 || repl[0] != ' ' {
					break
				}
				f.at += used
			}
		}
		if f.at == len(text) {
			return dst
		}
		if f.begun, f.after = true, n.trim; n.dummy && !n.suffix {
			dst = append(dst, n.space...)
		}
	}
	i := f.at
	for i < len(text) && len(dst) < limit {
		if b := text[i]; b < 0x80 {
			if o := n.ascii[b]; o != 0 && (i+1 == len(text) || text[i+1] < 0xc0 || n.joins[b]>>(text[i+1]&0x3f)&1 == 0) {
				if i++; o != ' ' {
					dst, f.after = append(dst, o), false
				} else if !f.after {
					dst, f.after = append(dst, n.space...), n.trim
				}
				continue
			}
		} else if size := n.plain(text[i:]); size > 0 {
			dst, f.after = append(dst, text[i:i+size]...), false
			i += size
			continue
		}
		repl, used := n.prefix(text[i:])
		i += used
		if f.after {
			repl = bytes.TrimLeft(repl, " ")
		}
		if len(repl) == 0 {
			continue
		}
		for _, b := range repl {
			if b == ' ' {
				dst = append(dst, n.space...)
			} else {
				dst = append(dst, b)
			}
		}
		f.after = n.trim && repl[len(repl)-1] == ' '
	}
	f.at = i
	return dst
}

// only returns the ASCII character that char becomes if nothing else matters.
func (n *Normalizer) only(char []byte) (to byte, ok bool) {
	if n.rules == nil || n.begins(char[0]) {
		return 0, false
	}
	repl, ok := n.rules.Only(char)
	if !ok || len(repl) != 1 || repl[0] >= 0x80 {
		return 0, false
	}
	return repl[0], true
}

// plain returns the length of the character above U+007F at the start of text
// if it is valid and no rule or symbol begins with it; else 0.
func (n *Normalizer) plain(text []byte) int {
	r, size := utf8.DecodeRune(text)
	switch {
	case r == utf8.RuneError && size < 3:
		return 0
	case r < 0x10000:
		if n.wide[r>>6]>>(r&63)&1 != 0 {
			return 0
		}
	case n.astral:
		return 0
	}
	return size
}

// finish ends the normalized text dst[from:].
func (n *Normalizer) finish(dst []byte, from int, f *flow) []byte {
	if !f.begun {
		return dst
	}
	for n.trim && bytes.HasSuffix(dst[from:], []byte(n.space)) {
		dst = dst[:len(dst)-len(n.space)]
	}
	if n.dummy && n.suffix {
		dst = append(dst, n.space...)
	}
	return dst
}

// align is Append with an alignment: the normalized text's byte i comes from the
// text's bytes from origin[i] on; origin has one element more, the end.
func (n *Normalizer) align(text []byte) (norm []byte, origin []int) {
	at := 0
	if n.trim {
		for at < len(text) {
			repl, used := n.prefix(text[at:])
			if len(repl) != 1 || repl[0] != ' ' {
				break
			}
			at += used
		}
	}
	if at == len(text) {
		return nil, nil
	}
	add := func(s string) {
		norm = append(norm, s...)
		for range len(s) {
			origin = append(origin, at)
		}
	}
	if n.dummy && !n.suffix {
		add(n.space)
	}
	after := n.trim
	for at < len(text) {
		repl, used := n.prefix(text[at:])
		if after {
			repl = bytes.TrimLeft(repl, " ")
		}
		for _, b := range repl {
			if b == ' ' {
				add(n.space)
			} else {
				norm, origin = append(norm, b), append(origin, at)
			}
		}
		if len(repl) > 0 {
			after = n.trim && repl[len(repl)-1] == ' '
		}
		at += used
	}
	for n.trim && bytes.HasSuffix(norm, []byte(n.space)) {
		norm = norm[:len(norm)-len(n.space)]
		at = origin[len(norm)]
		origin = origin[:len(norm)]
	}
	if n.dummy && n.suffix {
		add(n.space)
	}
	return norm, append(origin, at)
}
