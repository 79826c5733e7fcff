package gunzip

import (
	"bytes"
	"compress/flate"
	stdgzip "compress/gzip"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/klauspost/compress/gzip"
)

// text is of words that come again, from afar too, and of bytes that do not.
func text(n int) []byte {
	r := rand.New(rand.NewPCG(1, 2))
	var b bytes.Buffer
	for b.Len() < n {
		switch r.IntN(10) {
		case 0:
			for range r.IntN(40) {
				b.WriteByte(byte(r.Uint32()))
			}
		case 1:
			b.Write(bytes.Repeat([]byte{byte('a' + r.IntN(26))}, r.IntN(700)))
		case 2:
			if at := b.Len() - 1 - r.IntN(60000); at >= 0 {
				b.Write(bytes.Clone(b.Bytes()[at:min(b.Len(), at+r.IntN(400))]))
			}
		default:
			fmt.Fprintf(&b, "word%d ", r.IntN(3000))
		}
	}
	return b.Bytes()[:n]
}

func zipped(tb testing.TB, text []byte, level int) []byte {
	tb.Helper()
	var b bytes.Buffer
	w, err := stdgzip.NewWriterLevel(&b, level)
	if err != nil {
		tb.Fatal(err)
	}
	w.Write(text)
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

// read reads a file with this package.
func read(r io.Reader) ([]byte, error) {
	z, err := NewReader(r)
	if err != nil {
		return nil, err
	}
	return io.ReadAll(z)
}

func readStandard(data []byte) ([]byte, error) {
	z, err := stdgzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(z)
}

func readKlauspost(data []byte) ([]byte, error) {
	z, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(z)
}

// kind makes errors of a kind equal.
func kind(err error) error {
	if errors.As(err, new(flate.CorruptInputError)) {
		return flate.CorruptInputError(0)
	}
	return err
}

func TestRepetitionsWriteNoFurtherThanThereIsRoom(t *testing.T) {
	for dist := 1; dist < 40; dist++ {
		for length := 3; length <= longest; length++ {
			out := bytes.Repeat([]byte{'?'}, 40+length+30)
			for i := range 40 {
				out[i] = byte(i)
			}
			repeat(out, 40, dist, length)
			for i := range 40 + length {
				if want := byte(i); i < 40 && out[i] != want || i >= 40 && out[i] != out[i-dist] {
					t.Fatalf("distance %d, length %d: byte %d is %d", dist, length, i-40, out[i])
				}
			}
			if more := bytes.TrimRight(out[40+length:], "?"); len(more) > slack-2-longest {
				t.Fatalf("distance %d, length %d: %d bytes more", dist, length, len(more))
			}
		}
	}
}

// same checks that data are read as one of the libraries reads them: they do not agree on how much text comes before the end of a
// file that is cut off, nor on whether a code of distances may be missing that is used.
func same(tb testing.TB, data []byte) {
	tb.Helper()
	got, gotErr := read(bytes.NewReader(data))
	want, wantErr := readKlauspost(data)
	if bytes.Equal(got, want) && kind(gotErr) == kind(wantErr) {
		return
	}
	if text, err := readStandard(data); !bytes.Equal(got, text) || kind(gotErr) != kind(err) {
		tb.Fatalf("%d bytes, %v; want %d bytes, %v, or %d bytes, %v", len(got), gotErr, len(want), wantErr, len(text), err)
	}
}

func TestTextOfEveryLevelAndSizeIsThere(t *testing.T) {
	all := text(1 << 20)
	for _, n := range []int{0, 1, 7, 300, 32767, 32768, 65537, outSize - 1, outSize, outSize + 1, 1 << 20} {
		for level := stdgzip.HuffmanOnly; level <= stdgzip.BestCompression; level++ {
			data := zipped(t, all[:n], level)
			for name, r := range map[string]io.Reader{"whole": bytes.NewReader(data), "bytes": iotest.OneByteReader(bytes.NewReader(data)), "halves": iotest.HalfReader(bytes.NewReader(data)), "end with data": iotest.DataErrReader(bytes.NewReader(data))} {
				if got, err := read(r); err != nil || !bytes.Equal(got, all[:n]) {
					t.Fatalf("%d bytes at level %d, input by %s: %d bytes, %v", n, level, name, len(got), err)
				}
			}
		}
	}
}

func TestMembersComeOneAfterTheOther(t *testing.T) {
	a, b := text(200_000), []byte("the end")
	data := append(zipped(t, a, 9), zipped(t, b, 1)...)
	data = append(data, zipped(t, nil, 6)...)
	got, err := read(bytes.NewReader(data))
	if want := append(bytes.Clone(a), b...); err != nil || !bytes.Equal(got, want) {
		t.Fatalf("%d bytes, %v, want %d", len(got), err, len(want))
	}
	// A member knows nothing of the text of those before it.
	far := bytes.Repeat([]byte("far away "), 100)
	alone := zipped(t, append(bytes.Clone(a[:1000]), far...), 9)
	same(t, append(zipped(t, a[:1000], 9), alone...))
	for name, tail := range map[string]string{"rubbish": "no gzip here", "zeros": strings.Repeat("\x00", 20), "a piece": "\x1f\x8b\x08"} {
		if got, err := read(strings.NewReader(string(data) + tail)); err == nil || len(got) != len(a)+len(b) {
			t.Errorf("%s behind the end: %d bytes, %v", name, len(got), err)
		}
		same(t, append(bytes.Clone(data), tail...))
	}
}

func TestHeadersWithNamesAndMore(t *testing.T) {
	var b bytes.Buffer
	w := stdgzip.NewWriter(&b)
	w.Name, w.Comment, w.Extra = strings.Repeat("n", 400), "a comment", bytes.Repeat([]byte("x"), 3000)
	w.Write([]byte("text"))
	w.Close()
	for cut := range b.Len() {
		same(t, b.Bytes()[:cut])
	}
	if got, err := read(iotest.OneByteReader(&b)); err != nil || string(got) != "text" {
		t.Errorf("%q, %v", got, err)
	}
	head := []byte("\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff")
	for flags := range 256 {
		head[3] = byte(flags)
		same(t, append(bytes.Clone(head), zipped(t, []byte("text"), 6)[10:]...))
		same(t, append(append(bytes.Clone(head), strings.Repeat("long", 128)...), 0))
	}
}

func TestDamageIsFoundWhereTheLibrariesFindIt(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for _, level := range []int{0, 1, 6, 9, stdgzip.HuffmanOnly} {
		data := zipped(t, text(9000), level)
		for cut := 0; cut < len(data); cut += 1 + r.IntN(20) {
			same(t, data[:cut])
		}
		for range 2000 {
			bad := bytes.Clone(data)
			for range 1 + r.IntN(3) {
				bad[r.IntN(len(bad))] ^= 1 << r.IntN(8)
			}
			same(t, bad)
		}
	}
}

func TestErrorsOfTheSourceComeBehindTheText(t *testing.T) {
	data := zipped(t, text(300_000), 6)
	broken := errors.New("broken")
	got, err := read(io.MultiReader(bytes.NewReader(data[:len(data)/2]), iotest.ErrReader(broken)))
	want, _ := readKlauspost(data[:len(data)/2])
	if err != broken || !bytes.Equal(got, want) {
		t.Errorf("%d bytes, %v; want %d bytes and the source's error", len(got), err, len(want))
	}
	z, err := NewReader(bytes.NewReader(data[:100]))
	if err != nil {
		t.Fatal(err)
	}
	io.ReadAll(z)
	for range 2 { // it stays at the same error
		if n, err := z.Read(make([]byte, 10)); n != 0 || err != io.ErrUnexpectedEOF {
			t.Errorf("%d, %v", n, err)
		}
	}
}

func FuzzReader(f *testing.F) {
	for level := stdgzip.HuffmanOnly; level <= stdgzip.BestCompression; level++ {
		f.Add(zipped(f, text(600), level))
	}
	f.Add(append(zipped(f, []byte("one"), 1), zipped(f, []byte("two"), 9)...))
	f.Fuzz(func(t *testing.T, data []byte) {
		same(t, data)
		// The data of a member by themselves, so that checksums and headers do not hide what lies in them.
		same(t, append([]byte("\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"), data...))
	})
}

func BenchmarkRead(b *testing.B) {
	all := text(4 << 20)
	for name, open := range map[string]func(io.Reader) (io.Reader, error){
		"this":      func(r io.Reader) (io.Reader, error) { return NewReader(r) },
		"klauspost": func(r io.Reader) (io.Reader, error) { return gzip.NewReader(r) },
	} {
		b.Run(name, func(b *testing.B) {
			data := zipped(b, all, 6)
			b.SetBytes(int64(len(all)))
			for b.Loop() {
				z, err := open(bytes.NewReader(data))
				if err != nil {
					b.Fatal(err)
				}
				if _, err := io.Copy(io.Discard, struct{ io.Reader }{z}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
