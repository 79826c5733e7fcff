package bpe

import "fmt"

// Token is a token's bytes and its id, which is also its rank.
type Token struct {
	Text string
	ID   uint32
}

// RecoverMerges returns merges, in order, that encode as tiktoken does with a
// list of tokens in order of rank: of all neighbours whose joined bytes are a
// token it joins those of the lowest rank, the leftmost first.
//
// A token has one pair of parts that it can come of: what merges of lower rank
// make of its bytes. Only where these are not two parts, which does not happen
// in a list that was trained, all pairs that spell a token are listed, as
// Hugging Face's converter does it.
func RecoverMerges(tokens []Token) ([][2]string, error) {
	byText := make(map[string]uint32, len(tokens))
	texts := make(map[uint32]string, len(tokens))
	var bytes [256]bool
	for _, t := range tokens {
		if _, ok := byText[t.Text]; ok {
			return nil, fmt.Errorf("token %q has two ranks, %d and %d", t.Text, byText[t.Text], t.ID)
		}
		if other, ok := texts[t.ID]; ok {
			return nil, fmt.Errorf("rank %d belongs to two tokens, %q and %q", t.ID, other, t.Text)
		}
		byText[t.Text], texts[t.ID] = t.ID, t.Text
		if len(t.Text) == 1 {
			bytes[t.Text[0]] = true
		}
	}
	for b, ok := range bytes {
		if !ok {
			return nil, fmt.Errorf("byte %#02x has no token", b)
		}
	}
	m := &Model{merges: newPairTable(len(tokens))}
	var merges [][2]string
	var ids []uint32
	var long longState
	for _, t := range tokens {
		if len(t.Text) == 1 {
			continue
		}
		ids = ids[:0]
		for i := range len(t.Text) {
			ids = append(ids, byText[t.Text[i:i+1]])
		}
		if n, _ := m.mergeAll(ids, &long); n != 2 {
			return allMerges(tokens, byText), nil
		}
		merges = append(merges, [2]string{texts[ids[0]], texts[ids[1]]})
		m.merges.set(ids[0], ids[1], merge{t.ID, t.ID})
	}
	return merges, nil
}

// allMerges lists every pair of tokens that spells a token.
func allMerges(tokens []Token, byText map[string]uint32) [][2]string {
	var merges [][2]string
	for _, t := range tokens {
		for i := 1; i < len(t.Text); i++ {
			a, b := t.Text[:i], t.Text[i:]
			if _, ok := byText[a]; !ok {
				continue
			}
			if _, ok := byText[b]; ok {
				merges = append(merges, [2]string{a, b})
			}
		}
	}
	return merges
}
