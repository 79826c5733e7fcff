//go:build !amd64

package kernel

// machineLevel returns Generic: this platform has no assembly yet.
func machineLevel() Level { return Generic }
