package dataset

import (
	"testing"
	"time"
)

// What is written is made durable on the way, not only when it is time: the end of a build does not wait for all of it.
func TestJournalIsDueWhenMuchIsWritten(t *testing.T) {
	bin := &growing{size: journalBytes - 1}
	b := &builder{cfg: &BuildConfig{JournalEvery: time.Hour}, journaled: time.Now(), shards: [2]*shardWriter{val: {bin: bin}}}
	if b.journalDue() {
		t.Error("due before much is written")
	}
	bin.size++
	if !b.journalDue() {
		t.Error("not due when much is written")
	}
	if b.cfg.JournalEvery = -1; b.journalDue() {
		t.Error("due where there is to be no journal")
	}
	if b.cfg.JournalEvery, b.durable = time.Hour, b.written(); b.journalDue() {
		t.Error("due again when nothing was written since")
	}
}
