package pattern

import (
	"errors"
	"fmt"
	"regexp/syntax"
	"strings"
	"unicode"
)

// translate rewrites an expression from Oniguruma's syntax to that of Go's
// regexp and to that of regexp2. The first is empty if the expression needs
// more than regexp can do.
//
// What differs: possessive repeats (a++), ^ and $ at every line, the classes
// \w \s \d \h and [[:name:]], which go by Unicode, \x{…}, \R, and letters that
// match others without regard to case. {2,3}+ is a repeat of a repeat.
func translate(expr string) (re2, back string, err error) {
	t := &translator{in: expr, linear: true}
	if err := t.run(); err != nil {
		return "", "", err
	}
	if t.linear {
		re2 = "(?m)" + t.re2.String()
	}
	return re2, "(?m)" + t.back.String(), nil
}

type translator struct {
	in     string
	i      int
	linear bool
	re2    strings.Builder
	back   strings.Builder

	// Where the atom that a repeat applies to begins in back; the open groups.
	atom   int
	groups []group
	fold   bool // without regard to case
}

type group struct {
	at   int
	fold bool // outside of it
}

// both writes to the two results.
func (t *translator) both(s string) {
	t.re2.WriteString(s)
	t.back.WriteString(s)
}

func (t *translator) run() error {
	for t.i < len(t.in) {
		switch c := t.in[t.i]; c {
		case '\\':
			t.atom = t.back.Len()
			if err := t.escape(false); err != nil {
				return err
			}
		case '[':
			t.atom = t.back.Len()
			if err := t.class(); err != nil {
				return err
			}
		case '(':
			t.open()
		case ')':
			if len(t.groups) == 0 {
				return errors.New("a ) without (")
			}
			g := t.groups[len(t.groups)-1]
			t.groups = t.groups[:len(t.groups)-1]
			t.atom, t.fold = g.at, g.fold
			t.take(1)
		case '*', '+', '?':
			t.repeat()
		case '{':
			t.interval()
		case '|':
			t.take(1)
			t.atom = t.back.Len()
		default:
			t.atom = t.back.Len()
			t.literal()
		}
	}
	if len(t.groups) > 0 {
		return errors.New("a ( without )")
	}
	return nil
}

// literal copies a character. Regexp2 does not know that ſ and the Kelvin sign
// are an s and a k without regard to case.
func (t *translator) literal() {
	n := 1
	for t.i+n < len(t.in) && t.in[t.i+n]&0xc0 == 0x80 {
		n++
	}
	c := t.in[t.i : t.i+n]
	t.i += n
	t.re2.WriteString(c)
	switch {
	case t.fold && strings.Contains("sS\u017f", c):
		c = "[s\u017f]"
	case t.fold && strings.Contains("kK\u212a", c):
		c = "[k\u212a]"
	}
	t.back.WriteString(c)
}

// take copies n bytes.
func (t *translator) take(n int) {
	t.both(t.in[t.i : t.i+n])
	t.i += n
}

// open begins a group. Look-around and atomic groups are beyond re2.
func (t *translator) open() {
	t.groups = append(t.groups, group{t.back.Len(), t.fold})
	rest := t.in[t.i:]
	for _, prefix := range []string{"(?=", "(?!", "(?<=", "(?<!", "(?>"} {
		if strings.HasPrefix(rest, prefix) {
			t.linear = false
			t.take(len(prefix))
			return
		}
	}
	if strings.HasPrefix(rest, "(?") {
		n := 2
		for n < len(rest) && rest[n] != ':' && rest[n] != ')' {
			n++
		}
		on, off, _ := strings.Cut(rest[2:n], "-")
		t.fold = (t.fold || strings.Contains(on, "i")) && !strings.Contains(off, "i")
		if n < len(rest) && rest[n] == ')' { // (?i) to the end of the group
			t.groups = t.groups[:len(t.groups)-1]
		}
		t.take(min(n+1, len(rest)))
		return
	}
	t.take(1)
}

// repeat copies *, + or ? with the lazy or possessive mark behind it. A
// possessive repeat becomes an atomic group, for regexp2 alone.
func (t *translator) repeat() {
	c := t.in[t.i]
	if t.i+1 >= len(t.in) || t.in[t.i+1] != '+' {
		t.take(1)
		if t.i < len(t.in) && t.in[t.i] == '?' {
			t.take(1)
		}
		return
	}
	t.linear = false
	s := t.back.String()
	t.back.Reset()
	t.back.WriteString(s[:t.atom] + "(?>" + s[t.atom:] + string(c) + ")")
	t.i += 2
}

// interval copies {n,m}; Oniguruma reads {,m} as {0,m}, and a + behind it as a
// repeat of the whole.
func (t *translator) interval() {
	end := strings.IndexByte(t.in[t.i:], '}')
	if end < 0 || strings.Trim(t.in[t.i+1:t.i+end], "0123456789,") != "" || end == 1 {
		t.both(`\{`) // not an interval
		t.i++
		return
	}
	body := t.in[t.i+1 : t.i+end]
	if strings.HasPrefix(body, ",") {
		body = "0" + body
	}
	t.i += end + 1
	text := "{" + body + "}"
	if t.i < len(t.in) && t.in[t.i] == '?' {
		text += "?"
		t.i++
	}
	s := t.back.String()
	if t.i < len(t.in) && (t.in[t.i] == '+' || t.in[t.i] == '*') {
		t.linear = false
		t.back.Reset()
		t.back.WriteString(s[:t.atom] + "(?:" + s[t.atom:] + text + ")" + t.in[t.i:t.i+1])
		t.i++
		return
	}
	t.both(text)
}

// escape copies a backslash and what it stands for; in says inside brackets.
func (t *translator) escape(in bool) error {
	if t.i+1 >= len(t.in) {
		return errors.New("it ends with a backslash")
	}
	c := t.in[t.i+1]
	if name, ok := classes[c|0x20]; ok {
		t.i += 2
		set := members(name)
		if name == "Word" && !in { // by another table of Oniguruma's, for Latin-1
			set += `\x{B2}\x{B3}\x{B9}\x{BC}-\x{BE}`
		}
		return t.set(set, c < 'a', in)
	}
	switch c {
	case 'p', 'P':
		return t.property(c, in)
	case 'R':
		t.i += 2
		t.both(`(?:\r\n|[\n-\r\x{85}\x{2028}\x{2029}])`)
	case 'x':
		if end := strings.IndexByte(t.in[t.i:], '}'); t.i+2 < len(t.in) && t.in[t.i+2] == '{' && end > 0 {
			t.take(end + 1)
			return nil
		}
		t.take(2)
	case 'u':
		if t.i+6 > len(t.in) {
			return errors.New(`\u wants four hexadecimal digits`)
		}
		t.both(`\x{` + t.in[t.i+2:t.i+6] + `}`)
		t.i += 6
	case 'b', 'B', 'A', 'z', 'Z', 'G', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'k':
		t.linear = t.linear && (c == 'A' || c == 'z')
		t.take(2)
	case 'X', 'K', 'N', 'O', 'y', 'Y', 'g':
		return fmt.Errorf(`\%c is not supported`, c)
	case '-', '/', '\'', '"', '#', ' ', '&', '~', ',', ':', ';', '<', '>', '=', '!', '@', '%', '_', '`':
		t.both(escaped(c, in))
		t.i += 2
	default:
		n := 2
		for t.i+n < len(t.in) && t.in[t.i+n]&0xc0 == 0x80 {
			n++
		}
		if n > 2 {
			t.both(t.in[t.i+1 : t.i+n])
			t.i += n
			return nil
		}
		t.take(2)
	}
	return nil
}

// escaped spells a character that needs no backslash, but - in brackets.
func escaped(c byte, in bool) string {
	if c == '-' && in {
		return `\-`
	}
	return string(c)
}

// property copies \p{Name}, \p{^Name} and \P{Name}.
func (t *translator) property(c byte, in bool) error {
	rest := t.in[t.i:]
	end := strings.IndexByte(rest, '}')
	if len(rest) < 4 || rest[2] != '{' || end < 0 {
		return fmt.Errorf(`\%c wants a property in braces`, c)
	}
	name := rest[3:end]
	if after, ok := strings.CutPrefix(name, "^"); ok {
		name = after
		c ^= 'p' ^ 'P'
	}
	if _, value, ok := strings.Cut(name, "="); ok { // Script=Han
		name = value
	}
	t.i += end + 1
	if set := members(canonicalProperty(name)); set != "" {
		return t.set(set, c == 'P', in)
	}
	t.both(`\` + string(c) + `{` + canonicalProperty(name) + `}`)
	return nil
}

// set writes the members of a set, or what is not one, inside brackets or not.
func (t *translator) set(members string, not, in bool) error {
	switch {
	case in && not:
		rest, err := complement(members)
		if err != nil {
			return err
		}
		t.both(rest)
	case in:
		t.both(members)
	case not:
		t.both("[^" + members + "]")
	default:
		t.both("[" + members + "]")
	}
	return nil
}

// complement returns what is not a member of a set, for \W and the like inside
// brackets.
func complement(members string) (string, error) {
	set, err := syntax.Parse("["+members+"]", syntax.Perl)
	if err != nil {
		return "", err
	}
	in := set.Rune // pairs of first and last characters, in order
	if set.Op == syntax.OpLiteral {
		in = []rune{set.Rune[0], set.Rune[0]}
	}
	var b strings.Builder
	next := rune(0)
	for i := 0; i < len(in); i += 2 {
		if next < in[i] {
			fmt.Fprintf(&b, `\x{%X}-\x{%X}`, next, in[i]-1)
		}
		next = in[i+1] + 1
	}
	if next <= unicode.MaxRune {
		fmt.Fprintf(&b, `\x{%X}-\x{%X}`, next, unicode.MaxRune)
	}
	return b.String(), nil
}

// class copies a bracket expression. Nested brackets and && are not supported.
func (t *translator) class() error {
	t.take(1)
	if t.i < len(t.in) && t.in[t.i] == '^' {
		t.take(1)
	}
	for first := true; t.i < len(t.in); first = false {
		rest := t.in[t.i:]
		switch {
		case rest[0] == ']' && !first:
			t.take(1)
			return nil
		case strings.HasPrefix(rest, "[:"):
			name, _, ok := strings.Cut(rest[2:], ":]")
			if !ok {
				return errors.New("a [: without :]")
			}
			set := members("posix " + name)
			if set == "" {
				return fmt.Errorf("the class [:%s:] is not supported", name)
			}
			t.both(set)
			t.i += len("[:") + len(name) + len(":]")
		case rest[0] == '[' || strings.HasPrefix(rest, "&&"):
			return errors.New("[…] and && inside [] are not supported")
		case rest[0] == '\\':
			if err := t.escape(true); err != nil {
				return err
			}
		case rest[0] == ']': // the first one is a member
			t.both(`\]`)
			t.i++
		default:
			n := 1
			for n < len(rest) && rest[n]&0xc0 == 0x80 {
				n++
			}
			t.take(n)
		}
	}
	return errors.New("a [ without ]")
}
