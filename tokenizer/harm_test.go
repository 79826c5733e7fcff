package tokenizer

import (
	"context"
	"io"
	"strings"
	"testing"
	"time"
)

// harmful are files that load, and texts that they do not encode.
func harmful(t *testing.T) map[string]*Tokenizer {
	t.Helper()
	grow := `{"type":"Replace","pattern":{"String":"a"},"content":"aaaaaaaaaa"}`
	byWord := `{"type":"WhitespaceSplit"},`
	out := map[string]*Tokenizer{}
	for want, data := range map[string][]byte{
		"becomes longer than":                minimal("NORM", `{"type":"Sequence","normalizers":[`+strings.Repeat(grow+",", 20)+grow+`]}`),
		"takes too long":                     minimal("PRE", `{"type":"Sequence","pretokenizers":[`+byWord+`{"type":"Split","pattern":{"Regex":"(a+)+(?=b)"},"behavior":"Isolated"}]}`),
		"takes too long: it is at byte 0 of": minimal("NORM", `{"type":"Replace","pattern":{"Regex":"(a+)+(?=b)"},"content":"b"}`),
		"has no unknown token":               []byte(`{"model":{"type":"WordLevel","vocab":{"b":0},"unk_token":"?"}}`),
	} {
		tok, err := Parse(data, nil)
		if err != nil {
			t.Fatal(want, err)
		}
		out[want] = tok
	}
	return out
}

// Whatever the way to encode, there is an error, and it does not come once a word.
func TestFilesThatDoHarmAreStopped(t *testing.T) {
	text := []byte(strings.Repeat(strings.Repeat("a", 40)+" ", 200))
	start := time.Now()
	for want, tok := range harmful(t) {
		ways := map[string]func() error{
			"EncodeFull": func() error {
				_, err := tok.EncodeFull(text, nil, EncodeOptions{})
				return err
			},
			"EncodeBatch": func() error {
				_, err := tok.EncodeBatch(context.Background(), [][]byte{text}, false, 1)
				return err
			},
			"Compare": func() error {
				_, err := Compare(context.Background(), []Contender{{Name: "harm", Tokenizer: tok}}, []Sample{{Name: "as", Docs: [][]byte{text}}}, CompareOptions{NoSpeed: true})
				return err
			},
			"StreamEncoder": func() (err error) {
				for s := tok.NewStreamEncoder(strings.NewReader(string(text)), false); err == nil; {
					_, err = s.Next(nil)
				}
				return err
			},
		}
		if strings.HasPrefix(want, "takes too long") { // two seconds each
			delete(ways, "EncodeBatch")
			delete(ways, "Compare")
		}
		for how, encode := range ways {
			if err := encode(); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: error %v, want %q", how, err, want)
			}
		}
		if _, err := tok.TryEncode(nil, []byte("b"), EncodeOptions{}); err != nil {
			t.Errorf("%s: the text after it: %v", want, err)
		}
	}
	if d := time.Since(start); d > 5*time.Minute {
		t.Errorf("that took %v", d)
	}
}

func TestTrainingWithAPatternThatExplodesEnds(t *testing.T) {
	read := 0
	docs := func(yield func([]byte, error) bool) {
		for yield([]byte(strings.Repeat("a", 40)+"!"), nil) && read < 1_000_000 {
			read++
		}
	}
	_, err := Train(context.Background(), TrainConfig{VocabSize: 300, Regex: `(a+)+(?=b)`, Workers: 2}, docs)
	if err == nil || !strings.Contains(err.Error(), "takes too long") || read == 1_000_000 {
		t.Errorf("error %v after %d documents", err, read)
	}
}

// A normalizer may do what Unicode's forms do.
func TestTextsMayBecomeLonger(t *testing.T) {
	tok, err := Parse(minimal("NORM", `{"type":"Sequence","normalizers":[{"type":"NFKD"},{"type":"ByteLevel"}]}`), nil)
	if err != nil {
		t.Fatal(err)
	}
	text := []byte(strings.Repeat("\ufdfa", 2_000_000))
	s := tok.NewStreamEncoder(strings.NewReader(string(text)), false)
	for err = nil; err == nil; {
		_, err = s.Next(nil)
	}
	if err != io.EOF {
		t.Error(err)
	}
}
