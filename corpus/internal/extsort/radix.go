package extsort

import (
	"bytes"
	"sync"
)

// few is the number of records from which sorting by counting bytes pays.
const few = 24

// sortRecords sorts records of size bytes in place by the bytes from depth on, all before being equal: American flag sort
// (McIlroy, Bostic & McIlroy 1993), a counting sort by one byte that moves records along cycles and then descends.
func sortRecords(b []byte, size, depth int) {
	for depth < size {
		if len(b) <= few*size {
			insertionSort(b, size, depth)
			return
		}
		ends, one := partition(b, size, depth)
		depth++
		if one {
			continue
		}
		start := 0
		for _, end := range ends {
			if end-start > size {
				sortRecords(b[start:end], size, depth)
			}
			start = end
		}
		return
	}
}

// partition orders records by the byte at depth and returns where, in bytes, each value's records end. One says that all
// have the same.
func partition(b []byte, size, depth int) (ends [256]int, one bool) {
	var counts, next [256]int
	for i := depth; i < len(b); i += size {
		counts[b[i]]++
	}
	if counts[b[depth]]*size == len(b) {
		return ends, true
	}
	sum := 0
	for v, n := range counts {
		next[v] = sum
		sum += n * size
		ends[v] = sum
	}
	var room [maxSize]byte
	held := room[:size]
	for v := range ends {
		for next[v] < ends[v] {
			at := next[v]
			w := b[at+depth]
			if int(w) == v {
				next[v] += size
				continue
			}
			// Take the record out and follow its cycle until one comes that belongs here.
			copy(held, b[at:at+size])
			for int(w) != v {
				to := b[next[w] : next[w]+size]
				next[w] += size
				w = swap(held, to, depth)
			}
			copy(b[at:at+size], held)
			next[v] += size
		}
	}
	return ends, false
}

// swap exchanges two records and returns the byte at depth of the one now in held.
func swap(held, to []byte, depth int) byte {
	i := 0
	for ; i+8 <= len(held) && i+8 <= len(to); i += 8 {
		h, t := (*[8]byte)(held[i:]), (*[8]byte)(to[i:])
		*h, *t = *t, *h
	}
	for ; i < len(held) && i < len(to); i++ {
		held[i], to[i] = to[i], held[i]
	}
	return held[depth]
}

func insertionSort(b []byte, size, depth int) {
	var room [maxSize]byte
	held := room[:size]
	for i := size; i < len(b); i += size {
		j := i
		for j > 0 && bytes.Compare(b[j-size+depth:j], b[i+depth:i+size]) > 0 {
			j -= size
		}
		if j < i {
			copy(held, b[i:i+size])
			copy(b[j+size:i+size], b[j:i])
			copy(b[j:j+size], held)
		}
	}
}

// sortParallel sorts with several goroutines: the values of the first byte that differs are shared out.
func sortParallel(b []byte, size, workers int) {
	depth := 0
	for workers > 1 && len(b) > 1<<16 && depth < size {
		ends, one := partition(b, size, depth)
		depth++
		if one {
			continue
		}
		parts := make(chan []byte, 256)
		start := 0
		for _, end := range ends {
			if end > start {
				parts <- b[start:end]
			}
			start = end
		}
		close(parts)
		var wg sync.WaitGroup
		for range workers {
			wg.Go(func() {
				for p := range parts {
					sortRecords(p, size, depth)
				}
			})
		}
		wg.Wait()
		return
	}
	sortRecords(b, size, depth)
}
