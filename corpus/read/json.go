package read

import (
	"encoding/binary"
	"math/bits"
	"strings"

	"github.com/athanor-lm/athanor/internal/eights"
)

// The functions here find where JSON values end and check their grammar (RFC 8259) on the way: one pass over what is, for
// the most part, one long string. Each returns the length of what s begins with, or -1 where s begins with no such thing.

// maxNesting is where encoding/json gives up too.
const maxNesting = 10000

// jsonValue measures a value without white space before it, inside of depth objects and arrays.
func jsonValue(s []byte, depth int) int {
	if len(s) == 0 {
		return -1
	}
	switch c := s[0]; {
	case c == '"':
		return jsonString(s)
	case c == '{' || c == '[':
		return jsonContainer(s, depth)
	case c == '-' || c >= '0' && c <= '9':
		return jsonNumber(s)
	}
	for _, name := range [...]string{"true", "false", "null"} {
		if len(s) >= len(name) && string(s[:len(name)]) == name {
			return len(name)
		}
	}
	return -1
}

// jsonContainer measures an object or an array.
func jsonContainer(s []byte, depth int) int {
	if depth == maxNesting {
		return -1
	}
	end := byte(']')
	if s[0] == '{' {
		end = '}'
	}
	i := 1 + jsonSpace(s[1:])
	if i < len(s) && s[i] == end {
		return i + 1
	}
	for {
		if end == '}' {
			_, n := jsonKey(s[i:])
			if n < 0 {
				return -1
			}
			i += n
		}
		n := jsonValue(s[i:], depth+1)
		if n < 0 {
			return -1
		}
		i += n
		i += jsonSpace(s[i:])
		switch {
		case i == len(s):
			return -1
		case s[i] == end:
			return i + 1
		case s[i] != ',':
			return -1
		}
		i++
		i += jsonSpace(s[i:])
	}
}

// jsonKey measures a key (its string has the length key) with the colon and white space behind it.
func jsonKey(s []byte) (key, n int) {
	if len(s) == 0 || s[0] != '"' {
		return -1, -1
	}
	if key = jsonString(s); key < 0 {
		return -1, -1
	}
	n = key + jsonSpace(s[key:])
	if n == len(s) || s[n] != ':' {
		return -1, -1
	}
	n++
	return key, n + jsonSpace(s[n:])
}

func jsonSpace(s []byte) int {
	for i, c := range s {
		if c != ' ' && c != '\n' && c != '\t' && c != '\r' {
			return i
		}
	}
	return len(s)
}

// jsonString measures a string with its quotes. Any bytes above 0x1F are let through, also those that are not UTF-8.
func jsonString(s []byte) int {
	i := 1
	for {
		i += plainBytes(s[i:])
		if i >= len(s) || s[i] < ' ' {
			return -1
		}
		if s[i] == '"' {
			return i + 1
		}
		n := jsonEscape(s[i:])
		if n < 0 {
			return -1
		}
		i += n
	}
}

// plainBytes counts the bytes before the first that is a quote, a backslash or a control character. It looks at eight at
// a time: for a byte b, (b-k)&^b has its top bit set if b < k, and a byte equals c if their XOR is below 1. A borrow can
// only reach bytes above the first that is found.
func plainBytes(s []byte) int {
	i := 0
	for ; i+8 <= len(s); i += 8 {
		x := binary.LittleEndian.Uint64(s[i:])
		quote, slash := x^'"'*eights.Ones, x^'\\'*eights.Ones
		found := ((x-' '*eights.Ones)&^x | (quote-eights.Ones)&^quote | (slash-eights.Ones)&^slash) & eights.Tops
		if found != 0 {
			return i + bits.TrailingZeros64(found)/8
		}
	}
	for ; i < len(s); i++ {
		if c := s[i]; c < ' ' || c == '"' || c == '\\' {
			break
		}
	}
	return i
}

// jsonEscape measures an escape, which begins with a backslash.
func jsonEscape(s []byte) int {
	switch {
	case len(s) < 2:
		return -1
	case s[1] != 'u':
		if strings.IndexByte(`"\/bfnrt`, s[1]) < 0 {
			return -1
		}
		return 2
	case len(s) < 6:
		return -1
	}
	for _, c := range s[2:6] {
		if !(c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F') {
			return -1
		}
	}
	return 6
}

func jsonNumber(s []byte) int {
	i := 0
	if s[0] == '-' {
		i++
	}
	n := digits(s[i:])
	if n == 0 || n > 1 && s[i] == '0' {
		return -1
	}
	i += n
	if i < len(s) && s[i] == '.' {
		if n = digits(s[i+1:]); n == 0 {
			return -1
		}
		i += 1 + n
	}
	if i < len(s) && (s[i] == 'e' || s[i] == 'E') {
		i++
		if i < len(s) && (s[i] == '+' || s[i] == '-') {
			i++
		}
		if n = digits(s[i:]); n == 0 {
			return -1
		}
		i += n
	}
	return i
}

func digits(s []byte) (n int) {
	for n < len(s) && s[n] >= '0' && s[n] <= '9' {
		n++
	}
	return n
}
