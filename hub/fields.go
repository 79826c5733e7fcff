package hub

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
)

// fields reads the keys of a JSON object one by one and keeps the first error, so that a family's configuration
// reads as a list of keys. A null counts as a missing key.
type fields struct {
	path string // of the object within the file, for errors
	raw  map[string]json.RawMessage
	err  error
	up   *fields
}

// limits on what config.json may say, far above any model, so that sizes can be multiplied without overflow and a
// table can be built without exhausting memory.
const (
	maxSize  = 1 << 28
	maxCount = 10000
)

func newFields(data []byte) (*fields, error) {
	f := &fields{}
	if err := json.Unmarshal(data, &f.raw); err != nil {
		return nil, fmt.Errorf("not a JSON object: %w", err)
	}
	if f.raw == nil {
		return nil, fmt.Errorf("not a JSON object: null")
	}
	return f, nil
}

// refuse records an error about key, the first one only.
func (f *fields) refuse(key string, found any, want string) {
	if f.up != nil {
		f.up.refuse(f.path+"."+key, found, want)
		return
	}
	if f.err == nil {
		f.err = fmt.Errorf("%s: %v, want %s", key, found, want)
	}
}

// has reports whether the key is there, be it null.
func (f *fields) has(key string) bool { _, ok := f.raw[key]; return ok }

// isNull reports whether the key is there and null.
func (f *fields) isNull(key string) bool {
	return bytes.Equal(f.raw[key], []byte("null"))
}

// decode fills dst from key and reports whether it was there and of the right type.
func (f *fields) decode(key string, dst any, want string) bool {
	raw, ok := f.raw[key]
	if !ok || f.isNull(key) {
		return false
	}
	if err := json.Unmarshal(raw, dst); err != nil {
		f.refuse(key, excerpt(raw), want)
		return false
	}
	return true
}

// size reads a required number above 0.
func (f *fields) size(key string) int {
	if v := f.sizeOr(-1, key); v != -1 {
		if v == 0 {
			f.refuse(key, v, "a number above 0")
		}
		return v
	}
	f.refuse(key, "missing", "a number above 0")
	return 0
}

// sizeOr reads a number of at least 0.
func (f *fields) sizeOr(missing int, key string) int {
	var v int64
	if !f.decode(key, &v, "a whole number") {
		return missing
	}
	limit := int64(maxSize)
	if key == "n_layer" || key == "num_hidden_layers" {
		limit = maxCount
	}
	if v < 0 || v > limit {
		f.refuse(key, v, fmt.Sprintf("0 to %d", limit))
		return missing
	}
	return int(v)
}

func (f *fields) float(key string, missing float64) float64 {
	var v float64
	if !f.decode(key, &v, "a number") {
		return missing
	}
	if math.Abs(v) > 1e30 {
		f.refuse(key, v, "a number of at most 1e30")
		return missing
	}
	return v
}

func (f *fields) flag(key string, missing bool) bool {
	v := missing
	f.decode(key, &v, "true or false")
	return v
}

// only refuses a flag that is not want (the default); why says what the model does.
func (f *fields) only(key string, want bool, why string) {
	if f.flag(key, want) != want {
		f.refuse(key, !want, fmt.Sprintf("%v: %s", want, why))
	}
}

func (f *fields) text(key, missing string) string {
	v := missing
	f.decode(key, &v, "a string")
	return v
}

func (f *fields) texts(key string) []string {
	var v []string
	f.decode(key, &v, "a list of strings")
	return v
}

// object returns the object under key, nil when it is missing.
func (f *fields) object(key string) *fields {
	sub := &fields{path: key, up: f}
	if !f.decode(key, &sub.raw, "an object") {
		return nil
	}
	return sub
}

// id reads a token id; a negative one, as old LLaMA configurations have for padding, means none.
func (f *fields) id(key string) *int {
	var v int
	if !f.decode(key, &v, "a token id") || v < 0 {
		return nil
	}
	return &v
}

// ids reads a token id or a list of them.
func (f *fields) ids(key string) []int {
	var list []int
	if raw := f.raw[key]; len(raw) > 0 && raw[0] == '[' {
		f.decode(key, &list, "a token id or a list of them")
		return list
	}
	if v := f.id(key); v != nil {
		return []int{*v}
	}
	return nil
}

// excerpt is the beginning of raw for an error.
func excerpt(raw []byte) string {
	const limit = 40
	if len(raw) > limit {
		return string(raw[:limit]) + "…"
	}
	return string(raw)
}
