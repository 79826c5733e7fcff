package dataset

import (
	"maps"
	"slices"
)

// sourceTable counts by source. A corpus that gives every document a source of its own is not listed in full.
type sourceTable map[string]*SourceInfo

const (
	maxSources   = 1000
	otherSources = "(others)"
)

func (t sourceTable) add(source string, split int, c Count) {
	info := t[source]
	if info == nil && len(t) >= maxSources {
		source = otherSources
		info = t[source]
	}
	if info == nil {
		info = &SourceInfo{Name: source}
		t[source] = info
	}
	info.add(split, c)
}

func (s *SourceInfo) add(split int, c Count) {
	if split == val {
		s.Val.add(c)
	} else {
		s.Train.add(c)
	}
}

func newSourceTable(at []SourceInfo) sourceTable {
	t := sourceTable{}
	for _, info := range at {
		t[info.Name] = &info
	}
	return t
}

func (t sourceTable) table() []SourceInfo {
	var out []SourceInfo
	for _, name := range slices.Sorted(maps.Keys(t)) {
		out = append(out, *t[name])
	}
	return out
}
