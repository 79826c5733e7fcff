package main

import (
	"bufio"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/athanor-lm/athanor/corpus"
	"github.com/athanor-lm/athanor/corpus/inspect"
	"github.com/athanor-lm/athanor/runlog"
)

// lookView prints what steps did to a document.
type lookView struct {
	w    *bufio.Writer
	term runlog.Terminal
	full bool
	seen []corpus.Attr // what the document had before the step
}

// Styles of the 256 colours that terminals have.
const (
	styleStep   = "1"
	styleFailed = "1;38;5;160"
	stylePassed = "38;5;34"
	styleFaint  = "2"
)

func (v *lookView) paint(style, s string) string {
	if !v.term.Color {
		return s
	}
	return "\x1b[" + style + "m" + s + "\x1b[0m"
}

func (v *lookView) head(d *corpus.Document) {
	fmt.Fprintf(v.w, "%s  %s", v.paint(styleStep, d.ID), d.Source)
	if d.URL != "" {
		fmt.Fprintf(v.w, "  %s", d.URL)
	}
	v.w.WriteByte('\n')
}

// look prints a step.
func (v *lookView) look(l *inspect.Look) {
	fmt.Fprintf(v.w, "\n%s", v.paint(styleStep, l.Step))
	switch {
	case l.Skipped != "":
		fmt.Fprintf(v.w, "  %s\n", v.paint(styleFaint, "not looked: "+l.Skipped))
		return
	case l.Report.Dropped != "":
		fmt.Fprintf(v.w, "  %s", v.paint(styleFailed, "drops: "+l.Report.Dropped))
		if l.Report.Partner != "" {
			fmt.Fprintf(v.w, "  %s", l.Report.Partner)
		}
	case l.Changed():
		fmt.Fprintf(v.w, "  changes the text: %d → %d bytes", len(l.Before), len(l.After))
	default:
		fmt.Fprintf(v.w, "  %s", v.paint(stylePassed, "keeps"))
	}
	v.w.WriteByte('\n')
	v.findings(l.Report.Findings)
	for _, c := range l.Report.Counts {
		fmt.Fprintf(v.w, "    %s: %d\n", c.Kind, c.N)
	}
	for _, a := range l.Attrs {
		if slices.Contains(v.seen, a) {
			continue
		}
		fmt.Fprintf(v.w, "    %s\n", v.paint(styleFaint, fmt.Sprintf("%s = %v", a.Key, a.Value)))
	}
	v.seen = l.Attrs
	v.text(l)
}

func (v *lookView) findings(all []corpus.Finding) {
	var t table
	for _, f := range all {
		verdict := v.paint(stylePassed, "ok")
		if f.Failed {
			verdict = v.paint(styleFailed, "FAILED")
		}
		places := ""
		if len(f.Spans) > 0 {
			places = numberOf(len(f.Spans), "place")
		}
		t.add(f.Rule, fmt.Sprintf("%.4g", f.Value), f.Limit, verdict, places)
	}
	t.write(v.w, "    ") // a bufio.Writer keeps the error
}

// around is how much text is shown on either side of a place, in bytes.
const around = 60

// text shows the text with the places that rules found.
func (v *lookView) text(l *inspect.Look) {
	var spans []corpus.Span
	for _, f := range l.Report.Findings {
		for _, s := range f.Spans {
			if s.Kind == "" {
				s.Kind = f.Rule
			}
			spans = append(spans, s)
		}
	}
	if len(spans) == 0 && !v.full {
		return
	}
	styles := map[string]string{}
	var out strings.Builder
	for _, p := range inspect.Cut(l.Before, spans) {
		if p.Kind == "" {
			out.WriteString(v.plain(p.Text))
			continue
		}
		if styles[p.Kind] == "" {
			styles[p.Kind] = tokenGrounds[len(styles)%len(tokenGrounds)]
		}
		if v.term.Color {
			s := styles[p.Kind]
			out.WriteString("\x1b[" + s + "m" + strings.ReplaceAll(p.Text, "\n", "\x1b[0m\n\x1b["+s+"m") + "\x1b[0m")
		} else {
			out.WriteString("⟦" + p.Kind + ": " + p.Text + "⟧")
		}
	}
	if v.term.Color && len(styles) > 0 {
		var names []string
		for kind, s := range styles {
			names = append(names, "\x1b["+s+"m "+kind+" \x1b[0m")
		}
		slices.Sort(names)
		fmt.Fprintf(v.w, "    %s\n", strings.Join(names, " "))
	}
	fmt.Fprintf(v.w, "    │ %s\n", strings.ReplaceAll(out.String(), "\n", "\n    │ "))
}

// plain is text between places: all of it, or its ends.
func (v *lookView) plain(s string) string {
	if v.full || len(s) <= 2*around+8 {
		return s
	}
	head, tail := around, len(s)-around
	for !utf8.RuneStart(s[head]) {
		head--
	}
	for !utf8.RuneStart(s[tail]) {
		tail++
	}
	return s[:head] + v.paint(styleFaint, " … ") + s[tail:]
}
