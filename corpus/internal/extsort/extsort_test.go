package extsort

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// sorted adds records to a sorter with memory for few of them and returns them in order.
func sorted(t *testing.T, o Options, records [][]byte) [][]byte {
	t.Helper()
	o.Dir = t.TempDir()
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range records {
		if err := s.Add(r); err != nil {
			t.Fatal(err)
		}
	}
	if s.Len() != int64(len(records)) {
		t.Errorf("%d records counted, want %d", s.Len(), len(records))
	}
	r, err := s.Sort()
	if err != nil {
		t.Fatal(err)
	}
	var out [][]byte
	for {
		rec, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, bytes.Clone(rec))
	}
	if _, err := r.Next(); err != io.EOF {
		t.Errorf("after the end: %v, want io.EOF", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if left, _ := os.ReadDir(o.Dir); len(left) > 0 {
		t.Errorf("%d files left, the first %s", len(left), left[0].Name())
	}
	return out
}

func TestSortGivesAllRecordsInOrder(t *testing.T) {
	for _, size := range []int{1, 3, 8, 13, 40} {
		for _, n := range []int{0, 1, 2, 25, 1024, 5000, 60_000} {
			for _, values := range []int{2, 256} {
				o := Options{Size: size, Memory: 100_000, Workers: 1 + n%3, Compress: n%2 == 0}
				t.Run(fmt.Sprintf("size %d, %d records, %d values", size, n, values), func(t *testing.T) {
					rng := rand.New(rand.NewPCG(uint64(size), uint64(n)))
					records := make([][]byte, n)
					for i := range records {
						records[i] = make([]byte, size)
						for k := range records[i] {
							records[i][k] = byte(rng.IntN(values))
						}
					}
					got := sorted(t, o, records)
					slices.SortFunc(records, bytes.Compare)
					if !slices.EqualFunc(got, records, bytes.Equal) {
						t.Error("not the sorted records")
					}
				})
			}
		}
	}
}

// More runs than are merged at once are merged in several rounds.
func TestManyRuns(t *testing.T) {
	const n = 400_000
	records := make([][]byte, n)
	for i := range records {
		records[i] = binary.BigEndian.AppendUint64(nil, uint64(i)*0x9e3779b97f4a7c15)
	}
	got := sorted(t, Options{Size: 8, Memory: 1, Workers: 2}, records)
	slices.SortFunc(records, bytes.Compare)
	if !slices.EqualFunc(got, records, bytes.Equal) {
		t.Error("not the sorted records")
	}
}

// Runs that wait to be merged have no file open: there may be thousands, where a process may have a thousand.
func TestRunsThatWaitAreClosed(t *testing.T) {
	open := func() int {
		files, err := os.ReadDir("/proc/self/fd")
		if err != nil {
			t.Skip("the open files are not known here")
		}
		return len(files)
	}
	s, err := New(Options{Size: 8, Memory: 1, Dir: t.TempDir(), Compress: true})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	before := open()
	for i := range 600_000 {
		if err := s.Add(binary.BigEndian.AppendUint64(nil, uint64(i)*0x9e3779b97f4a7c15)); err != nil {
			t.Fatal(err)
		}
	}
	s.work.Wait()
	if now := open(); len(s.runs) < 400 || now > before+10 {
		t.Errorf("%d runs, %d more files open", len(s.runs), now-before)
	}
	if _, err := s.Sort(); err != nil {
		t.Fatal(err)
	}
	if now := open(); now > before+maxFan+10 {
		t.Errorf("%d more files open in the merge, want at most %d", now-before, maxFan)
	}
}

func TestSortParallel(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	b := make([]byte, 1<<18)
	for i := range b {
		b[i] = byte(rng.IntN(256))
		if i%16 == 0 {
			b[i] = 7
		}
	}
	want := bytes.Clone(b)
	sortRecords(want, 16, 0)
	sortParallel(b, 16, 3)
	if !bytes.Equal(b, want) {
		t.Error("another order than one goroutine's")
	}
}

// fullDisk takes some bytes and then has no room.
type fullDisk struct {
	*os.File
	room int
}

func (f *fullDisk) Write(p []byte) (int, error) {
	if len(p) > f.room {
		return 0, &os.PathError{Op: "write", Path: f.Name(), Err: syscall.ENOSPC}
	}
	f.room -= len(p)
	return f.File.Write(p)
}

func TestFullDisk(t *testing.T) {
	for _, compress := range []bool{false, true} {
		s, err := New(Options{Size: 8, Memory: 1, Dir: t.TempDir(), Compress: compress})
		if err != nil {
			t.Fatal(err)
		}
		s.dirs.create = func(dir string) (runFile, error) {
			f, err := os.CreateTemp(dir, "")
			return &fullDisk{f, 1000}, err
		}
		for i := 0; i < 100_000 && err == nil; i++ {
			err = s.Add(binary.BigEndian.AppendUint64(nil, uint64(i)*0x9e3779b97f4a7c15))
		}
		if err == nil {
			_, err = s.Sort()
		}
		if !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), s.o.Dir) {
			t.Errorf("error %v, want one that says no space and where", err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if left, _ := os.ReadDir(s.o.Dir); len(left) > 0 {
			t.Errorf("%d files left", len(left))
		}
	}
}

func TestRefuses(t *testing.T) {
	for _, size := range []int{0, maxSize + 1} {
		if _, err := New(Options{Size: size}); err == nil {
			t.Errorf("records of %d bytes: no error", size)
		}
	}
	s, err := New(Options{Size: 4, Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Add(make([]byte, 5)); err == nil {
		t.Error("a record of another size: no error")
	}
}

func BenchmarkSort(b *testing.B) {
	for _, size := range []int{13, 40} {
		b.Run(fmt.Sprintf("%d bytes", size), func(b *testing.B) {
			const n = 2_000_000
			for b.Loop() {
				s, err := New(Options{Size: size, Memory: 1 << 25, Dir: b.TempDir(), Workers: 1})
				if err != nil {
					b.Fatal(err)
				}
				rec := make([]byte, size)
				rng := rand.New(rand.NewPCG(1, 2))
				for range n {
					binary.BigEndian.PutUint64(rec, rng.Uint64())
					if err := s.Add(rec); err != nil {
						b.Fatal(err)
					}
				}
				r, err := s.Sort()
				for err == nil {
					_, err = r.Next()
				}
				if err != io.EOF {
					b.Fatal(err)
				}
				s.Close()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/record")
		})
	}
}
