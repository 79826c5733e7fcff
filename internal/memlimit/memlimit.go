// Package memlimit tells how much memory the program may take.
package memlimit

import (
	"os"
	"strconv"
	"strings"

	"github.com/pbnjay/memory"
)

// Bytes returns the memory of the machine or, where that is less, of the control group the program runs in, and whose limit it is for
// an error message; 0 where the system does not tell.
func Bytes() (limit int64, whose string) {
	limit, whose = int64(memory.TotalMemory()), "the machine's memory"
	for _, file := range []string{"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"} {
		data, err := os.ReadFile(file)
		if err != nil {
			continue
		}
		if n, err := strconv.ParseInt(strings.TrimSpace(string(data)), 10, 64); err == nil && n < limit {
			limit, whose = n, "the control group's memory limit"
		}
	}
	return limit, whose
}
