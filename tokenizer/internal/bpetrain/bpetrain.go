// Package bpetrain learns byte-level BPE vocabularies (Sennrich et al. 2016)
// from any amount of text in bounded memory.
//
// Count cuts documents into pieces and counts them, in parallel. Tables that
// outgrow their share of the memory are spilled: written to disk in parts by
// the hash of the piece, to be added up part by part later. Counts are exact
// whatever was spilled. Plan adds up the counts once and decides, from the
// totals alone, whether the learner has room for all distinct pieces; where it
// has not, the pieces that occur least are left out, all those with a count
// below a threshold. Learn then merges the most frequent pair over and over.
//
// The result is a function of the multiset of documents and the settings: not
// of their order, the number of workers, or what was spilled when.
package bpetrain

import (
	"errors"
	"fmt"
)

const (
	partBits = 8
	parts    = 1 << partBits // of a spilled table, and of the adding up

	// countLimit bounds the sum of all counts times the bytes they count, so
	// that no count of a pair can overflow.
	countLimit = 1 << 62

	// MinMemory is the least memory limit that Count takes.
	MinMemory = 32 << 20
)

// errOverflow is what adding up returns beyond countLimit.
var errOverflow = errors.New("the text has more than 2^62 bytes: counts would overflow")

// Report says what a training went through.
type Report struct {
	Documents   int64 `json:"documents"`
	Bytes       int64 `json:"bytes"`       // of text
	Occurrences int64 `json:"occurrences"` // of pieces in the text
	Pieces      int64 `json:"pieces"`      // distinct ones
	Resumed     int64 `json:"resumed"`     // documents counted before an interruption

	Spills       int   `json:"spills"`        // times the tables were written out
	SpilledBytes int64 `json:"spilled_bytes"` // in all

	Threshold         int64   `json:"threshold"`          // pieces that occur less often were left out; 0 or 1: none
	PrunedPieces      int64   `json:"pruned_pieces"`      // distinct ones left out
	PrunedOccurrences int64   `json:"pruned_occurrences"` // of them in the text
	PrunedShare       float64 `json:"pruned_share"`       // of all occurrences

	PeakEstimate int64 `json:"peak_estimate"` // bytes the training held at most, by its own reckoning
}

// String is one line for people.
func (r Report) String() string {
	s := fmt.Sprintf("%d documents, %d bytes, %d pieces, %d distinct", r.Documents, r.Bytes, r.Occurrences, r.Pieces)
	if r.Spills > 0 {
		s += fmt.Sprintf("; spilled %d times, %d bytes", r.Spills, r.SpilledBytes)
	}
	if r.PrunedPieces > 0 {
		s += fmt.Sprintf("; left out %d that occur less than %d times, %.3g %% of all occurrences", r.PrunedPieces, r.Threshold, 100*r.PrunedShare)
	}
	return s
}
