package runlog

import (
	"bytes"
	"os"
	"strconv"
)

// Memory returns the process's resident set now and its peak, in bytes; ok is false where the system does
// not tell.
func Memory() (now, peak int64, ok bool) {
	b, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0, 0, false
	}
	now, ok1 := statusKiB(b, "VmRSS:")
	peak, ok2 := statusKiB(b, "VmHWM:")
	return now, peak, ok1 && ok2
}

// statusKiB finds "key   1234 kB" in a /proc status file and returns bytes.
func statusKiB(status []byte, key string) (int64, bool) {
	_, rest, ok := bytes.Cut(status, []byte("\n"+key))
	if !ok {
		return 0, false
	}
	line, _, _ := bytes.Cut(rest, []byte("\n"))
	n, err := strconv.ParseInt(string(bytes.TrimSpace(bytes.TrimSuffix(line, []byte("kB")))), 10, 64)
	return n * 1024, err == nil
}
