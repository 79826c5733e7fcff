package checkpoint

import (
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"
)

// DefaultCopyBudget is what a save may copy aside where Options do not say.
const DefaultCopyBudget = 256 << 20

// Options configures a Saver. The zero value keeps every checkpoint.
type Options struct {
	KeepLast   int   // keep the newest so many; 0 = all
	KeepEvery  int64 // and all whose step is a multiple of this; 0 = none beyond KeepLast
	CopyBudget int64 // bytes a save may copy aside, see Saver.BeforeUpdate; 0 = DefaultCopyBudget, negative = none
	ShardBytes int64 // largest file; 0 = 1 GiB
	FS         FS    // nil = the operating system's
	Now        func() time.Time
}

func (o Options) withDefaults() Options {
	if o.CopyBudget == 0 {
		o.CopyBudget = DefaultCopyBudget
	}
	if o.ShardBytes <= 0 {
		o.ShardBytes = 1 << 30
	}
	if o.FS == nil {
		o.FS = osFS{}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return o
}

// pageLen is the elements of a page, the unit of writing and of copying aside (1 MiB).
const pageLen = 256 << 10

// Saver writes checkpoints in the background while training goes on, without holding a second copy of the
// model: only the optimizer's update changes weights and moments, so the writer reads the live tensors, and
// the optimizer announces each parameter it is about to change through BeforeUpdate, which copies aside
// those pages of it that are not written yet, at most CopyBudget bytes at a time. The bytes on disk are always
// those at the time of Begin.
//
// Begin, Poll and Wait belong to the training goroutine; BeforeUpdate may be called from several at once.
type Saver struct {
	root string
	opt  Options

	active atomic.Pointer[save]
	result chan outcome
	busy   bool // a save was begun whose outcome was not received

	mu       sync.Mutex // guards everything below and the saves' pages
	progress sync.Cond
	free     []*slab
	filling  *slab // takes the next copies; never in free
	pages    int   // slabs allocated
	maxPages int
	buf      []float32 // the writer's page
	sequence int64
}

// Saved describes a finished save.
type Saved struct {
	Dir      string
	Step     int64
	Bytes    int64         // on disk
	Duration time.Duration // from Begin until durable
	Copied   int64         // bytes copied aside because training wanted to change them
	Waited   time.Duration // time BeforeUpdate spent in all, copying and waiting for the disk
	Pruned   []string      // directories removed as Options say
	PruneErr error         // why pruning failed; the checkpoint itself is fine
}

type outcome struct {
	saved *Saved
	err   error
}

// save is one save in progress.
type save struct {
	manifest *Manifest
	tmp      string
	groups   [][]*pending
	began    time.Time
	over     bool // written or failed: nothing is read any more
	copied   int64
	waited   time.Duration
}

// NewSaver prepares root, creating it where absent, and removes what a killed process left there.
func NewSaver(root string, o Options) (*Saver, error) {
	s := &Saver{root: root, opt: o.withDefaults(), result: make(chan outcome, 1)}
	s.progress.L = &s.mu
	s.maxPages = int(max(0, s.opt.CopyBudget) / (4 * pageLen))
	if err := s.opt.FS.MkdirAll(root); err != nil {
		return nil, fmt.Errorf("checkpoint: prepare %s: %w", root, err)
	}
	if err := s.opt.FS.SyncDir(filepath.Dir(root)); err != nil {
		return nil, fmt.Errorf("checkpoint: prepare %s: %w", root, err)
	}
	if err := clean(s.opt.FS, root); err != nil {
		return nil, fmt.Errorf("checkpoint: clean %s: %w", root, err)
	}
	found, err := List(root)
	if err != nil {
		return nil, err
	}
	for _, f := range found {
		if f.Manifest != nil {
			s.sequence = max(s.sequence, f.Manifest.Sequence)
		}
	}
	return s, nil
}

// Begin starts to write st. It returns when st's small parts are copied; the tensors must change only after
// BeforeUpdate was called for their group. If another save is in progress, Begin waits for it, and fails with
// its error if it failed.
func (s *Saver) Begin(st *State) error {
	if _, err := s.Wait(); err != nil {
		return err
	}
	s.sequence++
	m, err := newManifest(st, s.sequence, s.opt.Now())
	if err != nil {
		return fmt.Errorf("checkpoint: save step %d: %w", st.Step, err)
	}
	sv := &save{manifest: m, tmp: filepath.Join(s.root, tmpPrefix+DirName(st.Step)), began: time.Now()}
	sv.groups = make([][]*pending, len(st.Groups))
	for i, group := range st.Groups {
		for _, t := range group {
			n := 1
			for _, d := range t.Shape {
				n *= d
			}
			if n != len(t.Data) {
				return fmt.Errorf("checkpoint: save step %d: tensor %q has shape %v, but %d elements", st.Step, t.Name, t.Shape, len(t.Data))
			}
			sv.groups[i] = append(sv.groups[i], &pending{Tensor: t})
		}
	}
	s.active.Store(sv)
	s.busy = true
	go func() {
		saved, err := s.write(sv)
		s.finish(sv)
		s.result <- outcome{saved, err}
	}()
	return nil
}

// write does the whole save; on error it removes what it wrote.
func (s *Saver) write(sv *save) (*Saved, error) {
	name := DirName(sv.manifest.Step)
	if err := s.writeAside(sv); err != nil {
		err = fmt.Errorf("checkpoint: save %s: %w", filepath.Join(s.root, name), err)
		if rm := s.opt.FS.RemoveAll(sv.tmp); rm != nil {
			err = errors.Join(err, fmt.Errorf("and its remains could not be removed: %w", rm))
		}
		return nil, err
	}
	saved := &Saved{Dir: filepath.Join(s.root, name), Step: sv.manifest.Step}
	for _, f := range sv.manifest.Files {
		saved.Bytes += f.Size
	}
	saved.Duration = time.Since(sv.began)
	saved.Pruned, saved.PruneErr = prune(s.opt.FS, s.root, name, s.opt.KeepLast, s.opt.KeepEvery)
	s.mu.Lock()
	saved.Copied, saved.Waited = sv.copied, sv.waited
	s.mu.Unlock()
	return saved, nil
}

func (s *Saver) writeAside(sv *save) error {
	fs := s.opt.FS
	if err := fs.RemoveAll(sv.tmp); err != nil {
		return err
	}
	if err := fs.MkdirAll(sv.tmp); err != nil {
		return err
	}
	var weights, optimizer []*pending
	for _, group := range sv.groups {
		for _, p := range group {
			if p.optimizer() {
				optimizer = append(optimizer, p)
			} else {
				weights = append(weights, p)
			}
		}
	}
	ws := newStream(fs, sv.tmp, "weights", weights, s.opt.ShardBytes)
	os := newStream(fs, sv.tmp, "optimizer", optimizer, s.opt.ShardBytes)
	defer ws.abandon()
	defer os.abandon()
	// Both kinds are written side by side, parameter by parameter in the optimizer's order, so that training
	// waits as little as possible.
	if s.buf == nil {
		s.buf = make([]float32, pageLen)
	}
	for _, group := range sv.groups {
		for _, p := range group {
			to := ws
			if p.optimizer() {
				to = os
			}
			if err := s.emit(p, to, s.buf); err != nil {
				return err
			}
		}
	}
	s.finish(sv)
	sv.manifest.Files = append(ws.done, os.done...)
	b, err := sv.manifest.encode()
	if err != nil {
		return err
	}
	if err := writeFile(fs, filepath.Join(sv.tmp, manifestName), b); err != nil {
		return err
	}
	return commit(fs, s.root, sv.tmp, DirName(sv.manifest.Step))
}

// finish releases the live tensors: everything is written, or the save failed.
func (s *Saver) finish(sv *save) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if sv.over {
		return
	}
	sv.over = true
	s.active.Store(nil)
	for _, group := range sv.groups {
		for _, p := range group {
			for _, page := range p.aside {
				if page.data != nil {
					s.release(page)
				}
			}
			p.aside = nil
		}
	}
	s.progress.Broadcast()
}

// Poll reports the outcome of a save that has finished since the last call of Poll, Wait or Begin, once;
// otherwise both results are nil. After an error the earlier checkpoints are as they were, and Begin may be
// called again.
func (s *Saver) Poll() (*Saved, error) {
	if !s.busy {
		return nil, nil
	}
	select {
	case o := <-s.result:
		s.busy = false
		return o.saved, o.err
	default:
		return nil, nil
	}
}

// Wait waits for the save in progress, if there is one, and reports its outcome like Poll.
func (s *Saver) Wait() (*Saved, error) {
	if !s.busy {
		return nil, nil
	}
	o := <-s.result
	s.busy = false
	return o.saved, o.err
}

// Saving reports whether a save is in progress whose outcome was not reported.
func (s *Saver) Saving() bool { return s.busy }

// Save writes one checkpoint below root and returns when it is durable.
func Save(root string, st *State, o Options) (*Saved, error) {
	s, err := NewSaver(root, o)
	if err != nil {
		return nil, err
	}
	if err := s.Begin(st); err != nil {
		return nil, err
	}
	return s.Wait()
}
