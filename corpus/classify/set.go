package classify

import "fmt"

// set is the features of documents with their labels. It is held in pieces: lists that grow would be copied, and take their memory
// twice meanwhile.
type set struct {
	pieces  [][]feature
	records [][]record
	n       int
	bytes   int64 // held
}

// record says where a document's features are, and its label.
type record struct{ piece, start, end, label uint32 }

const (
	pieceFeatures = 1 << 17
	pieceRecords  = 1 << 10
	featureBytes  = 8
	recordBytes   = 16
)

// add takes a document.
func (s *set) add(x []feature, label int) {
	last := len(s.pieces) - 1
	if last < 0 || cap(s.pieces[last])-len(s.pieces[last]) < len(x) {
		s.pieces = append(s.pieces, make([]feature, 0, max(pieceFeatures, len(x))))
		last++
		s.bytes += featureBytes * int64(cap(s.pieces[last]))
	}
	if s.n%pieceRecords == 0 {
		s.records = append(s.records, make([]record, pieceRecords))
		s.bytes += recordBytes * pieceRecords
	}
	start := len(s.pieces[last])
	s.pieces[last] = append(s.pieces[last], x...)
	*s.at(s.n) = record{uint32(last), uint32(start), uint32(start + len(x)), uint32(label)}
	s.n++
}

func (s *set) at(i int) *record { return &s.records[i/pieceRecords][i%pieceRecords] }

// of returns the features of a document.
func (s *set) of(i int) []feature {
	r := s.at(i)
	return s.pieces[r.piece][r.start:r.end]
}

func (s *set) label(i int) int { return int(s.at(i).label) }

// labels returns the labels of all documents.
func (s *set) labels() []int {
	all := make([]int, s.n)
	for i := range all {
		all[i] = s.label(i)
	}
	return all
}

// held is what the training holds, and will before it is over: features, the order of documents, weights with what AdaGrad sums of them
// and the best of them, and the probabilities of a part that is measured.
func (t *trainer) held() int64 {
	sum, measured := int64(0), 0
	for p := range t.parts {
		sum += t.parts[p].bytes
		if p != int(toTrain) {
			measured = max(measured, t.parts[p].n)
		}
	}
	const (
		orderBytes   = 8
		weightBytes  = 3 * 4
		measureBytes = 64 // a list's head, the label, a point of the ROC curve, what the calibration looks at
	)
	k := int64(outputs(min(len(t.labels), maxLabels))) // more are refused in the end
	return sum + orderBytes*int64(t.parts[toTrain].n) + weightBytes*k<<t.Options.Bits + int64(measured)*(measureBytes+16*int64(len(t.labels)))
}

// within refuses to go on where the memory does not suffice.
func (t *trainer) within() error {
	if t.Memory <= 0 || t.held() <= t.Memory {
		return nil
	}
	var documents int
	var bytes int64
	for p := range t.parts {
		documents += t.parts[p].n
		bytes += t.parts[p].bytes
	}
	return fmt.Errorf("classify: %d documents with %d labels take %d bytes, %d of them for features, want at most %d: give fewer documents, a smaller max_bytes, fewer bits or more memory",
		documents, len(t.labels), t.held(), bytes, t.Memory)
}
