package dataset

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"reflect"
	"time"

	"github.com/athanor-lm/athanor/corpus/read"
	"github.com/athanor-lm/athanor/internal/durable"
)

// The journal of a build lies beside the dataset that is being filled. The plan, written once, says what is built of
// what; the state, written every few seconds when all it counts is on the disk, says how far that has come. A build that
// finds both goes on from there and ends with the bytes of one that was never stopped.
const (
	planName    = "plan.json"
	journalName = "state.json"

	defaultJournalEvery = 5 * time.Second

	// journalBytes of shards are made durable whatever the time: the disk writes while texts are encoded, and the end of the
	// build waits for the rest alone.
	journalBytes = 32 << 20
)

// plan is everything that the bytes of the dataset depend on.
type plan struct {
	Creator   string        `json:"creator"`
	Tokenizer string        `json:"tokenizer"` // hash
	Options   planOptions   `json:"options"`
	Files     []plannedFile `json:"files"`
}

type planOptions struct {
	BuildInfo
	EOSToken   *uint32  `json:"eos_token"`
	Format     string   `json:"format"`
	Extensions []string `json:"extensions"`
	MaxRecord  int      `json:"max_record"`
}

// plannedFile is an input as it was. Its content is taken for unchanged where size and time are.
type plannedFile struct {
	Path     string    `json:"path"`
	Split    string    `json:"split"`
	Size     int64     `json:"size"`
	Modified time.Time `json:"modified"`
}

func (b *builder) plan() plan {
	cfg := b.cfg
	p := plan{Creator: cfg.Creator, Tokenizer: b.tokenizer, Options: planOptions{BuildInfo: cfg.info(), EOSToken: cfg.EOS,
		Format: cfg.Read.Format, Extensions: cfg.Read.Extensions, MaxRecord: cfg.Read.MaxRecord}}
	for split, c := range b.corpora {
		if c == nil {
			continue
		}
		for _, f := range c.Files() {
			p.Files = append(p.Files, plannedFile{f.Path, splitNames[split], f.Size, f.Modified.UTC()})
		}
	}
	return p
}

// differs names the first thing in which two plans differ, or nothing.
func (p *plan) differs(now *plan) string {
	switch {
	case p.Creator != now.Creator:
		return fmt.Sprintf("it was begun by %q, this is %q", p.Creator, now.Creator)
	case p.Tokenizer != now.Tokenizer:
		return fmt.Sprintf("it was begun with tokenizer %s, this is %s", short(p.Tokenizer), short(now.Tokenizer))
	}
	was, is := fields(p.Options), fields(now.Options)
	for _, name := range optionNames {
		if !reflect.DeepEqual(was[name], is[name]) {
			return fmt.Sprintf("the option %s was %v, now it is %v", name, was[name], is[name])
		}
	}
	for i := range max(len(p.Files), len(now.Files)) {
		switch {
		case i == len(p.Files):
			return fmt.Sprintf("the input file %s is new", now.Files[i].Path)
		case i == len(now.Files):
			return fmt.Sprintf("the input file %s is gone", p.Files[i].Path)
		}
		a, b := p.Files[i], now.Files[i]
		switch {
		case a.Path != b.Path || a.Split != b.Split:
			return fmt.Sprintf("input file %d was %s (%s), now it is %s (%s)", i+1, a.Path, a.Split, b.Path, b.Split)
		case a.Size != b.Size:
			return fmt.Sprintf("the input file %s had %d bytes, now it has %d", a.Path, a.Size, b.Size)
		case !a.Modified.Equal(b.Modified):
			return fmt.Sprintf("the input file %s was changed at %s", a.Path, b.Modified.Format(time.RFC3339))
		}
	}
	return ""
}

// optionNames are the keys of planOptions in the order in which differences are looked for.
var optionNames = []string{"inputs", "val_inputs", "val_fraction", "split_by", "seed", "append_eos", "eos_token", "prepend_bos",
	"special_in_text", "text_field", "separator", "format", "extensions", "max_record"}

// fields is a struct as its JSON has it.
func fields(o planOptions) map[string]any {
	data, _ := json.Marshal(o) // plain values
	var m map[string]any
	json.Unmarshal(data, &m)
	return m
}

// state is how far a build has come.
type state struct {
	Reading    int              `json:"reading"`     // the corpus that is being read, as a split
	At         [2]read.Position `json:"at"`          // in each corpus
	Shards     [2]shardState    `json:"shards"`      // by split
	Sources    []SourceInfo     `json:"sources"`     // counted so far
	Inputs     [2][]SourceInfo  `json:"inputs"`      // likewise, by corpus
	Lost       int64            `json:"unencodable"` // characters
	Quarantine quarantineState  `json:"quarantine"`  // records set aside
}

// loadJournal reads the journal that an earlier start left, if it left a whole one, and refuses one of another build.
func loadJournal(dir *aside, now *plan) (*state, error) {
	var p plan
	var s state
	for _, f := range []struct {
		name string
		into any
	}{{planName, &p}, {journalName, &s}} {
		data, err := os.ReadFile(dir.join(f.name))
		if errors.Is(err, fs.ErrNotExist) {
			return nil, nil
		}
		if err == nil {
			err = json.Unmarshal(data, f.into)
		}
		if err != nil {
			return nil, fmt.Errorf("the journal of an unfinished build (%s): %w; restart the build to begin anew", dir.join(f.name), err)
		}
	}
	if _, err := os.Stat(dir.data("")); err != nil {
		return nil, nil // it was finished, but for the removal of the journal
	}
	if d := p.differs(now); d != "" {
		return nil, fmt.Errorf("%w: %s; restart the build to begin anew, or repeat the command that began it (what is done lies in %s)", ErrOtherBuild, d, dir.path)
	}
	if s.Reading < train || s.Reading > val {
		return nil, fmt.Errorf("the journal of an unfinished build (%s) reads corpus %d; restart the build to begin anew", dir.join(journalName), s.Reading)
	}
	return &s, nil
}

// journal makes what is written durable and then says so in the state. The waiting happens in the background: what is
// written meanwhile is cut off by a build that goes on from this state.
func (b *builder) journal() error {
	if err := b.awaitJournal(); err != nil {
		return err
	}
	b.journaled, b.durable = time.Now(), b.written()
	s := state{Reading: b.reading, At: b.at, Sources: b.sources.table(), Inputs: b.inputs, Lost: b.lost}
	var files []*os.File
	for i, w := range b.shards {
		if w == nil {
			continue
		}
		var err error
		if s.Shards[i], err = w.state(); err != nil {
			return err
		}
		files = append(files, w.bin.f, w.lengths.f)
	}
	var err error
	if s.Quarantine, err = b.quarantine.state(); err != nil {
		return err
	}
	if b.quarantine.file != nil {
		files = append(files, b.quarantine.file.f)
	}
	data, err := json.Marshal(&s)
	if err != nil {
		return err
	}
	b.saving = make(chan error, 1)
	go func(done chan<- error) { done <- b.save(files, data) }(b.saving)
	return nil
}

func (b *builder) save(files []*os.File, state []byte) error {
	for _, f := range files {
		if err := f.Sync(); err != nil {
			return err
		}
	}
	if err := durable.SyncDir(b.dir.data("")); err != nil {
		return err
	}
	return durable.Replace(b.dir.join(journalName), state)
}

// awaitJournal waits for the saving of the last state.
func (b *builder) awaitJournal() error {
	if b.saving == nil {
		return nil
	}
	err := <-b.saving
	b.saving = nil
	return err
}

// journalDue tells whether it is time, or much was written, and nothing in the way.
func (b *builder) journalDue() bool {
	return b.cfg.JournalEvery > 0 && len(b.saving) == cap(b.saving) &&
		(time.Since(b.journaled) >= b.cfg.JournalEvery || b.written()-b.durable >= journalBytes)
}

// written is the size of the shards.
func (b *builder) written() (n int64) {
	for _, s := range b.shards {
		if s != nil {
			n += s.bin.size
		}
	}
	return n
}
