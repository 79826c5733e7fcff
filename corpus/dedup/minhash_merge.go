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
	"path/filepath"

	"github.com/athanor-lm/athanor/corpus"
	"github.com/athanor-lm/athanor/corpus/internal/extsort"
)

const (
	bandBytes   = 8
	numberBytes = 4 // a document among those that have a signature
	rowBytes    = headBytes + seqBytes + nameBytes
	// window is how many of the documents before it in a band a document is verified with, beside the band's first.
	window = 8
)

// clustering is a merge of signatures.
type clustering struct {
	*merge
	p     *minhash
	bands *extsort.Sorter // band's hash, to verify the tie's hash, document
	docs  uint64
	rows  *os.File // rank, tie's hash, number in the corpus, place of the name of each document
	sigs  *os.File // its signature, to verify
	sets  *sets
}

// Merge finds the clusters: equal hashes of bands are neighbours once they are sorted.
func (p *minhash) Merge(ctx context.Context, cm corpus.Merge) (err error) {
	m, err := begin(cm, p.env)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, m.close()) }()
	c := &clustering{merge: m, p: p}
	if err := c.read(ctx); err != nil {
		return err
	}
	c.sets, err = newSets(c.docs, m.env.Memory/4, m.tmp)
	if err != nil {
		return err
	}
	m.files = append(m.files, c.sets)
	if err := c.join(ctx); err != nil {
		return err
	}
	if err := c.bands.Close(); err != nil {
		return err
	}
	m.stat("documents with a signature", float64(c.docs))
	return c.choose(ctx)
}

// read takes the records apart: bands to sort, and files of what is needed of each document later.
func (c *clustering) read(ctx context.Context) error {
	verify := c.p.s.Verify > 0
	size := bandBytes + numberBytes
	body := c.p.s.Bands * bandBytes
	want := body
	if verify {
		size += 8
		want += c.p.s.Bands * c.p.s.Rows
	}
	var err error
	if c.bands, err = c.sorter(size, 45, false); err != nil {
		return err
	}
	names, err := c.names()
	if err != nil {
		return err
	}
	rows, err := c.spool("rows", &c.rows)
	if err != nil {
		return err
	}
	sigs, err := c.spool("signatures", &c.sigs)
	if err != nil {
		return err
	}
	rec, row := make([]byte, size), make([]byte, rowBytes)
	err = c.walk(ctx, func(e *entry) error {
		if len(e.body) != want {
			return fmt.Errorf("a signature of %d bytes, want %d", len(e.body), want)
		}
		if c.docs == maxClustered {
			return errTooMany
		}
		at, err := names.add(e.id)
		if err != nil {
			return err
		}
		n := copy(row, e.head)
		putUint(putUint(row[n:], e.seq, seqBytes), at, nameBytes)
		if _, err := rows.Write(row); err != nil {
			return fmt.Errorf("dedup: write rows of documents: %w", err)
		}
		if _, err := sigs.Write(e.body[body:]); err != nil {
			return fmt.Errorf("dedup: write signatures: %w", err)
		}
		if verify {
			copy(rec[bandBytes:], e.head[8:])
		}
		putUint(rec[size-numberBytes:], c.docs, numberBytes)
		c.docs++
		for band := range c.p.s.Bands {
			copy(rec, e.body[band*bandBytes:(band+1)*bandBytes])
			if err := c.bands.Add(rec); err != nil {
				return err
			}
		}
		return nil
	})
	return errors.Join(err, names.end(), rows.Flush(), sigs.Flush())
}

// spool makes a temporary file to write through a buffer.
func (m *merge) spool(name string, f **os.File) (*bufio.Writer, error) {
	var err error
	if *f, err = os.Create(filepath.Join(m.tmp, name)); err != nil {
		return nil, fmt.Errorf("dedup: %w", err)
	}
	m.files = append(m.files, *f)
	return bufio.NewWriterSize(*f, 1<<18), nil
}

// join unites documents that share a band's hash, and marks those of earlier corpora.
func (c *clustering) join(ctx context.Context) error {
	old, save, err := c.indexes(&c.p.s.Earlier, c.p.shape(), bandBytes)
	if err != nil {
		return err
	}
	var pairs *pairing
	if c.p.s.Verify > 0 {
		if pairs, err = c.pairing(); err != nil {
			return err
		}
	}
	r, err := c.bands.Sort()
	if err != nil {
		return err
	}
	var hash []byte
	var first uint32
	var seen bool // an earlier corpus has the band
	err = each(ctx, r, func(rec []byte) error {
		i := binary.BigEndian.Uint32(rec[len(rec)-numberBytes:])
		if len(hash) == 0 || !bytes.Equal(rec[:bandBytes], hash) {
			hash, first = append(hash[:0], rec[:bandBytes]...), i
			if err := save.add(hash); err != nil {
				return err
			}
			var err error
			if seen, err = old.has(hash); seen {
				c.sets.old.set(i)
			}
			if pairs != nil {
				pairs.begin(i)
			}
			return err
		}
		if pairs != nil {
			if seen {
				c.sets.old.set(i)
			}
			return pairs.add(i)
		}
		c.sets.union(first, i)
		return nil
	})
	if err == nil {
		err = old.drain()
	}
	if err == nil && pairs != nil {
		err = pairs.verify(ctx)
	}
	if err != nil {
		return err
	}
	return save.end()
}

// choose drops all documents of a cluster but one, and all that an earlier corpus has.
func (c *clustering) choose(ctx context.Context) error {
	members, err := c.sorter(numberBytes+rowBytes, 40, false)
	if err != nil {
		return err
	}
	out, err := c.dropper(20)
	if err != nil {
		return err
	}
	c.sets.spread()
	if _, err := c.rows.Seek(0, io.SeekStart); err != nil {
		return fmt.Errorf("dedup: read rows of documents: %w", err)
	}
	rows := bufio.NewReaderSize(c.rows, 1<<18)
	rec := make([]byte, numberBytes+rowBytes)
	for i := range uint32(c.docs) {
		if i%65536 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		if _, err := io.ReadFull(rows, rec[numberBytes:]); err != nil {
			return fmt.Errorf("dedup: read rows of documents: %w", err)
		}
		root := c.sets.find(i)
		if c.sets.old.has(root) {
			out.earlier++
			err = out.drop(getUint(rec[numberBytes+headBytes:], seqBytes), 0)
		} else if c.sets.joined.has(i) {
			binary.BigEndian.PutUint32(rec, root)
			err = members.Add(rec)
		}
		if err != nil {
			return err
		}
	}
	r, err := members.Sort()
	if err != nil {
		return err
	}
	var root, size int64
	var stays uint64
	err = each(ctx, r, func(rec []byte) error {
		if at := int64(binary.BigEndian.Uint32(rec)); size == 0 || at != root {
			out.sizes.add(size)
			root, size = at, 1
			stays = getUint(rec[numberBytes+headBytes+seqBytes:], nameBytes)
			return nil
		}
		size++
		return out.drop(getUint(rec[numberBytes+headBytes:], seqBytes), stays)
	})
	if err != nil {
		return err
	}
	out.sizes.add(size)
	return out.write(ctx)
}
