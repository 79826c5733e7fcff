package boilerplate

import (
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/athanor-lm/athanor/corpus"
	"github.com/edsrzf/mmap-go"
)

// hashes are those of all boilerplate, in order, in a file that memory maps.
type hashes struct {
	file mmap.MMap
	n    int
}

func openHashes(path string) (*hashes, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("boilerplate: %w", err)
	}
	defer f.Close()
	m, err := mmap.Map(f, mmap.RDONLY, 0)
	if err != nil {
		return nil, fmt.Errorf("boilerplate: map %s: %w", path, err)
	}
	if len(m) < len(magic) || string(m[:len(magic)]) != magic || len(m)%8 != 0 {
		m.Unmap() //nolint:errcheck // it is refused anyway
		return nil, fmt.Errorf("boilerplate: %s: %d bytes, want %s and a multiple of 8", path, len(m), magic)
	}
	return &hashes{m, len(m)/8 - 1}, nil
}

func (h *hashes) at(i int) uint64 { return binary.BigEndian.Uint64(h.file[8+8*i:]) }

// has says whether a hash is among them.
func (h *hashes) has(k zoneKey) bool {
	key := k.key
	lo, hi := 0, h.n // it is at lo or behind, and before hi
	for lo < hi {
		mid := int(uint(lo+hi) / 2)
		switch v := h.at(mid); {
		case v == key:
			return true
		case v < key:
			lo = mid + 1
		default:
			hi = mid
		}
	}
	return false
}

// decisions cut boilerplate out of documents. They need no list of documents: a line's hash says what it is.
type decisions struct {
	look
	found *hashes
	out   []byte
	cut   []bool // by unit
	spans []corpus.Span
}

// Decisions opens what was found; it is the same for every task.
func (p *pass) Decisions(dir string, _ int) (corpus.Decisions, error) {
	found, err := openHashes(filepath.Join(dir, decisionsFile))
	if err != nil {
		return nil, err
	}
	return &decisions{look: look{s: &p.s}, found: found}, nil
}

// Close lets go of the file.
func (d *decisions) Close() error { return d.found.file.Unmap() }

// Decide cuts a document's boilerplate, or drops it.
func (d *decisions) Decide(doc *corpus.Document, r *corpus.Report) error {
	d.document(doc)
	text := doc.Text()
	d.out, d.spans = d.out[:0], d.spans[:0]
	at, chars := 0, 0
	d.judge()
	for i := range d.units {
		u := &d.units[i]
		if !d.cut[i] {
			continue
		}
		d.out = append(d.out, text[at:u.start]...)
		at = u.next
		chars += utf8.RuneCountInString(text[u.start:u.end])
		d.spans = append(d.spans, corpus.Span{Start: u.start, End: u.end, Kind: "boilerplate"})
	}
	if len(d.spans) == 0 && !r.Explain {
		return nil
	}
	d.out = append(d.out, text[at:]...)
	d.report(doc, r, chars)
	return nil
}

// judge finds the lines to cut: by themselves, and then those of cells beside them.
func (d *decisions) judge() {
	d.cut = d.cut[:0]
	for i := range d.units {
		u := &d.units[i]
		d.cut = append(d.cut, slices.ContainsFunc(u.keys, d.found.has) || len(u.cells) > 0 && d.cells(u) >= d.s.Cells*float64(len(u.cells)))
	}
	for i := range d.units {
		if u := &d.units[i]; len(u.cells) > 0 && !d.cut[i] && (i > 0 && d.cut[i-1] || i+1 < len(d.cut) && d.cut[i+1]) {
			d.cut[i] = d.cells(u) >= 1
		}
	}
}

// cells counts a line's cells that are boilerplate.
func (d *decisions) cells(u *unit) (n float64) {
	for _, k := range u.cells {
		if d.found.has(k) {
			n++
		}
	}
	return n
}

func (d *decisions) report(doc *corpus.Document, r *corpus.Report, chars int) {
	share := float64(chars) / float64(max(1, utf8.RuneCountInString(doc.Text())))
	drop := d.s.DropShare > 0 && share >= d.s.DropShare
	if r.Explain {
		limit := "any share"
		if d.s.DropShare > 0 {
			limit = fmt.Sprintf("< %g", d.s.DropShare)
		}
		spans := append([]corpus.Span(nil), d.spans[:min(len(d.spans), 300)]...)
		r.Find(corpus.Finding{Rule: "boilerplate-share", Value: share, Limit: limit, Failed: drop, Spans: spans})
	}
	if len(d.spans) == 0 {
		return
	}
	r.Add(d.s.Unit+"s cut", int64(len(d.spans)))
	r.Add("characters cut", int64(chars))
	rest := string(d.out)
	switch {
	case drop:
		r.Drop("boilerplate-share", share, d.s.DropShare)
	case strings.TrimSpace(rest) == "":
		r.Drop("nothing-left", share, 1)
	default:
		doc.SetText(strings.Trim(rest, "\n"))
	}
}
