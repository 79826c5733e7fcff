package pii

import (
	"strconv"
	"sync"
)

var redactors = sync.Pool{New: func() any { return NewScanner(Options{AllIPs: true, OldChineseID: true}) }}

// Redact returns the text with every find of every kind, the optional ones too, replaced by its placeholder: for samples, reports and
// logs. It may be called from several goroutines. Redact before cutting a piece out of a text: half a number is none.
// Redacting again changes nothing.
func Redact(text string) string {
	s := redactors.Get().(*Scanner)
	defer redactors.Put(s)
	// What stood beside a find may only now read like one. Each round takes something away that only the text itself had.
	for {
		found := s.Scan(text)
		if len(found) == 0 {
			return text
		}
		out := make([]byte, 0, len(text))
		end := 0
		for _, m := range found {
			out = append(out, text[end:m.Start]...)
			out = append(out, m.Kind.Placeholder()...)
			end = m.End
		}
		text = string(append(out, text[end:]...))
	}
}

func atMost(n int) string { return "≤ " + strconv.Itoa(n) }
