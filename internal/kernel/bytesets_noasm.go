//go:build !amd64

package kernel

// byteMasks says that there is nothing for whole blocks but plain Go.
func byteMasks(dst *uint64, text, tables *byte, blocks int) bool { return false }
