//go:build !amd64

package kernel

// attnFuncsFor returns the functions that fit mk: there is no assembly on this platform.
func attnFuncsFor(*microKernel) *attnFuncs { return &attnGeneric }
