package modelfile

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

type head struct {
	Name string `json:"name"`
}

const magic = "TESTING\x01"

func body(w *Writer) {
	w.Align(64)
	for _, part := range []string{"one ", "body in ", "parts"} {
		w.Write([]byte(part)) //nolint:errcheck // kept
	}
}

func file(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := Write(&b, magic, head{"a model"}, body); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestParseReadsWhatWriteWrote(t *testing.T) {
	data := file(t)
	var h head
	got, at, err := Parse(data, magic, &h)
	if err != nil || h.Name != "a model" {
		t.Fatalf("head %+v, %v", h, err)
	}
	zeros := 64 - at
	if want := strings.Repeat("\x00", zeros) + "one body in parts"; string(got) != want {
		t.Errorf("body %q, want %q", got, want)
	}
	path := filepath.Join(t.TempDir(), "m")
	if err := Save(path, magic, head{"a model"}, body); err != nil {
		t.Fatal(err)
	}
	if saved, err := os.ReadFile(path); err != nil || !bytes.Equal(saved, data) {
		t.Errorf("%d bytes saved, %v, want the %d written", len(saved), err, len(data))
	}
	if !bytes.Equal(Seal(data), data) {
		t.Error("the checksum is another")
	}
}

func TestParseRefuses(t *testing.T) {
	data := file(t)
	for at := range data {
		bad := bytes.Clone(data)
		bad[at] ^= 1
		if _, _, err := Parse(bad, magic, new(head)); err == nil {
			t.Errorf("a bit flipped in byte %d: read", at)
		}
	}
	for n := range data {
		if _, _, err := Parse(data[:n], magic, new(head)); err == nil {
			t.Errorf("cut at %d: read", n)
		}
	}
	long := bytes.Clone(data)
	long[8], long[9] = 0xff, 0xff
	for name, bad := range map[string][]byte{"a head longer than the file": Seal(long), "a field that is not known": Seal(bytes.Replace(data, []byte("name"), []byte("mane"), 1))} {
		if _, _, err := Parse(bad, magic, new(head)); err == nil {
			t.Errorf("%s: read", name)
		}
	}
}

// full takes some bytes and no more.
type full struct{ room int }

var errFull = errors.New("no room")

func (f *full) Write(p []byte) (int, error) {
	if len(p) > f.room {
		return 0, errFull
	}
	f.room -= len(p)
	return len(p), nil
}

func TestWriteTellsOfAFullDisk(t *testing.T) {
	for room := range len(file(t)) {
		if err := Write(&full{room}, magic, head{"a model"}, body); !errors.Is(err, errFull) {
			t.Errorf("room for %d bytes: %v", room, err)
		}
	}
}
