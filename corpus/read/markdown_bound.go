package read

import (
	"bytes"
	"fmt"
)

// Bounds of what is taken apart as Markdown. The parser's time grows with the square of brackets and emphasis that are not closed
// within a block, and of quotations and lists within each other; it makes every row of a table as wide as its head, so that 86 kB can
// become 40 MB of empty cells in a minute.
const (
	maxMarkdown = 16 << 20 // bytes
	maxUnclosed = 1000     // brackets of a block that are open at once
	maxEmphasis = 10_000   // signs of emphasis and code in a block
	maxWithin   = 200      // signs of quotations and lists that begin a line
	maxFilled   = 200_000  // cells that rows of tables have fewer than their heads; the bound of GitHub's parser
)

// markdownReason tells why a text is not taken apart as Markdown; "" where nothing speaks against it.
func markdownReason(text []byte) string {
	if len(text) > maxMarkdown {
		return fmt.Sprintf("%d bytes of Markdown to make plain, want at most %d", len(text), maxMarkdown)
	}
	var m markdownMeasure
	n := 0
	for line := range bytes.Lines(text) {
		n++
		if len(bytes.TrimSpace(line)) == 0 {
			m = markdownMeasure{filled: m.filled}
			continue
		}
		if what, got, most := m.line(line); got > most {
			return fmt.Sprintf("line %d of the Markdown: %d %s, want at most %d", n, got, what, most)
		}
	}
	return ""
}

// markdownMeasure counts the signs of a block: lines without a blank one between.
type markdownMeasure struct {
	unclosed, emphasis int
	columns            int // of the table that has begun
	filled             int // in all tables so far
}

// line adds a line. It returns the count that is above its bound, or one that is not.
func (m *markdownMeasure) line(line []byte) (what string, got, most int) {
	within, begins, bars, others := 0, true, 0, 0
	for i, c := range line {
		switch c {
		case '[', '(':
			m.unclosed++
		case ']', ')':
			m.unclosed = max(0, m.unclosed-1)
		case '*', '_', '~', '`':
			m.emphasis++
		case '|':
			bars++
		}
		if bytes.IndexByte([]byte("|:->\t\r\n "), c) < 0 {
			others++
		}
		item := (c == '-' || c == '+' || c == '*') && i+1 < len(line) && (line[i+1] == ' ' || line[i+1] == '\t')
		if begins = begins && (c == '>' || item || c == ' ' || c == '\t'); begins && c > ' ' {
			within++
		}
	}
	switch {
	case m.columns > 0:
		m.filled += max(0, m.columns-bars-1)
	case others == 0 && bars > 0: // the line below a table's head
		m.columns = bars + 1
	}
	switch {
	case within > maxWithin:
		return "quotations and lists within each other", within, maxWithin
	case m.emphasis > maxEmphasis:
		return "signs of emphasis in a block", m.emphasis, maxEmphasis
	case m.filled > maxFilled:
		return "cells that tables' rows have not", m.filled, maxFilled
	}
	return "open brackets in a block", m.unclosed, maxUnclosed
}
