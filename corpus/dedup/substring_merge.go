package dedup

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/athanor-lm/athanor/corpus"
	"github.com/athanor-lm/athanor/corpus/internal/extsort"
)

const (
	offsetBytes  = 6                                              // where a document's tokens begin, in tokens
	posBytes     = 4                                              // a token of a document
	placeBytes   = seqBytes + offsetBytes + posBytes              // number in the corpus, where its tokens begin, how many
	anchorBytes  = hashBytes + headBytes + numberBytes + posBytes // and where to save it: in which document
	matchBytes   = 2 * (numberBytes + posBytes)
	maxTokens    = 1<<32 - 1
	pieceOfMatch = 512 // tokens of the other document read at once
)

// matching is a merge that looks for repeated stretches.
type matching struct {
	*merge
	p       *substring
	tokens  *os.File // of all documents, one after the other
	places  *os.File // of the documents
	docs    uint64
	all     uint64 // tokens
	anchors *extsort.Sorter
	matches *extsort.Sorter
	earlier []*oldText
	saved   *indexFile
}

// shape names the settings that shape anchors.
func (p *substring) shape() string { return fmt.Sprintf("substring, tokens: %d", p.s.Tokens) }

// Merge sorts anchors by their hash, and compares the documents around equal ones.
func (p *substring) Merge(ctx context.Context, cm corpus.Merge) (err error) {
	m, err := begin(cm, p.env)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, m.close()) }()
	x := &matching{merge: m, p: p}
	size := anchorBytes
	if p.s.Save != "" {
		size += offsetBytes + posBytes
	}
	if x.anchors, err = m.sorter(size, 50, false); err != nil {
		return err
	}
	if err := x.read(ctx, make([]byte, size)); err != nil {
		return err
	}
	if err := x.open(); err != nil {
		return err
	}
	if x.matches, err = m.sorter(matchBytes, 40, true); err != nil {
		return err
	}
	if err := x.pair(ctx); err != nil {
		return err
	}
	if err := x.anchors.Close(); err != nil {
		return err
	}
	return x.compare(ctx)
}

// open opens what the settings name: earlier corpora, and the index to save.
func (x *matching) open() error {
	var err error
	if x.earlier, err = x.p.s.openTexts(x.env, x.p.shape(), x.p.s.Tokens/2); err != nil {
		return err
	}
	for _, t := range x.earlier {
		x.files = append(x.files, t)
	}
	x.saved, err = x.p.s.saveText(x.env, x.p.shape(), io.NewSectionReader(x.tokens, 0, int64(x.all)*tokenBytes), x.all)
	if x.saved != nil {
		x.files = append(x.files, x.saved)
	}
	return err
}

// read spools the tokens and finds the anchors, which have the size of rec.
func (x *matching) read(ctx context.Context, rec []byte) error {
	tokens, err := x.spool("tokens", &x.tokens)
	if err != nil {
		return err
	}
	places, err := x.spool("places", &x.places)
	if err != nil {
		return err
	}
	place := make([]byte, placeBytes)
	var doc []uint32
	var room []uint64
	err = x.walk(ctx, func(e *entry) error {
		n := len(e.body) / tokenBytes
		if len(e.body)%tokenBytes != 0 || n > maxTokens || x.docs > maxTokens {
			return fmt.Errorf("%d bytes of tokens in document %d", len(e.body), x.docs)
		}
		putUint(putUint(putUint(place, e.seq, seqBytes), x.all, offsetBytes), uint64(n), posBytes)
		if _, err := places.Write(place); err != nil {
			return fmt.Errorf("dedup: write places of documents: %w", err)
		}
		if _, err := tokens.Write(e.body); err != nil {
			return fmt.Errorf("dedup: write tokens: %w", err)
		}
		doc = decodeTokens(doc, e.body)
		copy(rec[hashBytes:], e.head)
		rest := putUint(rec[hashBytes+headBytes:], x.docs, numberBytes)
		copy(rest[posBytes:], place[seqBytes:]) // where there is room for it
		room, err = winnow(doc, x.p.s.Tokens, room, func(pos int, hash uint64) error {
			binary.BigEndian.PutUint64(rec, hash)
			putUint(rest, uint64(pos), posBytes)
			return x.anchors.Add(rec)
		})
		x.all += uint64(n)
		x.docs++
		return err
	})
	return errors.Join(err, tokens.Flush(), places.Flush())
}

func decodeTokens(dst []uint32, b []byte) []uint32 {
	dst = dst[:0]
	for ; len(b) >= tokenBytes; b = b[tokenBytes:] {
		dst = append(dst, binary.LittleEndian.Uint32(b))
	}
	return dst
}

// pair gathers, for each anchor that occurred before, where it is and where it occurred.
func (x *matching) pair(ctx context.Context) error {
	r, err := x.anchors.Sort()
	if err != nil {
		return err
	}
	const where = numberBytes + posBytes
	var hash []byte
	var before [1 + window][where]byte // the first, then the latest
	n := 0
	old := &oldPlaces{x: x, w: bufio.NewWriterSize(x.places, 1<<16)} // behind those that read wrote
	var rec [matchBytes]byte
	err = each(ctx, r, func(a []byte) error {
		if n == 0 || !bytes.Equal(a[:hashBytes], hash) {
			hash, n = append(hash[:0], a[:hashBytes]...), 0
			if err := old.find(hash); err != nil {
				return err
			}
		}
		here := a[hashBytes+headBytes:]
		copy(rec[:where], here)
		for _, others := range [...][][where]byte{old.at, before[:min(n, len(before))]} {
			for _, b := range others {
				copy(rec[where:], b[:])
				if err := x.matches.Add(rec[:]); err != nil {
					return err
				}
			}
		}
		if n < len(before) {
			copy(before[n][:], here)
			if err := x.save(hash, here); err != nil {
				return err
			}
		} else {
			copy(before[1+(n-1)%window][:], here)
		}
		n++
		return nil
	})
	x.stat("anchors", float64(x.anchors.Len()))
	x.stat("candidates", float64(x.matches.Len()))
	if err != nil {
		return err
	}
	for _, t := range x.earlier {
		if err := t.drain(); err != nil {
			return err
		}
	}
	if len(x.earlier) > 0 {
		x.stat("places in earlier corpora", float64(old.n))
	}
	if err := old.w.Flush(); err != nil {
		return fmt.Errorf("dedup: write places of documents: %w", err)
	}
	return nil
}

// place reads where a document's tokens are.
func (x *matching) place(doc uint32) (seq, at, n uint64, err error) {
	var room [placeBytes]byte
	if _, err := x.places.ReadAt(room[:], int64(doc)*placeBytes); err != nil {
		return 0, 0, 0, fmt.Errorf("dedup: read the place of document %d: %w", doc, err)
	}
	return getUint(room[:], seqBytes), getUint(room[seqBytes:], offsetBytes), getUint(room[seqBytes+offsetBytes:], posBytes), nil
}

// readTokens reads tokens of a corpus, counted from the first document's first.
func readTokens(from io.ReaderAt, dst []uint32, at, n uint64, room []byte) ([]uint32, []byte, error) {
	if need := int(n) * tokenBytes; cap(room) < need {
		room = make([]byte, need)
	} else {
		room = room[:need]
	}
	if _, err := from.ReadAt(room, int64(at)*tokenBytes); err != nil {
		return dst, room, fmt.Errorf("dedup: read %d tokens at %d: %w", n, at, err)
	}
	return decodeTokens(dst, room), room, nil
}

// compare goes through the documents that have anchors of others, in order, and writes what is to be cut of them.
func (x *matching) compare(ctx context.Context) error {
	r, err := x.matches.Sort()
	if err != nil {
		return err
	}
	w, err := newDecisions(x.Dir, kindStretches, x.merge.docs)
	if err != nil {
		return err
	}
	x.files = append(x.files, closed{w.f})
	d := &document{x: x, length: x.p.s.Tokens, done: map[diagonal]int{}}
	var docs, tokens float64
	finish := func() error {
		what := union(d.cut)
		if len(what) == 0 {
			return nil
		}
		docs++
		for _, s := range what {
			tokens += float64(s.end - s.start)
		}
		return w.put(d.seq, appendStretches(nil, what))
	}
	for first := true; ; first = false {
		rec, end := r.Next()
		if end == nil && !first && binary.BigEndian.Uint32(rec) == d.number {
			if err := d.match(rec); err != nil {
				return err
			}
			continue
		}
		if !first {
			if err := finish(); err != nil {
				return err
			}
		}
		if end != nil {
			if err := ended(end); err != nil {
				return err
			}
			break
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := d.begin(binary.BigEndian.Uint32(rec)); err != nil {
			return err
		}
		if err := d.match(rec); err != nil {
			return err
		}
	}
	x.stat("documents to be cut", docs)
	x.stat("tokens to be cut", tokens)
	if err := w.end(); err != nil || x.saved == nil {
		return err
	}
	return x.saved.commit()
}

// document is the one that is compared with others.
type document struct {
	x      *matching
	length int
	number uint32
	seq    uint64
	tokens []uint32
	from   io.ReaderAt // tokens of the other document's corpus
	other  []uint32
	room   []byte
	// done says how far, in this document, it is compared with another one at a distance.
	done map[diagonal]int
	cut  []stretch
}

type diagonal struct {
	corpus   int    // 0 = this one, else one of the earlier
	other    uint64 // a document's number, of earlier corpora its first token's
	distance int64
}

func (d *document) begin(number uint32) error {
	seq, at, n, err := d.x.place(number)
	if err != nil {
		return err
	}
	d.number, d.seq, d.cut = number, seq, d.cut[:0]
	clear(d.done)
	d.tokens, d.room, err = readTokens(d.x.tokens, d.tokens, at, n, d.room)
	return err
}

// match extends an equal anchor to the left and right as far as the documents agree.
func (d *document) match(rec []byte) error {
	here := int(binary.BigEndian.Uint32(rec[numberBytes:]))
	other := binary.BigEndian.Uint32(rec[numberBytes+posBytes:])
	there := int(binary.BigEndian.Uint32(rec[2*numberBytes+posBytes:]))
	diag := diagonal{0, uint64(other), int64(here) - int64(there)}
	if uint64(other) < d.x.docs && here < d.done[diag] {
		return nil
	}
	seq, at, n, err := d.x.place(other)
	if err != nil {
		return err
	}
	d.from = d.x.tokens
	if uint64(other) >= d.x.docs {
		d.from, diag.corpus, diag.other = d.x.earlier[seq].tokens, 1+int(seq), at
		if here < d.done[diag] {
			return nil
		}
	}
	right, err := d.agree(here, at, uint64(there), n)
	if err != nil {
		return err
	}
	left, err := d.agreeBack(here, at, uint64(there))
	if err != nil {
		return err
	}
	d.done[diag] = max(here+right, here+1)
	s := stretch{here - left, here + right}
	if distance := here - there; other == d.number && distance < d.length {
		// A stretch that goes over into its own repetition: what is less than a whole length behind the first stays.
		s.start += (d.length+distance-1)/distance*distance - distance
	}
	if s.end-s.start >= d.length {
		d.cut = append(d.cut, s)
	}
	return nil
}

// agree counts tokens from here on that equal those of another document of n tokens, which begins at and is read from there.
func (d *document) agree(here int, at, there, n uint64) (int, error) {
	same := 0
	for there < n && here+same < len(d.tokens) {
		size := min(n-there, pieceOfMatch)
		var err error
		if d.other, d.room, err = readTokens(d.from, d.other, at+there, size, d.room); err != nil {
			return 0, err
		}
		for _, t := range d.other {
			if here+same == len(d.tokens) || d.tokens[here+same] != t {
				return same, nil
			}
			same++
		}
		there += size
	}
	return same, nil
}

// agreeBack counts tokens before here that equal those before there.
func (d *document) agreeBack(here int, at, there uint64) (int, error) {
	same := 0
	for there > 0 && same < here {
		size := min(there, pieceOfMatch)
		there -= size
		var err error
		if d.other, d.room, err = readTokens(d.from, d.other, at+there, size, d.room); err != nil {
			return 0, err
		}
		for i := len(d.other) - 1; i >= 0; i-- {
			if same == here || d.tokens[here-1-same] != d.other[i] {
				return same, nil
			}
			same++
		}
	}
	return same, nil
}
