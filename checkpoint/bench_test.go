package checkpoint

import (
	"testing"
	"time"
)

// bigState holds 32M parameters with their moments: 384 MiB.
func bigState() *State {
	st := &State{Step: 1}
	for range 8 {
		var group []Tensor
		for _, name := range []string{"", "optim.m.", "optim.v."} {
			name += string(rune('a' + len(st.Groups)))
			group = append(group, Tensor{Name: name, Shape: []int{4 << 20}, Data: make([]float32, 4<<20)})
		}
		st.Groups = append(st.Groups, group)
	}
	return st
}

// BenchmarkSave writes a checkpoint and waits until it is durable.
func BenchmarkSave(b *testing.B) {
	st := bigState()
	root := b.TempDir()
	b.SetBytes(8 * 3 * 16 << 20)
	for b.Loop() {
		if _, err := Save(root, st, Options{KeepLast: 1}); err != nil {
			b.Fatal(err)
		}
		st.Step++
	}
}

// BenchmarkLoad verifies a checkpoint and reads it.
func BenchmarkLoad(b *testing.B) {
	st := bigState()
	root := b.TempDir()
	if _, err := Save(root, st, Options{}); err != nil {
		b.Fatal(err)
	}
	b.SetBytes(8 * 3 * 16 << 20)
	for b.Loop() {
		c, _, err := Load(root)
		if err != nil {
			b.Fatal(err)
		}
		if err := c.LoadInto(st.Groups); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkStall measures how long the update right after Begin is held up, the worst moment, by budget.
func BenchmarkStall(b *testing.B) {
	for name, budget := range map[string]int64{"256MiB": 0, "none": -1, "all": 1 << 30} {
		b.Run(name, func(b *testing.B) {
			st := bigState()
			s, err := NewSaver(b.TempDir(), Options{KeepLast: 1, CopyBudget: budget})
			if err != nil {
				b.Fatal(err)
			}
			var stalled time.Duration
			var copied int64
			for b.Loop() {
				if err := s.Begin(st); err != nil {
					b.Fatal(err)
				}
				start := time.Now()
				for i := range st.Groups {
					s.BeforeUpdate(i)
				}
				stalled += time.Since(start)
				saved, err := s.Wait()
				if err != nil {
					b.Fatal(err)
				}
				copied += saved.Copied
				st.Step++
			}
			b.ReportMetric(float64(stalled.Milliseconds())/float64(b.N), "stall-ms/op")
			b.ReportMetric(float64(copied>>20)/float64(b.N), "copied-MiB/op")
		})
	}
}
