package tokenizer

import (
	"strings"
	"unicode/utf8"

	"github.com/athanor-lm/athanor/tokenizer/internal/bytelevel"
	"github.com/athanor-lm/athanor/tokenizer/internal/pattern"
)

// A decoder makes text of tokens. It is given them one at a time and passes on
// what is certain; how much of the stream it has seen is in its state. Decoders
// that come one after the other form a chain.
//
// After a decoder that makes one token of all (ByteLevel, Fuse) the next one
// is given that token in fragments.
type decoder interface {
	// start returns a decoder at the beginning of a stream, which passes on to out.
	// Whole says that it is given whole tokens, not fragments of one.
	start(whole bool, out func(string)) stage
	// fuses tells whether it passes on fragments of one token.
	fuses() bool
	// alone returns what becomes of a token in the middle of a text.
	alone(token string) string
}

// stage is a decoder at work.
type stage interface {
	push(s string)
	flush()
}

// chain starts decoders that feed each other, the last one out. What comes out
// of a chain that ends with ByteLevel need not be UTF-8.
func chain(decoders []decoder, out func(string)) stage {
	next := stage(sink(out))
	for k := len(decoders) - 1; k >= 0; k-- {
		whole := true
		for _, d := range decoders[:k] {
			whole = whole && !d.fuses()
		}
		if _, ok := decoders[k].(byteLevelDecoder); ok && k < len(decoders)-1 {
			next = link{&validator{out: next.push}, next}
		}
		next = link{decoders[k].start(whole, next.push), next}
	}
	return next
}

// link flushes a stage and then those behind it.
type link struct{ stage, next stage }

func (l link) push(s string) { l.stage.push(s) }

func (l link) flush() {
	l.stage.flush()
	l.next.flush()
}

type sink func(string)

func (s sink) push(text string) { s(text) }
func (s sink) flush()           {}

// gathered is a stage that gathers the fragments of a token, for decoders that
// need it whole.
type gathered struct {
	text strings.Builder
	f    func(token string)
}

func (b *gathered) push(s string) { b.text.WriteString(s) }

func (b *gathered) flush() {
	b.f(b.text.String())
	b.text.Reset()
}

// numbered is a stage that knows the number of the token.
type numbered struct {
	n int
	f func(n int, token string)
}

func (e *numbered) push(s string) {
	e.f(e.n, s)
	e.n++
}

func (e *numbered) flush() { e.n = 0 }

// perToken starts a decoder that looks at every token by itself.
func perToken(whole bool, f func(n int, token string)) stage {
	if !whole {
		return &gathered{f: func(token string) { f(0, token) }}
	}
	return &numbered{f: f}
}

// byteLevelDecoder reads GPT-2's byte alphabet. What is not UTF-8 is passed on
// as it is.
type byteLevelDecoder struct{}

func (byteLevelDecoder) start(whole bool, out func(string)) stage {
	var buf []byte
	return perToken(whole, func(_ int, token string) {
		buf, _ = bytelevel.AppendBytes(buf[:0], token)
		out(string(buf))
	})
}
func (byteLevelDecoder) fuses() bool { return true }
func (byteLevelDecoder) alone(token string) string {
	b, _ := bytelevel.AppendBytes(nil, token)
	return string(b)
}

// fuseDecoder makes one token of all.
type fuseDecoder struct{}

func (fuseDecoder) start(_ bool, out func(string)) stage { return sink(out) }
func (fuseDecoder) fuses() bool                          { return true }
func (fuseDecoder) alone(token string) string            { return token }

// spacedDecoder is what a file without decoder does: spaces between tokens.
type spacedDecoder struct{}

func (spacedDecoder) start(whole bool, out func(string)) stage {
	return perToken(whole, func(n int, token string) {
		if n > 0 {
			token = " " + token
		}
		out(token)
	})
}
func (spacedDecoder) fuses() bool               { return false }
func (spacedDecoder) alone(token string) string { return token }

// wordPieceDecoder joins the pieces of words and sets spaces between words.
type wordPieceDecoder struct {
	prefix  string
	cleanup bool
}

func (d wordPieceDecoder) start(whole bool, out func(string)) stage {
	return perToken(whole, func(n int, token string) {
		if n > 0 {
			if rest, ok := strings.CutPrefix(token, d.prefix); ok {
				token = rest
			} else {
				token = " " + token
			}
		}
		if d.cleanup {
			token = cleanUp(token)
		}
		out(token)
	})
}
func (wordPieceDecoder) fuses() bool                 { return false }
func (d wordPieceDecoder) alone(token string) string { return strings.TrimPrefix(token, d.prefix) }

// cleanUp takes back spaces before English punctuation and contractions. The
// replacements are made one after the other.
func cleanUp(s string) string {
	if !strings.Contains(s, " ") {
		return s
	}
	for _, r := range [][2]string{
		{" .", "."}, {" ?", "?"}, {" !", "!"}, {" ,", ","}, {" ' ", "'"}, {" n't", "n't"}, {" 'm", "'m"},
		{" do not", " don't"}, {" 's", "'s"}, {" 've", "'ve"}, {" 're", "'re"},
	} {
		s = strings.ReplaceAll(s, r[0], r[1])
	}
	return s
}

// metaspaceDecoder writes marks as spaces; those of the first token are left
// out if the pre-tokenizer puts one there.
type metaspaceDecoder struct {
	mark      string
	dropFirst bool
}

func (d metaspaceDecoder) start(whole bool, out func(string)) stage {
	n := 0
	return &hooks{
		onPush: func(s string) {
			with := " "
			if n == 0 && d.dropFirst {
				with = ""
			}
			if whole {
				n++
			}
			out(strings.ReplaceAll(s, d.mark, with))
		},
		onFlush: func() { n = 0 },
	}
}
func (metaspaceDecoder) fuses() bool                 { return false }
func (d metaspaceDecoder) alone(token string) string { return strings.ReplaceAll(token, d.mark, " ") }

// hooks is a stage of two functions.
type hooks struct {
	onPush  func(s string)
	onFlush func()
}

func (h *hooks) push(s string) { h.onPush(s) }
func (h *hooks) flush()        { h.onFlush() }

// bpeDecoder writes the suffix that ends words as a space, but at the end.
type bpeDecoder struct{ suffix string }

func (d bpeDecoder) start(whole bool, out func(string)) stage {
	if !whole {
		return &gathered{f: func(token string) { out(strings.ReplaceAll(token, d.suffix, "")) }}
	}
	held, have := "", false
	return &hooks{
		onPush: func(s string) {
			if have {
				out(strings.ReplaceAll(held, d.suffix, " "))
			}
			held, have = s, true
		},
		onFlush: func() {
			if have {
				out(strings.ReplaceAll(held, d.suffix, ""))
			}
			held, have = "", false
		},
	}
}
func (bpeDecoder) fuses() bool                 { return false }
func (d bpeDecoder) alone(token string) string { return strings.ReplaceAll(token, d.suffix, " ") }

// ctcDecoder leaves out repeated tokens and padding (connectionist temporal
// classification, Graves et al. 2006).
type ctcDecoder struct {
	pad, delimiter string
	cleanup        bool
}

func (d ctcDecoder) start(whole bool, out func(string)) stage {
	last, have := "", false
	put := func(token string) {
		if have && token == last {
			return
		}
		last, have = token, true
		if token = d.alone(token); token != "" {
			out(token)
		}
	}
	if !whole {
		return &gathered{f: func(token string) { have = false; put(token) }}
	}
	return &hooks{onPush: put, onFlush: func() { have = false }}
}
func (ctcDecoder) fuses() bool { return false }
func (d ctcDecoder) alone(token string) string {
	token = strings.ReplaceAll(token, d.pad, "")
	if d.cleanup {
		token = strings.ReplaceAll(cleanUp(token), d.delimiter, " ")
	}
	return token
}

// replaceDecoder puts content in place of every match; a text that would become
// too long stays as it is.
type replaceDecoder struct {
	pattern *pattern.Pattern
	content string
}

func (d replaceDecoder) start(whole bool, out func(string)) stage {
	return perToken(whole, func(_ int, token string) { out(d.alone(token)) })
}
func (replaceDecoder) fuses() bool { return false }
func (d replaceDecoder) alone(token string) string {
	found, _ := d.pattern.Find(nil, []byte(token))
	if len(found) == 0 || len(found)*len(d.content) > growthRoom+growthTimes*len(token) {
		return token
	}
	var b strings.Builder
	at := 0
	for _, m := range found {
		b.WriteString(token[at:m.Lo])
		b.WriteString(d.content)
		at = m.Hi
	}
	b.WriteString(token[at:])
	return b.String()
}

// byteFallbackDecoder reads <0x00> … <0xFF>. A run of them that is not UTF-8
// becomes one U+FFFD a byte, so runs are held until they end.
type byteFallbackDecoder struct{}

func (byteFallbackDecoder) start(whole bool, out func(string)) stage {
	var run []byte
	flush := func() {
		if utf8.Valid(run) {
			if len(run) > 0 {
				out(string(run))
			}
		} else {
			for range run {
				out("\ufffd")
			}
		}
		run = run[:0]
	}
	push := func(token string) {
		if b, ok := fallbackByte(token); ok {
			run = append(run, b)
			return
		}
		flush()
		out(token)
	}
	if !whole {
		return &gathered{f: func(token string) { push(token); flush() }}
	}
	return &hooks{onPush: push, onFlush: flush}
}
func (byteFallbackDecoder) fuses() bool { return false }
func (byteFallbackDecoder) alone(token string) string {
	if b, ok := fallbackByte(token); ok {
		return string([]byte{b})
	}
	return token
}

func fallbackByte(token string) (byte, bool) {
	if len(token) != 6 || token[:3] != "<0x" || token[5] != '>' {
		return 0, false
	}
	hi, lo := hexDigit(token[3]), hexDigit(token[4])
	if token[3] == '+' { // as the reference's number parser has it
		hi = 0
	}
	return byte(hi<<4 | lo), hi >= 0 && lo >= 0
}

func hexDigit(c byte) int {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case 'a' <= c|0x20 && c|0x20 <= 'f':
		return int(c|0x20-'a') + 10
	}
	return -1
}

// stripDecoder drops up to left and right characters like content at the ends
// of tokens.
type stripDecoder struct {
	content     string
	left, right int
}

func (d stripDecoder) start(whole bool, out func(string)) stage {
	if !whole && d.right == 0 {
		return d.fragments(out)
	}
	return perToken(whole, func(_ int, token string) {
		for k := 0; k < d.left && strings.HasPrefix(token, d.content); k++ {
			token = token[len(d.content):]
		}
		for k := 0; k < d.right && strings.HasSuffix(token, d.content); k++ {
			token = token[:len(token)-len(d.content)]
		}
		out(token)
	})
}

// fragments strips the left of one token that comes in pieces, none of which
// ends within a character.
func (d stripDecoder) fragments(out func(string)) stage {
	n := 0
	return &hooks{
		onPush: func(s string) {
			for n < d.left && s != "" {
				rest, ok := strings.CutPrefix(s, d.content)
				if !ok {
					n = d.left
					break
				}
				s = rest
				n++
			}
			out(s)
		},
		onFlush: func() { n = 0 },
	}
}
func (stripDecoder) fuses() bool               { return false }
func (stripDecoder) alone(token string) string { return token }
