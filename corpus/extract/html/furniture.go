package html

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/html"
)

// Readability finds where the article is, and keeps too much of what stands in it: captions, links to other articles, share
// buttons, the author's life. That goes by four rules, none of which knows a site:
//
//  1. elements that are no running text by their tag or role (nav, aside, figcaption, …);
//  2. elements whose class or id says what they are ("related-articles", "shareButtons", "author_bio"), unless all of that
//     name hold a good part of the article, for then the name means something else;
//  3. lists and paragraphs that are links and little else;
//  4. lines (lines.go): what stands above the headline, and lines that are known furniture by their words.

// tagsOut are elements that are not running text. Readability removes some of them too, but not in every pass.
var tagsOut = map[string]bool{
	"nav": true, "aside": true, "footer": true, "form": true, "button": true, "figcaption": true, "menu": true, "dialog": true,
	"noscript": true, "template": true, "select": true, "textarea": true, "svg": true, "canvas": true, "audio": true, "video": true,
}

// rolesOut are ARIA roles of furniture.
var rolesOut = map[string]bool{
	"navigation": true, "complementary": true, "contentinfo": true, "banner": true, "search": true, "menu": true,
	"menubar": true, "toolbar": true, "dialog": true, "alertdialog": true, "tooltip": true, "doc-pagelist": true,
}

// wordsOut are words of class names and ids; two joined by a blank must follow each other.
var wordsOut = map[string]bool{
	// addresses within the site
	"breadcrumb": true, "breadcrumbs": true, "nav": true, "navbar": true, "navigation": true, "menu": true, "pagination": true,
	"pager": true, "sidebar": true, "toolbar": true, "editsection": true, "toc": true, "skip": true,
	// other articles
	"related": true, "recommended": true, "recommendation": true, "recommendations": true, "recirc": true, "trending": true,
	"teaser": true, "teasers": true, "outbrain": true, "taboola": true, "readmore": true, "read more": true, "more stories": true, "see also": true,
	"read next": true, "also read": true, "most read": true, "most popular": true, "up next": true, "yarpp": true, "jp relatedposts": true,
	// what one is to do
	"share": true, "sharing": true, "sharebar": true, "sharedaddy": true, "addthis": true, "addtoany": true, "social": true, "newsletter": true,
	"newsletters": true, "subscribe": true, "subscription": true, "signup": true, "sign up": true, "login": true, "cta": true, "follow": true, "donate": true,
	"comments": true, "commenting": true, "comment": true, "disqus": true, "respond": true, "feedback": true, "cookie": true, "cookies": true, "gdpr": true, "consent": true,
	"paywall": true, "promo": true, "promotion": true, "advert": true, "advertisement": true, "advertising": true, "ads": true, "adsense": true, "ad": true, "sponsored": true, "sponsor": true,
	// about the article
	"byline": true, "bylines": true, "dateline": true, "timestamp": true, "pubdate": true, "published": true, "date": true, "caption": true, "captions": true, "credit": true, "credits": true,
	"copyright": true, "tags": true, "taglist": true, "author bio": true, "author info": true, "author box": true, "about author": true, "author": true, "bio": true, "biography": true,
	"post meta": true, "entry meta": true, "article meta": true, "meta": true, "postmeta": true, "slideshow": true, "gallery": true, "lightbox": true, "footer": true,
	// for other readers than the eye
	"sr only": true, "screen reader": true, "visually hidden": true, "visuallyhidden": true, "print only": true, "noprint": true,
}

// trimmer removes furniture from an article.
type trimmer struct {
	total int // characters of the article
	sizes map[*html.Node]size
	named map[string]int // characters of the elements that a word names
}

// size counts the characters of an element, without white space, and those of them in links.
type size struct {
	text, link int
	links      int
	word       string // of wordsOut, in the element's class or id
}

// trimArticle removes from an article what Readability kept too much of.
func trimArticle(article *html.Node) {
	t := trimmer{sizes: map[*html.Node]size{}, named: map[string]int{}}
	t.total = t.measure(article, "").text
	t.trim(article)
}

// measure sizes up an element, whose ancestors are named by a word.
func (t *trimmer) measure(n *html.Node, above string) (s size) {
	if n.Type == html.TextNode {
		for _, r := range n.Data {
			if !unicode.IsSpace(r) {
				s.text++
			}
		}
		return s
	}
	if n.Type == html.ElementNode {
		s.word = firstOf(furnitureWord(attribute(n, "class")), furnitureWord(attribute(n, "id")))
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		in := t.measure(c, firstOf(s.word, above))
		s.text += in.text
		s.link += in.link
		s.links += in.links
	}
	if n.Type == html.ElementNode {
		if n.Data == "a" {
			s.link, s.links = s.text, 1
		}
		if s.word != above {
			t.named[s.word] += s.text
		}
		t.sizes[n] = s
	}
	return s
}

func (t *trimmer) trim(n *html.Node) {
	for c := n.FirstChild; c != nil; {
		next := c.NextSibling
		if c.Type == html.ElementNode {
			if t.out(c) {
				n.RemoveChild(c)
			} else {
				t.trim(c)
			}
		}
		c = next
	}
}

// large is what is no furniture for its size alone.
func (t *trimmer) large(text int) bool { return text*3 > t.total }

func (t *trimmer) out(n *html.Node) bool {
	s := t.sizes[n]
	switch {
	case t.large(s.text):
		return false
	case tagsOut[n.Data] || rolesOut[attribute(n, "role")]:
		return true
	}
	switch n.Data {
	case "a", "b", "i", "em", "strong", "code", "sup", "sub", "td", "th", "tr", "tbody", "pre":
		return false
	case "ul", "ol", "dl", "p", "div", "section", "h2", "h3", "h4", "h5", "h6":
		if s.linked(n.Data) {
			return true
		}
	}
	// Where a word names much of the article (the comments of a forum), it says what the article is.
	return s.word != "" && !t.large(t.named[s.word])
}

// linked tells whether something is a link to another article, or a list of them. A paragraph of running text may consist of
// links for the greater part too, as in encyclopaedias, but of more than two, with words between.
func (s size) linked(tag string) bool {
	percent := 80
	if tag == "p" && s.links > 2 {
		percent = 95
	}
	return s.link > 0 && s.link*100 >= s.text*percent
}

// furnitureWord returns the first word of a class name or an id that says that something is furniture. Names are cut into
// words at everything that is no letter and before capitals.
func furnitureWord(name string) string {
	if len(name) > 400 {
		return ""
	}
	last := ""
	for len(name) > 0 {
		var word string
		word, name = cutWord(name)
		if word == "" {
			continue
		}
		word = strings.ToLower(word)
		if wordsOut[word] {
			return word
		}
		if pair := last + " " + word; wordsOut[pair] {
			return pair
		}
		last = word
	}
	return ""
}

// cutWord cuts the first word off a name; it may be empty.
func cutWord(name string) (word, rest string) {
	lower := false
	for i, r := range name {
		switch {
		case !unicode.IsLetter(r):
			return name[:i], name[i+utf8.RuneLen(r):]
		case unicode.IsUpper(r) && lower:
			return name[:i], name[i:]
		}
		lower = unicode.IsLower(r)
	}
	return name, ""
}
