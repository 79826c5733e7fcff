package dataset

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync/atomic"

	"github.com/athanor-lm/athanor/corpus/read"
)

// quarantine keeps the records that were set aside, one JSON object a line. The file appears with the first of them.
type quarantine struct {
	dir   *aside
	file  *growing // nil as long as there are none
	first *read.Bad
	count atomic.Int64
}

// quarantineState is what a journal keeps of it.
type quarantineState struct {
	File  growingState `json:"file"`
	Count int64        `json:"count"`
	First *read.Bad    `json:"first,omitempty"`
}

func openQuarantine(q *quarantine, dir *aside, at quarantineState) (err error) {
	q.dir, q.first = dir, at.First
	q.count.Store(at.Count)
	if at.Count > 0 {
		q.file, err = openGrowing(dir.data(quarantineName), nil, at.File)
		return err
	}
	if err := os.Remove(dir.data(quarantineName)); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

func (q *quarantine) add(bad read.Bad) (err error) {
	if q.file == nil {
		if q.file, err = openGrowing(q.dir.data(quarantineName), nil, growingState{}); err != nil {
			return err
		}
		q.first = &bad
	}
	q.count.Add(1)
	line, err := json.Marshal(bad)
	if err != nil {
		return err
	}
	_, err = q.file.Write(append(line, '\n'))
	return err
}

func (q *quarantine) state() (s quarantineState, err error) {
	s.Count, s.First = q.count.Load(), q.first
	if q.file != nil {
		s.File, err = q.file.state()
	}
	return s, err
}

// finish flushes the file to the disk.
func (q *quarantine) finish() error {
	if q.file == nil {
		return nil
	}
	if err := errors.Join(q.file.buf.Flush(), q.file.f.Sync()); err != nil {
		return fmt.Errorf("write %s: %w", quarantineName, err)
	}
	return nil
}

func (q *quarantine) close() {
	if q.file != nil {
		q.file.f.Close()
	}
}
