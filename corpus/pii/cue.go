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

// weight is what the words before a number say.
type weight int

const (
	against weight = iota - 1 // it is the number of something else
	silent
	near  // it may be: a word for the kind stands in the clause
	right // it is: such a word stands right before it
)

// context weighs the words before a number. Right before it means with nothing between but "no.", "is", "：" and the like; words against
// it count only there, and with still less between: "order no. ", not "in that order, ".
func context(t string, i int, yes, no cues) weight {
	y := yes.before(t, i)
	if y >= 0 && isFiller(t[i-y:i]) {
		return right
	}
	if n := no.before(t, i); n >= 0 && isFiller(t[i-n:i]) && !strings.ContainsAny(t[i-n:i], "\"'()[]{}<>,;\n\t|“”（【「，、") {
		return against
	}
	if y >= 0 {
		return near
	}
	return silent
}

var (
	fillers = map[string]bool{"number": true, "numbers": true, "num": true, "no": true, "nr": true, "nos": true, "is": true, "was": true, "are": true,
		"of": true, "me": true, "us": true, "at": true, "on": true, "home": true, "office": true, "work": true, "to": true, "id": true, "the": true, "a": true,
		"code": true, "x": true}
	fillersChinese = [...]string{"号码", "编号", "编码", "號碼", "号", "號", "是", "为", "為", "：", "，", "方式", "“", "”", "（", "【", "「", "《", "、", "的", "\u00a0"}
)

// isFiller says whether what stands between a word and its number says nothing else: "No.: ", "号码是", " is ".
func isFiller(gap string) bool {
	if len(gap) > 24 {
		return false
	}
scan:
	for i := 0; i < len(gap); {
		c := gap[i]
		switch {
		case isAlnum(c):
			j := i
			for j < len(gap) && isAlnum(gap[j]) {
				j++
			}
			if !fillers[strings.ToLower(gap[i:j])] {
				return false
			}
			i = j
		case c >= 0x80:
			for _, w := range fillersChinese {
				if hasAt(gap, i, w) {
					i += len(w)
					continue scan
				}
			}
			return false
		case c == '.' && (i > 0 && gap[i-1] == ' ' || byteAt(gap, i+1) == '\n' || byteAt(gap, i+1) == '\r'), c == ';':
			return false // another sentence
		default:
			i++
		}
	}
	return true
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
	// announcing are the phone words behind which any seven digits are a number.
	announcing = cues{"tel", "telephone", "phone", "phones", "mobile", "cell", "cellphone", "fax", "whatsapp", "pager", "call me", "call us", "call at",
		"hotline", "voicemail", "helpline", "电话", "手机", "座机", "固话", "传真", "热线", "致电", "拨打", "電話", "手機", "傳真"}
	phoneCues = cues{"tel", "telephone", "phone", "phones", "mobile", "mob", "cell", "cellphone", "cellular", "call", "calling", "fax",
		"whatsapp", "wechat", "sms", "dial", "contact", "hotline", "pager", "voicemail", "toll-free", "helpline",
		"电话", "手机", "座机", "固话", "传真", "热线", "联系", "致电", "拨打", "微信", "来电", "短信", "電話", "手機", "傳真", "聯繫", "聯絡"}
	numberCues = cues{"order", "orders", "invoice", "tracking", "serial", "part", "parts", "model", "sku", "isbn", "issn", "doi", "ean",
		"upc", "imei", "version", "build", "commit", "hash", "md5", "sha1", "ticket", "case", "reference", "ref", "id", "uid", "timestamp",
		"epoch", "unix time", "size", "bytes", "offset", "patent", "rfc", "bug", "item", "receipt", "batch", "lot", "shipment", "barcode",
		"waybill", "catalog", "catalogue", "uuid", "checksum",
		"订单", "单号", "编号", "流水", "序列", "发票", "条码", "条形码", "书号", "型号", "批号", "文号", "版本", "案号", "运单", "货号", "合同",
		"学号", "工号", "时间戳", "字节", "票号", "凭证", "訂單", "單號", "編號", "刊号", "料号", "零件", "哈希", "校验"}
)
