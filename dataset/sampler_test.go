package dataset

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

func TestPermutationIsABijection(t *testing.T) {
	for _, n := range []int64{1, 2, 3, 4, 5, 16, 17, 1000, 4097} {
		for key := range uint64(3) {
			p := newPermutation(n, key)
			seen := make([]bool, n)
			for i := range n {
				x := p.at(i)
				if x < 0 || x >= n || seen[x] {
					t.Fatalf("n=%d key=%d: %d → %d is outside or a repeat", n, key, i, x)
				}
				seen[x] = true
			}
		}
	}
}

// A permutation that shuffles has about one fixed point and no run of neighbours; a broken one has many.
func TestPermutationShuffles(t *testing.T) {
	const n = 10000
	var fixed, adjacent int
	for key := range uint64(20) {
		p := newPermutation(n, key)
		for i := range int64(n - 1) {
			if p.at(i) == i {
				fixed++
			}
			if d := p.at(i) - p.at(i+1); d == 1 || d == -1 {
				adjacent++
			}
		}
	}
	if fixed > 60 || adjacent > 120 { // expected 20 and 40
		t.Errorf("%d fixed points and %d neighbours in 20 permutations, want about 20 and 40", fixed, adjacent)
	}
}

func TestScheduleStaysWithinOneSampleOfTheWeights(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	cases := [][]float64{{1}, {1, 1}, {0.7, 0.2, 0.1}, {0.5, 0.25, 0.25}, {1. / 3, 1. / 3, 1. / 3}, {0.97, 0.01, 0.01, 0.01}, {0.99999, 0.00001}, {3, 141, 59, 26, 5, 35}}
	for _, k := range []int{2, 3, 9} {
		w := make([]float64, k)
		for i := range w {
			w[i] = rng.ExpFloat64() + 1e-4
		}
		cases = append(cases, w)
	}
	for _, w := range cases {
		s, err := newSchedule(w)
		if err != nil {
			t.Fatal(err)
		}
		given := make([]int64, len(w))
		for n := range min(2*s.period, s.period+1000) {
			i, ordinal := s.at(n)
			if ordinal != given[i] {
				t.Fatalf("weights %v: sample %d is number %d of source %d, want %d", w, n, ordinal, i, given[i])
			}
			given[i]++
			for j, c := range given {
				if exact := float64(n+1) * float64(s.quota[j]) / float64(s.period); math.Abs(float64(c)-exact) > 1-1/(2*float64(max(len(w), 2))-2)+1e-6 {
					t.Fatalf("weights %v: %d of the first %d samples are from source %d, want %.3f ± 1", w, c, n+1, j, exact)
				}
			}
		}
		var sum float64
		for _, x := range w {
			sum += x
		}
		for i, q := range s.quota {
			if e := math.Abs(float64(q)/float64(s.period) - w[i]/sum); e > 1./maxPeriod {
				t.Errorf("weights %v: weight %d is off by %g", w, i, e)
			}
		}
	}
	if s, _ := newSchedule([]float64{0.7, 0.2, 0.1}); s.period != 10 {
		t.Errorf("period of 0.7, 0.2, 0.1 is %d, want 10", s.period)
	}
}

func TestScheduleRefusesBadWeights(t *testing.T) {
	for _, w := range [][]float64{nil, {0}, {-1, 2}, {math.NaN()}, {math.Inf(1)}} {
		if _, err := newSchedule(w); err == nil {
			t.Errorf("weights %v were accepted", w)
		}
	}
}

// countingSplit holds the ids 0, 1, 2, … so that a token tells its position; documents have the given lengths.
func countingSplit(tb testing.TB, docLens ...int) *Split {
	tb.Helper()
	var docs [][]uint32
	id := uint32(0)
	for _, n := range docLens {
		d := make([]uint32, n)
		for i := range d {
			d[i] = id
			id++
		}
		docs = append(docs, d)
	}
	sp, err := OpenMegatron(writeShard(tb, I32, docs...), 0)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { sp.Close() })
	return sp
}

func TestEveryTokenIsATargetOnceAnEpoch(t *testing.T) {
	for _, c := range []struct{ docs, T int }{{100, 7}, {101, 10}, {100, 10}, {11, 10}, {1000, 1}} {
		sp := countingSplit(t, c.docs/3, c.docs-c.docs/3)
		for _, packing := range []Packing{Concat, Documents} {
			s, err := NewSampler(SamplerConfig{Sources: []Source{{Split: sp, Weight: 1}}, SeqLen: c.T, Seed: 5, Packing: packing})
			if err != nil {
				t.Fatal(err)
			}
			out := NewSample(c.T)
			var firsts []int32
			for epoch := range int64(3) {
				seen := make([]int, sp.Tokens())
				for i := range s.EpochSamples() {
					if err := s.Sample(epoch*s.EpochSamples()+i, out); err != nil {
						t.Fatal(err)
					}
					if out.Epoch != epoch {
						t.Fatalf("epoch %d, want %d", out.Epoch, epoch)
					}
					if i == 0 {
						firsts = append(firsts, out.Tokens[0])
					}
					for j := 1; j < out.Valid; j++ {
						if int64(out.Tokens[j]) != (int64(out.Tokens[j-1])+1)%sp.Tokens() {
							t.Fatalf("token %d follows %d", out.Tokens[j], out.Tokens[j-1])
						}
						seen[out.Tokens[j]]++
					}
				}
				for id, n := range seen {
					if n != 1 {
						t.Fatalf("%d tokens, T=%d, %s, epoch %d: token %d is a target %d times", c.docs, c.T, packing, epoch, id, n)
					}
				}
			}
			if c.docs == 1000 && firsts[0] == firsts[1] && firsts[1] == firsts[2] {
				t.Errorf("every epoch begins with token %d", firsts[0])
			}
		}
	}
}

func TestSampleIsAPureFunctionOfItsIndex(t *testing.T) {
	a, b := countingSplit(t, 500, 40), countingSplit(t, 300)
	config := func(seed uint64, p Packing) SamplerConfig {
		return SamplerConfig{Sources: []Source{{"a", a, 0.7}, {"b", b, 0.3}}, SeqLen: 16, Seed: seed, Packing: p}
	}
	for _, p := range Packings() {
		one, _ := NewSampler(config(1, p))
		two, err := NewSampler(config(1, p))
		if err != nil {
			t.Fatal(err)
		}
		other, _ := NewSampler(config(2, p))
		x, y, z := NewSample(16), NewSample(1), NewSample(16)
		same := 0
		for _, i := range rand.New(rand.NewPCG(3, 4)).Perm(400) { // any order
			for _, err := range []error{one.Sample(int64(i), x), two.Sample(int64(i), y), other.Sample(int64(i), z)} {
				if err != nil {
					t.Fatal(err)
				}
			}
			if !slices.Equal(x.Tokens, y.Tokens) || !slices.Equal(x.DocStart, y.DocStart) || x.Valid != y.Valid {
				t.Fatalf("%s: sample %d differs between two samplers", p, i)
			}
			if slices.Equal(x.Tokens, z.Tokens) {
				same++
			}
		}
		if same > 40 {
			t.Errorf("%s: %d of 400 samples are the same under another seed", p, same)
		}
	}
}

func TestRandomPackingDrawsWholeWindowsUniformly(t *testing.T) {
	sp := countingSplit(t, 20)
	s, err := NewSampler(SamplerConfig{Sources: []Source{{Split: sp}}, SeqLen: 4, Seed: 1, Packing: Random})
	if err != nil {
		t.Fatal(err)
	}
	out, starts := NewSample(4), map[int32]int{}
	for i := range int64(16000) {
		if err := s.Sample(i, out); err != nil || out.Valid != 5 || out.Tokens[4] != out.Tokens[0]+4 {
			t.Fatalf("sample %+v, %v", out, err)
		}
		starts[out.Tokens[0]]++
	}
	if len(starts) != 16 {
		t.Errorf("%d different starts, want 16", len(starts))
	}
	for start, n := range starts {
		if n < 850 || n > 1150 {
			t.Errorf("start %d was drawn %d times, want about 1000", start, n)
		}
	}
}

func TestDocumentMarks(t *testing.T) {
	sp := countingSplit(t, 3, 0, 2, 4)
	q, err := NewSequential(sp, 5, Documents)
	if err != nil {
		t.Fatal(err)
	}
	if q.Len() != 2 {
		t.Fatalf("%d windows, want 2", q.Len())
	}
	s := NewSample(5)
	if err := q.Sample(0, s); err != nil || !slices.Equal(s.DocStart, []int32{0, 0, 0, 3, 3, 5}) || s.Valid != 6 {
		t.Errorf("window 0: %+v, %v", s, err)
	}
	if err := q.Sample(1, s); err != nil || !slices.Equal(s.DocStart, []int32{0, 0, 0, 0, 4, 5}) || s.Valid != 4 || !slices.Equal(s.Tokens, []int32{5, 6, 7, 8, 0, 0}) {
		t.Errorf("window 1: %+v, %v", s, err)
	}
	if err := q.Sample(2, s); err == nil {
		t.Error("window 2 of 2 was given")
	}
}

func TestSequentialCountsEveryTargetOnce(t *testing.T) {
	for n := 2; n < 40; n++ {
		sp := countingSplit(t, n)
		q, err := NewSequential(sp, 7, Concat)
		if err != nil {
			t.Fatal(err)
		}
		var targets []int32
		s := NewSample(7)
		for i := range q.Len() {
			if err := q.Sample(i, s); err != nil {
				t.Fatal(err)
			}
			targets = append(targets, s.Tokens[1:s.Valid]...)
		}
		if len(targets) != n-1 || targets[0] != 1 || int(targets[n-2]) != n-1 {
			t.Fatalf("%d tokens: targets %v", n, targets)
		}
	}
}

func TestSamplerRefusals(t *testing.T) {
	sp := countingSplit(t, 10)
	for _, c := range []struct {
		want string
		cfg  SamplerConfig
	}{
		{"10 tokens, fewer than one sample", SamplerConfig{Sources: []Source{{Split: sp}}, SeqLen: 10, Packing: Concat}},
		{"no sources", SamplerConfig{SeqLen: 4, Packing: Concat}},
		{`packing "zigzag"`, SamplerConfig{Sources: []Source{{Split: sp}}, SeqLen: 4, Packing: "zigzag"}},
		{"sequence length 0", SamplerConfig{Sources: []Source{{Split: sp}}, Packing: Concat}},
		{"two sources are named", SamplerConfig{Sources: []Source{{"x", sp, 1}, {"x", sp, 1}}, SeqLen: 4, Packing: Concat}},
		{"1 of 2 sources have weight 0", SamplerConfig{Sources: []Source{{"x", sp, 1}, {"y", sp, 0}}, SeqLen: 4, Packing: Concat}},
		{"no split", SamplerConfig{Sources: []Source{{Name: "x"}}, SeqLen: 4, Packing: Concat}},
	} {
		if _, err := NewSampler(c.cfg); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want %q", err, c.want)
		}
	}
}

func TestSampleAllocatesNothing(t *testing.T) {
	a, b := countingSplit(t, 500, 40, 1000), countingSplit(t, 300)
	for _, p := range Packings() {
		s, err := NewSampler(SamplerConfig{Sources: []Source{{"a", a, 0.7}, {"b", b, 0.3}}, SeqLen: 64, Packing: p})
		if err != nil {
			t.Fatal(err)
		}
		out, i := NewSample(64), int64(0)
		if n := testing.AllocsPerRun(200, func() { s.Sample(i, out); i++ }); n != 0 {
			t.Errorf("%s: %v allocations a sample", p, n)
		}
	}
}

func BenchmarkSample(b *testing.B) {
	lens := make([]int, 2000)
	for i := range lens {
		lens[i] = 500
	}
	sp := countingSplit(b, lens...)
	for _, p := range Packings() {
		b.Run(string(p), func(b *testing.B) {
			s, err := NewSampler(SamplerConfig{Sources: []Source{{Split: sp}}, SeqLen: 512, Packing: p})
			if err != nil {
				b.Fatal(err)
			}
			out := NewSample(512)
			b.ReportAllocs()
			for i := range b.N {
				s.Sample(int64(i), out)
			}
		})
	}
}
