package dedup

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/athanor-lm/athanor/corpus"
	"github.com/zeebo/xxh3"
)

// A text index is what the search for repeated stretches has to know of an earlier corpus: its tokens, and its anchors in the order of
// their hashes.
//
//	magic, u16 length and text of the settings, u64 number of tokens, tokens of u32, u64 xxh3 of all that,
//	anchors, u64 xxh3 of them   (little endian)
//
// An anchor is its hash, then where it is: the document's place among the tokens, how many it has, and which of them the anchor begins at
// (big endian).
const (
	textMagic       = "ATHTEXT1"
	whereBytes      = offsetBytes + posBytes + posBytes
	textAnchorBytes = hashBytes + whereBytes
	sumBytes        = 8
)

// saveText begins the index the settings ask for, with all tokens; nil where they ask for none.
func (e *Earlier) saveText(env corpus.Env, settings string, tokens io.Reader, n uint64) (*indexFile, error) {
	f, err := e.create(env)
	if f == nil {
		return nil, err
	}
	err = f.write(binary.LittleEndian.AppendUint64(indexHead(textMagic, settings), n))
	if err == nil {
		if _, err = io.Copy(io.MultiWriter(f.w, f.hash), tokens); err != nil {
			err = fmt.Errorf("dedup: save the index %s: %w", f.path, err)
		}
	}
	if err == nil {
		err = f.seal()
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// oldText is an earlier corpus.
type oldText struct {
	path   string
	c      io.Closer
	tokens io.ReaderAt
	n      uint64 // of tokens
	gram   uint64 // tokens of an anchor
	r      *bufio.Reader
	left   uint64 // anchors not yet read
	hash   *xxh3.Hasher
	at     []byte // the anchor at hand, empty at the end
}

// openTexts opens the indexes of earlier corpora.
func (e *Earlier) openTexts(env corpus.Env, settings string, gram int) ([]*oldText, error) {
	var all []*oldText
	for _, p := range e.Against {
		var x *oldText
		f, err := openIndex(env.Path(p), func(f readerAt, size int64) (err error) {
			x, err = readText(f, size, settings, gram)
			return err
		})
		if err != nil {
			err = fmt.Errorf("dedup: against index %s: %w", p, err)
			for _, x := range all {
				err = errors.Join(err, x.c.Close())
			}
			return nil, err
		}
		x.path, x.c = p, f
		all = append(all, x)
	}
	return all, nil
}

// readText checks the head and the tokens, and takes the first anchor.
func readText(f io.ReaderAt, size int64, settings string, gram int) (*oldText, error) {
	all := io.NewSectionReader(f, 0, size)
	x := &oldText{gram: uint64(gram), hash: xxh3.New(), at: make([]byte, textAnchorBytes)}
	in := io.TeeReader(bufio.NewReaderSize(all, 1<<18), x.hash)
	if err := readIndexHead(in, textMagic, settings); err != nil {
		return nil, err
	}
	var number [8]byte
	if _, err := io.ReadFull(in, number[:]); err != nil {
		return nil, errDamaged
	}
	x.n = binary.LittleEndian.Uint64(number[:])
	begin := int64(len(indexHead(textMagic, settings)) + len(number))
	if left := size - begin - 2*sumBytes; left < 0 || x.n > uint64(left)/tokenBytes || (left-int64(x.n)*tokenBytes)%textAnchorBytes != 0 {
		return nil, fmt.Errorf("%w: %d tokens in %d bytes", errDamaged, x.n, size)
	}
	end := begin + int64(x.n)*tokenBytes
	if _, err := io.CopyN(io.Discard, in, int64(x.n)*tokenBytes); err != nil {
		return nil, err
	}
	sum := make([]byte, sumBytes)
	if _, err := f.ReadAt(sum, end); err != nil {
		return nil, err
	}
	if binary.LittleEndian.Uint64(sum) != x.hash.Sum64() {
		return nil, fmt.Errorf("%w: the checksum of its tokens is another", errDamaged)
	}
	x.hash.Reset()
	x.tokens = io.NewSectionReader(f, begin, int64(x.n)*tokenBytes)
	anchors := io.NewSectionReader(f, end+sumBytes, size-end-sumBytes)
	x.r, x.left = bufio.NewReaderSize(anchors, 1<<17), uint64(anchors.Size()-sumBytes)/textAnchorBytes
	return x, x.next()
}

// next takes the next anchor, and checks the sum behind the last.
func (x *oldText) next() error {
	if x.left == 0 {
		x.at = x.at[:0]
		var sum [sumBytes]byte
		if _, err := io.ReadFull(x.r, sum[:]); err != nil {
			return fmt.Errorf("index %s: %w", x.path, err)
		}
		if binary.LittleEndian.Uint64(sum[:]) != x.hash.Sum64() {
			return fmt.Errorf("index %s: %w: the checksum of its anchors is another", x.path, errDamaged)
		}
		return nil
	}
	x.left--
	if _, err := io.ReadFull(x.r, x.at); err != nil {
		return fmt.Errorf("index %s: %w", x.path, err)
	}
	x.hash.Write(x.at) //nolint:errcheck // never fails
	start, n, pos := parseWhere(x.at[hashBytes:])
	if start > x.n || n > x.n-start || pos > n || x.gram > n-pos {
		return fmt.Errorf("index %s: %w: an anchor at %d in a document of %d tokens at %d of %d", x.path, errDamaged, pos, n, start, x.n)
	}
	return nil
}

// parseWhere reads where a document's tokens begin, how many it has, and the place of an anchor among them.
func parseWhere(b []byte) (start, n, pos uint64) {
	return getUint(b, offsetBytes), getUint(b[offsetBytes:], posBytes), getUint(b[offsetBytes+posBytes:], posBytes)
}

// anchors appends where the earlier corpus has a hash, which is larger than the last asked for.
func (x *oldText) anchors(dst []byte, hash []byte) ([]byte, error) {
	for len(x.at) > 0 {
		c := bytes.Compare(x.at[:hashBytes], hash)
		if c > 0 {
			break
		}
		if c == 0 {
			dst = append(dst, x.at[hashBytes:]...)
		}
		if err := x.next(); err != nil {
			return dst, err
		}
	}
	return dst, nil
}

// drain reads the rest of the anchors, for their checksum.
func (x *oldText) drain() error {
	for len(x.at) > 0 {
		if err := x.next(); err != nil {
			return err
		}
	}
	return nil
}

// Close closes the file.
func (x *oldText) Close() error { return x.c.Close() }

// save adds an anchor to the index that is to be saved.
func (x *matching) save(hash, here []byte) error {
	if x.saved == nil {
		return nil
	}
	pos, where := here[numberBytes:numberBytes+posBytes], here[numberBytes+posBytes:]
	return x.saved.write(append(append(append(make([]byte, 0, textAnchorBytes), hash...), where...), pos...))
}

// oldPlaces finds the places of anchors in earlier corpora, and numbers the documents they are in behind this corpus's own: a document once
// for each of its anchors that is met.
type oldPlaces struct {
	x    *matching
	w    *bufio.Writer // of their places
	n    uint64
	at   [][numberBytes + posBytes]byte // of the hash asked for
	room []byte
}

// find looks a hash up, which is larger than the last.
func (o *oldPlaces) find(hash []byte) error {
	o.at = o.at[:0]
	for k, t := range o.x.earlier {
		var err error
		if o.room, err = t.anchors(o.room[:0], hash); err != nil {
			return err
		}
		for b := o.room; len(b) > 0; b = b[whereBytes:] {
			start, n, pos := parseWhere(b)
			number := o.x.docs + o.n
			if number > maxTokens {
				return fmt.Errorf("dedup: more than %d documents and places in earlier corpora", uint64(maxTokens))
			}
			var place [placeBytes]byte
			putUint(putUint(putUint(place[:], uint64(k), seqBytes), start, offsetBytes), n, posBytes)
			if _, err := o.w.Write(place[:]); err != nil {
				return fmt.Errorf("dedup: write places of documents: %w", err)
			}
			o.n++
			var at [numberBytes + posBytes]byte
			putUint(putUint(at[:], number, numberBytes), pos, posBytes)
			o.at = append(o.at, at)
		}
	}
	return nil
}
