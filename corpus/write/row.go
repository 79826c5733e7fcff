// Package write puts documents into files: JSON Lines (plain, gzip, zstd) and Parquet, in shards of a stated size, each written aside
// and renamed when it is whole.
package write

import (
	"math"
	"math/bits"
	"strconv"

	"github.com/tidwall/gjson"

	"github.com/athanor-lm/athanor/corpus"
	"github.com/athanor-lm/athanor/internal/eights"
)

// appendRow appends a document's line. The text must be UTF-8. recipe is the hash of what made the document, empty = left out.
func appendRow(dst []byte, d *corpus.Document, recipe string) []byte {
	dst = appendString(append(dst, `{"id":`...), d.ID)
	dst = appendString(append(dst, `,"text":`...), d.Text())
	dst = appendString(append(dst, `,"source":`...), d.Source)
	for _, f := range [...]struct{ key, value string }{{"lang", d.Lang}, {"url", d.URL}} {
		if f.value != "" {
			dst = append(append(append(dst, `,"`...), f.key...), `":`...)
			dst = appendString(dst, f.value)
		}
	}
	if d.Synthetic {
		dst = append(dst, `,"synthetic":true`...)
	}
	if recipe != "" {
		dst = appendString(append(dst, `,"recipe":`...), recipe)
	}
	if len(d.Meta) > 0 || len(d.Attrs) > 0 {
		dst = appendMeta(append(dst, `,"meta":`...), d)
	}
	return append(dst, "}\n"...)
}

// appendMeta appends one JSON object of the fields that came with the record and of what steps found. A finding replaces a field of
// its name.
func appendMeta(dst []byte, d *corpus.Document) []byte {
	dst = append(dst, '{')
	first := true
	key := func(k string) {
		if !first {
			dst = append(dst, ',')
		}
		first = false
		dst = append(appendString(dst, k), ':')
	}
	if len(d.Meta) > 0 {
		gjson.ParseBytes(d.Meta).ForEach(func(k, v gjson.Result) bool {
			if !found(d, k.String()) {
				key(k.String())
				dst = append(dst, v.Raw...)
			}
			return true
		})
	}
	for _, a := range d.Attrs {
		key(a.Key)
		if v, ok := a.Value.(float64); ok {
			dst = appendNumber(dst, v)
		} else {
			s, _ := a.Value.(string)
			dst = appendString(dst, s)
		}
	}
	return append(dst, '}')
}

// found tells whether a step found something under a name.
func found(d *corpus.Document, key string) bool {
	for _, a := range d.Attrs {
		if a.Key == key {
			return true
		}
	}
	return false
}

// appendNumber appends a number; what JSON cannot say becomes null.
func appendNumber(dst []byte, v float64) []byte {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return append(dst, "null"...)
	}
	return strconv.AppendFloat(dst, v, 'g', -1, 64)
}

const hexDigits = "0123456789abcdef"

// appendString appends a JSON string of valid UTF-8. Only what must be is escaped.
func appendString(dst []byte, s string) []byte {
	dst = append(dst, '"')
	for {
		n := plain(s)
		dst = append(dst, s[:n]...)
		if n == len(s) {
			return append(dst, '"')
		}
		switch c := s[n]; c {
		case '"', '\\':
			dst = append(dst, '\\', c)
		case '\n':
			dst = append(dst, '\\', 'n')
		case '\t':
			dst = append(dst, '\\', 't')
		case '\r':
			dst = append(dst, '\\', 'r')
		default:
			dst = append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		}
		s = s[n+1:]
	}
}

// plain is the number of bytes before the first that must be escaped. Eight are looked at together: a byte's high bit in the mask
// says that it is below 0x20, a quote or a backslash (see "Determine if a word has a byte less than n", Anderson, Bit Twiddling Hacks).
func plain(s string) int {
	i := 0
	for ; i+8 <= len(s); i += 8 {
		x := eights.Load(s[i : i+8])
		quote, slash := x^'"'*eights.Ones, x^'\\'*eights.Ones
		mask := ((x - 0x20*eights.Ones) | (quote - eights.Ones) | (slash - eights.Ones)) & ^x & eights.Tops
		if mask != 0 { // exact only in its lowest bit, as borrows run upwards; and bytes above 0x7F are never in it
			return i + bits.TrailingZeros64(mask)/8
		}
	}
	for ; i < len(s); i++ {
		if c := s[i]; c < 0x20 || c == '"' || c == '\\' {
			break
		}
	}
	return i
}
