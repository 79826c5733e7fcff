package pii

import "strings"

// charset is a set of characters that keys are made of.
type charset uint8

const (
	upperDigits charset = iota // A-Z 0-9
	alnums                     // A-Z a-z 0-9
	base64url                  // and _ -
	lowerHex
)

func (c charset) has(b byte) bool {
	switch c {
	case upperDigits:
		return isUpper(b) || isDigit(b)
	case alnums:
		return isAlnum(b)
	case lowerHex:
		return isDigit(b) || b-'a' < 6
	}
	return isAlnum(b) || b == '_' || b == '-'
}

// keyForm is a service's key: a prefix that nothing else has, and so many characters of a set.
type keyForm struct {
	prefix   string
	set      charset
	min, max int // characters behind the prefix
}

// The forms by the character at which the scanner stops: the last of the prefix, or one within.
var (
	formsAtUnderscore = []keyForm{
		{"ghp_", alnums, 36, 251}, {"gho_", alnums, 36, 251}, {"ghu_", alnums, 36, 251}, {"ghs_", alnums, 36, 251}, {"ghr_", alnums, 36, 251}, // GitHub
		{"github_pat_", base64url, 60, 251},
		{"sk_live_", alnums, 16, 247}, {"sk_test_", alnums, 16, 247}, {"rk_live_", alnums, 16, 247}, {"rk_test_", alnums, 16, 247}, {"whsec_", alnums, 24, 64}, // Stripe
		{"hf_", alnums, 30, 40}, {"npm_", alnums, 36, 36}, {"dop_v1_", lowerHex, 64, 64}, {"shpat_", lowerHex, 32, 32}, {"shpss_", lowerHex, 32, 32},
	}
	formsAtHyphen = []keyForm{
		{"xoxb-", base64url, 20, 250}, {"xoxp-", base64url, 20, 250}, {"xoxa-", base64url, 20, 250}, {"xoxr-", base64url, 20, 250}, {"xoxs-", base64url, 20, 250},
		{"xoxe-", base64url, 20, 250}, {"xoxo-", base64url, 20, 250}, {"xapp-", base64url, 20, 250}, // Slack
		{"sk-", base64url, 32, 250}, // OpenAI, Anthropic, DeepSeek
		{"glpat-", base64url, 20, 64}, {"GOCSPX-", base64url, 28, 28}, {"pypi-", base64url, 85, 250},
	}
	formsAtCapital = []keyForm{
		{"AKIA", upperDigits, 16, 16}, {"ASIA", upperDigits, 16, 16}, // AWS
		{"AKID", alnums, 32, 32}, {"LTAI", alnums, 12, 20}, // Tencent, Alibaba
		{"AIza", base64url, 35, 35}, // Google
	}
)

func (s *Scanner) secretAtUnderscore(t string, i int) { s.form(t, i+1, formsAtUnderscore) }

func (s *Scanner) secretAtHyphen(t string, i int) { s.form(t, i+1, formsAtHyphen) }

// form looks for one of the keys whose prefix ends at i.
func (s *Scanner) form(t string, i int, forms []keyForm) {
	for _, f := range forms {
		if !strings.HasSuffix(t[:i], f.prefix) || alnumBefore(t, i-len(f.prefix)) {
			continue
		}
		if end := f.body(t, i); end > 0 && (f.prefix != "sk-" || looksRandom(t[i:end], 3.5)) {
			s.add(Secret, i-len(f.prefix), end)
		}
		return
	}
}

// farther is how far beyond the longest key its characters are looked at: signs at its end may not belong to it.
const farther = 64

// body returns the end of the key whose prefix ends at i, or 0. Of capitals and digits any will do; in other sets a name of small letters
// is no key.
func (f keyForm) body(t string, i int) int {
	end, other := i, 0
	for end < len(t) && end-i < f.max+farther && f.set.has(t[end]) {
		if !isLetter(t[end]) && t[end] != '_' && t[end] != '-' || isUpper(t[end]) {
			other++
		}
		end++
	}
	for end > i && (t[end-1] == '-' || t[end-1] == '_') && end-i > f.min { // "…-" at the end of a sentence
		end--
	}
	if n := end - i; n < f.min || n > f.max || other < 2 || isAlnum(byteAt(t, end)) {
		return 0
	}
	return end
}

// secretAtCapital looks for keys with prefixes of capitals, from the rarest of these: AKIA and AKID at the K, ASIA at the S, LTAI at the
// L, AIza at the z; for JSON Web Tokens (RFC 7519) at the J of "eyJ", and for SendGrid's at the G of "SG.".
func (s *Scanner) secretAtCapital(t string, i int) {
	start := i
	switch t[i] {
	case 'K', 'S':
		start--
	case 'z':
		start -= 2
	case 'J':
		s.jwt(t, i-2)
		return
	case 'G':
		s.sendGrid(t, i-1)
		return
	}
	if start < 0 {
		return
	}
	for _, f := range formsAtCapital {
		if hasAt(t, start, f.prefix) && !alnumBefore(t, start) {
			if end := f.body(t, start+len(f.prefix)); end > 0 {
				s.add(Secret, start, end)
			}
			return
		}
	}
}

// jwt looks for three parts of base64url with dots between them, the first two JSON objects.
func (s *Scanner) jwt(t string, i int) {
	if i < s.noToken || !hasAt(t, i, "eyJ") || alnumBefore(t, i) {
		return
	}
	j := i
	var parts [3]int
	for p := range parts {
		from := j
		for j < len(t) && base64url.has(t[j]) {
			j++
		}
		parts[p] = j - from
		if p < 2 {
			if byteAt(t, j) != '.' {
				s.noToken = j // nor does one begin before
				return
			}
			j++
		}
	}
	if parts[0] >= 10 && parts[1] >= 4 && parts[2] >= 16 {
		s.add(Secret, i, j)
	}
}

func (s *Scanner) sendGrid(t string, i int) {
	if i < 0 || !hasAt(t, i, "SG.") || alnumBefore(t, i) {
		return
	}
	j := i + 3
	for j < len(t) && base64url.has(t[j]) {
		j++
	}
	k := j + 1
	for k < len(t) && base64url.has(t[k]) {
		k++
	}
	if j-i == 3+22 && byteAt(t, j) == '.' && k-j == 1+43 {
		s.add(Secret, i, k)
	}
}

// telegram looks for a bot's token around the colon at t[i]: 8 to 10 digits before it, 35 characters behind.
func (s *Scanner) telegram(t string, i int) {
	start := i
	for start > 0 && i-start < 11 && isDigit(t[start-1]) {
		start--
	}
	if n := i - start; n < 8 || n > 10 || alnumBefore(t, start) && !strings.HasSuffix(t[:start], "/bot") { // so in the API's URLs
		return
	}
	if end := (keyForm{"", base64url, 35, 35}).body(t, i+1); end > 0 {
		s.add(Secret, start, end)
	}
}
