package main

import (
	"errors"
	"io"
	"os"
	"time"

	"github.com/athanor-lm/athanor/corpus/read"
	"github.com/athanor-lm/athanor/runlog"
)

// progressAfter is how long a text is read before its progress is shown: most are done by then.
const progressAfter = 2 * time.Second

// textInput is a file or standard input that shows how much of it is read, with rate and, where the size is known, time left.
type textInput struct {
	in    io.Reader
	file  *os.File // nil: standard input
	label string
	total int64 // bytes, 0 = unknown
	done  int64
	start time.Time
	shown runlog.Terminal
	quiet bool // the output goes to the same terminal, which progress would garble
	show  *runlog.Progress
}

// openInput opens a file, decompressed where its name says so, or standard input where none is named. The label says what is done with it.
func openInput(c *cliContext, file, label string) (io.ReadCloser, error) {
	t := &textInput{in: c.stdin, label: label, start: time.Now(), shown: runlog.NewTerminal(c.stderr), quiet: runlog.NewTerminal(c.stdout).Live}
	if file == "" || file == "-" {
		return t, nil
	}
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	if st, err := f.Stat(); err == nil && st.Mode().IsRegular() {
		t.total = st.Size()
	}
	t.in, t.file = f, f
	plain, err := read.Decompress(t, file)
	if err != nil {
		return nil, errors.Join(err, t.Close())
	}
	return unzipped{plain, t}, nil
}

// unzipped is the text of a compressed file; progress goes by the file.
type unzipped struct {
	io.ReadCloser
	from *textInput
}

func (u unzipped) Close() error { return errors.Join(u.ReadCloser.Close(), u.from.Close()) }

func (t *textInput) Read(p []byte) (int, error) {
	n, err := t.in.Read(p)
	t.done += int64(n)
	switch {
	case t.show != nil:
		t.show.Update(t.done, "")
	case !t.quiet && time.Since(t.start) > progressAfter:
		t.show = runlog.NewProgress(runlog.ProgressOptions{Terminal: t.shown, Label: t.label, Total: t.total, Unit: runlog.ByteUnit})
		t.show.SetBefore(t.done)
	}
	return n, err
}

// Close ends the progress and closes the file.
func (t *textInput) Close() error {
	var err error
	if t.show != nil {
		err = t.show.Close()
	}
	if t.file != nil {
		err = t.file.Close()
	}
	return err
}
