package dedup

import (
	"encoding/binary"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/athanor-lm/athanor/corpus"
)

// cuts are the decisions of a pass that cuts units out of documents.
type cuts struct {
	s *section
	p *Paragraphs
}

// Decisions opens the decisions upon a task's documents.
func (p *paragraphs) Decisions(dir string, task int) (corpus.Decisions, error) {
	s, err := openSection(dir, kindUnits, task)
	if err != nil {
		return nil, err
	}
	return &cuts{s, &p.s}, nil
}

func (c *cuts) Close() error { return nil }

func (c *cuts) Decide(d *corpus.Document, r *corpus.Report) error {
	what, err := c.s.decide()
	if err != nil || what == nil {
		return err
	}
	text := d.Text()
	var out strings.Builder
	var spans []corpus.Span
	at, chars := 0, 0
	skip, n := binary.Uvarint(what)
	c.p.units(text, func(u unit) {
		if skip > 0 || n <= 0 {
			skip--
			return
		}
		out.WriteString(text[at:u.start])
		at = u.next
		chars += utf8.RuneCountInString(text[u.start:u.end])
		spans = append(spans, corpus.Span{Start: u.start, End: u.end, Kind: "repeated"})
		what = what[n:]
		skip, n = binary.Uvarint(what)
	})
	if len(what) > 0 || len(spans) == 0 {
		return fmt.Errorf("dedup: a decision upon more %ss than document %s has: the input has changed", c.p.Unit, d.ID)
	}
	out.WriteString(text[at:])
	c.report(d, r, out.String(), chars, spans)
	return nil
}

// report drops the document or cuts it.
func (c *cuts) report(d *corpus.Document, r *corpus.Report, rest string, chars int, spans []corpus.Span) {
	share := float64(chars) / float64(max(1, utf8.RuneCountInString(d.Text())))
	drops := c.p.DropShare > 0 && share >= c.p.DropShare
	if r.Explain {
		r.Find(corpus.Finding{Rule: "repeated", Value: share, Limit: limit(c.p.DropShare), Failed: drops, Spans: spans[:min(len(spans), 300)]})
	}
	r.Add(c.p.Unit+"s cut", int64(len(spans)))
	switch {
	case drops:
		r.Drop("repeated-share", share, c.p.DropShare)
	case strings.TrimSpace(rest) == "":
		r.Drop("nothing-left", share, 1)
	default:
		if !strings.HasSuffix(d.Text(), "\n") {
			rest = strings.TrimRight(rest, "\n")
		}
		d.SetText(rest)
	}
}

func limit(share float64) string {
	if share == 0 {
		return "any"
	}
	return fmt.Sprintf("< %.2f", share)
}
