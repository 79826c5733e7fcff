package main

import (
	"bytes"
	"io"
	"unicode/utf8"

	"github.com/athanor-lm/athanor/tokenizer"
)

// textWatch counts what a text holds that a tokenizer may not keep, while it is read.
type textWatch struct {
	in    io.Reader
	tok   *tokenizer.Tokenizer
	loses bool // the vocabulary does not express every byte: what it leaves out is counted in parts of the text
	held  []byte
	st    tokenizer.TextStats
}

func newTextWatch(tok *tokenizer.Tokenizer, in io.Reader) *textWatch {
	every := make([]byte, 256)
	for i := range every {
		every[i] = byte(i)
	}
	return &textWatch{in: in, tok: tok, loses: tok.Check(every).Unencodable > 0}
}

func (w *textWatch) Read(p []byte) (int, error) {
	n, err := w.in.Read(p)
	w.held = append(w.held, p[:n]...)
	if !w.loses {
		w.count(len(w.held) - unfinished(w.held))
	} else if len(w.held) > watchedPart {
		w.count(partEnd(w.held))
	}
	return n, err
}

// watchedPart is how much of a text is checked at once.
const watchedPart = 8 << 20

// partEnd returns where words end, near the end of a text, or a character at least.
func partEnd(text []byte) int {
	if k := bytes.LastIndexAny(text[len(text)-len(text)/4:], " \n"); k >= 0 {
		return len(text) - len(text)/4 + k
	}
	return len(text) - unfinished(text)
}

// unfinished returns the bytes at the end of text that a character may begin with.
func unfinished(text []byte) int {
	for n := 1; n < utf8.UTFMax && n <= len(text); n++ {
		if tail := text[len(text)-n:]; utf8.RuneStart(tail[0]) {
			if !utf8.FullRune(tail) {
				return n
			}
			return 0
		}
	}
	return 0
}

// count checks the first n bytes that are held and lets them go.
func (w *textWatch) count(n int) {
	w.st.Bytes += int64(n)
	if w.loses {
		st := w.tok.Check(w.held[:n])
		w.st.InvalidUTF8 += st.InvalidUTF8
		w.st.Unencodable += st.Unencodable
	} else {
		w.st.InvalidUTF8 += int64(tokenizer.CountInvalid(w.held[:n]))
	}
	w.held = append(w.held[:0], w.held[n:]...)
}

// stats ends the counting.
func (w *textWatch) stats() tokenizer.TextStats {
	w.count(len(w.held))
	return w.st
}
