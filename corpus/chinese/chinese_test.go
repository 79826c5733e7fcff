package chinese

import (
	"math"
	"strings"
	"testing"

	"github.com/athanor-lm/athanor/corpus"
)

func TestMeasuresAreThoseCountedByHand(t *testing.T) {
	for _, c := range []struct {
		text string
		want Measures
	}{
		// 12 visible characters in one line, all of them up to the stop; 的 and 是 hold it together.
		{"这是我们的书，很好看。", Measures{Chars: 11, Han: 9, Simplified: 3, Marks: 2, Lines: 1, Sentences: 1, Complete: 11, Function: 2}},
		// A heading without punctuation, an empty line, a sentence that ends behind its quotation mark and a piece after it.
		{"第一章\n\n他说：“走吧！”然后", Measures{Chars: 13, Han: 9, Simplified: 1, Marks: 4, Lines: 2, Short: 2, Open: 2, Sentences: 1, Complete: 8, Function: 0}},
		{"ＡＢ12 ab，", Measures{Chars: 7, Latin: 6, Wide: 2, Marks: 1, Lines: 1, Short: 1}},
		{"國国為与", Measures{Chars: 4, Han: 4, Simplified: 2, Traditional: 2, Lines: 1, Short: 1, Open: 1, Function: 2}},
		{"锟斤拷鐨\uFFFD\uE000", Measures{Chars: 6, Han: 4, Traditional: 0, Broken: 4, Lines: 1, Short: 1, Open: 1}},
		{"加wei信，用git好，的 shi 是", Measures{Chars: 17, Han: 6, Latin: 9, Marks: 2, Lines: 1, Open: 1, Function: 2, Pinyin: 1}},
		{"等等……他走了！！\n3.14是数。", Measures{Chars: 16, Han: 7, Latin: 3, Simplified: 1, Marks: 6, Lines: 2, Short: 2, Sentences: 3, Complete: 16, Function: 2}},
	} {
		got := Measure(c.text)
		c.want.Simplified, c.want.Traditional = got.Simplified, got.Traditional // counted in package hanscript
		if got != c.want {
			t.Errorf("%q:\n got %+v\nwant %+v", c.text, got, c.want)
		}
	}
}

func TestRepeatedNGramsAreThoseCountedByHand(t *testing.T) {
	var r repeats
	for _, c := range []struct {
		text            string
		n               int
		top, duplicates float64
	}{
		{"甲乙丙丁", 2, 0, 0},
		{"甲乙甲乙丙", 2, 4.0 / 5, 2.0 / 5}, // 甲乙 twice
		{"甲乙甲乙甲乙", 2, 1, 4.0 / 6},      // three times; two of them occurred before
		{"甲甲甲甲", 2, 1, 2.0 / 4},        // 甲甲 at 0, 1, 2; from 1 on it is known, and one is passed over
		{"甲乙丙甲乙丙", 3, 1, 3.0 / 6},      //
		{"甲乙", 3, 0, 0},
		{"", 2, 0, 0},
	} {
		letters := []rune(c.text)
		if got := r.top(letters, c.n); math.Abs(got-c.top) > 1e-9 {
			t.Errorf("%s: most frequent %d-gram %v, want %v", c.text, c.n, got, c.top)
		}
		if got := r.duplicates(letters, c.n); math.Abs(got-c.duplicates) > 1e-9 {
			t.Errorf("%s: duplicate %d-grams %v, want %v", c.text, c.n, got, c.duplicates)
		}
	}
}

func TestLinesAreTakenForWhatTheyAre(t *testing.T) {
	j := newLineJudge(DefaultPhrases())
	for line, want := range map[string]string{
		"请访问www。abcde。com":                 addressLine,
		"ｗｗｗ．ａｂｃ．ｃｏｍ":                      addressLine,
		"w w w . abc . c o m":              addressLine,
		"abc点com":                          addressLine,
		"abc·net":                          addressLine,
		"网址为www.example.com。comm 也是":       "",
		"见 www.example.org，也见 example.cn。": "",
		"加 V 信 abc12345":                   contactLine,
		"QQ群：123456789":                    contactLine,
		"我的微信号是 ab_12345":                  contactLine,
		"微信支付已经添加到 2023 年版":                "",
		"加qq说话":                            "",
		"看小`说`":                            "", // once, beside two characters
		"小`说`首`发":                          splitLine,
		"小^说":                              splitLine,
		"代-开-发-票":                          splitLine,
		"中-日-韩三国":                          "",
		"使用`命令`和`选项`":                      "",
		"和/或、是/否":                          "",
		"一*二 + 三":                          "",
		"请收藏本站，方便阅读":                       chromeLine,
		"上一章 目录 下一章":                       chromeLine,
		"本网站的版权所有者依照著作权法享有的权利，任何人未经许可不得以任何方式复制、发行、出租、展览、表演、放映、广播": "",
		"人人生而自由，在尊严和权利上一律平等。": "",
		"": "",
	} {
		if got := j.kind(line, true, true); got != want {
			t.Errorf("%q: %q, want %q", line, got, want)
		}
	}
	if got := j.kind("小^说", false, true); got != "" {
		t.Errorf("adverts are not looked for, found %q", got)
	}
}

func TestSieveKeepsKindsApart(t *testing.T) {
	low := map[rune]bool{}
	for _, c := range mojibake {
		low[c&0xFFF] = true
	}
	for _, c := range functionChars {
		if low[c&0xFFF] {
			t.Errorf("%c falls together with what wrong decoding leaves", c)
		}
	}
}

// prose is clean by every rule.
const prose = `第一条 为了保护自然人的合法权益，调整民事关系，维护社会秩序，根据宪法，制定本法。
第二条 民法调整平等主体之间的人身关系和财产关系，任何组织或者个人不得侵犯。
第三条 居民在日常生活中应当遵守公共规则，与邻里和睦相处，不以损害他人为目的行使权利。
`

func TestEachRuleDropsWhatItIsFor(t *testing.T) {
	lines := func(s string, n int) string { return strings.Repeat(s+"\n", n) }
	for _, c := range []struct {
		rule, text string
		change     func(*Settings)
	}{
		{"", prose, nil},
		{"few-han-characters", "太短了。", nil},
		{"long", prose, func(s *Settings) { s.MaxChars = 100 }},
		{"little-han", prose + strings.Repeat("これはペンです、", 50), nil},
		{"much-latin", prose + strings.Repeat("some English words, ", 15), func(s *Settings) { s.MinHan = 0 }},
		{"broken", prose + "\uFFFD\uFFFD", nil},
		{"little-punctuation", strings.NewReplacer("，", "", "。", "").Replace(prose), nil},
		{"much-punctuation", prose + strings.Repeat("！？（）", 30), nil},
		{"full-width", prose + strings.Repeat("ＡＢＣ", 20), nil},
		{"few-function-characters", strings.Repeat("春眠处处啼鸟，夜来风雨声，花落知多少。白日依山尽，黄河入海流。欲穷千里目，更上一层楼。", 1) + "床前明月光，疑似地上霜。举头望明月，低头思故乡。千山鸟飞绝，万径人踪灭。孤舟蓑笠翁，独钓寒江雪。红豆生南国，春来发几枝。愿君多采撷，此物最相思。", nil},
		{"pinyin", strings.NewReplacer("保护", "保hu护", "财产", "cai产", "公共", "公gong共", "邻里", "邻li里", "权益", "权yi益").Replace(prose), nil},
		{"incomplete-sentences", strings.ReplaceAll(prose, "。", "，"), nil},
		{"short-sentences", prose + lines("好！", 150), func(s *Settings) { s.TopNGrams = nil }},
		{"long-sentences", strings.ReplaceAll(prose, "。\n", "，") + "。", func(s *Settings) { s.MaxSentence = 100 }},
		{"open-lines", prose + lines("目录", 40), func(s *Settings) { s.MinComplete = 0 }},
		{"short-lines", prose + lines("目录。", 30), nil},
		{"top-4-gram", prose + strings.Repeat("一心一意，", 20) + "。", nil},
		{"duplicate-10-grams", prose + prose + prose, nil},
		{"traditional", "為了保護自然人的合法權益，調整民事關係，維護社會秩序，根據憲法，制定本法。學習語言與歷史的時候，應當從頭開始讀書，並且記錄問題。", func(s *Settings) { s.Script = "simplified" }},
		{"simplified", prose, func(s *Settings) { s.Script = "traditional" }},
		{"mixed-scripts", prose + "學習語言與歷史的時候，應當從頭開始讀書，並且記錄問題。", nil},
		{"adverts", prose + lines("看小^说^就来w w w . abc . c o m，更新最快，内容最全，欢迎大家都来看", 4), nil},
	} {
		t.Run(c.rule, func(t *testing.T) {
			s := Default()
			if c.change != nil {
				c.change(&s)
			}
			open, err := s.Open(corpus.Env{})
			if err != nil {
				t.Fatal(err)
			}
			var r corpus.Report
			open().Apply(corpus.NewDocument(c.text, nil), &r)
			if r.Dropped != c.rule {
				t.Errorf("dropped by %q (%v, limit %v)", r.Dropped, r.Value, r.Limit)
			}
			explained := corpus.Report{Explain: true}
			open().Apply(corpus.NewDocument(c.text, nil), &explained)
			if explained.Dropped != r.Dropped || len(explained.Findings) < 5 {
				t.Errorf("explained: dropped by %q, findings %v", explained.Dropped, explained.Findings)
			}
		})
	}
}

func TestLinesAreCutWhereTheyAreToBe(t *testing.T) {
	text := prose + "小^说\n请收藏本站\n" + prose
	for _, c := range []struct{ adverts, chrome, want string }{
		{cut, cut, prose + prose}, {cut, count, prose + "请收藏本站\n" + prose}, {ignore, cut, prose + "小^说\n" + prose}, {count, ignore, text},
	} {
		s := Default()
		s.Adverts, s.Chrome, s.DuplicateNGrams = c.adverts, c.chrome, nil
		open, err := s.Open(corpus.Env{})
		if err != nil {
			t.Fatal(err)
		}
		d := corpus.NewDocument(text, nil)
		open().Apply(d, new(corpus.Report))
		if d.Text() != c.want {
			t.Errorf("adverts %s, chrome %s: %q", c.adverts, c.chrome, d.Text())
		}
	}
	open, _ := (&Settings{Script: "any", Adverts: cut, Chrome: cut}).Open(corpus.Env{})
	d := corpus.NewDocument("好\n小^说", nil)
	open().Apply(d, new(corpus.Report))
	if d.Text() != "好\n" {
		t.Errorf("%q", d.Text())
	}
}

func TestSettingsThatCannotBeAreRefused(t *testing.T) {
	for want, change := range map[string]func(*Settings){
		"min_han: 1.5":                         func(s *Settings) { s.MinHan = 1.5 },
		"max_broken: NaN":                      func(s *Settings) { s.MaxBroken = math.NaN() },
		`script: "zh"`:                         func(s *Settings) { s.Script = "zh" },
		`adverts: "drop"`:                      func(s *Settings) { s.Adverts = "drop" },
		"top_n_grams[0]: n: 0, max_chars: 0.1": func(s *Settings) { s.TopNGrams = []Repeats{{0, 0.1}} },
		"duplicate_n_grams[1]: n: 8":           func(s *Settings) { s.DuplicateNGrams = []Repeats{{8, 0.1}, {8, 2}} },
		`phrases[1]: ""`:                       func(s *Settings) { s.Phrases = []string{"x", ""} },
		"min_chars: -1, want 0 or more":        func(s *Settings) { s.MinChars = -1 },
		"max_sentence: NaN, want 0 or more":    func(s *Settings) { s.MaxSentence = math.NaN() },
	} {
		s := Default()
		change(&s)
		if err := s.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	s, p := Default(), poetry()
	if s.Validate() != nil || p.Validate() != nil {
		t.Error("the defaults are refused")
	}
}

func FuzzApply(f *testing.F) {
	f.Add(prose + "小^说\n请收藏本站\n")
	f.Add("ｗｗｗ．ａｂｃ．ｃｏｍ\n\n加 V 信 abc12345\xff\xe4\xb8")
	f.Add("w w w . a\n点com 代-开-发-票")
	s := Default()
	open, err := s.Open(corpus.Env{})
	if err != nil {
		f.Fatal(err)
	}
	filter := open()
	f.Fuzz(func(t *testing.T, text string) {
		var r, again corpus.Report
		d := corpus.NewDocument(text, nil)
		filter.Apply(d, &r)
		if len(d.Text()) > len(text) {
			t.Fatalf("%q became longer: %q", text, d.Text())
		}
		m := Measure(text)
		if m.Complete > m.Chars || m.Open > m.Lines || m.Short > m.Lines || m.Han+m.Latin+m.Marks > m.Chars || m.Sentences > m.Chars {
			t.Fatalf("%q: %+v", text, m)
		}
		open().Apply(corpus.NewDocument(text, nil), &again)
		if r.Dropped != again.Dropped || r.Value != again.Value {
			t.Fatalf("%q: %s %v, then %s %v", text, r.Dropped, r.Value, again.Dropped, again.Value)
		}
	})
}

func BenchmarkApply(b *testing.B) {
	for _, name := range []string{"zh-laws/laws", "zh-docs/docs"} {
		texts := documents(b, name+".jsonl.gz", 8)
		size := 0
		for _, text := range texts {
			size += len(text)
		}
		s := Default()
		open, err := s.Open(corpus.Env{})
		if err != nil {
			b.Fatal(err)
		}
		b.Run(name, func(b *testing.B) {
			f, r := open(), new(corpus.Report)
			b.SetBytes(int64(size))
			b.ReportAllocs()
			for b.Loop() {
				for _, text := range texts {
					r.Reset()
					f.Apply(corpus.NewDocument(text, nil), r)
				}
			}
		})
	}
}
