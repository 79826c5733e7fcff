package tokenizer

import (
	"context"
	"errors"
	"math"
	"reflect"
	"strings"
	"testing"
)

func TestSampleSizeCountsWords(t *testing.T) {
	for _, c := range []struct {
		text         string
		characters   int64
		letters, han int64
		runs         float64
		isChinese    bool
	}{
		{text: "Don't stop: it’s 3.5 o'clock' x_y", characters: 33, letters: 19, runs: 8},
		{text: "naïve e\u0301te\u0301", characters: 11, letters: 8, runs: 2},
		{text: "合同法，第12条 ok", characters: 11, letters: 7, han: 5, runs: 2, isChinese: true},
		{text: "a中b", characters: 3, letters: 3, han: 1, runs: 2},
		{text: "\xff\xfe", characters: 2},
		{text: "สวัสดีครับ", characters: 10, letters: 7, runs: 1},
	} {
		got := (&Sample{Name: "x", Docs: [][]byte{[]byte(c.text), nil}}).size()
		want := SampleSize{Name: "x", Documents: 2, Bytes: int64(len(c.text)), Characters: c.characters, Letters: c.letters, Han: c.han,
			Words: c.runs + float64(c.han)/HanPerWord}
		if got != want || got.Chinese() != c.isChinese {
			t.Errorf("%q: %+v, want %+v", c.text, got, want)
		}
	}
}

func TestCompare(t *testing.T) {
	english, chinese := strings.Repeat("the cat sat on the mat. ", 40), strings.Repeat("民法典规定的合同，", 40)
	bytesOnly, err := Train(context.Background(), TrainConfig{VocabSize: 258}, each([][]byte{[]byte("x")}))
	if err != nil {
		t.Fatal(err)
	}
	merged, err := Train(context.Background(), TrainConfig{VocabSize: 300}, each([][]byte{[]byte(english), []byte(chinese)}))
	if err != nil {
		t.Fatal(err)
	}
	chars, err := TrainChars(context.Background(), each([][]byte{[]byte(english)}))
	if err != nil {
		t.Fatal(err)
	}
	steps := 0
	c, err := Compare(context.Background(), []Contender{{"bytes", bytesOnly}, {"merged", merged}, {"chars", chars}},
		[]Sample{{"en", [][]byte{[]byte(english)}}, {"zh", [][]byte{nil, []byte("ok" + chinese)}}}, CompareOptions{Workers: 2, Progress: func(done, total int) {
			if done != steps || total != 6 {
				t.Errorf("progress %d of %d", done, total)
			}
			steps++
		}})
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(c.Tokenizers, []string{"bytes", "merged", "chars"}) || len(c.Texts) != 2 || len(c.Results) != 6 || steps != 6 {
		t.Fatalf("%+v", c)
	}
	r := c.Result(0, 0) // a token a byte
	if r.Tokenizer != "bytes" || r.Text != "en" || r.Tokens != 960 || r.BytesPerToken != 1 || r.TokensPerWord != 4 || r.PartTokens != 0 || r.TokensPerHan != 0 ||
		r.RoundTripFailures != 0 || r.OneMBs <= 0 || r.AllMBs <= 0 || r.VocabSize != 258 {
		t.Errorf("%+v", r)
	}
	r = c.Result(0, 1) // 360 characters of 3 bytes, and 2
	if r.Tokens != 1082 || r.PartTokens != 1080 || math.Abs(r.PartShare-1080./1082) > 1e-12 || math.Abs(r.TokensPerHan-1082./320) > 1e-12 || r.CharactersPerToken != 362./1082 {
		t.Errorf("%+v", r)
	}
	if few, many := c.Result(1, 0), c.Result(0, 0); few.Tokens >= many.Tokens/2 || few.RoundTripFailures != 0 {
		t.Errorf("%+v", few)
	}
	r = c.Result(2, 1) // o alone is known to it, the rest is left out
	if r.Unencodable != 361 || r.RoundTripFailures != 1 || r.FirstFailure == nil || r.FirstFailure.Document != 1 || r.FirstFailure.Offset != 1 ||
		!strings.HasPrefix(r.FirstFailure.Text, "ok民法") || r.FirstFailure.Decoded != "o" {
		t.Errorf("%+v, %+v", r, r.FirstFailure)
	}
	if _, err := Compare(context.Background(), []Contender{{"bytes", bytesOnly}}, []Sample{{"none", [][]byte{nil}}}, CompareOptions{}); err == nil || !strings.Contains(err.Error(), "none is empty") {
		t.Errorf("an empty text: %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Compare(ctx, []Contender{{"bytes", bytesOnly}}, []Sample{{"en", [][]byte{[]byte(english)}}}, CompareOptions{NoSpeed: true}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

func TestMismatchShowsWholeCharacters(t *testing.T) {
	text := strings.Repeat("中文", 20) + "A" + strings.Repeat("字", 20)
	back := strings.Replace(text, "A", "a", 1)
	m := mismatch([]byte(text), []byte(back))
	if m.Offset != 120 || !strings.Contains(m.Text, "文A字") || !strings.Contains(m.Decoded, "文a字") || strings.ContainsRune(m.Text, '\ufffd') || len(m.Text) > 40 {
		t.Errorf("%+v", m)
	}
	if m.Was != "U+0041" || m.Became != "U+0061" {
		t.Errorf("%+v", m)
	}
	if m := mismatch([]byte("x\u212ay"), []byte("x\u2118\xff")); m.Offset != 3 || m.Was != "U+212A" || m.Became != "U+2118" {
		t.Errorf("%+v", m)
	}
	if m := mismatch([]byte("\xff"), nil); m.Was != "byte FF" || m.Became != "the end" {
		t.Errorf("%+v", m)
	}
	if m := mismatch([]byte("abc"), nil); m.Offset != 0 || m.Decoded != "" || m.Text != "abc" {
		t.Errorf("%+v", m)
	}
}
