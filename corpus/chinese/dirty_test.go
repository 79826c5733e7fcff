package chinese

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/athanor-lm/athanor/corpus"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/simplifiedchinese"
)

// disguises make an advertising line of a few parts.
var disguises = []func(r *rand.Rand) string{
	func(r *rand.Rand) string { return "更多精彩请访问www。" + word(r, 6) + "。com" },
	func(r *rand.Rand) string {
		return "本书首发ｗｗｗ．" + word(r, 5) + "．ｃｏｍ，敬请支持"
	},
	func(r *rand.Rand) string { return "记住网址 w w w . " + word(r, 5) + " . c o m 随时阅读" },
	func(r *rand.Rand) string { return "百度搜索" + word(r, 6) + "点com 即可进入" },
	func(r *rand.Rand) string { return "小`说`" + word(r, 3) + "`首`发" },
	func(r *rand.Rand) string { return "看小^说^就来这里，更新最快" },
	func(r *rand.Rand) string { return "代-开-发-票，各种行业都可以开" },
	func(r *rand.Rand) string { return "信★用★卡★套★现，当天到账" },
	func(r *rand.Rand) string {
		return "想赚钱的加 V 信 " + word(r, 4) + "8" + digits(r, 4) + " 详聊"
	},
	func(r *rand.Rand) string { return "兼职日结，加薇信：" + word(r, 3) + digits(r, 5) },
	func(r *rand.Rand) string { return "领红包进扣扣群" + digits(r, 9) },
	func(r *rand.Rand) string { return "老师一对一指导 ＱＱ：" + digits(r, 9) },
	func(r *rand.Rand) string { return "咨询请加微信" + word(r, 4) + digits(r, 3) + "，备注来意" },
}

func word(r *rand.Rand, n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte('a' + r.IntN(26))
	}
	return string(b)
}

func digits(r *rand.Rand, n int) string {
	b := []byte{byte('1' + r.IntN(9))}
	for len(b) < n {
		b = append(b, byte('0'+r.IntN(10)))
	}
	return string(b)
}

// TestDisguisedLinesAreCut plants advertising lines in statutes and handbooks and looks what is cut, and what else.
func TestDisguisedLinesAreCut(t *testing.T) {
	s := Default()
	s.Chrome = ignore
	open, err := s.Open(corpus.Env{})
	if err != nil {
		t.Fatal(err)
	}
	f, r := open().(*filter), rand.New(rand.NewPCG(1, 1))
	planted, found, wrong, clean := 0, 0, 0, 0
	missed := map[int]int{}
	for _, name := range []string{"zh-laws/laws.jsonl.gz", "zh-docs/docs.jsonl.gz", "zh-poetry/poetry.jsonl.gz"} {
		for i, text := range documents(t, name, 7) {
			for line := range strings.SplitSeq(text, "\n") {
				clean++
				if kind := f.judge.kind(line, f.scan.line(line), false); kind != "" {
					wrong++
					if wrong <= 40 {
						t.Logf("clean: %s: %.200s", kind, line)
					}
				}
			}
			k := i % len(disguises)
			planted++
			line := disguises[k](r)
			if f.judge.kind(line, f.scan.line(line), false) != "" {
				found++
			} else if missed[k]++; missed[k] == 1 {
				t.Logf("missed: %s", line)
			}
		}
	}
	t.Logf("%d of %d planted lines found; %d of %d clean ones taken for such; missed %v", found, planted, wrong, clean, missed)
	if 100*found < 99*planted || 2000*wrong > clean {
		t.Error("want 99 % found, and at most 0.05 % of the clean lines")
	}
}

// dirt makes dirty documents of clean ones.
var dirt = map[string]func(text string, r *rand.Rand) string{
	"UTF-8 read as GB 18030": func(text string, _ *rand.Rand) string {
		out, _ := simplifiedchinese.GB18030.NewDecoder().String(text)
		return out
	},
	"GB 18030 read as Latin-1": func(text string, _ *rand.Rand) string {
		b, _ := simplifiedchinese.GB18030.NewEncoder().String(text)
		out, _ := charmap.ISO8859_1.NewDecoder().String(b)
		return out
	},
	"replacement characters": func(text string, r *rand.Rand) string {
		return strings.Map(func(c rune) rune {
			if c > 0x3400 && r.IntN(50) == 0 {
				return '\uFFFD'
			}
			return c
		}, text)
	},
	"tables of links": func(text string, r *rand.Rand) string { return strings.Join(pieces(text, r, 80, 4, 9), "\n") },
	"keywords":        func(text string, r *rand.Rand) string { return strings.Join(pieces(text, r, 150, 2, 6), " ") },
	"one sentence again and again": func(text string, r *rand.Rand) string {
		return strings.Repeat(strings.Join(pieces(text, r, 1, 30, 31), "")+"。", 30)
	},
	"pinyin within words": func(text string, r *rand.Rand) string {
		syllables := []string{"wei", "xin", "jia", "qian", "zhuan", "mai", "piao", "dai"}
		var b strings.Builder
		i := 0
		for _, c := range text {
			if isHan(classOf(classes(), c)) {
				if i++; i%30 == 0 {
					b.WriteString(syllables[r.IntN(len(syllables))])
					continue
				}
			}
			b.WriteRune(c)
		}
		return b.String()
	},
	"two scripts": func(text string, r *rand.Rand) string {
		const traditional = "學習語言與歷史的時候，應當從頭開始讀書，並且記錄問題。\n"
		return text + "\n" + strings.Repeat(traditional, 1+len(text)/200)
	},
	"nothing but advertising": func(text string, r *rand.Rand) string {
		lines := pieces(text, r, 4, 15, 25)
		for range 12 {
			lines = append(lines, disguises[r.IntN(len(disguises))](r))
		}
		return strings.Join(lines, "。\n")
	},
	"site chrome": func(text string, r *rand.Rand) string {
		const nav = "首页\n新闻\n国际\n体育\n财经\n科技\n设为首页 | 加入收藏\n"
		return nav + strings.Join(pieces(text, r, 30, 6, 14), "\n") + "\n上一章 返回目录 下一章\n版权所有 联系我们\n京ICP备00000000号\n"
	},
}

// pieces are n runs of from..to-1 Han characters of a text.
func pieces(text string, r *rand.Rand, n, from, to int) (out []string) {
	var han []rune
	for _, c := range text {
		if isHan(classOf(classes(), c)) {
			han = append(han, c)
		}
	}
	for range n {
		size := from + r.IntN(to-from)
		at := r.IntN(len(han) - size)
		out = append(out, string(han[at:at+size]))
	}
	return out
}

func TestDirtyTextsAreDropped(t *testing.T) {
	var clean []string
	for _, text := range append(documents(t, "zh-laws/laws.jsonl.gz", 12), documents(t, "zh-docs/docs.jsonl.gz", 24)...) {
		if kept, _, _ := verdicts(t, Default(), []string{text}); kept == 1 {
			clean = append(clean, text[:min(len(text), 20000)])
		}
	}
	for name, dirty := range dirt {
		r := rand.New(rand.NewPCG(2, 2))
		var texts []string
		for _, text := range clean {
			texts = append(texts, dirty(text, r))
		}
		kept, by, _ := verdicts(t, Default(), texts)
		t.Logf("%-30s %3d of %d dropped by %v", name, len(texts)-kept, len(texts), by)
		if 10*kept > len(texts) {
			t.Errorf("%s: %d of %d kept", name, kept, len(texts))
		}
	}
}
