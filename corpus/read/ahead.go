package read

import (
	"context"
	"fmt"
	"sync"
)

// A batch of items passes between goroutines at once, to make the passing cheap.
const (
	batchItems = 256
	batchText  = 256 << 10 // bytes
	batchAhead = 4         // batches a file may be ahead of the receiver
)

// stream is a file on its way to the receiver.
type stream struct {
	skip    int64 // records to pass over first
	batches chan []item
	err     error // set before batches is closed
}

// readAll reads the files from a place on in order, several at once, and takes their items in the caller's goroutine. It
// returns the error that ended a file, or errStopped.
func (c *Corpus) readAll(ctx context.Context, from Position, yield func(Document) bool) error {
	ctx, cancel := context.WithCancel(ctx)
	var readers sync.WaitGroup
	defer readers.Wait()
	defer cancel() // before the wait
	// Room for one less than Readers: the receiver holds another, and a file starts when it has its place.
	streams := make(chan *stream, max(c.opts.Readers-1, 0))
	readers.Go(func() {
		defer close(streams)
		skip := from.Records
		for i := from.File; i < len(c.files); i++ {
			s := &stream{skip: skip, batches: make(chan []item, batchAhead)}
			skip = 0
			select {
			case streams <- s:
				readers.Go(func() { c.readAhead(ctx, &c.files[i], s) })
			case <-ctx.Done():
				return
			}
		}
	})
	c.at = from.File - 1
	for s := range streams {
		c.stats.Files++
		c.at, c.records = c.at+1, s.skip
		for batch := range s.batches {
			for _, it := range batch {
				if err := ctx.Err(); err != nil {
					return fmt.Errorf("read: %w", err)
				}
				c.records++
				if !c.take(it, yield) {
					return errStopped
				}
			}
		}
		if s.err != nil {
			return s.err
		}
	}
	return ctx.Err()
}

// readAhead reads a file into its stream.
func (c *Corpus) readAhead(ctx context.Context, f *File, s *stream) {
	defer close(s.batches)
	var batch []item
	size := 0
	send := func() bool {
		select {
		case s.batches <- batch:
			batch, size = nil, 0
			return true
		case <-ctx.Done():
			return false
		}
	}
	s.err = c.readFile(ctx, f, s.skip, func(it item) bool {
		batch = append(batch, it)
		size += len(it.doc.Text)
		return (size < batchText && len(batch) < batchItems) || send()
	})
	if len(batch) > 0 {
		send()
	}
	// A batch that found no room ended the file early. That must not pass for its end: the receiver would take what came
	// before for the whole corpus.
	if s.err == nil || s.err == errStopped {
		s.err = ctx.Err()
	}
}
