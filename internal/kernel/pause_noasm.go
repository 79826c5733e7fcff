//go:build !amd64

package kernel

import "runtime"

// spinPause lets other goroutines run: without a pause instruction a spinning worker yields.
func spinPause() { runtime.Gosched() }
