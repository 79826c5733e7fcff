package chinese

import (
	"strings"
	"unicode/utf8"
)

// Kinds of lines that are not part of a text, as they are counted.
const (
	addressLine = "disguised addresses" // www。abc。com, ｗｗｗ．ａｂｃ．ｃｏｍ, w w w . abc点com
	contactLine = "contacts"            // 加V信 abc12345, 扣扣：1234567
	splitLine   = "split words"         // 小`说, 代-开-发-票
	chromeLine  = "site chrome"         // short lines with phrases such as 请收藏本站
)

// sign is a visible character of a line as a filter of words would have to see it.
type sign struct {
	c   rune  // lower-case ASCII for full-width letters and digits and for every dot
	cl  class // of the character in the text
	odd bool  // c is not what the text has, or white space is before it
}

// lineJudge finds lines that advertise.
type lineJudge struct {
	table    *[1 << 16]class
	phrases  *phraseSet
	contacts map[rune][][]rune // contactWords and disguiseWords by their first character
	sieve    [64]uint64        // lets through those, and few others
	signs    []sign
}

func newLineJudge(phrases []string) lineJudge {
	j := lineJudge{table: classes(), phrases: newPhraseSet(phrases), contacts: map[rune][][]rune{}}
	for _, w := range append(contactWords[:], disguiseWords[:]...) {
		word := []rune(w)
		j.contacts[word[0]] = append(j.contacts[word[0]], word)
		j.sieve[word[0]&63] |= 1 << (word[0] >> 6 & 63)
	}
	return j
}

// kind returns what a line is, empty for one that is part of the text.
func (j *lineJudge) kind(line string, adverts, chrome bool) string {
	if adverts {
		j.fold(line)
		switch {
		case j.address():
			return addressLine
		case j.contact():
			return contactLine
		case j.split():
			return splitLine
		}
	}
	if chrome && len(line) <= 3*chromeLength && j.phrases.in(line) {
		return chromeLine
	}
	return ""
}

// fold makes signs of a line's visible characters.
func (j *lineJudge) fold(line string) {
	j.signs = j.signs[:0]
	gap := false
	for i := 0; i < len(line); {
		c, n := rune(line[i]), 1
		if c >= utf8.RuneSelf {
			c, n = decode(line[i:])
		}
		i += n
		cl := classOf(j.table, c)
		if cl == space {
			gap = len(j.signs) > 0
			continue
		}
		s := sign{c: c, cl: cl, odd: gap}
		gap = false
		switch {
		case c >= 'A' && c <= 'Z':
			s.c |= 0x20
		case cl == wide:
			s.c, s.odd = c-0xFEE0|0x20, true
		case c == '。' || c == '．' || c == '｡' || c == '·' || c == '•':
			s.c, s.odd = '.', true
		case c == '点':
			s.odd = true
		}
		j.signs = append(j.signs, s)
	}
}

// tlds are the ends of addresses that advertisements have.
var tlds = [...]string{"com", "net", "org", "cn", "cc", "xyz", "top", "vip", "info", "tv", "me", "co", "club", "site", "shop", "icu"}

// address finds www or the end of an address with something in it that a browser would not take.
func (j *lineJudge) address() bool {
	s := j.signs
	for i := range s {
		if s[i].c == 'w' && i+4 < len(s) && s[i+1].c == 'w' && s[i+2].c == 'w' && s[i+3].c == '.' && isLatin(s[i+4]) {
			if s[i].cl == wide || s[i+1].odd || s[i+2].odd || s[i+3].odd && s[i+3].cl != dot || s[i+4].odd {
				return true
			}
		}
		if (s[i].c == '.' || s[i].c == '点') && i > 0 && isLatin(s[i-1]) && i+2 < len(s) && s[i+1].cl != space {
			if n := tld(s[i+1:]); n > 0 && s[i].odd && (i+1+n == len(s) || !isLatin(s[i+1+n])) {
				return true
			}
		}
	}
	return false
}

func isLatin(s sign) bool { return s.cl == latin || s.cl == digit || s.cl == wide }

// tld returns the length of the end of an address that signs begin with, 0 where there is none.
func tld(s []sign) int {
next:
	for _, t := range tlds {
		if len(s) < len(t) {
			continue
		}
		for k := range len(t) {
			if s[k].c != rune(t[k]) {
				continue next
			}
		}
		return len(t)
	}
	return 0
}

// Words that ask the reader to get in touch: plain ones are followed by a name or number; the others are disguises themselves.
var (
	contactWords  = [...]string{"加微信", "加qq", "qq群", "q群", "微信号", "微信:", "微信：", "qq:", "qq：", "企鹅群", "vx", "wx", "加v", "加q", "加群", "联系q", "客服q"}
	disguiseWords = [...]string{"加薇", "加威信", "薇信", "v信", "加扣", "扣扣", "微❤", "嶶信", "徽信号", "加vx", "加wx", "+v:", "+v：", "➕v", "➕微", "加➕"}
)

// contact finds such a word with a name or number of five signs or more close behind it.
func (j *lineJudge) contact() bool {
	for i := range j.signs {
		c := j.signs[i].c
		if j.sieve[c&63]>>(c>>6&63)&1 == 0 {
			continue
		}
		for _, w := range j.contacts[c] {
			if j.startsWith(i, w) && j.name(i+len(w)) {
				return true
			}
		}
	}
	return false
}

// startsWith says whether a word is at i; a Latin word must not go on before.
func (j *lineJudge) startsWith(i int, word []rune) bool {
	if len(j.signs)-i < len(word) || word[0] < utf8.RuneSelf && i > 0 && isLatin(j.signs[i-1]) {
		return false
	}
	for k, c := range word {
		if j.signs[i+k].c != c {
			return false
		}
	}
	return true
}

// name says whether a name or number of at least five Latin letters, digits, _ and -, one of them a digit, begins within six signs.
func (j *lineJudge) name(i int) bool {
	run, digits := 0, 0
	for end := min(len(j.signs), i+26); i < end; i++ {
		s := j.signs[i]
		if !isLatin(s) && !(run > 0 && (s.c == '_' || s.c == '-')) {
			if run > 0 && run < 5 {
				return false
			}
			run, digits = 0, 0
			continue
		}
		run++
		if s.c >= '0' && s.c <= '9' {
			digits++
		}
		if run >= 5 && digits > 0 {
			return true
		}
	}
	return false
}

type strength uint8

const (
	none   strength = iota
	weak            // also stands between Han characters for reasons of its own
	strong          // hardly does
)

func separator(c rune) strength {
	switch c {
	case '`', '^', '¤', '§', '$', '@', '&', '★', '☆', '●', '◆', '■', '※', '♀', '♂', '｀', '＾', '＄', '＠', '＆':
		return strong
	case '-', '*', '|', '/', '\\', '+', '=', '_', '~', '#', '.', '﹣', '＊', '｜':
		return weak
	}
	return none
}

// split finds words whose characters are kept apart: a strong separator with a single Han character on both sides, or on one side
// twice; or four single characters with the same weak separator between them.
func (j *lineJudge) split() bool {
	s := j.signs
	hits, chain := 0, 0
	for i := 1; i+1 < len(s); i++ {
		st := separator(s[i].c)
		if st == none || s[i].odd && s[i].cl == stop || !isHan(s[i-1].cl) || !isHan(s[i+1].cl) || s[i].odd != s[i+1].odd {
			continue
		}
		left, right := j.run(i-1, -1), j.run(i+1, 1)
		if st == strong {
			if left == 1 && right == 1 {
				hits += 2
			} else if min(left, right) == 1 && s[i].c != '`' { // 使用`命令`和`选项` is Markdown
				hits++
			}
		} else if left == 1 && right == 1 {
			if chain++; i >= 2 && s[i-2].c != s[i].c {
				chain = 1
			}
			if chain >= 3 {
				return true
			}
			continue
		}
		chain = 0
	}
	return hits >= 2
}

// run returns how many Han characters there are from i on, in a direction.
func (j *lineJudge) run(i, step int) (n int) {
	for ; i >= 0 && i < len(j.signs) && isHan(j.signs[i].cl) && n < 5; i += step {
		n++
	}
	return n
}

// chromeLength is the length in characters up to which a line with a phrase of sites is taken for chrome: a longer one says more.
const chromeLength = 40

// DefaultPhrases are phrases that lines of sites around a text have, and that texts hardly do.
func DefaultPhrases() []string {
	return strings.Fields("请收藏本站 收藏本站 加入收藏 设为首页 返回顶部 返回首页 返回目录 上一章 下一章 加入书签 投推荐票 章节错误 点此举报 手机阅读 " +
		"最新章节 无弹窗 全文阅读 免费阅读 扫码关注 扫一扫 关注公众号 微信公众号 点击上方蓝字 长按识别 阅读原文 分享到 转发朋友圈 点赞在看 " +
		"责任编辑 转载请注明 版权所有 ICP备 公网安备 网站地图 友情链接 联系我们 关于我们 在线客服 免费注册 忘记密码 发表评论 相关推荐 猜你喜欢 " +
		"热门推荐 点击进入 点击下载 立即下载 立即购买 加入购物车 代开发票 办证刻章 六合彩 私服发布 博彩 百家乐")
}

// phraseSet finds phrases in lines: only where a line has a phrase's first character is anything compared.
type phraseSet struct {
	sieve   [64]uint64
	byFirst map[rune][]string
}

func newPhraseSet(phrases []string) *phraseSet {
	p := &phraseSet{byFirst: map[rune][]string{}}
	for _, s := range phrases {
		c, _ := utf8.DecodeRuneInString(s)
		p.sieve[c&63] |= 1 << (c >> 6 & 63)
		p.byFirst[c] = append(p.byFirst[c], s)
	}
	return p
}

func (p *phraseSet) in(line string) bool {
	for i := 0; i < len(line); {
		c, n := rune(line[i]), 1
		if c >= utf8.RuneSelf {
			c, n = decode(line[i:])
		}
		at := i
		i += n
		if p.sieve[c&63]>>(c>>6&63)&1 == 0 {
			continue
		}
		for _, s := range p.byFirst[c] {
			if strings.HasPrefix(line[at:], s) {
				return true
			}
		}
	}
	return false
}
