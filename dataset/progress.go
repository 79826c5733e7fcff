package dataset

import "time"

// Progress is the state of a build.
type Progress struct {
	ReadBytes, TotalBytes int64 // of the input files as they lie on disk
	Documents, Tokens     int64 // written
	TextBytes             int64 // encoded
	Bad                   int64 // records set aside
	Before                Before
	Elapsed, Remaining    time.Duration // of this start of the program
	Done                  bool
}

// Before is the part of a Progress that earlier starts of the program had done.
type Before struct{ ReadBytes, TextBytes, Documents int64 }

// BytesPerSecond is the rate at which text was encoded so far, by this start of the program.
func (p Progress) BytesPerSecond() float64 {
	return float64(p.TextBytes-p.Before.TextBytes) / max(p.Elapsed.Seconds(), 1e-9)
}

// report calls the progress callback, at most once in reportEvery.
func (b *builder) report(done bool) {
	now := time.Now()
	if b.cfg.Progress == nil || (!done && now.Sub(b.reported) < reportEvery) {
		return
	}
	b.reported = now
	p := b.progress()
	p.Elapsed, p.Done = now.Sub(b.start), done
	p.Before = b.before
	if read := p.ReadBytes - p.Before.ReadBytes; read > 0 {
		p.Remaining = time.Duration(float64(p.Elapsed) * float64(p.TotalBytes-p.ReadBytes) / float64(read))
	}
	b.cfg.Progress(p)
}

// progress counts what is done, by this start of the program and by those before.
func (b *builder) progress() Progress {
	p := Progress{Bad: b.quarantine.count.Load()}
	for i, c := range b.corpora {
		if c == nil {
			continue
		}
		read, total := c.Progress()
		if i < b.from {
			read = total // by an earlier start
		}
		p.ReadBytes += read
		p.TotalBytes += total
	}
	for _, s := range b.shards {
		if s != nil {
			p.Documents += s.count.Documents
			p.Tokens += s.count.Tokens
			p.TextBytes += s.count.Bytes
		}
	}
	return p
}
