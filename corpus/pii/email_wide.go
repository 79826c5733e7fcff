package pii

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// wideTop are top-level domains beyond ASCII that texts in Chinese and Russian have (IANA's root zone database).
var wideTop = [...]string{"中国", "中國", "香港", "台湾", "台灣", "澳門", "澳门", "新加坡", "公司", "网络", "網絡", "网址", "网站", "网店", "商城", "在线", "集团", "公益", "政务",
	"中文网", "手机", "移动", "信息", "世界", "рф"}

// wideDomainEnd returns where a domain with letters beyond ASCII that begins at j ends (RFC 6531), or -1 if none does: "bücher.de",
// "例子.中国". What a text without spaces has behind it is no part of it.
func wideDomainEnd(t string, j int) int {
	e := j
	for e < len(t) && e-j < 255 {
		c, n := utf8.DecodeRuneInString(t[e:])
		if c != '-' && !(c == '.' && e > j && t[e-1] != '.') && !unicode.IsLetter(c) && !unicode.IsDigit(c) {
			break
		}
		e += n
	}
	dot := strings.LastIndexByte(strings.TrimRight(t[j:e], "."), '.') + j
	if dot < j || strings.IndexFunc(t[j:dot], func(c rune) bool { return c >= utf8.RuneSelf }) < 0 {
		return -1
	}
	for _, w := range wideTop {
		if hasAt(t, dot+1, w) {
			return dot + 1 + len(w)
		}
	}
	top := dot + 1
	for top < e && isAlnum(t[top]) {
		top++
	}
	if isTopLevel(t[dot+1:top]) && !strings.HasSuffix(t[j:dot], "-") {
		return top
	}
	return -1
}
