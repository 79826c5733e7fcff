// Package langid finds the language a text is written in: by its script where that decides, else by a model in fastText's
// format, such as lid.176. Without a model it knows the languages that have a script of their own, and English by its words.
package langid

import (
	"math"
	"slices"
	"strings"
	"unicode"

	"github.com/athanor-lm/athanor/corpus/langid/fasttext"
)

// Result is what was found out about a text.
type Result struct {
	Lang   string  // ISO 639-1 code, or 639-3 where there is none; "und" for texts without letters the model knows
	Script string  // Hans or Hant for Chinese where characters tell, else empty
	Score  float64 // 0..1
	By     string  // what decided: script, model, short (the model, word by word), words
}

// Identifier finds the language of texts. One goroutine uses it.
type Identifier struct {
	p     *fasttext.Predictor // nil: no model
	bare  bool
	prior map[string]float64
	best  []fasttext.Prediction
	word  []fasttext.Prediction
	votes []float64 // of short texts: log-probabilities by label

	writes []scripts       // of each label
	en     int             // the label of English, -1 = there is none
	known  map[string]bool // English words, for short texts

	english *wordSet // without a model
}

// NewIdentifier returns an identifier. Bare gives the model's own answer, exactly fastText's; prior are the settings' (see
// Settings.Prior). Without a model (nil), scripts and the words of English decide.
func NewIdentifier(m *fasttext.Model, bare bool, prior map[string]float64) *Identifier {
	id := &Identifier{bare: bare, prior: prior}
	if m != nil {
		labels := m.Labels()
		id.p, id.votes, id.en, id.known = m.NewPredictor(), make([]float64, len(labels)), slices.Index(labels, "en"), knownEnglish()
		for _, l := range labels {
			id.writes = append(id.writes, scriptsOf(l))
		}
	} else {
		id.bare, id.english = false, newWordSet(strings.Fields(englishWords))
	}
	return id
}

// Short texts: below shortFrom letters the words' votes and the prior count in full, from shortTo on not at all.
const (
	shortFrom = 40
	shortTo   = 80
	// votesWeigh is the weight of each word's own prediction beside that of the whole text; see
	// docs/decisions/008-language-identification.md.
	votesWeigh = 0.5
	// knownFactor is how many times likelier English is for a word of known; see there.
	knownFactor = 50
)

// Identify finds the language of a text.
func (id *Identifier) Identify(text string) Result {
	if id.bare {
		return id.byModel(text)
	}
	n := count(text)
	lang, score := n.byScript()
	if lang == "" && id.p == nil {
		if lang, score = n.byOwnScript(); lang == "" {
			return id.byWords(text, n)
		}
	}
	if lang == "" {
		r := id.byModel(text)
		if size := n.ascii + n.other + lettersPerHan*(n.han+n.kana+n.hangul); size < shortTo && r.Score > 0 {
			r = id.byVotes(text, min(1, float64(shortTo-size)/(shortTo-shortFrom)), n.scripts())
		}
		if r.Lang == "zh" {
			r.Script, _ = n.Script()
		}
		return r
	}
	r := Result{Lang: lang, Score: score, By: "script"}
	if lang == "zh" {
		r.Script, _ = n.Script()
	}
	return r
}

// halfCertain is the share of English function words at which a text may as well be in another language.
const halfCertain = 0.06

// byWords tells English by its words. Of texts that have few of them it knows nothing.
func (id *Identifier) byWords(text string, n letters) Result {
	share, words := id.english.share(text)
	if words == 0 || n.ascii < n.other {
		return Result{Lang: "und", By: "words"}
	}
	score := share / (share + halfCertain)
	if score < 0.5 {
		return Result{Lang: "und", By: "words"}
	}
	return Result{Lang: "en", Score: score, By: "words"}
}

// byModel returns the model's answer.
func (id *Identifier) byModel(text string) Result {
	if id.best = id.p.Predict(id.best[:0], text, 1); len(id.best) == 0 {
		return Result{Lang: "und", By: "model"}
	}
	return Result{Lang: id.best[0].Label, Score: clamp(id.best[0].Probability), By: "model"}
}

func clamp(p float32) float64 { return min(1, float64(p)) }

// Log-probabilities below this say nothing more.
const leastProbability = 1e-5

// byVotes weighs what the model says of a short text with what it says of each of its words, and with the prior: fastText
// takes the mean of all features, in which the one telling word ("the") drowns. weigh is 0..1, how far the text is short; written are
// the scripts of its letters: languages that are not written so are out of the question.
func (id *Identifier) byVotes(text string, weigh float64, written scripts) Result {
	all, least := len(id.votes), math.Log(leastProbability)
	id.best = slices.DeleteFunc(id.p.Predict(id.best[:0], plainly(text), all), func(p fasttext.Prediction) bool { return id.writes[p.Index]&written == 0 })
	if len(id.best) == 0 {
		return id.byModel(text)
	}
	for _, p := range id.best {
		id.votes[p.Index] = logOf(p)
	}
	for _, w := range wordsOf(text) {
		for i := range id.votes {
			id.votes[i] += weigh * votesWeigh * least
		}
		id.word = id.p.Predict(id.word[:0], w, all)
		for _, p := range id.word {
			id.votes[p.Index] += weigh * votesWeigh * (logOf(p) - least)
		}
		if id.en >= 0 && id.known[w] {
			id.votes[id.en] += weigh * math.Log(knownFactor)
		}
	}
	return id.elect(weigh)
}

// elect returns the language with most votes, and its share of them by softmax. Languages that the whole text does not
// suggest at all are not among id.best, and do not come in by a word.
func (id *Identifier) elect(weigh float64) Result {
	best, top := "", math.Inf(-1)
	for _, p := range id.best {
		if f := id.prior[p.Label]; f > 0 {
			id.votes[p.Index] += weigh * math.Log(f)
		}
		if v := id.votes[p.Index]; v > top {
			best, top = p.Label, v
		}
	}
	sum := 0.0
	for _, p := range id.best {
		sum += math.Exp(id.votes[p.Index] - top)
	}
	return Result{Lang: best, Score: 1 / sum, By: "short"}
}

func logOf(p fasttext.Prediction) float64 { return math.Log(float64(p.Probability) + leastProbability) }

// wordsOf returns a text's words in lower case; not the last of several, which may be cut short.
func wordsOf(text string) []string {
	words := strings.FieldsFunc(strings.ToLower(text), func(c rune) bool { return !unicode.IsLetter(c) })
	if len(words) > 1 && endsInLetter(text) {
		words = words[:len(words)-1]
	}
	return words
}

func endsInLetter(text string) bool {
	c := []rune(text)
	return len(c) > 0 && unicode.IsLetter(c[len(c)-1])
}

// plainly brings a short text to the form of those that the model learned: no-break spaces, which it takes for letters, are spaces, and
// what is mostly capitals is in lower case.
func plainly(text string) string {
	text = strings.ReplaceAll(text, "\u00a0", " ")
	upper, lower := 0, 0
	for _, c := range text {
		switch {
		case unicode.IsUpper(c):
			upper++
		case unicode.IsLower(c):
			lower++
		}
	}
	if upper > lower {
		return strings.ToLower(text)
	}
	return text
}
