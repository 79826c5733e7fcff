package runlog

import (
	"bytes"
	"strconv"
	"syscall"
)

// Memory returns the process's resident set now and its peak, in bytes; ok is false where the system does
// not tell.
func Memory() (now, peak int64, ok bool) {
	fd, err := syscall.Open("/proc/self/status", syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
	if err != nil {
		return 0, 0, false
	}
	var buf [8 << 10]byte // on the stack: this is called every step
	n, err := syscall.Read(fd, buf[:])
	syscall.Close(fd)
	if err != nil {
		return 0, 0, false
	}
	b := buf[:n]
	now, ok1 := statusKiB(b, "\nVmRSS:")
	peak, ok2 := statusKiB(b, "\nVmHWM:")
	return now, peak, ok1 && ok2
}

// statusKiB finds "\nkey   1234 kB", key with its newline, in a /proc status file and returns bytes.
func statusKiB(status []byte, key string) (int64, bool) {
	_, rest, ok := bytes.Cut(status, []byte(key))
	if !ok {
		return 0, false
	}
	line, _, _ := bytes.Cut(rest, []byte("\n"))
	n, err := strconv.ParseInt(string(bytes.TrimSpace(bytes.TrimSuffix(line, []byte("kB")))), 10, 64)
	return n * 1024, err == nil
}
