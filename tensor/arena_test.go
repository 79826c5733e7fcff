package tensor

import (
	"math/rand/v2"
	"testing"

	"github.com/athanor-lm/athanor/internal/kernel"
)

func TestLayoutNeverSharesLiveMemory(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	for range 200 {
		var bufs []*buffer
		var need [41]int // bytes alive at each event
		for range 1 + rng.IntN(60) {
			b := &buffer{size: 1 + rng.IntN(5000)}
			for l := range b.life {
				if rng.IntN(3) == 0 && l == 1 {
					continue
				}
				first := 1 + rng.IntN(40)
				b.life[l] = span{first, first + rng.IntN(41-first)}
				for e := first; e <= b.life[l].last; e++ {
					need[e] += (b.size + arenaAlign - 1) &^ (arenaAlign - 1)
				}
			}
			bufs = append(bufs, b)
		}
		bytes := layout(bufs)
		least := 0
		for _, n := range need {
			least = max(least, n)
		}
		if bytes < least || bytes > least*3/2+4*arenaAlign {
			t.Errorf("arena of %d bytes, want %d to half as much again", bytes, least)
		}
		type live struct{ off, end, first, last int }
		var all []live
		for _, b := range bufs {
			for l, s := range b.life {
				if s.first != 0 {
					all = append(all, live{b.off[l], b.off[l] + b.size, s.first, s.last})
				}
			}
		}
		for i, a := range all {
			if a.off%arenaAlign != 0 || a.end > bytes {
				t.Fatalf("buffer at %d to %d of %d", a.off, a.end, bytes)
			}
			for _, b := range all[:i] {
				if a.first <= b.last && b.first <= a.last && a.off < b.end && b.off < a.end {
					t.Fatalf("buffers %+v and %+v share memory", a, b)
				}
			}
		}
	}
}

func TestPlanNeedsNoParameters(t *testing.T) {
	tape := testTape(t, BF16, 2)
	m := newToy(tape)
	info := tape.Plan("train", true, m.body)
	for _, p := range m.params {
		p.Free()
	}
	if again := tape.Plan("train", true, m.body); again.ArenaBytes != info.ArenaBytes || again.Total() != info.Total() {
		t.Errorf("plan without parameters %+v, with them %+v", again, info)
	}
	if tape.arena.size != 0 {
		t.Errorf("planning allocated %d bytes", tape.arena.size)
	}
	n := float64(m.B * m.T)
	linear := 3 * 2 * n * float64(m.C) * float64((m.H+2*m.K)*m.D+3*m.F) * 2 // qkv, gate and up, up2; two layers; forward and twice backward
	if got := info.FLOPs["Linear"]; got != linear {
		t.Errorf("%v FLOPs of Linear, want %v", got, linear)
	}
	if got, want := info.FLOPs["HeadLoss"], 3*2*n*float64(m.C*m.V); got != want {
		t.Errorf("%v FLOPs of HeadLoss, want %v", got, want)
	}
}

func TestKeysShareTheArena(t *testing.T) {
	m := newToy(testTape(t, F32, 2))
	first := m.step(1)
	want := m.grads()
	size := m.tape.arena.size
	big := NewTensor(F32, 1000, 100)
	out := make([]float32, big.Len())
	kernel.Fill(big.F32(), 2)
	m.tape.Run("other", 0, false, func() { m.tape.Scale(big, 3).CopyTo(out) })
	if m.tape.arena.size <= size {
		t.Errorf("arena of %d bytes did not grow from %d", m.tape.arena.size, size)
	}
	if out[0] != 6 || out[len(out)-1] != 6 {
		t.Errorf("2·3 = %v, %v", out[0], out[len(out)-1])
	}
	if l := m.step(1); l != first {
		t.Errorf("loss %v after another key moved the arena, want %v", l, first)
	}
	sameBits(t, "after the arena moved", m.grads(), want)
}

func TestADeviationFromTheRecordPanics(t *testing.T) {
	tape := testTape(t, F32, 1)
	x, y := NewTensor(F32, 2, 4), NewTensor(F32, 2, 6)
	ops := func(n int, x *Tensor) func() {
		return func() {
			for range n {
				tape.Scale(x, 1)
			}
		}
	}
	tape.Run("k", 0, false, ops(2, x))
	for name, body := range map[string]func(){
		"fewer operations": ops(1, x),
		"more operations":  ops(3, x),
		"other shape":      ops(2, y),
		"other operation":  func() { tape.Scale(x, 1); tape.Add(x, x) },
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			tape.Run("k", 0, false, body)
		})
	}
	tape.Run("k", 0, false, ops(2, x)) // and the tape still works
}
