package unigram

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

func randomModel(r *rand.Rand) []Piece {
	pieces := []Piece{{Text: "<unk>"}}
	seen := map[string]bool{"": true, "<unk>": true}
	for range 60 {
		var b strings.Builder
		for range 1 + r.IntN(4) {
			b.WriteString([]string{"a", "b", "c", "中", "é", "▁"}[r.IntN(6)])
		}
		if !seen[b.String()] {
			seen[b.String()] = true
			pieces = append(pieces, Piece{Text: b.String(), Score: -1 - 12*r.Float64()})
		}
	}
	return pieces
}

func randomText(r *rand.Rand, n int) string {
	var b strings.Builder
	for range n {
		b.WriteString([]string{"a", "a", "b", "c", "中", "é", "▁", "z", "\xff", "文", "a"}[r.IntN(11)])
	}
	return b.String()
}

// slow is the textbook search over all positions, without windows.
func slow(m *Model, text []byte, acc float32) ([]Token, float32) {
	score := make([]float32, len(text)+1)
	from := make([]int, len(text)+1)
	id := make([]uint32, len(text)+1)
	for i := range from {
		from[i] = -1
	}
	score[0] = acc
	offer := func(lo, hi int, piece uint32) {
		if v := score[lo] + m.Score(piece); from[hi] < 0 || v > score[hi] {
			score[hi], from[hi], id[hi] = v, lo, piece
		}
	}
	last := 0
	for i := 0; i < len(text); {
		if math.Abs(float64(score[i])) > MaxScore {
			d := score[i]
			for k := i; k <= last; k++ {
				if k == i || from[k] >= 0 {
					score[k] -= d
				}
			}
		}
		char, known := min(charLen(text[i]), len(text)-i), false
		for k := i + 1; k <= len(text) && k <= i+m.longest; k++ {
			if v, ok := m.find(text[i:k]); ok {
				offer(i, k, v)
				known = known || k == i+char
				last = max(last, k)
			}
		}
		if !known {
			offer(i, i+char, Unk)
			last = max(last, i+char)
		}
		i += char
	}
	var out []Token
	for at := len(text); at > 0; at = from[at] {
		out = append(out, Token{id[at], at})
	}
	slices.Reverse(out)
	return out, score[len(text)]
}

func TestSegmentIsTheBestCut(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for trial := range 2000 {
		m, err := NewSentencePiece(randomModel(r), 0)
		if err != nil {
			t.Fatal(err)
		}
		s := m.NewState()
		n := 1 + r.IntN(12)
		if trial%500 == 0 {
			n = 30000 // many windows, and scores beyond MaxScore
		}
		text := []byte(randomText(r, n))
		acc := float32(-r.IntN(100000))
		got, gotScore := m.Segment(text, acc, s)
		want, wantScore := slow(m, text, acc)
		if fmt.Sprint(got) != fmt.Sprint(want) || gotScore != wantScore {
			t.Fatalf("trial %d, %d bytes: score %v, want %v", trial, len(text), gotScore, wantScore)
		}
		acc = max(acc, -90000)
		want, wantScore = slow(m, text, acc)
		tokens, score, certain := m.SegmentCertain(text, acc, s)
		if fmt.Sprint(tokens) != fmt.Sprint(want) || score != wantScore {
			t.Fatalf("trial %d: SegmentCertain: %v, want %v", trial, tokens, want)
		}
		for range 20 {
			if !certain {
				break
			}
			again, _ := m.Segment(text, float32(-r.Float64()*90000), s)
			if fmt.Sprint(again) != fmt.Sprint(want) {
				t.Fatalf("trial %d: the cut of %q is said to be certain, but depends on the score before", trial, text)
			}
		}
	}
}

func TestAppendFollowsHuggingFace(t *testing.T) {
	pieces := []Piece{{Text: "<unk>"}, {Text: "a", Score: -2}, {Text: "ab", Score: -3}, {Text: "<0xE4>", Score: -9}, {Text: "<0xB8>", Score: -9}, {Text: "<0xAD>", Score: -9}}
	for _, c := range []struct {
		text  string
		bytes bool
		unk   int
		want  string
	}{
		{"aab", false, 0, "[1 2] [{1 0 1} {2 1 3}]"},
		{"a中中b", false, 0, "[1 0] [{1 0 1} {0 1 8}]"},
		{"a中", true, 0, "[1 3 4 5] [{1 0 1} {3 1 4} {4 1 4} {5 1 4}]"},
		{"a中z", true, 0, "[1 0] [{1 0 1} {0 1 5}]"},
		{"<unk>", false, 0, "[0] [{0 0 5}]"},
		{"a中", false, -1, "[1] [{1 0 1}]"},
	} {
		m, err := New(pieces, c.unk, c.bytes)
		if err != nil {
			t.Fatal(err)
		}
		s := m.NewState()
		ids := m.Append(nil, []byte(c.text), 0, len(c.text), s)
		cached := m.Append(nil, []byte("x"+c.text+"y"), 1, len(c.text)+1, s)
		if got := fmt.Sprint(ids, " ", m.AppendSpans(nil, []byte(c.text), s)); got != c.want {
			t.Errorf("%q: %s, want %s", c.text, got, c.want)
		}
		if fmt.Sprint(cached) != fmt.Sprint(ids) {
			t.Errorf("%q: from the cache %d, want %d", c.text, cached, ids)
		}
	}
}

func TestNewRefuses(t *testing.T) {
	if _, err := New([]Piece{{Text: "a"}}, 1, false); err == nil {
		t.Error("unk outside the vocabulary: no error")
	}
	for name, pieces := range map[string][]Piece{
		"none": nil, "NaN": {{Text: "a", Score: math.NaN()}}, "Inf": {{Text: "a", Score: math.Inf(-1)}}, "empty": {{}}, "zero": {{Text: "\x00"}},
		"meta only": {{Text: "<unk>", Kind: Meta}},
	} {
		if _, err := NewSentencePiece(pieces, -1); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestSamplesFollowTheirProbabilities(t *testing.T) {
	m, err := NewSentencePiece([]Piece{{Text: "<unk>", Kind: Meta}, {Text: "a", Score: -2}, {Text: "b", Score: -2.5}, {Text: "ab", Score: -4}, {Text: "ba", Score: -3}, {Text: "aba", Score: -6}}, 0)
	if err != nil {
		t.Fatal(err)
	}
	text, rng := []byte("ababa"), rand.New(rand.NewPCG(1, 2))
	const alpha, n = 0.5, 40000
	want, total := map[string]float64{}, 0.0
	for _, p := range m.NBest(text, 100) {
		w := math.Exp(alpha * float64(p.Score))
		want[fmt.Sprint(p.Tokens)] = w
		total += w
	}
	if len(want) != 12 {
		t.Errorf("%d ways, want 12", len(want))
	}
	got := map[string]float64{}
	for range n {
		got[fmt.Sprint(m.Sample(text, alpha, rng))]++
	}
	for way, w := range want {
		p := w / total
		if d := got[way]/n - p; math.Abs(d) > 4*math.Sqrt(p*(1-p)/n) {
			t.Errorf("%s: frequency %.4f, want %.4f", way, got[way]/n, p)
		}
	}
}
