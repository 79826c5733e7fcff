package runlog

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"

	"google.golang.org/protobuf/encoding/protowire"
)

// readRecords splits a TFRecord file, checking both checksums of each record.
func readRecords(t *testing.T, path string) [][]byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var out [][]byte
	for len(b) > 0 {
		n := binary.LittleEndian.Uint64(b)
		data := b[12 : 12+n]
		if got, want := binary.LittleEndian.Uint32(b[8:]), maskedCRC(b[:8]); got != want {
			t.Fatalf("length CRC %x, want %x", got, want)
		}
		if got, want := binary.LittleEndian.Uint32(b[12+n:]), maskedCRC(data); got != want {
			t.Fatalf("data CRC %x, want %x", got, want)
		}
		out = append(out, data)
		b = b[16+n:]
	}
	return out
}

func TestMaskedCRCMatchesTensorFlow(t *testing.T) {
	// CRC-32C of 32 zero bytes is 0x8a9136aa (RFC 3720, B.4); masked as in tensorflow/core/lib/hash/crc32c.h.
	crc := uint32(0x8a9136aa)
	if got, want := maskedCRC(make([]byte, 32)), (crc>>15|crc<<17)+0xa282ead8; got != want {
		t.Errorf("%x, want %x", got, want)
	}
}

func TestEventBytes(t *testing.T) {
	at := time.Unix(1, 500e6)
	w, err := NewEventWriter(t.TempDir(), 0, func() time.Time { return at })
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Scalars(300, Scalar{"a", 1.5}); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	recs := readRecords(t, w.Path())
	// By hand from event.proto and summary.proto: wall_time 1.5; file_version; step 300, summary{value{tag "a", simple_value 1.5}}.
	want := []string{
		"09000000000000f83f" + "1a0d" + hex.EncodeToString([]byte("brain.Event:2")),
		"09000000000000f83f" + "10ac02" + "2a0a" + "0a08" + "0a0161" + "150000c03f",
	}
	for i, r := range recs {
		if got := hex.EncodeToString(r); got != want[i] {
			t.Errorf("event %d: %s, want %s", i, got, want[i])
		}
	}
}

func TestResumedEventFileStartsASession(t *testing.T) {
	dir := t.TempDir()
	w, err := NewEventWriter(dir, 20, nil)
	if err != nil {
		t.Fatal(err)
	}
	r := sampleRecord(30)
	if err := w.Record(&r); err != nil {
		t.Fatal(err)
	}
	if err := w.Text(30, "samples", "从前 there was"); err != nil {
		t.Fatal(err)
	}
	w.Close()
	recs := readRecords(t, w.Path())
	if len(recs) != 4 {
		t.Fatalf("%d events, want 4", len(recs))
	}
	b := recs[1]
	for len(b) > 0 {
		num, typ, n := protowire.ConsumeField(b)
		if n < 0 {
			t.Fatal(protowire.ParseError(n))
		}
		if num == eventStep {
			if v, _ := protowire.ConsumeVarint(b[1:]); v != 21 || typ != protowire.VarintType {
				t.Errorf("session starts at step %d, want 21", v)
			}
		}
		b = b[n:]
	}
}

// TestEventsOfAResumedRun writes what an interrupted and resumed run leaves. With ATHANOR_KEEP_EVENTS=DIR it stays for
// tools/oracle/check_tensorboard.py.
func TestEventsOfAResumedRun(t *testing.T) {
	dir := t.TempDir()
	if keep := os.Getenv("ATHANOR_KEEP_EVENTS"); keep != "" {
		dir = keep
	}
	at := time.Unix(1_700_000_000, 0)
	now := func() time.Time { at = at.Add(time.Second); return at }
	files := 0
	for _, part := range []struct{ resumed, to int64 }{{0, 25}, {20, 30}} {
		m, _, err := OpenMetrics(filepath.Join(dir, "metrics.jsonl"), part.resumed)
		if err != nil {
			t.Fatal(err)
		}
		w, err := NewEventWriter(filepath.Join(dir, "tensorboard"), part.resumed, now)
		if err != nil {
			t.Fatal(err)
		}
		files++
		for s := part.resumed + 1; s <= part.to; s++ {
			r := sampleRecord(s)
			r.Loss += float64(part.resumed) // tells the sessions apart
			if s == 7 {
				r.GradNorm = math.NaN()
			}
			if err := errors.Join(m.Write(&r), w.Record(&r)); err != nil {
				t.Fatal(err)
			}
		}
		if err := errors.Join(w.Text(part.to, "samples", "Once upon a time 从前"), w.Close(), m.Close()); err != nil {
			t.Fatal(err)
		}
	}
	found, err := filepath.Glob(filepath.Join(dir, "tensorboard", "events.out.tfevents.*"))
	if err != nil || len(found) != files {
		t.Errorf("event files %v, %v", found, err)
	}
}
