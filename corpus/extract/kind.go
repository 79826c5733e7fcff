package extract

import (
	"strings"

	"github.com/athanor-lm/athanor/corpus/extract/mail"
)

// looked is how much of a text is looked at to tell what it is.
const looked = 2 << 10

// kindOf tells a page and a mail by how they begin; it returns nothing for other texts. It rather takes a page for a text
// than a text for a page.
func kindOf(text string) string {
	head := strings.TrimLeft(text[:min(len(text), looked)], "\ufeff \t\r\n")
	switch {
	case strings.HasPrefix(head, "<") && isPage(strings.ToLower(head)):
		return kindHTML
	case isMail(head):
		return kindMail
	}
	return ""
}

// isPage: it begins with one of the elements that only a page begins with, behind comments and processing instructions.
func isPage(head string) bool {
	for {
		head = strings.TrimLeft(head, " \t\r\n")
		end := ""
		switch {
		case strings.HasPrefix(head, "<!--"):
			end = "-->"
		case strings.HasPrefix(head, "<?"):
			end = ">"
		}
		if end == "" {
			break
		}
		_, rest, ok := strings.Cut(head, end)
		if !ok {
			return false
		}
		head = rest
	}
	for _, begin := range [...]string{"<!doctype html", "<html", "<head", "<body", "<title", "<meta", "<link", "<script", "<style"} {
		if rest, ok := strings.CutPrefix(head, begin); ok && (rest == "" || strings.ContainsRune(" \t\r\n>/", rune(rest[0]))) {
			return true
		}
	}
	return false
}

// mailFields are those of which a mail's header has at least two.
var mailFields = map[string]bool{
	"from": true, "to": true, "cc": true, "subject": true, "date": true, "message-id": true, "received": true, "return-path": true,
	"delivered-to": true, "reply-to": true, "sender": true, "mime-version": true, "content-type": true, "content-transfer-encoding": true,
	"in-reply-to": true, "references": true, "x-mailer": true, "list-id": true, "dkim-signature": true, "user-agent": true,
}

// isMail: it begins with a header, which says from whom or where it comes.
func isMail(head string) bool {
	known := map[string]bool{}
	first := true
	for line := range strings.Lines(head) {
		line = strings.TrimRight(line, "\r\n")
		switch {
		case line == "":
			return isHeader(known)
		case first && mail.IsFromLine([]byte(line)):
		case !first && (line[0] == ' ' || line[0] == '\t'):
		default:
			name, _, ok := strings.Cut(line, ":")
			if !ok || strings.ContainsFunc(name, func(c rune) bool { return c <= ' ' || c > '~' }) {
				return false
			}
			if name = strings.ToLower(name); mailFields[name] {
				known[name] = true
			}
		}
		first = false
	}
	return isHeader(known)
}

func isHeader(known map[string]bool) bool {
	return len(known) >= 2 && (known["from"] || known["received"] || known["return-path"] || known["message-id"])
}
