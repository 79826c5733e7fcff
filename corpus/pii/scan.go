package pii

import (
	"cmp"
	"slices"
)

// Match is a find, in bytes of the text.
type Match struct {
	Start, End int
	Kind       Kind
}

// Options say what a Scanner looks for.
type Options struct {
	Kinds []Kind // empty = all
	// AllIPs takes addresses that lead to nobody in particular as well: private, documentation and other special ranges.
	AllIPs bool
	// OldChineseID takes identity numbers of the form before 1999 as well: 15 digits, without a checksum.
	OldChineseID bool
	// Last are kinds that yield to all others where finds overlap, whatever their priority.
	Last []Kind
}

// Scanner finds private data in texts. It holds memory that is used again; one goroutine uses it at a time.
type Scanner struct {
	kinds, last  kindSet
	allIPs       bool
	oldChineseID bool
	trigger      [256]byte

	found  []Match
	groups []group // of the number at hand
	folded []byte
	wide   []int // where folded characters stand in the folded text, rising
	digits [64]byte

	userinfoAt int    // the '@' that ends the user of the last URL, -1 = none
	token      int    // where the last token that was held for a passport number begins
	smallQuad  [2]int // the last four numbers that may be an address
	list       phoneList
	noToken    int // before this no JSON Web Token begins
	busyUntil  int // end of a private key: finds within it are not looked for
}

// What a byte can be the sign of.
const (
	none byte = iota
	digit
	at
	colon
	equals
	hyphen
	underscore
	capital   // begins or is inside of a service's key
	percent   // %40
	ampersand // &#64;
	bracket   // (at), [at]
	wide      // full-width forms
)

// NewScanner returns a scanner.
func NewScanner(o Options) *Scanner {
	s := &Scanner{kinds: setOf(o.Kinds), last: setOf(o.Last), allIPs: o.AllIPs, oldChineseID: o.OldChineseID}
	if len(o.Kinds) == 0 {
		s.kinds = allKinds
	}
	s.fillTriggers()
	return s
}

func setOf(kinds []Kind) kindSet {
	var s kindSet
	for _, k := range kinds {
		s |= 1 << k
	}
	return s
}

func (s *Scanner) fillTriggers() {
	set := func(class byte, bytes string, kinds ...Kind) {
		if s.kinds&setOf(kinds) != 0 {
			for i := range len(bytes) {
				s.trigger[bytes[i]] = class
			}
		}
	}
	set(digit, "0123456789", IPv4, IBAN, ChineseID, BankCard, Passport, SSN, Phone, Coordinates)
	set(at, "@", Email)
	set(colon, ":", IPv6, Secret, Credentials, Email)
	set(equals, "=", Secret, Email)
	set(hyphen, "-", Secret, PrivateKey)
	set(underscore, "_", Secret)
	set(capital, "KSJLGz", Secret)
	set(percent, "%", Email)
	set(ampersand, "&", Email)
	set(bracket, "([", Email)
	s.trigger[0xEF] = wide
}

// Scan returns the finds in order, none overlapping another. The result is valid until the next call.
func (s *Scanner) Scan(text string) []Match {
	if s.pass(text) {
		s.pass(s.fold(text))
		for i := range s.found {
			m := &s.found[i]
			m.Start, m.End = s.unfold(m.Start), s.unfold(m.End)
		}
	}
	if len(s.found) > 1 {
		s.resolve()
	}
	return s.found
}

// pass collects what looks like a find. It returns true, early, where the text has full-width letters or digits: what it
// found is then to be thrown away, and the folded text to be looked at.
func (s *Scanner) pass(t string) (folding bool) {
	s.found, s.userinfoAt, s.token, s.busyUntil = s.found[:0], -1, -1, 0
	s.smallQuad, s.list, s.noToken = [2]int{}, phoneList{}, 0
	trigger := &s.trigger
	for i := 0; i < len(t); {
		class := trigger[t[i]]
		if class == none {
			i++
			continue
		}
		if class == wide {
			if isWideAlnum(t, i) {
				return true
			}
			if hasAt(t, i, "：") {
				s.assigned(t, i, i+len("："))
			}
			i++
			continue
		}
		i = max(i+1, s.look(t, i, class), s.busyUntil)
	}
	if s.kinds.has(Email) {
		s.emailsInWords(t)
	}
	return false
}

// look asks the kinds that the byte t[i] can be the sign of. It returns where to go on.
func (s *Scanner) look(t string, i int, class byte) int {
	switch class {
	case digit:
		return s.number(t, i)
	case at:
		return s.email(t, i, i+1)
	case colon:
		s.credentials(t, i)
		s.webhook(t, i)
		s.ipv6(t, i)
		s.assigned(t, i, i+1)
		s.telegram(t, i)
	case equals:
		s.assigned(t, i, i+1)
		if hasAt(t, i, "=40") { // '@' in quoted-printable
			return s.email(t, i, i+3)
		}
	case hyphen:
		s.privateKey(t, i)
		s.secretAtHyphen(t, i)
	case underscore:
		s.secretAtUnderscore(t, i)
	case capital:
		s.secretAtCapital(t, i)
	case percent:
		if hasAt(t, i, "%40") {
			return s.email(t, i, i+3)
		}
	case ampersand:
		if hasAt(t, i, "&#64;") {
			return s.email(t, i, i+5)
		}
	case bracket:
		return s.writtenAt(t, i)
	}
	return i + 1
}

func (s *Scanner) add(k Kind, start, end int) {
	if s.kinds.has(k) {
		s.found = append(s.found, Match{start, end, k})
	}
}

// resolve leaves of overlapping finds the one that the priority prefers.
func (s *Scanner) resolve() {
	slices.SortFunc(s.found, func(a, b Match) int { return cmp.Compare(a.Start, b.Start) })
	overlap := false
	end := 0
	for _, m := range s.found {
		overlap = overlap || m.Start < end
		end = max(end, m.End)
	}
	if !overlap {
		return
	}
	// Clusters of finds that hang together are short; each is settled by itself.
	kept := s.found[:0]
	for i := 0; i < len(s.found); {
		j, end := i+1, s.found[i].End
		for j < len(s.found) && s.found[j].Start < end {
			end = max(end, s.found[j].End)
			j++
		}
		cluster := s.found[i:j]
		slices.SortFunc(cluster, s.prefer)
		n := len(kept)
		for _, m := range cluster {
			if !slices.ContainsFunc(kept[n:], func(k Match) bool { return m.Start < k.End && k.Start < m.End }) {
				kept = append(kept, m)
			}
		}
		slices.SortFunc(kept[n:], func(a, b Match) int { return cmp.Compare(a.Start, b.Start) })
		i = j
	}
	s.found = kept
}

// prefer orders finds by priority.
func (s *Scanner) prefer(a, b Match) int {
	rank := func(m Match) int {
		if s.last.has(m.Kind) {
			return int(m.Kind) + NumKinds
		}
		return int(m.Kind)
	}
	return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(b.End-b.Start, a.End-a.Start), cmp.Compare(a.Start, b.Start))
}
