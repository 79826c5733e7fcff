package pii

import "strings"

// cues are words that say what a number is, by their last byte. Latin ones are in lower case and match whole words, Chinese ones match
// anywhere.
type cues struct{ latin, chinese [256][]string }

func cuesOf(words ...string) *cues {
	c := new(cues)
	for _, w := range words {
		last := w[len(w)-1]
		if w[0] < 0x80 {
			c.latin[last] = append(c.latin[last], w)
		} else {
			c.chinese[last] = append(c.chinese[last], w)
		}
	}
	return c
}

// reach is how far before a number its words may stand, in bytes: a short clause.
const reach = 48

// before returns how many bytes lie between the nearest of the words before i and i, or -1 where there is none. The words stand
// in the line, or in the one above where nothing but space is before i in its own.
func (c *cues) before(t string, i int) int {
	start := clauseStart(t, i)
	for end := i; end > start; end-- {
		last := t[end-1]
		if last >= 0x80 {
			for _, w := range c.chinese[last] {
				if len(w) <= end-start && t[end-len(w):end] == w {
					return i - end
				}
			}
			continue
		}
		if end < i && isLetter(t[end]) {
			continue // within a word
		}
		for _, w := range c.latin[lower(last)] {
			// A placeholder's own word ("[PHONE]") is no cue.
			if from := end - len(w); from >= start && equalFold(t[from:end], w) && !isLetter(byteBefore(t, from)) &&
				(byteBefore(t, from) != '[' || byteAt(t, end) == ' ') {
				return i - end
			}
		}
	}
	return -1
}

// behind says whether one of the words stands at i or within n bytes behind it, in the line.
func (c *cues) behind(t string, i, n int) bool {
	for end := i + 1; end <= min(len(t), i+n) && t[end-1] != '\n'; end++ {
		last := t[end-1]
		if last >= 0x80 {
			for _, w := range c.chinese[last] {
				if len(w) <= end-i && t[end-len(w):end] == w {
					return true
				}
			}
			continue
		}
		if isLetter(byteAt(t, end)) {
			continue
		}
		for _, w := range c.latin[lower(last)] {
			if from := end - len(w); from >= i && equalFold(t[from:end], w) && !isLetter(byteBefore(t, from)) {
				return true
			}
		}
	}
	return false
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
func context(t string, i int, yes, no *cues) weight {
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
	announcing = cuesOf("tel", "tél", "telephone", "téléphone", "phone", "phones", "mobile", "cell", "cellphone", "fax", "whatsapp", "pager", "call me", "call us", "call at",
		"hotline", "voicemail", "helpline", "电话", "手机", "座机", "固话", "传真", "热线", "致电", "拨打", "電話", "手機", "傳真")
	phoneCues = cuesOf("tel", "tél", "telephone", "téléphone", "phone", "phones", "mobile", "mob", "cell", "cellphone", "cellular", "call", "calling", "fax",
		"whatsapp", "wechat", "sms", "dial", "contact", "hotline", "pager", "voicemail", "toll-free", "helpline",
		"电话", "手机", "座机", "固话", "传真", "热线", "联系", "致电", "拨打", "微信", "来电", "短信", "電話", "手機", "傳真", "聯繫", "聯絡")
	numberCues = cuesOf("order", "orders", "invoice", "tracking", "serial", "part", "parts", "model", "sku", "isbn", "issn", "doi", "ean",
		"upc", "imei", "version", "build", "commit", "hash", "md5", "sha1", "ticket", "case", "reference", "ref", "id", "uid", "timestamp",
		"epoch", "unix time", "size", "bytes", "offset", "patent", "rfc", "bug", "item", "receipt", "batch", "lot", "shipment", "barcode",
		"waybill", "catalog", "catalogue", "uuid", "checksum",
		"订单", "单号", "编号", "流水", "序列", "发票", "条码", "条形码", "书号", "型号", "批号", "文号", "版本", "案号", "运单", "货号", "合同",
		"学号", "工号", "时间戳", "字节", "票号", "凭证", "訂單", "單號", "編號", "刊号", "料号", "零件", "哈希", "校验")
)
