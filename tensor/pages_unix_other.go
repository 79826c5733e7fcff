//go:build unix && !linux

package tensor

// adviseHuge does nothing: this system decides by itself.
func adviseHuge([]byte) {}
