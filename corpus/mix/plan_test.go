package mix

import (
	"fmt"
	"math"
	"slices"
	"testing"
)

var stocks = []Stock{
	{Source: "web", Documents: 100, Tokens: 1000},
	{Source: "books", Documents: 10, Tokens: 200},
	{Source: "made", Synthetic: true, Documents: 10, Tokens: 400},
}

func plan(t *testing.T, s Settings, stocks []Stock) *Plan {
	t.Helper()
	var names []string
	for _, st := range stocks {
		if !slices.Contains(names, st.Source) {
			names = append(names, st.Source)
		}
	}
	if err := s.Validate(names); err != nil {
		t.Fatal(err)
	}
	p, err := s.Plan(stocks, false)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// Hand-computed: tokens taken of each stock.
func TestPlan(t *testing.T) {
	web, books := stocks[:1], stocks[1:2]
	for name, c := range map[string]struct {
		s      Settings
		stocks []Stock
		want   []int64
		limits []string
	}{
		"everything once":                     {Settings{}, stocks, []int64{1000, 200, 400}, []string{"", "", ""}},
		"more epochs are allowed, not needed": {Settings{MaxEpochs: 4}, stocks, []int64{1000, 200, 400}, []string{"", "", ""}},
		"weights, one epoch: the scarce source bounds the size": {
			Settings{Sources: []Source{{Source: "web", Weight: 1}, {Source: "books", Weight: 1}}}, stocks[:2], []int64{200, 200}, []string{"", "max_epochs"}},
		"weights, two epochs": {
			Settings{MaxEpochs: 2, Sources: []Source{{Source: "web", Weight: 1}, {Source: "books", Weight: 1}}}, stocks[:2], []int64{400, 400}, []string{"", "max_epochs"}},
		"weights, many epochs: until the last source was read once": {
			Settings{MaxEpochs: 9, Sources: []Source{{Source: "web", Weight: 1}, {Source: "books", Weight: 1}}}, stocks[:2], []int64{1000, 1000}, []string{"", ""}},
		"a size: what books cannot give, web does": {
			Settings{Tokens: 900, Sources: []Source{{Source: "web", Weight: 1}, {Source: "books", Weight: 1}}}, stocks[:2], []int64{700, 200}, []string{"", "max_epochs"}},
		"a size beyond all": {
			Settings{Tokens: 9000, Sources: []Source{{Source: "web", MaxTokens: 500}}}, stocks[:2], []int64{500, 200}, []string{"max_tokens", "max_epochs"}},
		"temperature 2: 1000^½ : 200^½": {Settings{Temperature: 2, Tokens: 300}, stocks[:2], []int64{207, 93}, []string{"", ""}},
		"replay: 0.2 of web beside books": {
			Settings{Replay: &Replay{Sources: []string{"web"}, Share: 0.2}}, stocks[:2], []int64{50, 200}, []string{"", "max_epochs"}},
		"a cap on synthetic text": {
			Settings{MaxSynthetic: 0.1, Tokens: 1000}, stocks, []int64{750, 150, 100}, []string{"", "", "max_synthetic"}},
		"the cap holds where others are exhausted": {
			Settings{MaxSynthetic: 0.2, Tokens: 5000}, []Stock{books[0], stocks[2]}, []int64{200, 50}, []string{"max_epochs", "max_synthetic"}},
		"a cap on a source of which models wrote a part": {
			Settings{Tokens: 5000, Sources: []Source{{Source: "web", MaxTokens: 100}}}, []Stock{{Source: "web", Tokens: 300}, {Source: "web", Synthetic: true, Tokens: 100}, books[0]},
			[]int64{75, 25, 200}, []string{"max_tokens", "max_tokens", "max_epochs"}},
		"an empty source": {Settings{}, []Stock{web[0], {Source: "none"}}, []int64{1000, 0}, []string{"", ""}},
	} {
		t.Run(name, func(t *testing.T) {
			p := plan(t, c.s, c.stocks)
			for i, part := range p.Parts {
				if part.Take != c.want[i] || part.Limit != c.limits[i] {
					t.Errorf("%s: %d tokens (limit %q), want %d (%q)", part.Source, part.Take, part.Limit, c.want[i], c.limits[i])
				}
			}
		})
	}
}

func TestTakesTheShareOfItsEpochs(t *testing.T) {
	part := Part{Stock: Stock{Source: "web"}, Epochs: 2.3}
	if part.Passes() != 3 {
		t.Fatalf("%d passes", part.Passes())
	}
	var taken [3]int
	const n = 20000
	for i := range n {
		for pass := range taken {
			if part.Takes(pass, 5, fmt.Sprint("doc", i)) {
				taken[pass]++
			}
		}
	}
	if taken[0] != n || taken[1] != n || math.Abs(float64(taken[2])/n-0.3) > 0.015 {
		t.Errorf("taken %v of %d", taken, n)
	}
	if once := (Part{Epochs: 1}); once.Passes() != 1 {
		t.Errorf("one epoch takes %d passes", once.Passes())
	}
}

func TestValidateRefuses(t *testing.T) {
	for want, s := range map[string]Settings{
		`sources: "x" is no source of the inputs, want one of a, b`:                {Sources: []Source{{Source: "x"}}},
		`sources: "a" is named twice`:                                              {Sources: []Source{{Source: "a"}, {Source: "a"}}},
		"sources: a has a weight and b has none, want one for both or for neither": {Sources: []Source{{Source: "a", Weight: 1}}},
		"temperature: -1, want more than 0":                                        {Temperature: -1},
		"replay: share: 1.5, want 0 < share < 1":                                   {Replay: &Replay{Sources: []string{"a"}, Share: 1.5}},
		"replay: sources: 2 of 2 sources, want some and not all":                   {Replay: &Replay{Sources: []string{"a", "b"}, Share: 0.5}},
		`order: "x", want input, interleave or shuffle`:                            {Order: "x"},
		"max_synthetic: 1, want 0 ≤ share < 1":                                     {MaxSynthetic: 1},
	} {
		if err := s.Validate([]string{"a", "b"}); err == nil || err.Error() != want {
			t.Errorf("got %v\nwant %s", err, want)
		}
	}
}
