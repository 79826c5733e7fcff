package main

import (
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/athanor-lm/athanor/runlog"
	"github.com/athanor-lm/athanor/tokenizer"
)

// view shows how a text is cut into tokens: in alternating background colours on a terminal that welcomes them, with bars
// between the tokens elsewhere. Spaces, tabs and line ends are made visible. A token that does not hold whole characters
// is shown as the bytes it holds; the character stands behind the last of its tokens.
type view struct {
	tok   *tokenizer.Tokenizer
	text  []byte
	color bool
	out   strings.Builder

	shown int // bytes of the text
	n     int // tokens
	cut   int // that hold a part of a character
}

// Colours of the 256 that terminals have: black text on four light grounds, and what stands out.
var tokenGrounds = []string{"38;5;16;48;5;153", "38;5;16;48;5;157", "38;5;16;48;5;223", "38;5;16;48;5;183"}

const (
	styleSpecialToken = "1;38;5;231;48;5;25"
	styleUnknownToken = "1;38;5;231;48;5;124"
	styleNoToken      = "2" // text that is in no token
	tokenBar          = "│"
)

// showTokens writes a text as it is cut into e, and a line that sums it up.
func showTokens(w io.Writer, term runlog.Terminal, tok *tokenizer.Tokenizer, text []byte, e *tokenizer.Encoding) error {
	v := &view{tok: tok, text: text, color: term.Color}
	unk, hasUnk := tok.UNK()
	for i, id := range e.IDs {
		at := e.Offsets[i]
		last := i+1 == len(e.IDs) || e.SpecialMask[i+1] != 0 || e.Offsets[i+1].Lo >= at.Hi // of what it covers
		v.gap(at.Lo)
		style := tokenGrounds[v.n%len(tokenGrounds)]
		switch {
		case tok.IsSpecial(id) && !(hasUnk && id == unk):
			style = styleSpecialToken
		case hasUnk && id == unk:
			style = styleUnknownToken
		}
		v.token(style, v.spell(id, at, e.SpecialMask[i] != 0, last))
	}
	v.gap(len(text))
	v.summary()
	_, err := io.WriteString(w, v.out.String())
	return err
}

// gap shows text that no token covers.
func (v *view) gap(to int) {
	if to <= v.shown {
		return
	}
	s := visible(v.text[v.shown:to])
	if v.color {
		s = "\x1b[" + styleNoToken + "m" + s + "\x1b[0m"
	} else if strings.TrimSpace(s) != "" {
		s = "{" + s + "}"
	}
	v.out.WriteString(s)
	v.shown = to
}

// token shows one.
func (v *view) token(style, s string) {
	v.n++
	line, broken := strings.CutSuffix(s, "\n")
	switch {
	case v.color:
		// Colours end before the line does, or some terminals paint the rest of it.
		v.out.WriteString("\x1b[" + style + "m" + strings.ReplaceAll(line, "\n", "\x1b[0m\n\x1b["+style+"m") + "\x1b[0m")
	default:
		if v.n > 1 {
			v.out.WriteString(tokenBar)
		}
		v.out.WriteString(line)
	}
	if broken {
		v.out.WriteByte('\n')
	}
}

// spell is what is shown for a token, and counts what it covers as shown.
func (v *view) spell(id uint32, at tokenizer.Offset, added, last bool) string {
	name, _ := v.tok.Token(id)
	if added || at.Lo >= at.Hi {
		return name
	}
	held, _ := v.tok.TokenBytes(id)
	covered := v.text[at.Lo:at.Hi]
	if r, _ := utf8.DecodeRune(covered); strings.Trim(string(held), " "+spaceMark) == "" && !unicode.IsSpace(r) && string(r) != spaceMark {
		return spaceMark // a space that SentencePiece puts before a word, and that the text does not have
	}
	from := max(min(v.shown-at.Lo, len(covered)), 0)
	v.shown = max(v.shown, at.Hi)
	if !utf8.Valid(held) {
		v.cut++
		return part(held, covered, last)
	}
	return visible(covered[from:])
}

const spaceMark = "▁"

// part spells a token that does not hold whole characters: those that are whole as they are, the rest byte by byte. The
// character whose last bytes it begins with follows them.
func part(held, covered []byte, last bool) string {
	n := 0
	for n < len(held) && !utf8.RuneStart(held[n]) {
		n++
	}
	s := ""
	if n > 0 {
		s = fmt.Sprintf("‹% x›", held[:n])
		if r, size := utf8.DecodeRune(covered); r != utf8.RuneError && (n < len(held) || last) {
			s += "=" + visible(covered[:size])
		}
	}
	for held = held[n:]; len(held) > 0; held = held[n:] {
		r, size := utf8.DecodeRune(held)
		if n = size; r != utf8.RuneError || size > 1 {
			s += visible(held[:size])
			continue
		}
		for n < len(held) && !utf8.RuneStart(held[n]) {
			n++
		}
		s += fmt.Sprintf("‹% x›", held[:n])
	}
	return s
}

// visible makes white space and control characters visible; a line still ends where it does.
func visible(text []byte) string {
	var s strings.Builder
	for len(text) > 0 {
		r, n := utf8.DecodeRune(text)
		switch {
		case r == utf8.RuneError && n == 1:
			fmt.Fprintf(&s, "‹%02x›", text[0])
		case r == ' ':
			s.WriteRune('·')
		case r == '\n':
			s.WriteString("⏎\n")
		case r == '\t':
			s.WriteRune('⇥')
		case r < ' ':
			s.WriteRune('\u2400' + r) // the control pictures
		case r == 0x7F:
			s.WriteRune('\u2421')
		case !unicode.IsPrint(r):
			fmt.Fprintf(&s, "‹U+%04X›", r)
		default:
			s.WriteRune(r)
		}
		text = text[n:]
	}
	return s.String()
}

func (v *view) summary() {
	chars := utf8.RuneCount(v.text)
	line := fmt.Sprintf("%d tokens, %d characters, %d bytes: %.2f characters a token", v.n, chars, len(v.text), float64(chars)/float64(max(v.n, 1)))
	if v.cut > 0 {
		line += fmt.Sprintf("; %d hold a part of a character, shown as the bytes they hold", v.cut)
	}
	if !strings.HasSuffix(v.out.String(), "\n") {
		v.out.WriteByte('\n')
	}
	if v.color {
		line = "\x1b[2m" + line + "\x1b[0m"
	}
	v.out.WriteString(line + "\n")
}
