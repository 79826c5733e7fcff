// Package charset finds out in which character set a text is, turns it into UTF-8, and undoes mojibake: text that was once
// read in the wrong one.
//
//	g := charset.Detect(data, declared)
//	text, bad, err := charset.Decode(data, g.Name)
package charset

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/encoding/unicode/utf32"
)

// UTF8 is the name of the character set that needs no decoding.
const UTF8 = "utf-8"

// encodings by name. The names are those of the WHATWG encoding standard where it has the encoding.
var encodings = map[string]encoding.Encoding{
	"utf-16le":       unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM),
	"utf-16be":       unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM),
	"utf-32le":       utf32.UTF32(utf32.LittleEndian, utf32.IgnoreBOM),
	"utf-32be":       utf32.UTF32(utf32.BigEndian, utf32.IgnoreBOM),
	"gb18030":        simplifiedchinese.GB18030,
	"hz-gb-2312":     simplifiedchinese.HZGB2312,
	"big5":           traditionalchinese.Big5,
	"shift_jis":      japanese.ShiftJIS,
	"euc-jp":         japanese.EUCJP,
	"iso-2022-jp":    japanese.ISO2022JP,
	"euc-kr":         korean.EUCKR,
	"windows-1250":   charmap.Windows1250,
	"windows-1251":   charmap.Windows1251,
	"windows-1252":   charmap.Windows1252,
	"windows-1253":   charmap.Windows1253,
	"windows-1254":   charmap.Windows1254,
	"windows-1255":   charmap.Windows1255,
	"windows-1256":   charmap.Windows1256,
	"windows-1257":   charmap.Windows1257,
	"windows-1258":   charmap.Windows1258,
	"windows-874":    charmap.Windows874,
	"iso-8859-2":     charmap.ISO8859_2,
	"iso-8859-3":     charmap.ISO8859_3,
	"iso-8859-4":     charmap.ISO8859_4,
	"iso-8859-5":     charmap.ISO8859_5,
	"iso-8859-6":     charmap.ISO8859_6,
	"iso-8859-7":     charmap.ISO8859_7,
	"iso-8859-8":     charmap.ISO8859_8,
	"iso-8859-10":    charmap.ISO8859_10,
	"iso-8859-13":    charmap.ISO8859_13,
	"iso-8859-14":    charmap.ISO8859_14,
	"iso-8859-15":    charmap.ISO8859_15,
	"iso-8859-16":    charmap.ISO8859_16,
	"koi8-r":         charmap.KOI8R,
	"koi8-u":         charmap.KOI8U,
	"ibm437":         charmap.CodePage437,
	"ibm850":         charmap.CodePage850,
	"ibm852":         charmap.CodePage852,
	"ibm866":         charmap.CodePage866,
	"macintosh":      charmap.Macintosh,
	"x-mac-cyrillic": charmap.MacintoshCyrillic,
}

// aliases are names that the WHATWG standard does not know, or gives to nothing.
var aliases = map[string]string{
	"utf8":           UTF8,
	"us-ascii":       UTF8, // what is more than ASCII in it is not what was declared
	"ascii":          UTF8,
	"ansi_x3.4-1968": UTF8,
	"utf-16":         "utf-16le",
	"utf-32":         "utf-32le",
	"hz":             "hz-gb-2312",
	"cp936":          "gb18030",
	"ms936":          "gb18030",
	"gb-2312":        "gb18030",
	"gb18030-2000":   "gb18030",
	"cp950":          "big5",
	"big-5":          "big5",
	"cp932":          "shift_jis",
	"windows-932":    "shift_jis",
	"cp949":          "euc-kr",
	"uhc":            "euc-kr",
	"ks_c_5601-1987": "euc-kr",
	"iso-8859-8-i":   "iso-8859-8",
	"mac":            "macintosh",
	"macroman":       "macintosh",
	"cp437":          "ibm437",
	"cp850":          "ibm850",
	"cp852":          "ibm852",
	"latin-1":        "windows-1252",
	"default":        "",
	"unknown":        "",
	"unknown-8bit":   "",
	"x-unknown":      "",
	"x-user-defined": "",
	"iso-2022-cn":    "",
	"iso-2022-kr":    "",
	"replacement":    "",
	"iso-2022-jp-2":  "iso-2022-jp",
	"csiso2022jp":    "iso-2022-jp",
	"windows-31j":    "shift_jis",
	"x-sjis":         "shift_jis",
	"x-gbk":          "gb18030",
	"gbk":            "gb18030",
	"euc-cn":         "gb18030",
	"x-euc-cn":       "gb18030",
}

// Lookup gives the name under which a character set is known here, by any of its usual labels (RFC 2978, WHATWG, Python).
// Labels of subsets mean the superset that is used in fact: GBK is GB18030, Latin-1 is Windows-1252, US-ASCII is UTF-8.
func Lookup(label string) (name string, ok bool) {
	label = strings.ToLower(strings.Trim(label, " \t\r\n\"'`;,"))
	if name, ok := aliases[label]; ok {
		return name, name != ""
	}
	if label == UTF8 || encodings[label] != nil {
		return label, true
	}
	e, err := htmlindex.Get(label)
	if err != nil {
		return "", false
	}
	if name, err = htmlindex.Name(e); err != nil {
		return "", false
	}
	if other, ok := aliases[name]; ok {
		name = other
	}
	return name, name == UTF8 || encodings[name] != nil
}

// Names are the names of the character sets that are read, sorted.
func Names() []string {
	names := []string{UTF8}
	for name := range encodings {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// Decode turns data in a named character set into UTF-8. Bytes that are no character of it become U+FFFD and are counted;
// of UTF-8 they stay as they are. A byte-order mark is left out. The result may share data's memory.
func Decode(data []byte, name string) (text []byte, bad int, err error) {
	known, ok := Lookup(name)
	if !ok {
		return nil, 0, fmt.Errorf("charset: decode %d bytes: the character set %q is not known, want one of %v", len(data), name, Names())
	}
	data = withoutBOM(data, known)
	if known == UTF8 {
		return data, invalid(data), nil
	}
	text, err = encodings[known].NewDecoder().Bytes(data)
	if err != nil {
		return nil, 0, fmt.Errorf("charset: decode %d bytes of %s: %w", len(data), known, err)
	}
	return text, bytes.Count(text, []byte("\ufffd")), nil
}

// marks are byte-order marks, longer ones first.
var marks = []struct{ mark, name string }{
	{"\xff\xfe\x00\x00", "utf-32le"}, {"\x00\x00\xfe\xff", "utf-32be"},
	{"\xef\xbb\xbf", UTF8}, {"\xff\xfe", "utf-16le"}, {"\xfe\xff", "utf-16be"}, {"\x84\x31\x95\x33", "gb18030"},
}

func withoutBOM(data []byte, name string) []byte {
	for _, m := range marks {
		if m.name == name && strings.HasPrefix(string(data[:min(len(data), 4)]), m.mark) {
			return data[len(m.mark):]
		}
	}
	return data
}

// invalid counts the bytes that belong to no UTF-8 character.
func invalid(data []byte) (n int) {
	for len(data) > 0 {
		r, size := utf8.DecodeRune(data)
		if r == utf8.RuneError && size == 1 {
			n++
		}
		data = data[size:]
	}
	return n
}
