package pipeline

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/athanor-lm/athanor/corpus"
	"github.com/athanor-lm/athanor/internal/timely"
)

// pieces are what steps look for, and what it begins with.
var pieces = []string{"a", "a ", "\n", "a\n", "é", "中", "中 ", "。", "1", "1 ", "1.", "1-", "1.2.3.4.", "@", "a@", "a@a.", "-ey" + "J", "sk-", "xoxb-", "-----BEGIN PRIVATE KEY-----\n",
	"://", "http://a:b@c ", "::", "1:", "api_key=", "password: ", "[", "(", "(at) ", "<", "<a", "<p>", "<div>", "&#64;", "%40", "\"", "`", "*", "f*", "fu", "shit ", "傻逼", "傻-", "ｗ", "１",
	"\u200b", "\u200d", "\u00ad", "e\u0301", "\u0301", "\u3000", "\ufffd", "Ã", "Ã©", "锟斤拷", "{", "...", "…", "•", "- ", "| ", "a. ", "加微信a1", "www。", "小`说", "DE89 3704 ",
	"4111 1111 1111 1111 ", "13800138000 ", "电话：62785001、", "tel 5550123, ", "护照 ", "E1234567", "11010519491231002X", "8.8.8.8 ", "2001:db8:", "+86 ", "the of ", "한국어 ", "日本語の",
	"😀", "👨‍👩‍👧", "\t", "  ", "\r\n", "\u2028", "\x00"}

// No step's time grows with the square of a text that is one piece again and again: several took minutes over a megabyte.
func TestNoStepTakesLongOverRepetitions(t *testing.T) {
	if testing.Short() {
		t.Skip("takes some seconds")
	}
	const size = 50_000
	for kind, open := range kinds {
		settings := open()
		if settings.Validate() != nil {
			continue // it needs files
		}
		var step func(d *corpus.Document)
		switch s := settings.(type) {
		case corpus.FilterSettings:
			newFilter, err := s.Open(corpus.Env{Workers: 1, Memory: 1 << 30})
			if err != nil {
				t.Fatal(err)
			}
			f := newFilter()
			step = func(d *corpus.Document) { f.Apply(d, new(corpus.Report)) }
		case corpus.PassSettings:
			p, err := s.Open(corpus.Env{Workers: 1, Memory: 1 << 30})
			if err != nil {
				t.Fatal(err)
			}
			c := p.Collector()
			step = func(d *corpus.Document) { c.Collect(nil, d) }
		}
		for _, piece := range pieces {
			text := strings.Repeat(piece, size/len(piece))
			timely.Within(t, time.Second, fmt.Sprintf("%s over %d bytes of %q", kind, len(text), piece), func() {
				step(corpus.NewDocument(text, nil))
			})
		}
	}
}
