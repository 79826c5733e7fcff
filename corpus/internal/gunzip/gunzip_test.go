package gunzip

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"errors"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/iotest"
)

// packed compresses texts into a member each.
func packed(tb testing.TB, level int, texts ...string) []byte {
	tb.Helper()
	var b bytes.Buffer
	for _, text := range texts {
		w, err := gzip.NewWriterLevel(&b, level)
		if err != nil {
			tb.Fatal(err)
		}
		w.Name, w.Comment, w.Extra = "name", "comment", []byte("extra")
		io.WriteString(w, text)
		if err := w.Close(); err != nil {
			tb.Fatal(err)
		}
	}
	return b.Bytes()
}

// texts of several kinds: few and many symbols, near and far matches, none.
func texts() []string {
	rng := rand.New(rand.NewPCG(1, 2))
	noise := make([]byte, 200<<10)
	skewed := make([]byte, 300<<10)
	for i := range noise {
		noise[i] = byte(rng.Uint32())
	}
	for i := range skewed {
		skewed[i] = byte(rng.ExpFloat64() * 20)
	}
	words := strings.Fields("a the of to and in that it is was for with as on be at by this which or from")
	var prose strings.Builder
	for prose.Len() < 400<<10 {
		prose.WriteString(words[int(rng.ExpFloat64()*4)%len(words)])
		prose.WriteByte(" ,.\n"[rng.IntN(100)/80])
	}
	return []string{"", "a", strings.Repeat("x", 1<<18), strings.Repeat("abc", 1<<16), prose.String(), string(skewed), string(noise),
		string(noise[:32<<10]) + string(noise[:32<<10]), string(noise[:33<<10]) + string(noise[:33<<10])}
}

func TestReadsWhatWasWritten(t *testing.T) {
	all := texts()
	for _, level := range []int{gzip.HuffmanOnly, gzip.NoCompression, 1, 6, 9} {
		for i, text := range append(all, strings.Join(all, "")) {
			file := packed(t, level, text, "", text)
			for name, in := range map[string]io.Reader{"whole": bytes.NewReader(file), "halves": iotest.HalfReader(bytes.NewReader(file)), "late": iotest.DataErrReader(bytes.NewReader(file))} {
				got, err := readAll(in)
				if err != nil || string(got) != text+text {
					t.Errorf("level %d, text %d, %s: %d bytes, %v, want %d", level, i, name, len(got), err, 2*len(text))
				}
			}
		}
	}
}

func readAll(in io.Reader) ([]byte, error) {
	z, err := NewReader(in)
	if err != nil {
		return nil, err
	}
	return io.ReadAll(z)
}

func TestByteByByte(t *testing.T) {
	text := texts()[4][:50<<10]
	got, err := readAll(iotest.OneByteReader(bytes.NewReader(packed(t, 9, text))))
	if err != nil || string(got) != text {
		t.Errorf("%d bytes, %v", len(got), err)
	}
}

func TestACutFileEndsUnexpectedly(t *testing.T) {
	file := packed(t, 6, texts()[4][:20<<10])
	for n := 1; n < len(file); n++ {
		if _, err := readAll(bytes.NewReader(file[:n])); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Fatalf("%d of %d bytes: %v, want %v", n, len(file), err, io.ErrUnexpectedEOF)
		}
	}
	if _, err := readAll(strings.NewReader("")); err != io.EOF {
		t.Errorf("nothing: %v, want %v", err, io.EOF)
	}
	if _, err := readAll(bytes.NewReader(append(file, "trailing"...))); err == nil {
		t.Error("bytes behind the last member pass")
	}
}

// same compares with compress/gzip: what it reads, and whether it comes to the end.
func same(t *testing.T, file []byte) {
	t.Helper()
	var want []byte
	ref, refErr := gzip.NewReader(bytes.NewReader(file))
	if refErr == nil {
		want, refErr = io.ReadAll(io.LimitReader(ref, 1<<22))
	}
	var got []byte
	z, err := NewReader(bytes.NewReader(file))
	if err == nil {
		got, err = io.ReadAll(io.LimitReader(z, 1<<22))
	}
	if (err == nil) != (refErr == nil) {
		t.Fatalf("%v after %d bytes, want %v after %d", err, len(got), refErr, len(want))
	}
	if n := min(len(got), len(want)); err == nil && len(got) != len(want) || !bytes.Equal(got[:n], want[:n]) {
		t.Fatalf("%d bytes, want %d, or others", len(got), len(want))
	}
}

func TestDamageIsFoundWhereOthersFindIt(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for _, level := range []int{gzip.HuffmanOnly, 0, 1, 9} {
		file := packed(t, level, texts()[4][:30<<10], texts()[5][:3000])
		for range 500 {
			bad := bytes.Clone(file)
			for range 1 + rng.IntN(3) {
				bad[rng.IntN(len(bad))] ^= 1 << rng.IntN(8)
			}
			same(t, bad)
		}
	}
}

func FuzzReader(f *testing.F) {
	for _, text := range texts() {
		f.Add(packed(f, 9, text[:min(len(text), 2000)]))
	}
	f.Add([]byte("\x1f\x8b\x08\x1f\x00\x00\x00\x00\x00\xff\x01\x00x\x00\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, file []byte) {
		same(t, file)
		// The same bytes as the inside of a member, whose checksum is right, so that it is seen whether all is decoded alike.
		inside, err := io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(file)), 1<<22))
		z, zErr := NewReader(io.MultiReader(strings.NewReader("\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x00"), bytes.NewReader(file)))
		if zErr != nil {
			t.Fatal(zErr)
		}
		got, zErr := io.ReadAll(io.LimitReader(z, 1<<22))
		if err == nil && !bytes.Equal(got, inside) {
			t.Fatalf("%d bytes, %v, want %d", len(got), zErr, len(inside))
		}
	})
}

func BenchmarkReader(b *testing.B) {
	text := texts()[4]
	file := packed(b, 6, text)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		if _, err := readAll(bytes.NewReader(file)); err != nil {
			b.Fatal(err)
		}
	}
}
