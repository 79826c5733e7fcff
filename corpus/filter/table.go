package filter

// table maps hashes to small numbers, by open addressing. It is emptied for each document without touching its memory: slots of
// earlier documents bear an older stamp. Equal hashes of 64 bits are taken for equal keys.
type table struct {
	slots []slot
	mask  uint64
	stamp uint32
}

type slot struct {
	key   uint64
	stamp uint32
	value uint32
}

// keepSlots is the number of slots above which a table's memory is given back with the next small document.
const keepSlots = 1 << 20

// reset empties the table and makes room for n keys.
func (t *table) reset(n int) {
	size := 64
	for size < n+n/4 { // words recur: half of it is used at most, as a rule
		size *= 2
	}
	if size > len(t.slots) || len(t.slots) > keepSlots && size <= keepSlots/4 {
		t.slots, t.stamp = make([]slot, size), 0
	}
	t.mask = uint64(size - 1)
	if t.stamp++; t.stamp == 0 {
		clear(t.slots)
		t.stamp = 1
	}
}

// at returns the value of a key, and whether it is new, in which case the value is 0.
func (t *table) at(key uint64) (value *uint32, fresh bool) {
	for i := (key ^ key>>32) & t.mask; ; i = (i + 1) & t.mask {
		s := &t.slots[i]
		if s.stamp != t.stamp {
			*s = slot{key, t.stamp, 0}
			return &s.value, true
		}
		if s.key == key {
			return &s.value, false
		}
	}
}
