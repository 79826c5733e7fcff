//go:build !linux

package runlog

import "runtime/metrics"

// Memory returns the memory the process uses now and its peak, in bytes; ok is false where the system does
// not tell. Here it is what the Go runtime has mapped and not given back, which leaves out memory mapped by
// other means, and the peak is not known: both values are the same.
func Memory() (now, peak int64, ok bool) {
	s := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
	metrics.Read(s)
	if s[0].Value.Kind() != metrics.KindUint64 || s[1].Value.Kind() != metrics.KindUint64 {
		return 0, 0, false
	}
	n := int64(s[0].Value.Uint64() - s[1].Value.Uint64())
	return n, n, true
}
