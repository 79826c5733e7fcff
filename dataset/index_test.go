package dataset

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The bytes below were worked out by hand from Megatron's layout: two documents of 3 and 2 tokens, u16.
const twoDocsHex = "" +
	"4d4d49444944580000" + // MMIDIDX\0\0
	"0100000000000000" + // version 1
	"08" + // u16
	"0200000000000000" + // 2 sequences
	"0300000000000000" + // 3 document indices
	"03000000" + "02000000" + // lengths
	"0000000000000000" + "0600000000000000" + // byte pointers
	"0000000000000000" + "0100000000000000" + "0200000000000000" // document indices

func lengthsOf(tokens ...int32) io.ReadSeeker {
	var b []byte
	for _, n := range tokens {
		b = binary.LittleEndian.AppendUint32(b, uint32(n))
	}
	return bytes.NewReader(b)
}

func TestIndexBytesAreMegatrons(t *testing.T) {
	var buf bytes.Buffer
	if err := writeIndex(&buf, U16, 2, lengthsOf(3, 2)); err != nil {
		t.Fatal(err)
	}
	if got := hex.EncodeToString(buf.Bytes()); got != twoDocsHex {
		t.Errorf("index\n got %s\nwant %s", got, twoDocsHex)
	}
	buf.Reset()
	if err := writeIndex(&buf, I32, 2, lengthsOf(1, 2)); err != nil {
		t.Fatal(err)
	}
	b := buf.Bytes()
	if b[17] != 4 {
		t.Errorf("dtype code of i32 is %d, want 4", b[17])
	}
	if p := binary.LittleEndian.Uint64(b[indexHeaderSize+2*4+8:]); p != 4 {
		t.Errorf("second pointer is %d, want 4 bytes", p)
	}
}

func TestBinBytes(t *testing.T) {
	got, err := U16.append(nil, []uint32{1, 0x0203, 65535}, 1<<16)
	if err != nil || !bytes.Equal(got, []byte{1, 0, 3, 2, 0xff, 0xff}) {
		t.Errorf("u16: % x, %v", got, err)
	}
	got, err = I32.append(nil, []uint32{0x01020304}, 1<<30)
	if err != nil || !bytes.Equal(got, []byte{4, 3, 2, 1}) {
		t.Errorf("i32: % x, %v", got, err)
	}
}

func TestIdThatDoesNotFitIsRefused(t *testing.T) {
	for _, c := range []struct {
		dt    DType
		id    uint32
		vocab int
	}{{U16, 65536, 1 << 16}, {U16, 100, 100}, {I32, 1 << 31, 1 << 31}, {I32, 1 << 20, 1 << 20}} {
		got, err := c.dt.append([]byte("keep"), []uint32{1, c.id}, c.vocab)
		if err == nil || string(got) != "keep" {
			t.Errorf("%s id %d of %d: %q, %v, want an error", c.dt, c.id, c.vocab, got, err)
		}
	}
	if dtypeFor(1<<16) != U16 || dtypeFor(1<<16+1) != I32 {
		t.Error("u16 holds 65,536 ids, no more")
	}
}

// writeShard writes documents as prefix.bin/.idx and returns the prefix.
func writeShard(tb testing.TB, dt DType, docs ...[]uint32) string {
	tb.Helper()
	prefix := filepath.Join(tb.TempDir(), "train")
	var bin []byte
	var lengths []int32
	for _, d := range docs {
		var err error
		if bin, err = dt.append(bin, d, 1<<30); err != nil {
			tb.Fatal(err)
		}
		lengths = append(lengths, int32(len(d)))
	}
	var idx bytes.Buffer
	if err := writeIndex(&idx, dt, int64(len(lengths)), lengthsOf(lengths...)); err != nil {
		tb.Fatal(err)
	}
	writeFile(tb, prefix+".bin", bin)
	writeFile(tb, prefix+".idx", idx.Bytes())
	return prefix
}

func writeFile(tb testing.TB, path string, data []byte) {
	tb.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		tb.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o644); err != nil {
		tb.Fatal(err)
	}
}

func TestMegatronRoundTrip(t *testing.T) {
	for _, dt := range []DType{U16, I32} {
		prefix := writeShard(t, dt, []uint32{1, 2, 3}, nil, []uint32{4}, []uint32{5, 6})
		sp, err := OpenMegatron(prefix, 7)
		if err != nil {
			t.Fatal(err)
		}
		defer sp.Close()
		if sp.Tokens() != 6 || sp.Docs() != 4 || sp.DType() != dt {
			t.Errorf("%s: %d tokens, %d docs, %s", dt, sp.Tokens(), sp.Docs(), sp.DType())
		}
		got := make([]int32, 6)
		if err := sp.Read(got, 0); err != nil {
			t.Fatal(err)
		}
		for i, id := range got {
			if int(id) != i+1 {
				t.Errorf("%s: token %d is %d", dt, i, id)
			}
		}
		for pos, want := range []int64{0, 0, 0, 2, 3, 3} {
			if d := sp.DocAt(int64(pos)); d != want {
				t.Errorf("token %d is in document %d, want %d", pos, d, want)
			}
		}
		if err := sp.Read(got, 1); err == nil {
			t.Error("read past the end succeeded")
		}
	}
}

func TestDamagedShardsAreNamed(t *testing.T) {
	two, _ := hex.DecodeString(twoDocsHex)
	edit := func(off int, b ...byte) []byte {
		c := bytes.Clone(two)
		copy(c[off:], b)
		return c
	}
	for _, c := range []struct {
		name, want string
		idx        []byte
	}{
		{"empty", "0 bytes", nil},
		{"magic", "magic", edit(0, 'X')},
		{"version", "version 2, want 1", edit(9, 2)},
		{"dtype f32", "stored as f32", edit(17, 7)},
		{"dtype 99", "code 99", edit(17, 99)},
		{"2^60 sequences", "claims 1152921504606846976 sequences", edit(18, 0, 0, 0, 0, 0, 0, 0, 0x10)},
		{"2^63 documents", "claims 2 sequences and 9223372036854775808", edit(26, 0, 0, 0, 0, 0, 0, 0, 0x80)},
		{"truncated", "bytes follow", two[:len(two)-1]},
		{"trailing", "left over", append(bytes.Clone(two), 0)},
		{"negative length", "sequence 0 has -1 tokens", edit(34, 0xff, 0xff, 0xff, 0xff)},
		{"flipped length", "want 8, where sequence 0 ends", edit(34, 4)},
		{"flipped last length", "10 bytes, want 12", edit(38, 3)},
		{"flipped pointer", "at byte 7", edit(50, 7)},
		{"first document", "document 0 starts at sequence 1", edit(58, 1)},
		{"document order", "document 1 starts at sequence 9", edit(66, 9)},
		{"last document", "ends at sequence 1, want 2", edit(74, 1)},
	} {
		t.Run(c.name, func(t *testing.T) {
			prefix := filepath.Join(t.TempDir(), "x")
			writeFile(t, prefix+".idx", c.idx)
			writeFile(t, prefix+".bin", make([]byte, 10))
			_, err := OpenMegatron(prefix, 0)
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), prefix) {
				t.Errorf("error %v, want it to name the file and say %q", err, c.want)
			}
		})
	}
}

func TestModesOfMultimodalIndexAreSkipped(t *testing.T) {
	two, _ := hex.DecodeString(twoDocsHex)
	if _, err := parseIndex(append(two, 1, 1)); err != nil {
		t.Error(err)
	}
}

func TestFlatFileIsNanoGPTs(t *testing.T) {
	path := filepath.Join(t.TempDir(), "train.bin")
	writeFile(t, path, []byte{1, 0, 2, 0, 0, 1})
	sp, err := OpenFlat(path, 257)
	if err != nil {
		t.Fatal(err)
	}
	defer sp.Close()
	got := make([]int32, 3)
	if err := sp.Read(got, 0); err != nil || got[0] != 1 || got[1] != 2 || got[2] != 256 {
		t.Errorf("tokens %v, %v", got, err)
	}
	small, err := OpenFlat(path, 256)
	if err != nil {
		t.Fatal(err)
	}
	defer small.Close()
	if err := small.Read(got, 0); err == nil || !strings.Contains(err.Error(), "id 256") {
		t.Errorf("id outside the vocabulary: %v", err)
	}
	writeFile(t, path, []byte{1, 0, 2})
	if _, err := OpenFlat(path, 0); err == nil || !strings.Contains(err.Error(), "multiple of 2") {
		t.Errorf("odd size: %v", err)
	}
}

func FuzzParseIndex(f *testing.F) {
	two, _ := hex.DecodeString(twoDocsHex)
	f.Add(two)
	f.Add(append(two, 1, 1))
	f.Add(two[:40])
	f.Fuzz(func(t *testing.T, data []byte) {
		ix, err := parseIndex(data)
		if err != nil {
			return
		}
		// whatever is accepted can be walked: documents tile the stream
		end := int64(0)
		for i := range ix.docs {
			if ix.start(i) != end && ix.start(i) < end {
				t.Fatalf("document %d starts at %d, before %d", i, ix.start(i), end)
			}
			end = ix.start(i + 1)
		}
		if end != ix.tokens() && ix.docs > 0 {
			t.Fatalf("documents end at %d of %d tokens", end, ix.tokens())
		}
	})
}
