package html

import (
	"errors"
	"strings"
	"testing"

	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"
)

const article = `<!doctype html><html lang="en_GB"><head><meta charset=%CHARSET%>
<title>The kiln at night | Example Pottery</title>
<link rel="canonical" href="/kiln?page=1"><meta property="og:url" content="https://other.example/"></head><body>
<nav><ul><li><a href="/">Home</a><li><a href="/news">News</a></ul></nav>
<div class="content"><h1>The kiln at night</h1><p class="byline">By A. Potter</p>
<p>The fire is lit in the evening, when the wind has gone down, and someone stays with it, for a kiln that is left alone cools unevenly.</p>
<figure><img src="kiln.jpg"><figcaption>The kiln, seen from the road</figcaption></figure>
<p>Wood goes in by the hour, first the thick, then the thin;<br>the cones bend, one after another, until the glaze runs, and nobody sleeps.</p>
<div class="share-buttons"><a href="#">Tweet</a> <a href="#">Mail</a></div>
<h2>What is in it</h2>
<ul><li>eighty bowls, thrown in spring,</li><li>two jars, which may crack.</li></ul>
<p><a href="/clay">More: where our clay comes from</a></p>
<p>In the morning the door is bricked up, and it takes two days before a hand can be laid upon it, so there is time, for once, to sweep.</p>
</div><footer>© Example Pottery, all rights reserved</footer></body></html>`

const articleText = `The fire is lit in the evening, when the wind has gone down, and someone stays with it, for a kiln that is left alone cools unevenly.

Wood goes in by the hour, first the thick, then the thin;
the cones bend, one after another, until the glaze runs, and nobody sleeps.

What is in it

eighty bowls, thrown in spring,
two jars, which may crack.

In the morning the door is bricked up, and it takes two days before a hand can be laid upon it, so there is time, for once, to sweep.`

func TestMainTextWithoutFurniture(t *testing.T) {
	page := strings.Replace(article, "%CHARSET%", "utf-8", 1)
	got, err := Extract([]byte(page), "https://pottery.example/kiln?page=1&from=rss", "text/html")
	if err != nil {
		t.Fatal(err)
	}
	want := Page{Title: "The kiln at night", Text: articleText, Lang: "en-GB", URL: "https://pottery.example/kiln?page=1"}
	if got != want {
		t.Errorf("got\n%+v\nwant\n%+v", got, want)
	}
}

func TestChinesePage(t *testing.T) {
	const page = `<!doctype html><html lang="zh-CN"><head><meta charset="utf-8"><title>夜里的窑火_陶瓷频道_示例网</title></head><body>
<div class="top-nav"><a href="/">首页</a> <a href="/news">新闻</a> <a href="/life">生活</a></div>
<div class="crumbs-nav"><a href="/">示例网</a> &gt; <a href="/tc">陶瓷</a> &gt; 正文</div>
<div class="main"><h1>夜里的窑火</h1><div class="article-info">2024年4月1日 10:00 <span>来源：示例网</span></div>
<div class="article-content">
<p>　　夜里点火，风停了以后，总有人守在窑边，因为没有人看着的窑，冷下来就不均匀。</p>
<p>　　柴一个时辰加一次，先粗后细，直到釉流下来。老窑工说，火候全在眼里，谁也教不会谁。</p>
<p class="img"><img src="a.jpg"></p><p class="pic-caption">窑口的火光 摄影：某某</p>
<p>　　到了早晨，窑门封上，要等两天才能伸手去摸，这才有空扫一扫院子，数一数坯。</p>
<p>原标题：夜里的窑火</p><p>（责任编辑：某某）</p>
</div>
<div class="share-bar">分享到：<a href="#">微信</a><a href="#">微博</a></div>
<h3>相关阅读</h3><ul class="news-list"><li><a href="/1">泥从哪里来</a></li><li><a href="/2">釉的颜色</a></li><li><a href="/3">碗底的字</a></li></ul>
</div><div class="footer">版权所有 示例网</div></body></html>`
	got, err := Extract([]byte(page), "", "")
	if err != nil {
		t.Fatal(err)
	}
	want := "夜里点火，风停了以后，总有人守在窑边，因为没有人看着的窑，冷下来就不均匀。\n\n" +
		"柴一个时辰加一次，先粗后细，直到釉流下来。老窑工说，火候全在眼里，谁也教不会谁。\n\n" +
		"到了早晨，窑门封上，要等两天才能伸手去摸，这才有空扫一扫院子，数一数坯。"
	if got.Text != want || got.Title != "夜里的窑火" || got.Language() != "zh" {
		t.Errorf("title %q, language %q\n got %q\nwant %q", got.Title, got.Language(), got.Text, want)
	}
}

func TestCharacterSets(t *testing.T) {
	paragraph := "夜里点火，风停了以后，总有人守在窑边，因为没有人看着的窑，冷下来就不均匀。柴一个时辰加一次，先粗后细，直到釉流下来。"
	page := strings.Replace("<html lang=zh><head><meta charset=%CHARSET%><title>窑</title><body><p>"+strings.Repeat(paragraph, 4), "%CHARSET%", "gb2312", 1)
	gb, err := simplifiedchinese.GB18030.NewEncoder().String(page)
	if err != nil {
		t.Fatal(err)
	}
	wide, err := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder().String(page)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, page, contentType string }{
		{"the page says so", gb, ""},
		{"HTTP says so, the page something else", strings.Replace(gb, "gb2312", "iso-8859-1", 1), "text/html; charset=GBK"},
		{"UTF-16 by its mark", wide, ""},
		{"UTF-8, the page says something else", page, ""},
		{"UTF-8, HTTP says nothing, the page neither", strings.Replace(page, "<meta charset=gb2312>", "", 1), "text/html"},
	} {
		got, err := Extract([]byte(c.page), "", c.contentType)
		if err != nil || !strings.Contains(got.Text, paragraph) || got.Title != "窑" {
			t.Errorf("%s: %v, title %q, text %.60q", c.name, err, got.Title, got.Text)
		}
	}
}

func TestForumKeepsItsComments(t *testing.T) {
	var b strings.Builder
	b.WriteString("<title>Which clay</title><body><div class=thread>")
	for _, s := range []string{"stoneware, and fire it slowly", "porcelain, if you have the patience", "whatever you can dig up behind the house", "grog in it helps"} {
		b.WriteString("<div class=comment><p>I would take " + s + ", since it is the drying, not the firing, where most of what I made was lost, and I made a lot.</p></div>")
	}
	got, err := Extract([]byte(b.String()), "", "")
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(got.Text, "I would take"); n != 4 {
		t.Errorf("%d of 4 comments: %q", n, got.Text)
	}
}

func TestParagraphsOfLinksAreTextListsOfThemAreNot(t *testing.T) {
	filler := strings.Repeat("<p>It has been made there since anyone can remember, of the clay by the river, which is grey, and burns red.", 6)
	got, err := Extract([]byte(`<title>Jar</title><div class=content><p>A <a href=/j>big jar</a> of <a href=/s>stoneware</a> from <a href=/g>Grenzhausen</a>, in the <a href=/w>Westerwald</a>.`+
		filler+`<p>See: <a href=/x>The jar that would not break</a><ul><li><a href=/1>Bowls of the north</a> 1<li><a href=/2>Bowls of the south</a> 2<li><a href=/3>Lids and handles</a> 3</ul></div>`), "", "")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(got.Text, "A big jar of stoneware from Grenzhausen, in the Westerwald.\n\nIt has") || strings.Contains(got.Text, "See") || strings.Contains(got.Text, "Bowls") {
		t.Errorf("%q", got.Text)
	}
}

func TestPagesWithoutText(t *testing.T) {
	for _, page := range []string{"", "<html>", "<!doctype html><html><head></head><frameset><frame src=a></frameset></html>", "<p>"} {
		got, err := Extract([]byte(page), "::not an address", "text/html; charset=nonsense")
		if err != nil || got.Text != "" {
			t.Errorf("%q: text %q, %v", page, got.Text, err)
		}
	}
}

func TestPagesBeyondBoundsAreRefused(t *testing.T) {
	for _, c := range []struct {
		name, page string
		want       error
	}{
		{"large", "<p>" + strings.Repeat("x", MaxBytes), ErrTooLarge},
		{"many elements", strings.Repeat("<p>a", maxElements+1), ErrTooLarge},
		{"deep", strings.Repeat("<div>", 600) + "text", ErrTooDeep},
		{"many elements, deep", strings.Repeat("<div>", 500) + strings.Repeat("<p>a", 10_000), ErrTooDeep},
	} {
		if _, err := Extract([]byte(c.page), "", ""); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
}

func TestElementsThatAreNeverClosed(t *testing.T) {
	var b strings.Builder
	for range 600 {
		b.WriteString("<p><font size=2><b>The kiln is hot, and the wood is dry, and it will be so for days.<svg><path d=x><path d=y></svg>")
	}
	got, err := Extract([]byte(b.String()), "", "")
	if n := strings.Count(got.Text, "The kiln"); err != nil || n != 600 {
		t.Errorf("%d of 600 paragraphs, %v", n, err)
	}
}

func TestTextOfAMail(t *testing.T) {
	got, err := Text([]byte("<html><head><title>x</title><style>p{}</style><body><p>Dear <b>all</b>,<p>the kiln is&nbsp;hot.<br>Yours<script>alert(1)</script>"), "text/html; charset=us-ascii")
	if want := "Dear all,\n\nthe kiln is\u00a0hot.\nYours"; err != nil || got != want {
		t.Errorf("%q, %v; want %q", got, err, want)
	}
}

func TestLanguageTags(t *testing.T) {
	for in, want := range map[string]string{"en": "en", " zh_Hans_CN ": "zh-Hans-CN", "de, fr": "de", "x": "", "{{lang}}": "", "": ""} {
		if got := languageTag(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func TestBaseLanguages(t *testing.T) {
	for in, want := range map[string]string{"en-GB": "en", "zh-Hans-CN": "zh", "eng": "en", "spa": "es", "cmn": "zh", "an": "an", "und": "", "": "", "!": "", "xx-YY": ""} {
		if got := BaseLanguage(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}
