package langid

import (
	_ "embed"
	"strings"
	"sync"
)

//go:embed english.txt
var english string

// knownEnglish are words of English that are hardly words of another language: small-letter words in one chapter of 50 of classic books
// or one page of 50 of manuals, without those in the declaration of human rights in another language (odd lines) or often in message
// catalogues of free programs in other languages, and without those that lid.176 takes for another language at 0.3 or more. The texts they were
// counted in are half of some manuals; those of PostgreSQL and SQLite are not among them.
var knownEnglish = sync.OnceValue(func() map[string]bool {
	known := map[string]bool{}
	for w := range strings.FieldsSeq(english) {
		known[w] = true
	}
	return known
})
