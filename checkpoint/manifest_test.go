package checkpoint

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"
)

func testManifest(t testing.TB) *Manifest {
	t.Helper()
	m, err := newManifest(newState(3), 9, time.Unix(1e9, 0))
	if err != nil {
		t.Fatal(err)
	}
	m.Files = []FileEntry{{Name: "weights-00001-of-00001.safetensors", Size: 4, SHA256: noChecksum, Tensors: 1}}
	return m
}

func TestManifestRoundTrip(t *testing.T) {
	m := testManifest(t)
	// A config that looks like the checksum must not confuse anyone.
	m.Config = `"checksum": "` + noChecksum + `"`
	b, err := m.encode()
	if err != nil {
		t.Fatal(err)
	}
	got, err := decodeManifest(b)
	if err != nil {
		t.Fatal(err)
	}
	got.Extra, m.Extra = nil, nil // indentation changes
	if !reflect.DeepEqual(got, m) {
		t.Errorf("got %+v, want %+v", got, m)
	}
}

func TestManifestNoticesEveryChangedByte(t *testing.T) {
	b, err := testManifest(t).encode()
	if err != nil {
		t.Fatal(err)
	}
	for i := range b {
		b[i] ^= 1
		if _, err := decodeManifest(b); err == nil {
			t.Errorf("byte %d (%q) changed unnoticed", i, b[i]^1)
		}
		b[i] ^= 1
	}
}

func TestManifestRefusesPathsThatLeaveTheDirectory(t *testing.T) {
	for _, name := range []string{"", ".", "..", "../x", "a/b", `a\b`, "C:x", manifestName} {
		m := testManifest(t)
		m.Files[0].Name = name
		b, err := m.encode()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := decodeManifest(b); err == nil {
			t.Errorf("accepted file name %q", name)
		}
	}
}

func TestStateThatIsNotJSONIsRefused(t *testing.T) {
	st := newState(1)
	st.Extra["bad"] = []byte("{")
	if _, err := newManifest(st, 1, time.Now()); err == nil {
		t.Error("accepted malformed extra state")
	}
	st = newState(1)
	st.Config = []byte{0xff}
	if _, err := newManifest(st, 1, time.Now()); err == nil {
		t.Error("accepted a config that is not UTF-8")
	}
}

func FuzzManifest(f *testing.F) {
	b, err := testManifest(f).encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add([]byte(`{"format":"athanor-checkpoint","version":1,"checksum": "`))
	f.Fuzz(func(t *testing.T, b []byte) {
		if _, err := decodeManifest(b); err == nil {
			return
		}
		// Mostly the checksum is wrong; see what the checks behind it make of the content.
		m := new(Manifest)
		if json.Unmarshal(b, m) != nil || m.Format != formatName || m.Version != formatVersion || m.check() != nil {
			return
		}
		again, err := m.encode()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := decodeManifest(again); err != nil {
			t.Fatalf("%s: %v", again, err)
		}
	})
}
