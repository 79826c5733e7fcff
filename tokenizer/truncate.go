package tokenizer

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
)

// truncation is tokenizer.json's, with the reference's rules.
type truncation struct {
	MaxLength int    `json:"max_length"`
	Strategy  string `json:"strategy"`  // LongestFirst, OnlyFirst, OnlySecond
	Stride    int    `json:"stride"`    // ids that a piece of overflow repeats
	Direction string `json:"direction"` // the side that is cut off
}

func parseTruncation(data json.RawMessage) (*truncation, error) {
	if isNull(data) {
		return nil, nil
	}
	t := &truncation{Direction: "Right"}
	if err := decodeJSON(data, t); err != nil {
		return nil, fmt.Errorf("truncation: %w", err)
	}
	if !slices.Contains([]string{"LongestFirst", "OnlyFirst", "OnlySecond"}, t.Strategy) {
		return nil, fmt.Errorf("truncation: strategy is %q, want LongestFirst, OnlyFirst or OnlySecond", t.Strategy)
	}
	if t.Direction != "Left" && t.Direction != "Right" {
		return nil, fmt.Errorf("truncation: direction is %q, want Left or Right", t.Direction)
	}
	if t.MaxLength < 0 || t.Stride < 0 {
		return nil, fmt.Errorf("truncation: max_length is %d and stride %d, want 0 or more", t.MaxLength, t.Stride)
	}
	return t, nil
}

// cut truncates one or two encodings; added is how many ids the template will
// add.
func (t *truncation) cut(list []encoding, added int) error {
	limit := t.MaxLength - added
	if limit < 0 {
		return fmt.Errorf("truncation: max_length %d leaves no room for the %d tokens of the template", t.MaxLength, added)
	}
	total := 0
	for k := range list {
		total += len(list[k].rows)
	}
	if limit == 0 {
		for k := range list {
			if err := list[k].truncate(0, t.Stride, t.Direction); err != nil {
				return err
			}
		}
		return nil
	}
	remove := total - limit
	if remove <= 0 {
		return nil
	}
	if t.Strategy == "LongestFirst" {
		if len(list) == 1 {
			return list[0].truncate(limit, t.Stride, t.Direction)
		}
		a, b := shares(len(list[0].rows), len(list[1].rows), limit)
		return errors.Join(list[0].truncate(a, t.Stride, t.Direction), list[1].truncate(b, t.Stride, t.Direction))
	}
	target := &list[0]
	if t.Strategy == "OnlySecond" {
		if len(list) < 2 {
			return errors.New("truncation: the second text is to be cut, and there is none")
		}
		target = &list[1]
	}
	n := len(target.rows) - remove
	if n <= 0 {
		return fmt.Errorf("truncation: %d ids are to be cut off a text of %d", remove, len(target.rows))
	}
	return target.truncate(n, t.Stride, t.Direction)
}

// shares says how long two texts of a and b ids may be so that together they
// have at most limit: the longer one is cut first.
func shares(a, b, limit int) (int, int) {
	short, long, swapped := a, b, false
	if short > long {
		short, long, swapped = long, short, true
	}
	if short > limit {
		long = short
	} else {
		long = max(short, limit-short)
	}
	if short+long > limit {
		short = limit / 2
		long = short + limit%2
	}
	if swapped {
		return long, short
	}
	return short, long
}

// truncate cuts an encoding to n ids; the rest becomes overflow.
func (e *encoding) truncate(n, stride int, direction string) error {
	if n >= len(e.rows) {
		return nil
	}
	if n == 0 {
		e.overflow = append(e.overflow, encoding{text: e.text, rows: e.rows})
		e.rows = nil
		return nil
	}
	if stride >= n {
		return fmt.Errorf("truncation: stride %d, want less than the %d ids that are left of max_length", stride, n)
	}
	rows, step := e.rows, n-stride
	var parts []encoding
	if direction == "Right" {
		for lo := 0; ; lo += step {
			hi := min(lo+n, len(rows))
			parts = append(parts, encoding{text: e.text, rows: rows[lo:hi:hi]})
			if hi == len(rows) {
				break
			}
		}
	} else {
		for hi := len(rows); ; hi -= step {
			lo := max(hi-n, 0)
			parts = append(parts, encoding{text: e.text, rows: rows[lo:hi:hi]})
			if lo == 0 {
				break
			}
		}
	}
	for k := range parts {
		parts[k].rows = slices.Clone(parts[k].rows)
	}
	e.rows, e.overflow = parts[0].rows, parts[1:]
	return nil
}

// padding is tokenizer.json's.
type padding struct {
	Strategy  json.RawMessage `json:"strategy"` // "BatchLongest" or {"Fixed": n}
	Direction string          `json:"direction"`
	Multiple  *int            `json:"pad_to_multiple_of"`
	ID        uint32          `json:"pad_id"`
	TypeID    uint32          `json:"pad_type_id"`
	Token     string          `json:"pad_token"`

	fixed int // -1 for BatchLongest
}

// maxPadding bounds Fixed and the multiple, so that a file cannot claim
// gigabytes.
const maxPadding = 1 << 24

func parsePadding(data json.RawMessage) (*padding, error) {
	if isNull(data) {
		return nil, nil
	}
	p := &padding{Direction: "Right", fixed: -1}
	if err := decodeJSON(data, p); err != nil {
		return nil, fmt.Errorf("padding: %w", err)
	}
	if p.Direction != "Left" && p.Direction != "Right" {
		return nil, fmt.Errorf("padding: direction is %q, want Left or Right", p.Direction)
	}
	if string(p.Strategy) != `"BatchLongest"` {
		var s struct {
			Fixed *int `json:"Fixed"`
		}
		if json.Unmarshal(p.Strategy, &s) != nil || s.Fixed == nil {
			return nil, fmt.Errorf(`padding: strategy is %s, want "BatchLongest" or {"Fixed": n}`, p.Strategy)
		}
		p.fixed = *s.Fixed
		if p.fixed < 0 || p.fixed > maxPadding {
			return nil, fmt.Errorf("padding: to %d ids, want 0 … %d", p.fixed, maxPadding)
		}
	}
	if p.Multiple != nil && (*p.Multiple < 0 || *p.Multiple > maxPadding) {
		return nil, fmt.Errorf("padding: pad_to_multiple_of is %d, want 0 … %d", *p.Multiple, maxPadding)
	}
	return p, nil
}

// pad fills up encodings, and their overflow, to one length.
func (p *padding) pad(list []*encoding) {
	n := p.fixed
	if n < 0 {
		for _, e := range list {
			n = max(n, len(e.rows))
		}
	}
	if p.Multiple != nil && *p.Multiple > 0 && n%*p.Multiple > 0 {
		n += *p.Multiple - n%*p.Multiple
	}
	for _, e := range list {
		p.fill(e, n)
	}
}

func (p *padding) fill(e *encoding, n int) {
	for k := range e.overflow {
		p.fill(&e.overflow[k], n)
	}
	missing := n - len(e.rows)
	if missing <= 0 {
		return
	}
	blank := make([]row, missing)
	for k := range blank {
		blank[k] = row{id: p.ID, typeID: p.TypeID, word: -1, special: 1}
	}
	if p.Direction == "Left" {
		e.rows = append(blank, e.rows...)
	} else {
		e.rows = append(e.rows, blank...)
	}
}
