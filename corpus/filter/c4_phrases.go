package filter

import (
	"math/bits"
	"slices"
	"strings"

	"github.com/athanor-lm/athanor/internal/kernel"
)

// phrases are what lines are searched for without regard to case. Each has three letters that a look at many bytes at once finds: the
// first is one of the first of threes, and so on. No other three of these letters are frequent.
var phrases = [...]struct {
	text string
	at   int // the three letters
	rule int
}{
	{"lorem ipsum", 7, loremIpsum}, {"javascript", 2, javaScript}, {"terms of use", 2, policy}, {"privacy policy", 11, policy},
	{"cookie policy", 3, policy}, {"uses cookies", 8, policy}, {"use of cookies", 10, policy}, {"use cookies", 7, policy},
}

// threes are the first, second and third of the three letters.
var threes = kernel.NewByteSets("ikrpvIKRPV", "acimsACIMS", "esuyESUY")

// anchor holds of the bytes that are the first of a phrase's three letters in either case.
var anchor = func() (is [256]bool) {
	for _, p := range phrases {
		is[p.text[p.at]], is[p.text[p.at]-'a'+'A'] = true, true
	}
	return is
}()

// partSize is how much of a text is looked at in one go; a phrase is at most 64 bytes.
const partSize = 8 << 10

// says says whether a text has any of the phrases. It may say so of one that has not.
func (c *c4) says(text string) bool {
	if strings.Contains(text, "\u212a") { // the kelvin sign, whose lower case is k
		return true
	}
	for from := 0; from < len(text); from += partSize {
		part := text[from:min(from+partSize+64, len(text))]
		c.masks = slices.Grow(c.masks[:0], partSize/64+1)[:(len(part)+63)/64]
		threes.Masks(c.masks, part)
		next := kernel.ByteMasks{}
		for i := len(c.masks) - 1; i >= 0; i-- {
			m := c.masks[i]
			for found := m[0] & (m[1]>>1 | next[1]<<63) & (m[2]>>2 | next[2]<<62); found != 0; found &= found - 1 {
				if phraseAt(text, from+64*i+bits.TrailingZeros64(found)) != keepLine {
					return true
				}
			}
			next = m
		}
	}
	return false
}

// phrases returns the rules, a bit each, of which a phrase is in the line.
func (c *c4) phrases(line string) (rules int) {
	if strings.Contains(line, "\u212a") {
		line = strings.ReplaceAll(line, "\u212a", "k")
	}
	for i := range len(line) {
		if !anchor[line[i]] {
			continue
		}
		if rule := phraseAt(line, i); rule != keepLine {
			rules |= 1 << rule
		}
	}
	return rules
}

// phraseAt returns the rule of the phrase whose three letters are at i, or keepLine.
func phraseAt(text string, i int) int {
	for _, p := range phrases {
		if from := i - p.at; text[i]|0x20 == p.text[p.at] && from >= 0 && from+len(p.text) <= len(text) && equalFold(text[from:from+len(p.text)], p.text) {
			return p.rule
		}
	}
	return keepLine
}

// equalFold compares ASCII letters without regard to case; want is lower case.
func equalFold(s, want string) bool {
	for i := range len(want) {
		c := s[i]
		if 'A' <= c && c <= 'Z' {
			c |= 0x20
		}
		if c != want[i] {
			return false
		}
	}
	return true
}
