package fasttext

import (
	"math"
	"slices"
	"strings"
	"unsafe"

	"github.com/cespare/xxhash/v2"
)

// Prediction is a label with its probability. As fastText does, hundred-thousandths are added to every probability on its
// way, so one can be a little above 1.
type Prediction struct {
	Label       string
	Index       int // of the label in Labels
	Probability float32
}

// Predictor predicts with a model. It keeps the features of words it has met; its answers do not depend on them. One
// goroutine uses it.
type Predictor struct {
	m      *Model
	hidden []float32 // [dim]
	n      int       // features in hidden
	hashes []uint32  // of the text's words, for word n-grams
	buf    []byte    // a word in its marks
	scores []scored
	probs  []float32 // [labels]
	cache  []cached
	sums   []float32 // [len(cache), dim]
}

// cached are the features of a word: their sum is in Predictor.sums.
type cached struct {
	key uint64 // the word's xxhash; 0 = none
	wordFeatures
}

// wordFeatures say how many features a word has, and its own hash, for word n-grams.
type wordFeatures struct {
	n     int32
	hash  uint32
	label bool // labels are no words
}

type scored struct {
	label int32
	p     float32
}

const (
	cacheBytes  = 4 << 20 // at most, for words met before
	cacheLength = 40      // bytes: longer words hardly come again
)

// NewPredictor returns a predictor, which takes up to 4 MiB.
func (m *Model) NewPredictor() *Predictor {
	words := 64
	for 2*words*(4*m.dim+int(unsafe.Sizeof(cached{}))) <= cacheBytes {
		words *= 2
	}
	return &Predictor{m: m, hidden: make([]float32, m.dim), cache: make([]cached, words), sums: make([]float32, words*m.dim)}
}

// Predict appends the k likeliest labels of a text, the likeliest first; all, where there are fewer (a Huffman tree's leaves below
// 0.00001 are left out). None where the text has no feature that the model knows. Line ends count as spaces, so the text is one
// line to fastText.
func (p *Predictor) Predict(dst []Prediction, text string, k int) []Prediction {
	p.features(text)
	if p.n == 0 || k < 1 {
		return dst
	}
	inv := float32(1 / float64(p.n))
	for i := range p.hidden {
		p.hidden[i] *= inv
	}
	p.scores = p.scores[:0]
	if p.m.loss == lossHierarchical {
		p.descend(len(p.m.tree)-1, 1, k)
	} else {
		p.rank(k)
	}
	for _, s := range p.scores {
		dst = append(dst, Prediction{p.m.labels[s.label], int(s.label), s.p})
	}
	return dst
}

// isSpace: what parts words for fastText, beside the line's end.
func isSpace(c byte) bool { return c == ' ' || c >= '\t' && c <= '\r' || c == 0 }

// features sums the rows of a text's features in hidden and counts them in n.
func (p *Predictor) features(text string) {
	clear(p.hidden)
	p.n, p.hashes = 0, p.hashes[:0]
	for i := 0; i < len(text); {
		if isSpace(text[i]) {
			i++
			continue
		}
		start := i
		for i++; i < len(text) && !isSpace(text[i]); i++ {
		}
		if word := text[start:i]; word == endOfLine { // fastText reads no further
			break
		}
		p.word(text[start:i])
	}
	if row, ok := p.m.words[endOfLine]; ok && row >= 0 {
		p.add(row)
	}
	if p.m.wordN > 1 {
		p.hashes = append(p.hashes, hash(endOfLine))
		p.wordNgrams()
	}
}

// word adds a word's features, as met before or anew.
func (p *Predictor) word(w string) {
	var f wordFeatures
	if len(w) > cacheLength {
		f = p.compute(w, p.hidden)
	} else {
		key := xxhash.Sum64String(w) | 1
		slot := int(key >> 1 & uint64(len(p.cache)-1))
		c, sum := &p.cache[slot], p.sums[slot*p.m.dim:][:p.m.dim]
		if c.key != key {
			clear(sum)
			*c = cached{key, p.compute(w, sum)}
		}
		f = c.wordFeatures
		addTo(p.hidden, sum)
	}
	p.n += int(f.n)
	if p.m.wordN > 1 && !f.label {
		p.hashes = append(p.hashes, f.hash)
	}
}

// compute adds the rows of a word's features to sum.
func (p *Predictor) compute(w string, sum []float32) (f wordFeatures) {
	m := p.m
	row, known := m.words[w]
	if row < 0 || !known && strings.HasPrefix(w, labelPrefix) {
		return wordFeatures{label: true}
	}
	if known {
		addTo(sum, m.rows[int(row)*m.dim:][:m.dim])
		f.n++
	}
	if m.maxN > 0 && m.hasBuckets() {
		f.n += int32(p.characterNgrams(w, sum))
	}
	if m.wordN > 1 {
		f.hash = hash(w)
	}
	return f
}

// hasBuckets says whether any n-gram has a row.
func (m *Model) hasBuckets() bool { return m.pruned == nil || len(m.rows) > m.wordRows*m.dim }

// characterNgrams adds the rows of the word's n-grams of minN to maxN characters, with < and > around it. Bytes 10xxxxxx
// belong to the character before them.
func (p *Predictor) characterNgrams(w string, sum []float32) (n int) {
	m := p.m
	p.buf = append(append(append(p.buf[:0], '<'), w...), '>')
	b := p.buf
	for i := range b {
		if b[i]&0xC0 == 0x80 {
			continue
		}
		h := uint32(fnvOffset)
		for j, length := i, 1; j < len(b) && length <= m.maxN; length++ {
			h = (h ^ uint32(int8(b[j]))) * fnvPrime
			for j++; j < len(b) && b[j]&0xC0 == 0x80; j++ {
				h = (h ^ uint32(int8(b[j]))) * fnvPrime
			}
			if length < m.minN || length == 1 && (i == 0 || j == len(b)) {
				continue
			}
			if row, ok := m.bucketRow(h % m.bucket); ok {
				addTo(sum, m.rows[row*m.dim:][:m.dim])
				n++
			}
		}
	}
	return n
}

// bucketRow returns the row of a bucket, false where it was pruned.
func (m *Model) bucketRow(bucket uint32) (int, bool) {
	if m.pruned == nil {
		return m.wordRows + int(bucket), true
	}
	rank, ok := m.pruned.rank(bucket)
	return m.wordRows + int(rank), ok
}

// wordNgrams adds the rows of the n-grams of 2 to wordN words.
func (p *Predictor) wordNgrams() {
	m := p.m
	if !m.hasBuckets() {
		return
	}
	for i, first := range p.hashes {
		h := uint64(int64(int32(first)))
		for j := i + 1; j < len(p.hashes) && j < i+m.wordN; j++ {
			h = h*116049371 + uint64(int64(int32(p.hashes[j])))
			if row, ok := m.bucketRow(uint32(h % uint64(m.bucket))); ok {
				p.add(int32(row))
			}
		}
	}
}

func (p *Predictor) add(row int32) {
	addTo(p.hidden, p.m.rows[int(row)*p.m.dim:][:p.m.dim])
	p.n++
}

// addTo adds b to a, element by element.
func addTo(a, b []float32) {
	b = b[:len(a)]
	for len(a) >= 8 {
		x, y := (*[8]float32)(a), (*[8]float32)(b)
		x[0] += y[0]
		x[1] += y[1]
		x[2] += y[2]
		x[3] += y[3]
		x[4] += y[4]
		x[5] += y[5]
		x[6] += y[6]
		x[7] += y[7]
		a, b = a[8:], b[8:]
	}
	for i := range a {
		a[i] += b[i]
	}
}

const (
	fnvOffset = 2166136261
	fnvPrime  = 16777619
)

// hash is FNV-1a of bytes taken as signed, as fastText's is.
func hash(s string) uint32 {
	h := uint32(fnvOffset)
	for i := range len(s) {
		h = (h ^ uint32(int8(s[i]))) * fnvPrime
	}
	return h
}

// keep adds a label to the k best ones.
func (p *Predictor) keep(s scored, k int) {
	if len(p.scores) == k {
		if s.p <= p.scores[k-1].p {
			return
		}
		p.scores = p.scores[:k-1]
	}
	at, _ := slices.BinarySearchFunc(p.scores, s, func(a, b scored) int {
		if a.p >= b.p {
			return -1
		}
		return 1
	})
	p.scores = slices.Insert(p.scores, at, s)
}

// epsilon is what fastText adds to a probability before it takes the logarithm.
const epsilon = 1e-5

// descend walks the Huffman tree, the likelier side first, and leaves out what cannot come among the k best.
func (p *Predictor) descend(at int, prob float32, k int) {
	if prob < epsilon || len(p.scores) == k && prob < p.scores[k-1].p {
		return
	}
	n := &p.m.tree[at]
	if n.left < 0 {
		p.keep(scored{int32(at), prob}, k)
		return
	}
	f := float32(1 / (1 + math.Exp(-float64(p.dot(at-len(p.m.labels))))))
	left, right := prob*(1-f+epsilon), prob*(f+epsilon)
	if f > 0.5 {
		p.descend(int(n.right), right, k)
		p.descend(int(n.left), left, k)
		return
	}
	p.descend(int(n.left), left, k)
	p.descend(int(n.right), right, k)
}

// dot is the product of the hidden vector and a row of the output matrix.
func (p *Predictor) dot(row int) (sum float32) {
	w := p.m.output[row*p.m.dim:][:len(p.hidden)]
	for i, h := range p.hidden {
		sum += h * w[i]
	}
	return sum
}

// rank keeps the k best labels by softmax, or by a sigmoid each.
func (p *Predictor) rank(k int) {
	p.probs = p.probs[:0]
	for i := range p.m.labels {
		p.probs = append(p.probs, p.dot(i))
	}
	probs := p.probs
	if p.m.loss == lossSoftmax {
		top, sum := slices.Max(probs), float32(0)
		for i, x := range probs {
			probs[i] = float32(math.Exp(float64(x - top)))
			sum += probs[i]
		}
		for i := range probs {
			probs[i] /= sum
		}
	} else {
		for i, x := range probs {
			probs[i] = sigmoid(x)
		}
	}
	for i, x := range probs {
		p.keep(scored{int32(i), x + epsilon}, k)
	}
}

// sigmoid has fastText's steps: 512 between -8 and 8.
func sigmoid(x float32) float32 {
	const steps, edge = 512, 8
	switch {
	case x < -edge:
		return 0
	case x > edge:
		return 1
	}
	step := int((x + edge) * steps / edge / 2)
	return float32(1 / (1 + math.Exp(-(float64(step)*2*edge/steps - edge))))
}
