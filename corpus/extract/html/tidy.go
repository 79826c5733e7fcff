package html

import (
	"strings"
	"unicode"
)

// tidy drops what only steers how a text is set (soft hyphens, zero-width spaces at line ends, spaces before line ends and at the
// beginning, more than one empty line), and keeps everything else.
func tidy(text string) string {
	text = strings.ReplaceAll(text, "\u00ad", "")
	var b strings.Builder
	b.Grow(len(text))
	empty := 0
	for line := range strings.SplitSeq(text, "\n") {
		line = strings.TrimRightFunc(line, blank)
		if strings.TrimLeftFunc(line, blank) == "" {
			empty++
			continue
		}
		if b.Len() == 0 {
			line = strings.TrimLeftFunc(line, unicode.IsSpace)
		} else {
			b.WriteByte('\n')
			if empty > 0 {
				b.WriteByte('\n')
			}
		}
		empty = 0
		b.WriteString(line)
	}
	return b.String()
}

func blank(r rune) bool { return unicode.IsSpace(r) || r == '\u200b' || r == '\ufeff' }
