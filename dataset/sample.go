package dataset

import "fmt"

// Packing says how windows are cut out of a split's token stream.
type Packing string

// The packings. T is the sequence length of the model.
const (
	// Concat cuts contiguous windows of T+1 tokens with stride T from the stream of all documents; attention and
	// positions run across document boundaries (GPT-2, GPT-3).
	Concat Packing = "concat"
	// Documents cuts the same windows, but says where documents start, so that attention stays within a document,
	// positions begin anew, and no token is predicted from another document (Llama 3's intra-document mask).
	Documents Packing = "documents"
	// Random draws every window's start uniformly, with replacement, as nanoGPT does.
	Random Packing = "random"
)

// Packings lists the accepted names.
func Packings() []Packing { return []Packing{Concat, Documents, Random} }

// Validate refuses an unknown name.
func (p Packing) Validate() error {
	switch p {
	case Concat, Documents, Random:
		return nil
	}
	return fmt.Errorf("dataset: packing %q is not known, want one of %v", string(p), Packings())
}

// Sample is one training sample: T+1 tokens, of which the first T are inputs and the last T their targets.
type Sample struct {
	// Tokens are T+1 ids. Those from Valid on are padding and 0.
	Tokens []int32
	// DocStart holds for each of the T+1 tokens the index, in this sample, of the first token of its document
	// that the sample holds. It is all zero where the packing ignores document boundaries.
	DocStart []int32
	// Valid is the number of tokens that are not padding: T+1 except at the end of an epoch or split.
	Valid int
	// Source is the index into SamplerConfig.Sources the sample came from.
	Source int
	// Epoch counts the passes over that source so far.
	Epoch int64
}

// NewSample returns a sample with room for sequences of seqLen.
func NewSample(seqLen int) *Sample {
	return &Sample{Tokens: make([]int32, seqLen+1), DocStart: make([]int32, seqLen+1)}
}

// fit gives the sample room for t+1 tokens; it allocates only where the sample was made for a shorter sequence.
func (s *Sample) fit(t int) {
	if cap(s.Tokens) < t+1 || cap(s.DocStart) < t+1 {
		*s = *NewSample(t)
	}
	s.Tokens, s.DocStart = s.Tokens[:t+1], s.DocStart[:t+1]
}

// fillWindow reads valid tokens of sp from position start on into s and pads the rest. A window that reaches the end
// of the stream goes on at its beginning, which is the start of a document.
func (sp *Split) fillWindow(s *Sample, start int64, valid int, documents bool) error {
	s.Valid = valid
	head := int(min(int64(valid), sp.tokens-start))
	if err := sp.Read(s.Tokens[:head], start); err != nil {
		return err
	}
	if head < valid {
		if err := sp.Read(s.Tokens[head:valid], 0); err != nil {
			return err
		}
	}
	clear(s.Tokens[valid:])
	if !documents {
		clear(s.DocStart)
		return nil
	}
	sp.markDocuments(s.DocStart[:head], start, 0)
	if head < valid {
		sp.markDocuments(s.DocStart[head:valid], 0, int32(head))
	}
	for i := valid; i < len(s.DocStart); i++ {
		s.DocStart[i] = int32(i)
	}
	return nil
}

// markDocuments writes for the tokens from stream position start on where, in the sample, their document starts;
// the first of them stands at index base of the sample.
func (sp *Split) markDocuments(dst []int32, start int64, base int32) {
	if len(dst) == 0 {
		return
	}
	doc := sp.DocAt(start)
	_, end := sp.Doc(doc)
	mark := base
	for i := range dst {
		for start+int64(i) >= end { // a while: empty documents end where they start
			doc++
			_, end = sp.Doc(doc)
			mark = base + int32(i)
		}
		dst[i] = mark
	}
}
