package pii

import "strings"

// emailCues are words that announce an address.
var emailCues = cuesOf("e-mail", "email", "emails", "mail", "mailto", "contact", "write to", "reach me", "reach us", "address", "addresses", "correspondence", "maintainer", "author",
	"邮箱", "邮件", "电邮", "邮址", "联系", "郵箱", "郵件", "聯繫")

// wordTop are the top-level domains of addresses in words: common ones that are no English words.
var wordTop = wordsOf("com org net edu gov mil info biz io dev co ai uk cn de fr jp ru nl se ch ca au br eu nz kr tw hk sg pl fi dk cz hu ie il za")

// notLocal are words before "at" in prose: "look at", "visit us at", "his blog at".
var notLocal = wordsOf("look looks looked looking see visit visits us me him her them it you we they he she site website page pages homepage home blog wiki forum archive " +
	"docs documentation download downloads downloadable online available hosted host live located found here there is are was were be been work works worked working " +
	"up out down in and or more details read sign join try shop buy stay email mail e-mail emails contact reached reach write address info's web only server servers " +
	"people everyone everybody anyone someone somebody employed starting registered registration account accounts click go point pointed arrive aim good better best bad")

// notHost are words behind "at" in prose: "at the dot".
var notHost = wordsOf("the a an this that these those each every any which what its his her their my our your one some all least most first last")

func wordsOf(words string) map[string]bool {
	set := map[string]bool{}
	for w := range strings.FieldsSeq(words) {
		set[w] = true
	}
	return set
}

// emailsInWords takes addresses that are written with words: "jane at example dot org". Prose has such words too: the top-level domain must
// be a common one, the words around "at" none of prose, and a word must announce the address, or it begins a line, or stands behind a colon,
// a bracket or the like.
func (s *Scanner) emailsInWords(t string) {
	for _, dot := range [...]string{" dot ", " DOT "} {
		for from := 0; ; {
			i := strings.Index(t[from:], dot)
			if i < 0 {
				break
			}
			i += from
			from = i + len(dot) - 1
			if start, end := s.emailAroundDot(t, i, dot); end > 0 {
				s.add(Email, start, end)
				from = end
			}
		}
	}
}

// emailAroundDot returns the address whose first dot behind "at" is at t[i:], or 0, 0.
func (s *Scanner) emailAroundDot(t string, i int, dot string) (start, end int) {
	host := labelStart(t, i)
	if host == i || host < 4 || !equalFold(t[host-4:host], " at ") || notHost[strings.ToLower(t[host:i])] {
		return 0, 0
	}
	end = i
	for hasAt(t, end, dot) {
		e := end + len(dot)
		for e < len(t) && (isAlnum(t[e]) || t[e] == '-') {
			e++
		}
		if e == end+len(dot) || e-end > 64 {
			break
		}
		end = e
	}
	last := labelStart(t, end)
	if !wordTop[strings.ToLower(t[last:end])] || end < len(t) && (t[end] == '_' || t[end] == '\'') {
		return 0, 0
	}
	start = host - len(" at ")
	for {
		begin := start
		for start > 0 && start > begin-maxLocal && (isAlnum(t[start-1]) || strings.IndexByte("._+-", t[start-1]) >= 0) {
			start--
		}
		if start == begin || notLocal[strings.ToLower(t[start:begin])] || !isAlnum(t[start]) {
			return 0, 0
		}
		if start < len(dot) || t[start-len(dot):start] != dot || host-start > maxLocal {
			break
		}
		start -= len(dot)
	}
	if !opensAddress(t, start) && emailCues.before(t, start) < 0 {
		return 0, 0
	}
	return start, end
}

// labelStart returns where the letters, digits and hyphens before i begin.
func labelStart(t string, i int) int {
	k := i
	for k > 0 && i-k < 64 && (isAlnum(t[k-1]) || t[k-1] == '-') {
		k--
	}
	return k
}

// opensAddress says whether an address may begin at i without a word about it: at a line's beginning or behind a mark that opens something.
func opensAddress(t string, i int) bool {
	k := i
	for k > 0 && i-k < 8 && (t[k-1] == ' ' || t[k-1] == '\t') {
		k--
	}
	return k == 0 || strings.IndexByte("\n\r:<([{|;\"", t[k-1]) >= 0 || k >= 3 && (t[k-3:k] == "：" || t[k-3:k] == "（")
}
