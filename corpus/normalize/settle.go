package normalize

import (
	"bytes"
	"unicode/utf8"

	"github.com/athanor-lm/athanor/corpus"
)

// settle returns the text in form, in the filter's memory, and counts the changes. The order matters: what is invalid and what
// has one meaning goes first; then the normal form; then the zero-width characters, by surroundings that are normal; then the
// normal form again, of what they kept apart, as long as it changes any of it; white space last, as the normal form can make some.
func (f *filter) settle(text string, r *corpus.Report) []byte {
	var zero, doubt bool
	f.a, zero, doubt = f.replace(f.a[:0], text, r)
	if f.hasForm && doubt {
		f.toForm(r)
	}
	for zero {
		var gone int64
		f.b, gone = f.dropZeroWidth(f.b[:0], f.a)
		f.a, f.b = f.b, f.a
		r.Add("zero-width", gone)
		// Marks that they kept apart may change places, and so what others stand beside.
		zero = f.hasForm && gone > 0 && f.toForm(r)
	}
	f.b = f.whiteSpace(f.b[:0], f.a, r)
	return f.b
}

// replace does what a character alone decides. It says whether zero-width ones are left to look at, and whether the normal form may
// change anything: without them and without unsettled characters it does not.
func (r *rules) replace(dst []byte, text string, rep *corpus.Report) (out []byte, zero, doubt bool) {
	var invalid, newlines, controls, spaces, folds int64
	for i := 0; ; {
		if n := plainASCII(text[i:]); n > 0 {
			dst = append(dst, text[i:i+n]...)
			i += n
		}
		if i == len(text) {
			break
		}
		c, n := rune(text[i]), 1
		if c >= utf8.RuneSelf {
			c, n = utf8.DecodeRuneInString(text[i:])
		}
		if c == utf8.RuneError && n == 1 {
			invalid++
			if r.Invalid == "replace" {
				dst = append(dst, "\uFFFD"...)
			}
			i++
			continue
		}
		switch r.of(c) {
		case newline:
			dst = append(dst, '\n')
			newlines++
			if c == '\r' && i+1 < len(text) && text[i+1] == '\n' {
				n = 2
			}
		case control:
			controls++
		case space:
			dst = append(dst, ' ')
			spaces++
		case folded:
			dst = utf8.AppendRune(dst, r.foldWidth(c))
			folds++
			doubt = true
		case zeroWidth:
			zero, doubt = true, true
			dst = append(dst, text[i:i+n]...)
		case unsettled:
			doubt = true
			fallthrough
		default:
			dst = append(dst, text[i:i+n]...)
		}
		i += n
	}
	rep.Add("invalid UTF-8", invalid)
	rep.Add("newlines", newlines)
	rep.Add("controls", controls)
	rep.Add("spaces", spaces)
	rep.Add("width", folds)
	return dst, zero, doubt
}

// toForm brings f.a into the normal form, by way of f.b, and counts the pieces (a character with its marks) that change. It says whether
// any do.
func (f *filter) toForm(r *corpus.Report) bool {
	var changed int64
	f.b = f.b[:0]
	for src := f.a; len(src) > 0; {
		part := src[:f.untilWide(src)]
		src = src[len(part):]
		for len(part) > 0 {
			n := f.form.QuickSpan(part)
			f.b = append(f.b, part[:n]...)
			if part = part[n:]; len(part) == 0 {
				break
			}
			n = f.form.NextBoundary(part, true)
			// By way of a buffer of its own: appending to f.b would compose with what stands there, be it left alone or not.
			if f.piece = f.form.Append(f.piece[:0], part[:n]...); !bytes.Equal(f.piece, part[:n]) {
				changed++
			}
			f.b = append(f.b, f.piece...)
			part = part[n:]
		}
		if n := f.wide(src); n > 0 {
			f.b = append(f.b, src[:n]...)
			src = src[n:]
		}
	}
	f.a, f.b = f.b, f.a
	r.Add("normal form", changed)
	return changed > 0
}

// wide returns the bytes at the start of src that are punctuation the normal form shall leave alone.
func (r *rules) wide(src []byte) (n int) {
	for r.keepWide && n < len(src) {
		c, size := utf8.DecodeRune(src[n:])
		if !isWidePunctuation(c) {
			break
		}
		n += size
	}
	return n
}

// untilWide returns the bytes before the next such punctuation.
func (r *rules) untilWide(src []byte) int {
	if !r.keepWide {
		return len(src)
	}
	for i := 0; i < len(src); {
		if src[i] < utf8.RuneSelf {
			i++
			continue
		}
		c, n := utf8.DecodeRune(src[i:])
		if isWidePunctuation(c) {
			return i
		}
		i += n
	}
	return len(src)
}

// whiteSpace does what the settings say of the ends of lines, of runs and of empty lines.
func (r *rules) whiteSpace(dst, src []byte, rep *corpus.Report) []byte {
	var trailing, runs, empty int64
	blanks, content := 0, false // empty lines in a row, and whether any line has been written
	for more := true; more; {
		line := src
		if i := bytes.IndexByte(src, '\n'); i >= 0 {
			line, src = src[:i], src[i+1:]
		} else {
			more = false
		}
		if r.Trim {
			n := len(line)
			if line = trimRight(line); len(line) < n {
				trailing++
			}
		}
		if len(line) == 0 {
			blanks++
			if more && (r.Trim && !content || r.BlankLines >= 0 && blanks > r.BlankLines) {
				empty++
				continue
			}
		} else {
			blanks, content = 0, true
		}
		var squeezed int64
		dst, squeezed = r.squeeze(dst, line)
		runs += squeezed
		if more {
			dst = append(dst, '\n')
		}
	}
	if r.Trim {
		n := len(dst)
		if dst = bytes.TrimRight(dst, "\n"); len(dst) < n {
			trailing++ // the last line's end
			empty += int64(n - len(dst) - 1)
		}
	}
	rep.Add("trailing", trailing)
	rep.Add("runs", runs)
	rep.Add("blank lines", empty)
	return dst
}

// trimRight removes spaces, tabs and ideographic spaces from the end.
func trimRight(line []byte) []byte {
	for len(line) > 0 {
		switch n := len(line); {
		case isBlank(line[n-1]):
			line = line[:n-1]
		case line[n-1] == 0x80 && bytes.HasSuffix(line, []byte("\u3000")):
			line = line[:n-len("\u3000")]
		default:
			return line
		}
	}
	return line
}

// squeeze appends a line with its runs of spaces and tabs made one, and counts the runs.
func (r *rules) squeeze(dst, line []byte) (out []byte, runs int64) {
	if r.Runs == "keep" {
		return append(dst, line...), 0
	}
	i := 0
	for i < len(line) && isBlank(line[i]) {
		i++
	}
	if r.Runs == "inner" {
		dst = append(dst, line[:i]...)
	} else if i > 0 {
		runs++
	}
	for {
		n := untilRun(line[i:])
		dst = append(dst, line[i:i+n]...)
		if i += n; i == len(line) {
			return dst, runs
		}
		c := line[i]
		for ; i < len(line) && isBlank(line[i]); i++ {
			if line[i] == '\t' {
				c = '\t'
			}
		}
		runs++
		dst = append(dst, c)
	}
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' }
