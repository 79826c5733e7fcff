package pipeline

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"
)

// A rank that is at work gives a sign of life: a number in a file, which grows. Others wait for it as long as they see that; a task or a merge
// may take longer than anybody wants to wait for a rank that is dead. No clock is compared with another machine's.

// aliveEvery is how often a rank gives a sign of life, at least.
const aliveEvery = 10 * time.Second

func (p *Pipeline) aliveFile(rank int) string {
	return filepath.Join(p.recipe.Out, workDir, "ranks", fmt.Sprintf("%05d.alive", rank))
}

// live gives signs of life until it is stopped. That one cannot be given is no reason to stop the work.
func (p *Pipeline) live(s Share) (stop func()) {
	file := p.aliveFile(s.Rank)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return func() {}
	}
	ended := make(chan struct{})
	var group sync.WaitGroup
	group.Go(func() {
		tick := time.NewTicker(max(min(aliveEvery, s.Wait/4), time.Millisecond))
		defer tick.Stop()
		start := time.Now().UnixNano() // another than that of an earlier life
		for n := int64(0); ; n++ {
			os.WriteFile(file, strconv.AppendInt(nil, start+n, 10), 0o644)
			select {
			case <-tick.C:
			case <-ended:
				return
			}
		}
	})
	return func() { close(ended); group.Wait() }
}

// signOf is a rank's last sign of life, empty where there is none.
func (p *Pipeline) signOf(rank int) string {
	sign, err := os.ReadFile(p.aliveFile(rank))
	if err != nil {
		return ""
	}
	return string(sign)
}
