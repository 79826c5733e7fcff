package warc

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"testing"
)

// Whatever a file holds, reading ends, numbers run on, and no more is held than the limits allow.
func FuzzReader(f *testing.F) {
	a, b := good("a:", "one"), good("b:", "two")
	f.Add([]byte(a + b))
	f.Add([]byte(record("a:", "one", 300) + b))
	f.Add([]byte(member(a) + member(b)))
	f.Add([]byte(member(a)[:40] + member(b)))
	f.Add([]byte(member(a+b) + "\x1f\x8b\x08garbage" + member(a)))
	f.Fuzz(func(t *testing.T, file []byte) {
		const limit = 1 << 16
		r := NewReader(bytes.NewReader(file), limit)
		for number := int64(1); ; number++ {
			if number > int64(len(file))+2 {
				t.Fatalf("%d records in %d bytes", number, len(file))
			}
			rec, err := r.Next()
			var bad *BadRecord
			switch {
			case err == io.EOF:
				return
			case errors.As(err, &bad):
				if bad.Number != number || bad.Offset < 0 || bad.Offset > int64(len(file)) || bad.Reason == "" {
					t.Fatalf("%+v, want number %d within %d bytes", bad, number, len(file))
				}
			case err != nil:
				t.Fatal(err)
			case rec.Number != number || len(rec.Block) > limit:
				t.Fatalf("%+v, want number %d", rec, number)
			case rec.Type == "response":
				if resp, err := ParseResponse(rec.Block); err == nil {
					resp.Unpack(limit)
				}
			}
			if len(r.in.buf) > 4*(limit+maxHeader+readAhead) {
				t.Fatalf("%d bytes held", len(r.in.buf))
			}
		}
	})
}

func FuzzResponse(f *testing.F) {
	f.Add([]byte("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + member("x")))
	f.Add([]byte("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Encoding: br\r\n\r\n3\r\nabc\r\n0\r\n\r\n"))
	f.Fuzz(func(t *testing.T, block []byte) {
		const limit = 1 << 16
		if resp, err := unpacked(string(block), limit); err == nil && len(resp.Body) > limit {
			t.Fatalf("a body of %d bytes", len(resp.Body))
		}
	})
}

// Of a file in which one member was damaged, all other records are read, and one that was set aside says so.
func TestDamageTakesOneRecord(t *testing.T) {
	source := rand.New(rand.NewPCG(7, 7))
	for round := range 150 {
		var members []string
		var want []string
		for i := range 12 {
			block := make([]byte, source.IntN(20_000))
			for j := range block {
				block[j] = byte('a' + source.IntN(4+round%20))
			}
			uri := fmt.Sprintf("r:%d", i)
			members = append(members, member(good(uri, string(block))))
			want = append(want, uri)
		}
		hit := source.IntN(len(members))
		victim := []byte(members[hit])
		at := source.IntN(len(victim))
		switch round % 3 {
		case 0: // cut off
			victim = victim[:at]
		case 1: // overwritten
			for i := range victim[at:min(len(victim), at+8)] {
				victim[at+i] ^= byte(1 + source.IntN(255))
			}
		case 2: // a hole
			victim = slices.Delete(victim, at, min(len(victim), at+1+source.IntN(100)))
		}
		members[hit] = string(victim)
		var file bytes.Buffer
		for _, m := range members {
			file.WriteString(m)
		}
		var got []string
		bad := 0
		for r := NewReader(&file, 0); ; {
			rec, err := r.Next()
			if err == io.EOF {
				break
			}
			if err != nil {
				bad++
				continue
			}
			got = append(got, rec.URI())
		}
		// A header that was hit, or a member that is gone as a whole, may leave the record readable or without a trace.
		rest := slices.Delete(slices.Clone(want), hit, hit+1)
		if !slices.Equal(got, rest) && !slices.Equal(got, want) {
			t.Fatalf("round %d: damage at %d of record %d: read %v", round, at, hit, got)
		}
		if len(got) < len(want) && bad == 0 && at > 0 {
			t.Fatalf("round %d: record %d lost in silence, damage at %d", round, hit, at)
		}
	}
}
