package html

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// trimLines removes lines of furniture from a text: those above the headline, the headline itself, and those that are known
// by their words.
func trimLines(text, title string) string {
	lines := strings.Split(text, "\n")
	lines = lines[headline(lines, title)+1:]
	kept := lines[:0]
	for _, line := range lines {
		if !furnitureLine(line) {
			kept = append(kept, line)
		}
	}
	return strings.Join(kept, "\n")
}

// headline returns the line that is the page's title or begins it, where nothing but short lines stands above, or -1.
func headline(lines []string, title string) int {
	for i, line := range lines[:min(len(lines), 80)] {
		if begins(line, title) {
			return i
		}
		if utf8.RuneCountInString(line) > 80 {
			break
		}
	}
	return -1
}

// furnitureLines are whole lines, as letters leaves them.
var furnitureLines = map[string]bool{
	"advertisement": true, "advert": true, "ad": true, "share": true, "sharethis": true, "tweet": true, "comments": true, "comment": true, "postcomment": true,
	"related": true, "relatedarticles": true, "relatednews": true, "relatedstories": true, "readmore": true, "seealso": true, "more": true, "dontmiss": true, "trending": true,
	"subscribe": true, "signin": true, "signup": true, "login": true, "viewcomments": true, "leaveacomment": true, "youmayalsolike": true, "enlargeimage": true,
	"loading": true, "close": true, "caption": true, "storycontinuesbelowadvertisement": true, "articlecontinuesbelow": true,
	"广告": true, "分享": true, "分享到": true, "评论": true, "相关阅读": true, "相关文章": true, "延伸阅读": true, "推荐阅读": true, "阅读更多": true, "登录": true, "注册": true, "收藏": true, "点赞": true,
	"廣告": true, "評論": true, "相關閱讀": true, "相關文章": true, "延伸閱讀": true, "推薦閱讀": true, "閱讀更多": true, "登錄": true, "登入": true, "註冊": true,
}

// furnitureBegins are how short lines of furniture begin.
var furnitureBegins = []string{"copyright", "责任编辑", "責任編輯", "原标题", "原標題", "版权所有", "版權所有", "打开app", "扫一扫"}

func furnitureLine(line string) bool {
	if len(line) > 200 {
		return false
	}
	bare := letters(line)
	if furnitureLines[bare] || strings.HasPrefix(strings.TrimSpace(line), "©") {
		return true
	}
	for _, begin := range furnitureBegins {
		if strings.HasPrefix(bare, begin) && utf8.RuneCountInString(bare) <= 60 {
			return true
		}
	}
	return false
}

// letters returns the letters and digits of a line in lower case.
func letters(line string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, line)
}
