package boilerplate

import (
	"cmp"
	"encoding/binary"
	"slices"
	"strings"

	"github.com/athanor-lm/athanor/corpus"
	"github.com/zeebo/xxh3"
)

// Where a line was seen is part of its hash, so that counts are kept apart.
const (
	zoneAnywhere = 'a'
	zoneEdge     = 'e'
	zoneCell     = 'c'
)

// look finds a document's lines and what they hash to.
type look struct {
	s     *Settings
	group uint64
	units []unit
	room  []byte
	ends  []int
}

// unit is a line or paragraph that is not empty.
type unit struct {
	start, end, next int       // bytes; next is where what follows its line ends begins
	keys             []zoneKey // that make it boilerplate, any of them
	cells            []zoneKey // that make it boilerplate together
}

// zoneKey is a hash with the zone it was seen in.
type zoneKey struct {
	key  uint64
	zone byte
}

// document finds the lines of a document.
func (l *look) document(d *corpus.Document) {
	l.group = xxh3.HashString(l.groupOf(d))
	text := d.Text()
	l.units = l.units[:0]
	for at := 0; at < len(text); {
		start, end, next := l.piece(text, at)
		if strings.TrimSpace(text[start:end]) != "" {
			if n := len(l.units); n < cap(l.units) { // with the memory of the one that was there
				l.units = l.units[:n+1]
				u := &l.units[n]
				*u = unit{keys: u.keys[:0], cells: u.cells[:0]}
			} else {
				l.units = append(l.units, unit{})
			}
			u := &l.units[len(l.units)-1]
			u.start, u.end, u.next = start, end, next
		}
		at = next
	}
	for i := range l.units {
		u := &l.units[i]
		l.hash(u, text[u.start:u.end], i < l.s.EdgeUnits || i >= len(l.units)-l.s.EdgeUnits)
	}
}

// groupOf names the source that a document belongs to.
func (l *look) groupOf(d *corpus.Document) string {
	switch l.s.Group {
	case "all":
		return ""
	case "source":
		return d.Source
	case "host":
		if h := host(d.URL); h != "" {
			return h
		}
		return d.Source
	}
	v, _ := d.String(l.s.Group)
	return v
}

// host returns the host of an address in lower case, without www.
func host(url string) string {
	if _, rest, ok := strings.Cut(url, "://"); ok {
		url = rest
	}
	if i := strings.IndexAny(url, "/?#"); i >= 0 {
		url = url[:i]
	}
	return strings.TrimPrefix(strings.ToLower(url), "www.")
}

// piece returns the line at a place, or the lines up to the next empty one.
func (l *look) piece(text string, at int) (start, end, next int) {
	start = at
	for {
		line := len(text)
		next = len(text)
		if i := strings.IndexByte(text[at:], '\n'); i >= 0 {
			line, next = at+i, at+i+1
		}
		if l.s.Unit == "line" {
			return start, line, next
		}
		if strings.TrimSpace(text[at:line]) == "" {
			if at > start {
				return start, at - 1, next
			}
			return start, line, next
		}
		if next == len(text) {
			return start, line, next
		}
		at = next
	}
}

// hash finds what makes a line boilerplate.
func (l *look) hash(u *unit, line string, edge bool) {
	l.fold(line)
	if l.s.Anywhere.MinDocuments > 0 && hasLength(l.room, l.s.MinChars) {
		u.keys = append(u.keys, l.key(zoneAnywhere, l.room))
	}
	if !edge || l.s.Edges.MinDocuments == 0 {
		return
	}
	u.keys = append(u.keys, l.key(zoneEdge, l.room))
	if l.s.Cells > 0 && len(l.ends) >= 3 {
		at := 0
		for _, end := range l.ends {
			u.cells = append(u.cells, l.key(zoneCell, l.room[at:end]))
			at = end
		}
	}
}

// key hashes a text with the zone and the group it was seen in.
func (l *look) key(zone byte, text []byte) zoneKey {
	return zoneKey{xxh3.HashSeed(text, l.group+uint64(zone)*0x9E3779B97F4A7C15), zone}
}

// collector gives the merge a document's hashes: the group's, then each hash once with the zone.
type collector struct {
	look
	keys []zoneKey
}

// Collect appends the document's record: group, and 9 bytes a hash.
func (c *collector) Collect(dst []byte, d *corpus.Document) []byte {
	c.document(d)
	c.keys = c.keys[:0]
	for i := range c.units {
		c.keys = append(append(c.keys, c.units[i].keys...), c.units[i].cells...)
	}
	slices.SortFunc(c.keys, func(a, b zoneKey) int { return cmp.Or(cmp.Compare(a.key, b.key), cmp.Compare(a.zone, b.zone)) })
	dst = binary.BigEndian.AppendUint64(dst, c.group)
	for _, k := range slices.Compact(c.keys) {
		dst = append(binary.BigEndian.AppendUint64(dst, k.key), k.zone)
	}
	return dst
}
