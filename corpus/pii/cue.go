package pii

import (
	"bytes"
	"strings"
)

// cues are words that say what a number is. Latin ones are in lower case and match whole words, Chinese ones match anywhere.
type cues []string

// reach is how far before a number its words may stand, in bytes: a short clause.
const reach = 48

// before returns how many bytes lie between the nearest of the words before i and i, or -1 where there is none. The words stand
// in the line, or in the one above where nothing but space is before i in its own.
func (c cues) before(t string, i int) int {
	var low [reach]byte
	start := clauseStart(t, i)
	w := low[:i-start]
	for j := range w {
		w[j] = lower(t[start+j])
	}
	best := -1
	for _, word := range c {
		if d := lastWord(w, word, t, start); d >= 0 && (best < 0 || d < best) {
			best = d
		}
	}
	return best
}

// lastWord returns the distance from the end of w to the last place where the word stands in it as a word, or -1. w is t from
// start on, in lower case.
func lastWord(w []byte, word, t string, start int) int {
	for end := len(w); end >= len(word); {
		k := bytes.LastIndex(w[:end], []byte(word))
		if k < 0 {
			return -1
		}
		e := k + len(word)
		latin := word[0] < 0x80
		before, after := byteBefore(t, start+k), byteAt(t, start+e)
		// A placeholder's own word ("[PHONE]") is no cue.
		if latin && (isLetter(before) || isLetter(after) && e < len(w) || before == '[' && after != ' ') {
			end = e - 1
			continue
		}
		return len(w) - e
	}
	return -1
}

// after returns how many bytes lie between i and the nearest of the words from i on, within n bytes of the line, or -1.
func (c cues) after(t string, i, n int) int {
	w := t[i:min(len(t), i+n)]
	if k := strings.IndexByte(w, '\n'); k >= 0 {
		w = w[:k]
	}
	best := -1
	for _, word := range c {
		for k := 0; k+len(word) <= len(w); k++ {
			if !equalFold(w[k:k+len(word)], word) {
				continue
			}
			if word[0] < 0x80 && (isLetter(byteBefore(t, i+k)) || isLetter(byteAt(t, i+k+len(word)))) {
				continue
			}
			if best < 0 || k < best {
				best = k
			}
			break
		}
	}
	return best
}

// context weighs the words before a number: 1 where the nearest speaks for the kind, -1 where it speaks against, 0 where
// there is none.
func context(t string, i int, yes, no cues) int {
	y, n := yes.before(t, i), no.before(t, i)
	switch {
	case y < 0 && n < 0:
		return 0
	case n < 0 || y >= 0 && y <= n:
		return 1
	}
	return -1
}

// clauseStart returns where the text before i begins that can hold words about what stands at i.
func clauseStart(t string, i int) int {
	seen := false
	j := i
	for j > 0 && i-j < reach {
		c := t[j-1]
		if c == '\n' && seen {
			break
		}
		seen = seen || c > ' '
		j--
	}
	return j
}

func lower(c byte) byte {
	if isUpper(c) {
		return c | 0x20
	}
	return c
}

// equalFold says whether s is the word, which is in lower case, in any case of its letters.
func equalFold(s, word string) bool {
	if len(s) != len(word) {
		return false
	}
	for i := range len(s) {
		if lower(s[i]) != word[i] {
			return false
		}
	}
	return true
}

// Words before numbers: of phones, and of numbers that only look like what we look for.
var (
	phoneCues = cues{"tel", "telephone", "phone", "phones", "mobile", "mob", "cell", "cellphone", "cellular", "call", "calling", "fax",
		"whatsapp", "wechat", "sms", "dial", "contact", "hotline", "pager", "voicemail", "toll-free", "helpline",
		"电话", "手机", "座机", "固话", "传真", "热线", "联系", "致电", "拨打", "微信", "来电", "短信", "電話", "手機", "傳真", "聯繫", "聯絡"}
	numberCues = cues{"order", "orders", "invoice", "tracking", "serial", "part", "parts", "model", "sku", "isbn", "issn", "doi", "ean",
		"upc", "imei", "version", "build", "commit", "hash", "md5", "sha1", "ticket", "case", "reference", "ref", "id", "uid", "timestamp",
		"epoch", "unix time", "size", "bytes", "offset", "patent", "rfc", "bug", "item", "receipt", "batch", "lot", "shipment", "barcode",
		"waybill", "catalog", "catalogue", "seq", "sequence", "uuid", "checksum", "oid",
		"订单", "单号", "编号", "流水", "序列", "发票", "条码", "条形码", "书号", "型号", "批号", "文号", "版本", "案号", "运单", "货号", "合同",
		"学号", "工号", "时间戳", "字节", "票号", "凭证", "訂單", "單號", "編號", "刊号", "料号", "零件", "哈希", "校验"}
)
