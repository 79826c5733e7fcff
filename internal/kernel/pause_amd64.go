package kernel

// spinPause tells the processor that the caller spins, for some tens of cycles.
func spinPause()
