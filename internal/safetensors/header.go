package safetensors

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"unicode/utf8"
)

// metadataKey is the one header entry that is not a tensor.
const metadataKey = "__metadata__"

// parseHeader decodes the JSON header into infos in the order of their data, not yet checked against
// each other. It walks tokens rather than decoding into a map, which would hide a repeated name.
func parseHeader(header []byte) (infos []Info, meta map[string]string, err error) {
	if !utf8.Valid(header) {
		return nil, nil, errors.New("the header is not UTF-8")
	}
	dec := json.NewDecoder(bytes.NewReader(header))
	tok, err := dec.Token()
	if err != nil || tok != json.Delim('{') {
		return nil, nil, fmt.Errorf("the header is not a JSON object: %s", snippet(header))
	}
	seen := map[string]bool{}
	for dec.More() {
		tok, err := dec.Token()
		if err != nil {
			return nil, nil, fmt.Errorf("the header's JSON: %w", err)
		}
		name := tok.(string) // the decoder only yields strings for keys
		if seen[name] {
			return nil, nil, fmt.Errorf("the header names %q twice", name)
		}
		seen[name] = true
		if name == metadataKey {
			if err := dec.Decode(&meta); err != nil {
				return nil, nil, fmt.Errorf("%s is not an object of strings: %w", metadataKey, err)
			}
			continue
		}
		info, err := parseEntry(dec, name)
		if err != nil {
			return nil, nil, err
		}
		infos = append(infos, info)
	}
	if _, err := dec.Token(); err != nil {
		return nil, nil, fmt.Errorf("the header's JSON: %w", err)
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, nil, errors.New("the header has something after its JSON object")
	}
	slices.SortStableFunc(infos, func(a, b Info) int {
		return cmp.Or(cmp.Compare(a.Begin, b.Begin), cmp.Compare(a.End, b.End))
	})
	return infos, meta, nil
}

// parseEntry decodes one tensor's description; keys other than the three required are ignored, as the
// reference implementation does.
func parseEntry(dec *json.Decoder, name string) (Info, error) {
	var entry map[string]json.RawMessage
	if err := dec.Decode(&entry); err != nil {
		return Info{}, fmt.Errorf("tensor %q: its description is not an object: %w", name, err)
	}
	info := Info{Name: name}
	var offsets []int64
	for _, field := range []struct {
		key string
		dst any
	}{{"dtype", &info.DType}, {"shape", &info.Shape}, {"data_offsets", &offsets}} {
		raw, ok := entry[field.key]
		if !ok {
			return Info{}, fmt.Errorf("tensor %q: its description has no %s", name, field.key)
		}
		if err := json.Unmarshal(raw, field.dst); err != nil {
			return Info{}, fmt.Errorf("tensor %q: %s is %s: %w", name, field.key, snippet(raw), err)
		}
	}
	if len(offsets) != 2 {
		return Info{}, fmt.Errorf("tensor %q: data_offsets has %d numbers, want 2", name, len(offsets))
	}
	info.Begin, info.End = offsets[0], offsets[1]
	return info, nil
}

// checkSpans refuses infos (in data order) that do not tile size bytes exactly or whose shapes do not
// fill their spans.
func checkSpans(infos []Info, size int64) error {
	at := int64(0)
	for _, info := range infos {
		if info.Begin < 0 || info.End < info.Begin {
			return fmt.Errorf("tensor %q: data_offsets [%d, %d] are not a range", info.Name, info.Begin, info.End)
		}
		if info.End > size {
			return fmt.Errorf("tensor %q: its data ends at byte %d of the data, the file has %d (truncated?)",
				info.Name, info.End, size)
		}
		if info.Begin != at {
			kind := "overlaps the one before"
			if info.Begin > at {
				kind = "leaves a hole"
			}
			return fmt.Errorf("tensor %q: its data begins at byte %d, want %d: it %s", info.Name, info.Begin, at, kind)
		}
		want, err := info.span()
		if err != nil {
			return fmt.Errorf("tensor %q: %w", info.Name, err)
		}
		if got := info.End - info.Begin; got != want {
			return fmt.Errorf("tensor %q: data_offsets span %d bytes, shape %v of %s takes %d",
				info.Name, got, info.Shape, info.DType, want)
		}
		at = info.End
	}
	if at != size {
		return fmt.Errorf("the tensors end at byte %d of the data, the file has %d", at, size)
	}
	return nil
}

// snippet quotes the beginning of b for an error.
func snippet(b []byte) string {
	const limit = 40
	if len(b) > limit {
		return fmt.Sprintf("%q…", b[:limit])
	}
	return fmt.Sprintf("%q", b)
}
