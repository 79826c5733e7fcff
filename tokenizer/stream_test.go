package tokenizer

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/athanor-lm/athanor/internal/realdata"
)

// streamed encodes text in parts of about part bytes and returns how many there were.
func streamed(t testing.TB, tok *Tokenizer, text []byte, part int, special, plain bool) (ids []uint32, parts int) {
	t.Helper()
	s := tok.NewStreamEncoder(iotest.HalfReader(bytes.NewReader(text)), special)
	s.plain, s.part = plain, part
	for {
		var err error
		if ids, err = s.Next(ids); err == io.EOF {
			return ids, parts
		} else if err != nil {
			t.Fatal(err)
		}
		parts++
	}
}

// streamTokenizers have every pattern; the special tokens are such that cutting near them could go wrong.
func streamTokenizers(t testing.TB) (out []*Tokenizer) {
	for _, pattern := range []string{"gpt2", "llama3", "cl100k", "qwen2", "qwen35", "o200k", "tekken", "deepseek3"} {
		tok := trained(t, TrainConfig{VocabSize: 420, Pattern: pattern, NFC: pattern == "qwen2", Special: []string{"<|endoftext|>", "mat,", " cat", "-x"}}, sample())
		out = append(out, tok)
	}
	return out
}

func sameStreamed(t *testing.T, tok *Tokenizer, text []byte, part int) {
	t.Helper()
	for _, plain := range []bool{false, true} {
		want, err := tok.TryEncode(nil, text, EncodeOptions{Plain: plain})
		if err != nil {
			t.Fatal(err)
		}
		if got, _ := streamed(t, tok, text, part, false, plain); !slices.Equal(got, want) {
			t.Fatalf("%s, parts of %d of %.200q: ids differ at %d", tok.kinds.preTokenizer, part, text, firstDifference(got, want))
		}
	}
}

func TestStreamGivesTheIDsOfTheWhole(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	words := strings.Split("the|cat| sat|'s|'LL|中文|，|。|法律| |  |\n|\r\n|\t|1234|½|!|--|x/y|é|e\u0301|\u0301|\xff|<|endoftext|>|mat,|-x|_|あ|・|가|각\u11a8|क|\u093c|ǅ|A|BC|\u3000|“|”|…|#include", "|")
	for _, tok := range streamTokenizers(t) {
		texts := sample()
		for range 20 {
			var b []byte
			for range rng.IntN(200) {
				b = append(b, words[rng.IntN(len(words))]...)
			}
			texts = append(texts, b)
		}
		for _, text := range texts {
			for _, part := range []int{1, 7, 40, 150, 1 << 20} {
				sameStreamed(t, tok, text, part)
			}
		}
	}
}

func FuzzStream(f *testing.F) {
	toks := streamTokenizers(f)
	f.Add(uint8(3), uint8(5), []byte("the cat's mat, <|endoftext|> 中文，法律。 12 34-x 'S\u0301 \n\n  x"))
	f.Fuzz(func(t *testing.T, which, part uint8, text []byte) {
		sameStreamed(t, toks[int(which)%len(toks)], text, 1+int(part))
	})
}

func TestStreamOfRealTokenizers(t *testing.T) {
	text := slices.Concat(documents(t, "en-books/books.jsonl.gz", 100_000), documents(t, "zh-laws/laws.jsonl.gz", 100_000), []byte("<|endoftext|>"), goCode(t, 100_000))
	for _, name := range []string{"hf-gpt2", "qwen3", "tiktoken/cl100k_base.tiktoken", "hf-llama"} {
		tok, err := Load(realdata.Path(t, "tokenizers/"+name))
		if err != nil {
			t.Fatal(err)
		}
		want := tok.AppendEncode(nil, text, true)
		got, parts := streamed(t, tok, text, 1000, true, false)
		if !slices.Equal(got, want) {
			t.Errorf("%s: ids differ at %d", name, firstDifference(got, want))
		}
		if name != "hf-llama" && parts < 200 {
			t.Errorf("%s: %d parts of 300 kB, want 200 and more", name, parts)
		}
	}
}

// A line of 200 MB: memory stays bounded.
func TestStreamOfALongLine(t *testing.T) {
	tok := trained(t, TrainConfig{VocabSize: 420}, sample())
	line := bytes.Repeat([]byte("the cat sat on the mat 中华人民，共和国 123,456 "), 400)
	s := tok.NewPlainStreamEncoder(&repeated{line: line, left: 200_000_000 / len(line)})
	var before, now runtime.MemStats
	runtime.ReadMemStats(&before)
	var ids []uint32
	n, most := 0, uint64(0)
	for i := 0; ; i++ {
		var err error
		if ids, err = s.Next(ids[:0]); err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		n += len(ids)
		if i%50 == 0 {
			runtime.ReadMemStats(&now)
			most = max(most, now.HeapInuse)
		}
	}
	one := len(tok.AppendEncodePlain(nil, line))
	if want := one * (200_000_000 / len(line)); n < want*99/100 || n > want {
		t.Errorf("%d ids, want about %d", n, want)
	}
	if most > before.HeapInuse+50<<20 {
		t.Errorf("the heap grew from %d to %d bytes", before.HeapInuse, most)
	}
}

// repeated reads line so many times.
type repeated struct {
	line []byte
	left int
	at   int
}

func (r *repeated) Read(p []byte) (int, error) {
	if r.left == 0 {
		return 0, io.EOF
	}
	n := copy(p, r.line[r.at:])
	if r.at += n; r.at == len(r.line) {
		r.at = 0
		r.left--
	}
	return n, nil
}

func TestStreamRefusesWhatItCannotHold(t *testing.T) {
	s := trained(t, TrainConfig{VocabSize: 300}, sample()).NewPlainStreamEncoder(iotest.DataErrReader(strings.NewReader(strings.Repeat("a", 5000))))
	s.part, s.most = 100, 1000
	if _, err := s.Next(nil); err == nil || !strings.Contains(err.Error(), "in 1000 bytes after byte 0") {
		t.Errorf("error %v, want the bytes", err)
	}
	chars, err := TrainChars(context.Background(), each([][]byte{[]byte("ab ")}))
	if err != nil {
		t.Fatal(err)
	}
	s = chars.NewPlainStreamEncoder(strings.NewReader(strings.Repeat("a b", 500)))
	s.part, s.most = 100, 1000
	if _, err := s.Next(nil); err == nil || !strings.Contains(err.Error(), "more than 1000 bytes") {
		t.Errorf("error %v, want the bytes", err)
	}
	s = chars.NewPlainStreamEncoder(io.MultiReader(strings.NewReader("ab"), iotest.ErrReader(errors.New("disk on fire"))))
	if _, err := s.Next(nil); err == nil || !strings.Contains(err.Error(), "after byte 2: disk on fire") {
		t.Errorf("error %v, want the reader's", err)
	}
}

func TestEncodeBatch(t *testing.T) {
	tok := trained(t, TrainConfig{VocabSize: 400, AddBOS: true}, sample())
	texts := append(slices.Repeat(sample(), 10), nil, []byte("<|endoftext|>"))
	for _, workers := range []int{0, 1, 3, 100} {
		got, err := tok.EncodeBatch(context.Background(), texts, true, workers)
		if err != nil {
			t.Fatal(err)
		}
		plain, err := tok.EncodeBatchPlain(context.Background(), texts, workers)
		if err != nil {
			t.Fatal(err)
		}
		for i, text := range texts {
			if !slices.Equal(got[i], tok.AppendEncode(nil, text, true)) || !slices.Equal(plain[i], tok.AppendEncodePlain(nil, text)) {
				t.Errorf("%d workers: text %d has other ids", workers, i)
			}
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := tok.EncodeBatch(ctx, texts, false, 2); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: error %v", err)
	}
}
