package safetensors

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestReadsTheReferenceImplementationsFile(t *testing.T) {
	f, err := Open(filepath.Join("testdata", "reference.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	inf := float32(math.Inf(1))
	for name, want := range map[string][]float32{
		"f32":    {0, -1.5, 65504, 1e-7, inf, 0.333251953125},
		"f64":    {0, -1.5, 65504, 1e-7, inf, 0.333251953125},
		"bf16":   {0, -1.5, 65536, 1.0011717677116394e-07, inf, 0.333984375},
		"f16":    {0, -1.5, 65504, 1.1920928955078125e-07, inf, 0.333251953125},
		"scalar": {2.5},
		"empty":  {},
	} {
		got := make([]float32, len(want))
		if err := f.ReadF32(name, got); err != nil {
			t.Error(err)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s = %v, want %v", name, got, want)
		}
	}
	for name, want := range map[string][]int64{"i64": {-1, 1 << 40}, "u8": {0, 255, 7}} {
		got := make([]int64, len(want))
		if err := f.ReadInt(name, got); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s = %v, %v, want %v", name, got, err, want)
		}
	}
	if m := f.Metadata(); m["format"] != "pt" || m["名字"] != "炉" {
		t.Errorf("metadata = %v", m)
	}
	if info, ok := f.Info("bf16"); !ok || info.DType != BF16 || !slices.Equal(info.Shape, []int{2, 3}) {
		t.Errorf("Info(bf16) = %+v, %v", info, ok)
	}
	if err := f.ReadF32("i64", make([]float32, 2)); err == nil || !strings.Contains(err.Error(), "I64") {
		t.Errorf("reading integers as floats: %v", err)
	}
	if err := f.ReadF32("f32", make([]float32, 5)); err == nil || !strings.Contains(err.Error(), "6 elements") {
		t.Errorf("reading into a short slice: %v", err)
	}
	if err := f.ReadF32("nope", nil); err == nil || !strings.Contains(err.Error(), `"nope"`) {
		t.Errorf("reading a tensor that is not there: %v", err)
	}
}

func TestWritesWhatItReads(t *testing.T) {
	src := make([]float32, 3*chunk/4+6) // several chunks and a tail
	for i := range src {
		src[i] = float32(i-1000) / 7
	}
	tensors := []Info{
		{Name: "w", DType: F32, Shape: []int{len(src)}},
		{Name: "none", DType: F32, Shape: []int{0}},
		{Name: "h", DType: BF16, Shape: []int{len(src)}},
		{Name: `quo"te`, DType: I32, Shape: []int{1, 1}},
		{Name: "last", DType: U8, Shape: nil},
	}
	var buf bytes.Buffer
	w, err := Create(&buf, tensors, map[string]string{"b": "2", "a": "1"})
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []error{
		w.WriteF32(src[:17]), w.WriteF32(src[17:]), w.WriteF32(src),
		w.WriteRaw([]byte{1, 0, 0, 0}), w.WriteRaw([]byte{9}), w.Close(),
	} {
		if step != nil {
			t.Fatal(step)
		}
	}
	if w.Size() != int64(buf.Len()) || w.Sum() != sha256.Sum256(buf.Bytes()) {
		t.Errorf("Size %d, Sum %x do not describe the %d bytes written", w.Size(), w.Sum(), buf.Len())
	}
	f, err := New(bytes.NewReader(buf.Bytes()), int64(buf.Len()), "buf")
	if err != nil {
		t.Fatal(err)
	}
	if f.data%8 != 0 {
		t.Errorf("data begins at %d, want a multiple of 8", f.data)
	}
	got := make([]float32, len(src))
	if err := f.ReadF32("w", got); err != nil || !slices.Equal(got, src) {
		t.Errorf("w does not come back: %v", err)
	}
	if err := f.ReadF32("h", got); err != nil {
		t.Error(err)
	}
	for i, v := range src {
		if diff := math.Abs(float64(got[i] - v)); diff > math.Abs(float64(v))/256 {
			t.Fatalf("h[%d] = %v, want about %v", i, got[i], v)
		}
	}
	if want := []string{"w", "none", "h", `quo"te`, "last"}; !slices.Equal(f.Names(), want) {
		t.Errorf("Names = %q, want %q", f.Names(), want)
	}
}

func TestWriterRefuses(t *testing.T) {
	var sink bytes.Buffer
	one := []Info{{Name: "a", DType: F32, Shape: []int{2}}}
	for name, tensors := range map[string][]Info{
		"twice":               {one[0], one[0]},
		"negative":            {{Name: "a", DType: F32, Shape: []int{-1}}},
		`"F12" is unknown`:    {{Name: "a", DType: "F12"}},
		"2^63":                {{Name: "a", DType: F32, Shape: []int{math.MaxInt, 2}}},
		"declare wider types": {{Name: "b", DType: U8}, one[0]},
	} {
		if _, err := Create(&sink, tensors, nil); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("Create: %v, want an error with %s", err, name)
		}
	}
	w, err := Create(&sink, one, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.WriteF32(make([]float32, 1)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err == nil || !strings.Contains(err.Error(), "4 of 8 bytes") {
		t.Errorf("closing an incomplete file: %v", err)
	}
	w, _ = Create(&sink, one, nil)
	if err := w.WriteF32(make([]float32, 3)); err == nil {
		t.Error("a slice longer than its tensor was taken")
	}
	full, err := Create(failAfter(100), []Info{{Name: "a", DType: F32, Shape: []int{1 << 20}}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(full.WriteF32(make([]float32, 1<<20)), full.Close()); !errors.Is(err, os.ErrClosed) {
		t.Errorf("writing to a full disk: %v", err)
	}
}

// failAfter is a disk with so many bytes left.
type failAfter int

func (n failAfter) Write(b []byte) (int, error) {
	if len(b) > int(n) {
		return int(n), os.ErrClosed
	}
	return len(b), nil
}

// raw builds a file from a header and so many bytes of data.
func raw(header string, data int) []byte {
	b := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	return append(append(b, header...), make([]byte, data)...)
}

func TestReaderRefuses(t *testing.T) {
	entry := func(name, dtype, shape, offsets string) string {
		return `"` + name + `":{"dtype":"` + dtype + `","shape":` + shape + `,"data_offsets":` + offsets + `}`
	}
	a := entry("a", "F32", "[2]", "[0,8]")
	for _, c := range []struct {
		name, want string
		file       []byte
	}{
		{"no length", "at least the 8", []byte{1, 2, 3}},
		{"2^60 bytes of header", "claims 1152921504606846976 bytes", append(binary.LittleEndian.AppendUint64(nil, 1<<60), "{}"...)},
		{"header beyond the file", "but only 2 follow", append(binary.LittleEndian.AppendUint64(nil, 3), "{}"...)},
		{"not JSON", "not a JSON object", raw("hello", 0)},
		{"JSON array", "not a JSON object", raw("[]", 0)},
		{"cut JSON", "not an object: EOF", raw(`{"a":`, 0)},
		{"unclosed", "JSON", raw("{"+a, 8)},
		{"trailing", "after its JSON", raw("{} {}", 0)},
		{"not UTF-8", "UTF-8", raw("{\"\xff\":1}", 0)},
		{"metadata", "__metadata__", raw(`{"__metadata__":{"a":1}}`, 0)},
		{"duplicate", `names "a" twice`, raw("{"+a+","+a+"}", 8)},
		{"hole", "leaves a hole", raw("{"+a+","+entry("b", "U8", "[1]", "[9,10]")+"}", 10)},
		{"overlap", "overlaps", raw("{"+a+","+entry("b", "U8", "[1]", "[7,8]")+"}", 8)},
		{"late start", `tensor "a": its data begins at byte 1`, raw("{"+entry("a", "U8", "[1]", "[1,2]")+"}", 2)},
		{"backwards", "not a range", raw("{"+entry("a", "U8", "[1]", "[2,1]")+"}", 2)},
		{"negative", "not a range", raw("{"+entry("a", "U8", "[1]", "[-1,0]")+"}", 2)},
		{"truncated", "truncated", raw("{"+a+"}", 7)},
		{"surplus", "ends at byte 8|end at byte 8", raw("{"+a+"}", 9)},
		{"shape", "shape [3] of F32 takes 12", raw("{"+entry("a", "F32", "[3]", "[0,8]")+"}", 8)},
		{"overflow", "2^63", raw("{"+entry("a", "F32", "[4611686018427387904,4]", "[0,8]")+"}", 8)},
		{"dtype", `"Q4" is unknown`, raw("{"+entry("a", "Q4", "[2]", "[0,8]")+"}", 8)},
		{"negative size", "negative", raw("{"+entry("a", "F32", "[-2]", "[0,8]")+"}", 8)},
		{"fraction", "shape is", raw("{"+entry("a", "F32", "[1.5]", "[0,8]")+"}", 8)},
		{"three offsets", "3 numbers", raw("{"+entry("a", "F32", "[2]", "[0,4,8]")+"}", 8)},
		{"no shape", "no shape", raw(`{"a":{"dtype":"U8","data_offsets":[0,0]}}`, 0)},
		{"not an object", "not an object", raw(`{"a":3}`, 0)},
	} {
		_, err := New(bytes.NewReader(c.file), int64(len(c.file)), "bad.safetensors")
		if !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), "bad.safetensors") || !containsAny(err.Error(), c.want) {
			t.Errorf("%s: %v, want an error with %q", c.name, err, c.want)
		}
	}
	if _, err := Open(filepath.Join(t.TempDir(), "absent")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("opening a file that is not there: %v", err)
	}
}

func containsAny(s, alternatives string) bool {
	return slices.ContainsFunc(strings.Split(alternatives, "|"), func(a string) bool { return strings.Contains(s, a) })
}

func TestHalfPrecisionConversions(t *testing.T) {
	// Every f16 value survives the way through f32; f32 values round to the nearest f16, ties to even.
	for h := range 1 << 16 {
		f := f16ToF32(uint16(h))
		if f != f {
			if back := f16ToF32(f32ToF16(f)); back == back {
				t.Fatalf("f16 %#04x: NaN becomes %v", h, back)
			}
			continue
		}
		if back := f32ToF16(f); back != uint16(h) {
			t.Fatalf("f16 %#04x is %v, which rounds to %#04x", h, f, back)
		}
	}
	for _, c := range []struct {
		f    float32
		want uint16
	}{
		{65519.996, 0x7bff}, {65520, 0x7c00}, {-1e10, 0xfc00}, {0x1p-25, 0}, {0x1.000002p-25, 1},
		{0x1.8p-24, 2}, {0x1.ffbp-15, 0x3ff}, {0x1.fffp-15, 0x400}, {1 + 0x1p-11, 0x3c00}, {1 + 0x3p-11, 0x3c02},
	} {
		if got := f32ToF16(c.f); got != c.want {
			t.Errorf("f16 of %x = %#04x, want %#04x", c.f, got, c.want)
		}
	}
	for _, c := range []struct {
		f    float32
		want uint16
	}{{1, 0x3f80}, {1 + 0x1p-8, 0x3f80}, {1 + 0x3p-8, 0x3f82}, {math.MaxFloat32, 0x7f80}} {
		if got := f32ToBF16(c.f); got != c.want {
			t.Errorf("bf16 of %x = %#04x, want %#04x", c.f, got, c.want)
		}
	}
	if nan := f32ToBF16(float32(math.NaN())); nan&0x7fff <= 0x7f80 {
		t.Errorf("bf16 of NaN = %#04x", nan)
	}
}

func FuzzReader(f *testing.F) {
	ref, err := os.ReadFile(filepath.Join("testdata", "reference.safetensors"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(ref)
	f.Add(raw(`{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"U8","shape":[],"data_offsets":[8,9]}}`, 9))
	f.Add(append(binary.LittleEndian.AppendUint64(nil, 1<<60), "{}"...))
	f.Add(raw(`{"a":{"dtype":"F32","shape":[4611686018427387904,4,0],"data_offsets":[0,0]}}  `, 0))
	f.Fuzz(func(t *testing.T, b []byte) {
		file, err := New(bytes.NewReader(b), int64(len(b)), "fuzz")
		if err != nil {
			return
		}
		total := int64(0)
		for _, name := range file.Names() {
			info, _ := file.Info(name)
			data, err := file.Bytes(name)
			if err != nil {
				t.Fatalf("a checked file cannot be read: %v", err)
			}
			if len(data) != info.Elements()*info.DType.Size() {
				t.Fatalf("%q: %d bytes for %v of %s", name, len(data), info.Shape, info.DType)
			}
			if info.DType.Float() {
				if err := file.ReadF32(name, make([]float32, info.Elements())); err != nil {
					t.Fatal(err)
				}
			}
			total += int64(len(data))
		}
		if file.data+total != int64(len(b)) {
			t.Fatalf("tensors cover %d of %d bytes", file.data+total, len(b))
		}
	})
}
