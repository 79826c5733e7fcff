package boilerplate

import (
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
	// decisionsFile has the hashes of all boilerplate in order, 8 bytes each, big-endian, behind the magic.
	decisionsFile = "boilerplate"
	magic         = "ATHBOIL1"

	// A sorted record is group, zone, hash; a document has one with zone and hash 0, so that the documents of a group are counted
	// before its lines are.
	recordSize = 17
)

// Merge counts in how many documents of its source each line is.
func (p *pass) Merge(ctx context.Context, m corpus.Merge) error {
	count, err := extsort.New(extsort.Options{Size: recordSize, Memory: p.env.Memory * 3 / 4, Dir: m.Dir, Workers: p.env.Workers})
	if err != nil {
		return fmt.Errorf("boilerplate: %w", err)
	}
	defer count.Close()
	if err := addRecords(ctx, m, count); err != nil {
		return err
	}
	found, err := extsort.New(extsort.Options{Size: 8, Memory: p.env.Memory / 4, Dir: m.Dir, Workers: p.env.Workers})
	if err != nil {
		return fmt.Errorf("boilerplate: %w", err)
	}
	defer found.Close()
	t := tally{s: &p.s, found: found}
	if err := t.read(count); err != nil {
		return fmt.Errorf("boilerplate: count lines: %w", err)
	}
	t.report(m)
	if err := writeDecisions(filepath.Join(m.Dir, decisionsFile), found); err != nil {
		return fmt.Errorf("boilerplate: write what was found: %w", err)
	}
	return nil
}

// addRecords gives the collected records to the sort.
func addRecords(ctx context.Context, m corpus.Merge, to *extsort.Sorter) error {
	var record [recordSize]byte
	documents := int64(0)
	for task, open := range m.Tasks {
		r, err := open()
		if err != nil {
			return fmt.Errorf("boilerplate: open the records of task %d: %w", task, err)
		}
		err = func() error {
			defer r.Close()
			for {
				rec, err := r.Next()
				if err == io.EOF {
					return nil
				} else if err != nil {
					return err
				}
				if len(rec) < 8 || (len(rec)-8)%9 != 0 {
					return fmt.Errorf("a record of %d bytes, want 8 and a multiple of 9", len(rec))
				}
				copy(record[:8], rec)
				clear(record[8:])
				if err := to.Add(record[:]); err != nil {
					return err
				}
				for rec = rec[8:]; len(rec) > 0; rec = rec[9:] {
					record[8] = rec[8]
					copy(record[9:], rec[:8])
					if err := to.Add(record[:]); err != nil {
						return err
					}
				}
				if documents++; documents%1024 == 0 {
					if m.Progress != nil {
						m.Progress(documents)
					}
					if err := ctx.Err(); err != nil {
						return err
					}
				}
			}
		}()
		if err != nil {
			return fmt.Errorf("boilerplate: read the records of task %d: %w", task, err)
		}
	}
	return nil
}

// tally goes through the sorted records and keeps what is boilerplate.
type tally struct {
	s         *Settings
	found     *extsort.Sorter
	groups    int64
	documents int64 // of the group
	lines     [3]int64
	classes   [len(classLimits)]float64 // found, by the documents they are in
}

// classLimits are the ends of the chart's classes.
var classLimits = [...]int64{20, 50, 100, 500, 1000, 10_000, 1 << 62}

var classLabels = []string{"< 20", "< 50", "< 100", "< 500", "< 1,000", "< 10,000", "10,000 and more"}

func (t *tally) read(sorted *extsort.Sorter) error {
	r, err := sorted.Sort()
	if err != nil {
		return err
	}
	var last [recordSize]byte
	n := int64(0)
	for {
		rec, err := r.Next()
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		if err == nil && n > 0 && string(rec) == string(last[:]) {
			n++
			continue
		}
		if n > 0 {
			if err := t.end(last[:], n); err != nil {
				return err
			}
		}
		if err != nil {
			return nil
		}
		copy(last[:], rec)
		n = 1
	}
}

// end takes the number of documents a record was in.
func (t *tally) end(record []byte, n int64) error {
	zone := record[8]
	rule, kind := t.s.Edges, 1
	switch zone {
	case 0:
		t.groups++
		t.documents = n
		return nil
	case zoneAnywhere:
		rule, kind = t.s.Anywhere, 0
	case zoneCell:
		kind = 2
	}
	if n < int64(rule.MinDocuments) || float64(n) < rule.MinShare*float64(t.documents) {
		return nil
	}
	t.lines[kind]++
	for i, limit := range classLimits {
		if n < limit {
			t.classes[i]++
			break
		}
	}
	return t.found.Add(record[9:])
}

func (t *tally) report(m corpus.Merge) {
	if m.Stats != nil {
		m.Stats("sources", float64(t.groups))
		m.Stats("lines anywhere", float64(t.lines[0]))
		m.Stats("lines at edges", float64(t.lines[1]))
		m.Stats("cells", float64(t.lines[2]))
	}
	if m.Chart != nil {
		m.Chart("documents a line of boilerplate is in", classLabels, t.classes[:])
	}
}

// writeDecisions writes the hashes in order, each once.
func writeDecisions(path string, found *extsort.Sorter) (err error) {
	r, err := found.Sort()
	if err != nil {
		return err
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	out := append(make([]byte, 0, 1<<16), magic...)
	last, any := uint64(0), false
	for {
		rec, err := r.Next()
		if errors.Is(err, io.EOF) {
			_, err := f.Write(out)
			return err
		} else if err != nil {
			return err
		}
		key := binary.BigEndian.Uint64(rec)
		if any && key == last {
			continue
		}
		last, any = key, true
		if out = append(out, rec...); len(out) > cap(out)-8 {
			if _, err := f.Write(out); err != nil {
				return err
			}
			out = out[:0]
		}
	}
}
