package report

import (
	"cmp"
	"slices"
	"strings"

	"github.com/athanor-lm/athanor/corpus/pipeline"
	"github.com/athanor-lm/athanor/runlog"
)

// histogram draws the lengths of documents, behind the recipe's first step and its last, a pair of columns for each power of two.
type histogram struct {
	Width, Height int // of the drawing, with the labels
	Base          int // where columns stand
	Columns       []column
}

// column is a pair: x and heights in units of the drawing.
type column struct {
	X               int
	In, Out         int // heights
	InDocs, OutDocs int64
	Label           string // every second one has one
	From, To        string
}

// InTop is the top of the first column.
func (c column) InTop() int { return columnBase - c.In }

// OutX is where the second column begins.
func (c column) OutX() int { return c.X + columnWidth }

// OutTop is the top of the second column.
func (c column) OutTop() int { return columnBase - c.Out }

// LabelY is the label's base line.
func (c column) LabelY() int { return columnBase + 16 }

const (
	columnBase   = columnHeight + 10
	columnWidth  = 14
	columnStep   = 36
	columnHeight = 150
)

func newHistogram(in, out pipeline.Lengths) *histogram {
	n := max(len(in), len(out))
	in, out = longer(in, n), longer(out, n)
	first, last, most := n, -1, int64(1)
	for i := range n {
		if in[i] > 0 || out[i] > 0 {
			first, last = min(first, i), i
		}
		most = max(most, in[i], out[i])
	}
	if last < 0 {
		return nil
	}
	h := &histogram{Width: (last-first+1)*columnStep + 20, Height: columnBase + 30, Base: columnBase}
	for i := first; i <= last; i++ {
		c := column{X: 10 + (i-first)*columnStep, In: tall(in[i], most), Out: tall(out[i], most), InDocs: in[i], OutDocs: out[i]}
		lo := int64(0)
		if i > 0 {
			lo = 1 << (i - 1)
		}
		c.From, c.To = runlog.Bytes(lo), runlog.Bytes(1<<i)
		if (i-first)%2 == 0 {
			c.Label = strings.ReplaceAll(c.From, ".00", "")
		}
		h.Columns = append(h.Columns, c)
	}
	return h
}

// tall is a count's height: at least one unit where there is anything.
func tall(n, most int64) int {
	if n == 0 {
		return 0
	}
	return max(int(n*columnHeight/most), 1)
}

// longer is a copy of l of n elements.
func longer(l pipeline.Lengths, n int) pipeline.Lengths {
	out := make(pipeline.Lengths, n)
	copy(out, l)
	return out
}

// sortCounts puts the largest first.
func sortCounts(c []pipeline.NamedCount) {
	slices.SortStableFunc(c, func(a, b pipeline.NamedCount) int { return cmp.Compare(b.N, a.N) })
}
