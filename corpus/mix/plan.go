package mix

import (
	"fmt"
	"math"

	"github.com/cespare/xxhash/v2"
)

// Stock is what there is of a source. What models wrote of it is a stock of its own.
type Stock struct {
	Source    string `json:"source"`
	Synthetic bool   `json:"synthetic,omitempty"`
	Documents int64  `json:"documents"`
	Bytes     int64  `json:"bytes"`  // of text
	Tokens    int64  `json:"tokens"` // counted, or estimated from the bytes
}

// Plan is a mix worked out: how much of each source is taken.
type Plan struct {
	Tokens    int64  `json:"tokens"`    // of all parts
	Estimated bool   `json:"estimated"` // tokens were estimated from bytes
	Order     string `json:"order"`
	Parts     []Part `json:"parts"` // in the order of the stocks
}

// Part is one source's part of a mix.
type Part struct {
	Stock
	Take   int64   `json:"take"`   // tokens
	Share  float64 `json:"share"`  // of the plan's tokens
	Epochs float64 `json:"epochs"` // how often the source is repeated; its fraction is the share of documents taken once more
	// Limit says what kept the source from giving more: "max_epochs", "max_tokens", "max_synthetic"; empty = nothing.
	Limit string `json:"limit,omitempty"`
	// TakenDocuments and TakenBytes are what was taken in the end, repetitions included; 0 before.
	TakenDocuments int64 `json:"taken_documents"`
	TakenBytes     int64 `json:"taken_bytes"`

	weight float64 // share wanted
	most   float64 // tokens that may be taken
	cap    string  // what sets most
}

// Written estimates the tokens of what was taken in the end, from its bytes; 0 before. What a fraction of an epoch takes is
// decided document by document, so that it comes near Take but does not meet it: the fewer documents, the farther off.
func (p Part) Written() int64 {
	if p.Bytes == 0 {
		return 0
	}
	return int64(math.Round(float64(p.TakenBytes) / float64(p.Bytes) * float64(p.Tokens)))
}

// Written is the tokens of all parts that were taken in the end, estimated; 0 before.
func (p *Plan) Written() (tokens int64) {
	for _, part := range p.Parts {
		tokens += part.Written()
	}
	return tokens
}

// The values of Part.Limit.
const (
	limitEpochs    = "max_epochs"
	limitTokens    = "max_tokens"
	limitSynthetic = "max_synthetic"
)

// EstimateTokens fills in the tokens of stocks from their bytes.
func (s *Settings) EstimateTokens(stocks []Stock) {
	for i := range stocks {
		stocks[i].Tokens = int64(math.Round(float64(stocks[i].Bytes) / s.BytesPerToken))
	}
}

// Plan works the mix out. The settings must have been validated.
func (s *Settings) Plan(stocks []Stock, estimated bool) (*Plan, error) {
	p := &Plan{Order: s.Order, Estimated: estimated}
	bySource := map[string]float64{} // tokens of a source, whoever wrote it
	for _, stock := range stocks {
		bySource[stock.Source] += float64(stock.Tokens)
	}
	for _, stock := range stocks {
		src := s.source(stock.Source)
		part := Part{Stock: stock, most: float64(stock.Tokens) * src.MaxEpochs, cap: limitEpochs}
		if src.MaxTokens > 0 && stock.Tokens > 0 { // the cap is the source's, and its parts share it
			if most := float64(src.MaxTokens) * float64(stock.Tokens) / bySource[stock.Source]; most < part.most {
				part.most, part.cap = most, limitTokens
			}
		}
		p.Parts = append(p.Parts, part)
	}
	s.weigh(p.Parts, bySource)
	if err := s.capSynthetic(p.Parts); err != nil {
		return nil, err
	}
	take := p.share(s.size(p.Parts))
	s.trimSynthetic(p.Parts, take)
	var sum float64
	for _, t := range take {
		sum += t
	}
	for i := range p.Parts {
		part := &p.Parts[i]
		part.Take = int64(math.Round(take[i]))
		p.Tokens += part.Take
		if sum > 0 {
			part.Share = take[i] / sum
		}
		if part.Tokens > 0 {
			part.Epochs = take[i] / float64(part.Tokens)
		}
	}
	return p, nil
}

// weigh sets the share wanted of each part: by weight, or by size and temperature; each group has its share of the whole.
func (s *Settings) weigh(parts []Part, bySource map[string]float64) {
	var sums [2]float64
	for i := range parts {
		p := &parts[i]
		if p.Tokens == 0 {
			continue
		}
		whole := bySource[p.Source]
		p.weight = s.source(p.Source).Weight
		if p.weight == 0 {
			p.weight = math.Pow(whole, 1/s.Temperature)
		}
		p.weight *= float64(p.Tokens) / whole
		sums[s.group(p.Source)] += p.weight
	}
	shares := [2]float64{1, 0}
	if s.Replay != nil && sums[0] > 0 && sums[1] > 0 {
		shares = [2]float64{1 - s.Replay.Share, s.Replay.Share}
	} else if sums[0] == 0 {
		shares = [2]float64{0, 1}
	}
	for i := range parts {
		if g := s.group(parts[i].Source); sums[g] > 0 {
			parts[i].weight *= shares[g] / sums[g]
		}
	}
}

// capSynthetic brings the share wanted of synthetic parts down to the cap. It goes before the replay's share.
func (s *Settings) capSynthetic(parts []Part) error {
	var synthetic, all float64
	for _, p := range parts {
		all += p.weight
		if p.Synthetic {
			synthetic += p.weight
		}
	}
	if s.MaxSynthetic == 0 || synthetic <= s.MaxSynthetic*all {
		return nil
	}
	if synthetic == all {
		return fmt.Errorf("mix: all text is synthetic, and max_synthetic is %v", s.MaxSynthetic)
	}
	for i := range parts {
		if parts[i].Synthetic {
			parts[i].weight *= s.MaxSynthetic / synthetic
			parts[i].Limit = limitSynthetic
		} else {
			parts[i].weight *= (1 - s.MaxSynthetic) / (all - synthetic)
		}
	}
	return nil
}

// size is the number of tokens the mix is to have: what the settings say, or the largest at which every part has its share within its
// limit, and no larger than it takes to use every part once. The parts whose limits set it say so.
func (s *Settings) size(parts []Part) float64 {
	if s.Tokens > 0 {
		return float64(s.Tokens)
	}
	most, once := math.Inf(1), 0.0
	for _, p := range parts {
		if p.weight > 0 {
			most = min(most, p.most/p.weight)
			once = max(once, float64(p.Tokens)/p.weight)
		}
	}
	if most < once*(1-1e-9) { // more could be had of the others
		for i := range parts {
			if p := &parts[i]; p.weight > 0 && p.most/p.weight <= most*(1+1e-9) && p.Limit == "" {
				p.Limit = p.cap
			}
		}
	}
	return min(most, once)
}

// share gives each part its share of size tokens. What a part cannot give, others do, in proportion.
func (p *Plan) share(size float64) []float64 {
	take := make([]float64, len(p.Parts))
	full := make([]bool, len(p.Parts))
	for {
		left, weights := size, 0.0
		for i, part := range p.Parts {
			switch {
			case full[i]:
				left -= part.most
			case part.weight > 0:
				weights += part.weight
			}
		}
		again := false
		for i := range p.Parts {
			part := &p.Parts[i]
			if full[i] || part.weight == 0 {
				continue
			}
			take[i] = left * part.weight / weights
			if take[i] > part.most*(1+1e-9) {
				take[i], full[i], again = part.most, true, true
				part.Limit = part.cap
			}
		}
		if !again {
			return take
		}
	}
}

// trimSynthetic holds the cap where other parts gave less than their share.
func (s *Settings) trimSynthetic(parts []Part, take []float64) {
	var synthetic, rest float64
	for i, p := range parts {
		if p.Synthetic {
			synthetic += take[i]
		} else {
			rest += take[i]
		}
	}
	if s.MaxSynthetic == 0 || synthetic <= s.MaxSynthetic*(synthetic+rest)*(1+1e-9) {
		return
	}
	want := rest * s.MaxSynthetic / (1 - s.MaxSynthetic)
	for i := range parts {
		if parts[i].Synthetic {
			take[i] *= want / synthetic
			parts[i].Limit = limitSynthetic
		}
	}
}

// TakeBytes is what is taken in bytes of text.
func (p *Part) TakeBytes() float64 { return p.Epochs * float64(p.Bytes) }

// Passes is the number of times a source's documents are gone through: all of them, but for the last pass, which takes some.
func (p *Part) Passes() int { return int(math.Ceil(p.Epochs - 1e-9)) }

// Takes tells whether a pass takes a document: all do but the last, which takes those with the smallest keyed hashes.
func (p *Part) Takes(pass int, seed uint64, id string) bool {
	left := p.Epochs - float64(pass)
	if left >= 1-1e-9 {
		return true
	}
	return float64(Key(seed, p.Source, id)>>11)/(1<<53) < left
}

// Key is a keyed hash of a document of a source.
func Key(seed uint64, source, id string) uint64 {
	x := xxhash.Sum64String(id) ^ xxhash.Sum64String(source)*0x9E3779B97F4A7C15 ^ seed*0xD1B54A32D192ED03
	x = (x ^ x>>30) * 0xBF58476D1CE4E5B9 // the finaliser of SplitMix64
	x = (x ^ x>>27) * 0x94D049BB133111EB
	return x ^ x>>31
}
