package checkpoint

import "time"

// pending is a tensor on its way to disk, page by page.
type pending struct {
	Tensor
	next  int         // first page the writer has not taken yet
	aside []preserved // copies of pages by index; without data = the live data still is what Begin saw
}

// slab is memory for copies: a large page, or many pages of small tensors one after the other.
type slab struct {
	data       []float32
	used, live int // elements given out; copies that are still wanted
}

// preserved is a copied page and where it lies.
type preserved struct {
	data []float32
	in   *slab
}

func (p *pending) pages() int { return (len(p.Data) + pageLen - 1) / pageLen }

func (p *pending) page(k int) []float32 {
	return p.Data[k*pageLen : min((k+1)*pageLen, len(p.Data))]
}

// BeforeUpdate must be called before the tensors of group i change; without a save in progress it does
// nothing. It copies aside the pages of these tensors that are not written yet, and where the copies would
// take more than the budget it waits until the writer has passed.
func (s *Saver) BeforeUpdate(i int) {
	sv := s.active.Load()
	if sv == nil {
		return
	}
	start := time.Now()
	for _, p := range sv.groups[i] {
		for k := range p.pages() {
			s.preserve(sv, p, k)
		}
	}
	s.mu.Lock()
	sv.waited += time.Since(start)
	s.mu.Unlock()
}

// preserve returns when page k of p is written, copied aside, or no longer of interest.
func (s *Saver) preserve(sv *save, p *pending, k int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for !sv.over && p.next <= k && (p.aside == nil || p.aside[k].data == nil) {
		src := p.page(k)
		page := s.takeSpace(len(src))
		if page.data == nil {
			s.progress.Wait()
			continue
		}
		if p.aside == nil {
			p.aside = make([]preserved, p.pages())
		}
		copy(page.data, src)
		p.aside[k] = page
		sv.copied += 4 * int64(len(src))
	}
}

// takeSpace returns room for n elements, at most a page, or none when the budget is used up. The caller holds mu.
func (s *Saver) takeSpace(n int) preserved {
	if f := s.filling; f == nil || f.used+n > pageLen {
		switch {
		case f != nil && f.live == 0:
			f.used = 0
		case len(s.free) > 0:
			s.filling = s.free[len(s.free)-1]
			s.free = s.free[:len(s.free)-1]
		case s.pages < s.maxPages:
			s.pages++
			s.filling = &slab{data: make([]float32, pageLen)}
		default:
			return preserved{}
		}
	}
	f := s.filling
	page := preserved{f.data[f.used : f.used+n : f.used+n], f}
	f.used += n
	f.live++
	return page
}

// release gives a copy's room back. The caller holds mu.
func (s *Saver) release(p preserved) {
	if p.in.live--; p.in.live > 0 {
		return
	}
	p.in.used = 0
	if p.in != s.filling {
		s.free = append(s.free, p.in)
	}
}

// emit writes p to w. Pages that are still live are copied to buf first, so that the lock is held for a
// memory copy, not for the disk.
func (s *Saver) emit(p *pending, w *stream, buf []float32) error {
	if err := w.begin(); err != nil {
		return err
	}
	for k := range p.pages() {
		s.mu.Lock()
		var aside preserved
		if p.aside != nil {
			aside = p.aside[k]
		}
		data := aside.data
		if data == nil {
			data = buf[:copy(buf, p.page(k))]
		} else {
			p.aside[k] = preserved{}
		}
		p.next = k + 1
		s.progress.Broadcast()
		s.mu.Unlock()

		err := w.w.WriteF32(data)
		if aside.data != nil {
			s.mu.Lock()
			s.release(aside)
			s.progress.Broadcast()
			s.mu.Unlock()
		}
		if err != nil {
			return err
		}
	}
	return w.end()
}
