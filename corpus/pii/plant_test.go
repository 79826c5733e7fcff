package pii_test

import (
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/athanor-lm/athanor/corpus/pii"
	"github.com/athanor-lm/athanor/internal/realdata"
)

// texts are those of a corpus, up to a number of bytes; 0 = all.
func texts(t testing.TB, path string, most int64) (out []string) {
	t.Helper()
	documents, _ := realdata.Documents(t, path, most)
	for _, d := range documents {
		out = append(out, d.Text)
	}
	return out
}

// carriers gives pieces of about 600 bytes around places where something can be put in.
type carriers struct {
	docs []string
	zh   bool
}

// piece returns the texts before and behind such a place: between words, or in Chinese between characters too.
func (c carriers) piece(g gen) (before, after string) {
	for {
		d := c.docs[g.IntN(len(c.docs))]
		if len(d) < 800 {
			continue
		}
		i := 300 + g.IntN(len(d)-600)
		for i < len(d) && (!utf8.RuneStart(d[i]) || !c.zh && d[i] != ' ' && d[i] != '\n' || d[i] >= '0' && d[i] <= '9' || d[i-1] >= '0' && d[i-1] <= '9' || c.zh && (d[i] < 0x80 || d[i-1] < 0x80)) {
			i++
		}
		if i >= len(d)-300 {
			continue
		}
		return strings.ToValidUTF8(d[i-300:i], ""), strings.ToValidUTF8(d[i:i+300], "")
	}
}

type tally struct{ planted, found int }

// plantedEach returns how many items of each species are planted: 500, or $ATHANOR_PLANTED. The documents' figures are of 2,000.
func plantedEach(t *testing.T) int {
	s := os.Getenv("ATHANOR_PLANTED")
	if s == "" {
		return 500
	}
	n, err := strconv.Atoi(s)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// Items of every kind are put into real text, and beside each a look-alike. A find counts that has the item's kind and its bytes, neither
// less nor more than two more; every other find of the kind in the texts is wrong. 99 of 100 items must be found and at most 3 of
// 100 finds be wrong, for each species, in English and in Chinese.
func TestPlantedItemsAreFound(t *testing.T) {
	en := carriers{docs: append(texts(t, "corpora/en-books/books.jsonl.gz", 12<<20), texts(t, "corpora/en-docs/docs.jsonl.gz", 12<<20)...)}
	zh := carriers{docs: append(texts(t, "corpora/zh-laws/laws.jsonl.gz", 12<<20), texts(t, "corpora/zh-docs/docs.jsonl.gz", 12<<20)...), zh: true}
	scan := pii.NewScanner(pii.Options{})
	for _, c := range []carriers{en, zh} {
		lang := "en"
		if c.zh {
			lang = "zh"
		}
		g := gen{rand.New(rand.NewPCG(4, 4))}
		wrongKinds := map[string]int{}
		tallies := make([]tally, len(speciesOf()))
		for i, sp := range speciesOf() {
			shown := 0
			for range plantedEach(t) {
				plantOne(t, g, scan, c, sp, &tallies[i], wrongKinds, &shown)
			}
		}
		total := map[string]int{} // finds by kind
		for i, sp := range speciesOf() {
			total[sp.kind] += tallies[i].found
		}
		for i, sp := range speciesOf() {
			y := tallies[i]
			recall := 100 * float64(y.found) / float64(y.planted)
			precision := 100 * float64(total[sp.kind]) / float64(total[sp.kind]+wrongKinds[sp.kind])
			t.Logf("%s  %-24s planted %5d  found %5d  recall %6.2f %%   precision of %s %6.2f %% (%d wrong)", lang, sp.name, y.planted, y.found, recall, sp.kind, precision, wrongKinds[sp.kind])
			if recall < 99 || precision < 97 {
				t.Errorf("%s %s: recall %.2f %%, precision %.2f %%, want at least 99 and 97", lang, sp.name, recall, precision)
			}
		}
	}
}

// plantOne plants an item and a look-alike in one text, and counts.
func plantOne(t *testing.T, g gen, scan *pii.Scanner, c carriers, sp species, y *tally, wrong map[string]int, shown *int) {
	frames, context := framesEN, sp.en
	if c.zh {
		frames, context = framesZH, sp.zh
	}
	if len(context) == 0 {
		context = frames
	}
	item := sp.make(g)
	frame := g.pick(context...)
	if sp.wide && c.zh && g.chance(15) {
		item = fullWidth(item)
	}
	before, after := c.piece(g)
	between, tail := c.piece(g)
	lead, trail, _ := strings.Cut(frame, "{}")
	negative := strings.Replace(g.pick(frames...), "{}", g.negative(c.zh), 1)
	head := before + lead
	text := head + item + trail + after + "\n" + between + negative + tail
	start, end := len(head), len(head)+len(item)
	y.planted++
	hit := false
	base := carrierFinds(before + "\n" + after + "\n" + between + "\n" + tail)
	for _, m := range scan.Scan(text) {
		switch kind := m.Kind.String(); {
		case kind == sp.kind && m.Start <= start && m.End >= end && m.End-m.Start <= len(item)+2:
			hit = true
		case base[text[m.Start:m.End]]: // the text's own: judged by eye, not here
		default:
			wrong[kind]++
			if *shown++; *shown <= 12 && testing.Verbose() {
				t.Logf("wrong %s %q in %q for %q", kind, text[m.Start:m.End], text[max(0, m.Start-30):min(len(text), m.End+20)], sp.name)
			}
		}
	}
	if hit {
		y.found++
	} else if *shown++; *shown <= 24 && testing.Verbose() {
		t.Logf("missed %s %q", sp.name, text[max(0, start-40):min(len(text), end+20)])
	}
}

var carrierScan = pii.NewScanner(pii.Options{})

// carrierFinds are the finds of a text before anything was put in.
func carrierFinds(text string) map[string]bool {
	out := map[string]bool{}
	for _, m := range carrierScan.Scan(text) {
		out[text[m.Start:m.End]] = true
	}
	return out
}
