package tokenizer

import (
	"bytes"
	"encoding/json"
	"testing"
)

// The hash of a tokenizer is that of what encoding/json takes for compact.
func FuzzCompactJSON(f *testing.F) {
	for _, s := range []string{`{}`, " [ 1 ,\t\"a b\\\\\" , \"\\\\\\\" \" ]\r\n", `{"a" : "\" ", "\\" : [ true, null ] }`, `"  "`, ` 1 `, `["\u2028 ", "` + "\u2028" + `"]`, `["\\\" \\" , " "]`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var want bytes.Buffer
		if json.Compact(&want, data) != nil {
			t.Skip()
		}
		if got := compactJSON(data); !bytes.Equal(got, want.Bytes()) {
			t.Errorf("%q: %q, want %q", data, got, want.Bytes())
		}
	})
}
