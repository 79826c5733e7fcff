package segment

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/dlclark/regexp2"
)

// reference is spaCy's tokenizer as it is written: regular expressions over chunks (lang/punctuation.py, tokenizer.pyx).
type reference struct {
	prefix, suffix, infix, url *regexp2.Regexp
	special                    map[string][]string // words by exception
	met                        map[string][]string // what the other rules find, where it differs
}

// set writes the characters of a class as the inside of a bracket expression.
func set(of class) string {
	var b strings.Builder
	for _, r := range ranges {
		if r.bits&of != 0 && r.hi <= 0xffff { // texts of the test stay below U+10000
			fmt.Fprintf(&b, `\u%04X-\u%04X`, r.lo, r.hi)
		}
	}
	return b.String()
}

func newReference() *reference {
	al, au, a, q := set(lower), set(upper), set(alpha), set(quote)
	icons := set(icon)
	punct := strings.Fields(`… …… , : ; \! \? ¿ ؟ ¡ \( \) \[ \] \{ \} < > _ \# \* & 。 ？ ！ ， 、 ； ： ～ · । ، ۔ ؛ ٪`)
	ellipses := []string{`\.\.+`, `…`}
	quotes := strings.Fields(`' " ” “ ` + "`" + ` ‘ ´ ’ ‚ , „ » « 「 」 『 』 （ ） 〔 〕 【 】 《 》 〈 〉 ⟦ ⟧`)
	quotes = append(quotes, "\u2329", "\u232a") // which editors like to make U+3008 and U+3009 of
	var unitList, currencies []string
	for unit := range units() {
		unit = regexp2.Escape(unit)
		unitList = append(unitList, unit)
	}
	currencies = strings.Fields(`\$ £ € ¥ ฿ US\$ C\$ A\$ ₽ ﷼ ₴ ₠ ₡ ₢ ₣ ₤ ₥ ₦ ₧ ₨ ₩ ₪ ₫ € ₭ ₮ ₯ ₰ ₱ ₲ ₳ ₴ ₵ ₶ ₷ ₸ ₹ ₺ ₻ ₼ ₽ ₾ ₿`)
	prefixes := slices.Concat([]string{"§", "%", "=", "—", "–", `\+(?![0-9])`}, punct, ellipses, quotes, currencies, []string{"[" + icons + "]"})
	suffixes := slices.Concat(punct, ellipses, quotes, []string{"[" + icons + "]", "'s", "'S", "’s", "’S", "—", "–", `(?<=[0-9])\+`, `(?<=°[FfCcKk])\.`,
		`(?<=[0-9])(?:` + strings.Join(unitList, "|") + ")", `(?<=[` + set(beforeStop) + `])\.`, `(?<=[` + au + `][` + au + `])\.`})
	infixes := slices.Concat(ellipses, []string{"[" + icons + "]", `(?<=[0-9])[+\-\*^](?=[0-9-])`, `(?<=[` + al + q + `])\.(?=[` + au + q + `])`, `(?<=[` + a + `]),(?=[` + a + `])`,
		`(?<=[` + a + `0-9])(?:-|–|—|--|---|——|~)(?=[` + a + `])`, `(?<=[` + a + `0-9])[:<>=/](?=[` + a + `])`})
	r := &reference{special: map[string][]string{}, met: map[string][]string{}}
	compile := func(s string) *regexp2.Regexp { return regexp2.MustCompile(s, regexp2.None) }
	r.prefix = compile("^(?:" + strings.Join(prefixes, "|") + ")")
	r.suffix = compile("(?:" + strings.Join(suffixes, "|") + `)\z`)
	r.infix = compile(strings.Join(infixes, "|"))
	c := `A-Za-z0-9\u00a1-\uffff`
	// Python's \w is letters and numbers, that of regexp2 marks as well. Digits are those of ASCII here; spaCy would take an address
	// that has others among them too.
	url := strings.NewReplacer(`\w`, `\p{L}\p{N}_`, `\d`, `[0-9]`).Replace
	r.url = compile(url(`^(?:(?:[\w\+\-\.]{2,})://)?(?:\S+(?::\S*)?@)?(?:` +
		`(?!(?:10|127)(?:\.\d{1,3}){3})(?!(?:169\.254|192\.168)(?:\.\d{1,3}){2})(?!172\.(?:1[6-9]|2\d|3[0-1])(?:\.\d{1,3}){2})` +
		`(?:[1-9]\d?|1\d\d|2[01]\d|22[0-3])(?:\.(?:1?\d{1,2}|2[0-4]\d|25[0-5])){2}(?:\.(?:[1-9]\d?|1\d\d|2[0-4]\d|25[0-4]))` +
		`|(?:(?:[` + c + `][` + c + `_-]{0,62})?[` + c + `]\.)+(?:[` + al + `]{2,63}))(?::\d{2,5})?(?:[/?#]\S*)?\z`))
	for line := range strings.Lines(exceptionsText) {
		parts, met, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		text := strings.ReplaceAll(parts, " ", "")
		r.special[text] = strings.Fields(parts)
		if met != "" {
			r.met[strings.Join(strings.Fields(met), "\x00")] = r.special[text]
		}
	}
	return r
}

// words returns the tokens of a text.
func (r *reference) words(text string) (out []string) {
	isSpace := func(c rune) bool { return table().class(c)&space != 0 }
	for _, chunk := range strings.FieldsFunc(text, isSpace) {
		out = append(out, r.merge(r.chunk(chunk))...)
	}
	return out
}

func length(re *regexp2.Regexp, s string) int {
	m, err := re.FindStringMatch(s)
	if err != nil {
		panic(err)
	}
	if m == nil {
		return 0
	}
	return len(m.String())
}

// chunk is _split_affixes and _attach_tokens.
func (r *reference) chunk(s string) (out []string) {
	var suffixes []string
	for last := -1; s != "" && len(s) != last; {
		if r.special[s] != nil {
			break
		}
		last = len(s)
		pre := length(r.prefix, s)
		if pre > 0 && r.special[s[pre:]] != nil {
			out = append(out, s[:pre])
			s = s[pre:]
			break
		}
		suf := length(r.suffix, s[pre:])
		if suf > 0 && r.special[s[:len(s)-suf]] != nil {
			suffixes = append(suffixes, s[len(s)-suf:])
			s = s[:len(s)-suf]
			break
		}
		if pre > 0 {
			out = append(out, s[:pre])
		}
		if suf > 0 {
			suffixes = append(suffixes, s[len(s)-suf:])
		}
		s = s[pre : len(s)-suf]
	}
	isURL, err := r.url.MatchString(s)
	if err != nil {
		panic(err)
	}
	switch {
	case s == "":
	case r.special[s] != nil:
		out = append(out, r.special[s]...)
	case isURL:
		out = append(out, s)
	default:
		out = append(out, r.infixes(s)...)
	}
	slices.Reverse(suffixes)
	return append(out, suffixes...)
}

func (r *reference) infixes(s string) (out []string) {
	runes, start := []rune(s), 0
	for m, err := r.infix.FindRunesMatch(runes); m != nil; m, err = r.infix.FindNextMatch(m) {
		if err != nil {
			panic(err)
		}
		if m.Index == 0 {
			continue
		}
		if m.Index != start {
			out = append(out, string(runes[start:m.Index]))
		}
		out = append(out, m.String())
		start = m.Index + m.Length
	}
	if start < len(runes) {
		out = append(out, string(runes[start:]))
	}
	return out
}

// merge is _apply_special_cases within a chunk.
func (r *reference) merge(words []string) (out []string) {
	type match struct {
		at, n int
		with  []string
	}
	var found []match
	taken := make([]bool, len(words))
	for n := len(words); n > 1; n-- {
		for at := 0; at+n <= len(words); at++ {
			with := r.met[strings.Join(words[at:at+n], "\x00")]
			if with == nil {
				continue
			}
			if !taken[at] && !taken[at+n-1] {
				found = append(found, match{at, n, with})
			}
			for i := at; i < at+n; i++ {
				taken[i] = true
			}
		}
	}
	for i := 0; i < len(words); i++ {
		at := slices.IndexFunc(found, func(m match) bool { return m.at == i })
		if at < 0 {
			out = append(out, words[i])
			continue
		}
		out = append(out, found[at].with...)
		i += found[at].n - 1
	}
	return out
}

var theReference = newReference()

// check compares the scanner with the reference.
func check(t *testing.T, text string) {
	t.Helper()
	var s Text
	s.Reset(text)
	got, want := words(&s, s.Tokens()), theReference.words(text)
	if !slices.Equal(got, want) {
		t.Errorf("%q:\n got %q\nwant %q", text, got, want)
	}
}

// pieces are what the rules look at.
var pieces = strings.Fields(`. .. ... … …… , : ; ! ? ( ) [ ] { } < > _ # * & 。 ， ' '' ’ " “ ” 's 's’S - -- --- – — —— ~ + ^ = / % $ US$ C$ A$ € km km² g M % K °
	C F c f a b A B Z ab The word Mr e.g a.m p.m U.S dont cant Im We'd Wed 's n't 'll :) :-) 8) ;D ^_^ ._. 1 2 10 42 3.14 1,000 .com .org .Com http:// https:// mailto: user@ @ ftp:// www. example
	:80 :8080 ?q= #x 192.168.0.1 8.8.8.8 255 é É ß ж Ж α 中 文 カ ก ☃ © é ² 'Cause and/or w/o °C. b. I I'm ’ve`)

func TestTokensAreTheReferences(t *testing.T) {
	draw := rand.New(rand.NewPCG(1, 2))
	for range 1500 {
		var b strings.Builder
		for range 1 + draw.IntN(8) {
			b.WriteString(pieces[draw.IntN(len(pieces))])
			if draw.IntN(6) == 0 {
				b.WriteString([]string{" ", "\n", "  ", "\u00a0"}[draw.IntN(4)])
			}
		}
		check(t, b.String())
		if t.Failed() {
			return
		}
	}
}

// checkPlain compares the words of a text, and those found when its chunks are known already, with those found chunk by chunk.
func checkPlain(t *testing.T, text string) {
	t.Helper()
	text = strings.Repeat(text+" ", 2+200/(1+len(text))) // windows have 64 bytes
	for _, cut := range []bool{true, false} {
		plain, fast := Text{s: text}, Text{s: text, known: new(known)}
		s := newScanner(&plain, cut)
		for i := 0; i < len(text); {
			i = s.next(i)
		}
		for range 2 {
			fast.words = fast.words[:0]
			newScanner(&fast, cut).run()
			if !slices.Equal(fast.words, plain.words) {
				t.Fatalf("%q:\n got %q\nwant %q", text, words(&fast, fast.words), words(&plain, plain.words))
			}
		}
	}
}

func TestWordsAreThoseOfChunks(t *testing.T) {
	draw := rand.New(rand.NewPCG(3, 4))
	blanks := []string{" ", " ", " ", "\n", "  ", "\t \n", "\u00a0", "\x1c", "\x00", ""}
	for range 600 {
		var b strings.Builder
		for range 1 + draw.IntN(80) {
			switch draw.IntN(3) {
			case 0:
				b.WriteString(pieces[draw.IntN(len(pieces))])
			case 1:
				b.WriteString("abcdefghijklmnopqrstuvwxyz"[draw.IntN(26):])
			default:
				b.WriteString([]string{"the", "word,", "Word", "cannot", "said.", "(of", "etc."}[draw.IntN(7)])
			}
			b.WriteString(blanks[draw.IntN(len(blanks))])
		}
		checkPlain(t, b.String())
	}
}

func FuzzTokens(f *testing.F) {
	for _, s := range []string{"Mr. O'Neil's U.S.-made (30°C.) e.g. http://a.b.com:80/x?y#z, 5km+3 :)", "8.8.8.8/x:y a@b.co...", "‘S ’s 中文。and/or",
		"e.g.\ufe0ftp://a.b.com:80/x?y#z,", "a.com:8\u0660/b 1.1\u0660.1.1/b", "⌡⌨\u2329\u232a⌫"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		checkPlain(t, text)
		if !utf8.ValidString(text) || strings.ContainsFunc(text, func(c rune) bool { return c > 0xffff }) || len(text) > 300 {
			var s Text
			s.Reset(text)
			checkSegments(t, &s)
			return
		}
		check(t, text)
		var s Text
		s.Reset(text)
		checkSegments(t, &s)
	})
}

// checkSegments checks what holds of any text: words and sentences lie in it in order, and no character but white space is lost.
func checkSegments(t *testing.T, s *Text) {
	t.Helper()
	for _, list := range [][]Word{s.Words(), s.Tokens(), s.Fields()} {
		end := 0
		for _, w := range list {
			if int(w.Start) < end || w.End <= w.Start {
				t.Fatalf("%q: word %v after %d", s.s, w, end)
			}
			if gap := s.s[end:w.Start]; TrimSpace(gap) != "" {
				t.Fatalf("%q: %q is in no word", s.s, gap)
			}
			if n := utf8.RuneCountInString(s.Word(w)); n != int(w.Runes) || w.Hash != Hash(s.Word(w)) {
				t.Fatalf("%q: word %v, of %d characters", s.s, w, n)
			}
			end = int(w.End)
		}
		if TrimSpace(s.s[end:]) != "" {
			t.Fatalf("%q: %q is in no word", s.s, s.s[end:])
		}
	}
	end := 0
	for _, sentence := range s.Sentences() {
		if sentence.Start != end || sentence.End <= end {
			t.Fatalf("%q: sentence %v after %d", s.s, sentence, end)
		}
		end = sentence.End
	}
	if end != len(s.s) {
		t.Fatalf("%q: sentences end at %d", s.s, end)
	}
	if want := plainParagraphs(s.s); !slices.Equal(s.Paragraphs(), want) {
		t.Fatalf("%q: paragraphs are %q, want %q", s.s, s.Paragraphs(), want)
	}
	if n := utf8.RuneCountInString(s.s); utf8.ValidString(s.s) && s.Runes() != n {
		t.Fatalf("%q: %d characters, want %d", s.s, s.Runes(), n)
	}
	if strings.Join(s.Lines(), "\n") != s.s {
		t.Fatalf("%q: lines are %q", s.s, s.Lines())
	}
}

// plainParagraphs cuts a text without white space around it at two and more newlines.
func plainParagraphs(s string) (paragraphs []string) {
	for s = TrimSpace(s); ; {
		at := strings.Index(s, "\n\n")
		if at < 0 {
			return append(paragraphs, s)
		}
		paragraphs = append(paragraphs, s[:at])
		s = strings.TrimLeft(s[at:], "\n")
	}
}

func TestSegmentsOfLongTexts(t *testing.T) {
	draw := rand.New(rand.NewPCG(5, 6))
	for range 300 {
		var b strings.Builder
		for range draw.IntN(300) {
			b.WriteString([]string{"\n", "\n\n", " ", "\n \n", "a", "é", "中文", "word.", "\r\n", "\x1c"}[draw.IntN(10)])
		}
		var s Text
		s.Reset(strings.Repeat(b.String(), 1+draw.IntN(20)))
		checkSegments(t, &s)
	}
}
