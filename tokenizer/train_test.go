package tokenizer

import (
	"bytes"
	"context"
	"errors"
	"iter"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// sample is text with repetition, several scripts and bytes that are not UTF-8.
func sample() [][]byte {
	return [][]byte{
		[]byte(strings.Repeat("the cat sat on the mat, and the other cat's hat isn't that flat.\n", 20)),
		[]byte(strings.Repeat("if err != nil {\n\t\treturn nil, err\n}\n", 20)),
		[]byte(strings.Repeat("中华人民共和国民法典是为了保护民事主体的合法权益。第一条，第二条。\n", 20)),
		[]byte("aaaaaaaaaaaaaaaa 1234567890 \xff\xfe x\x80y"),
	}
}

func each(docs [][]byte) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		for _, d := range docs {
			if !yield(bytes.Clone(d), nil) {
				return
			}
		}
	}
}

func trained(t testing.TB, cfg TrainConfig, docs [][]byte) *Tokenizer {
	t.Helper()
	tok, err := Train(context.Background(), cfg, each(docs))
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

func TestTrainDoesNotDependOnWorkersOrOrder(t *testing.T) {
	docs := sample()
	want := trained(t, TrainConfig{VocabSize: 400, Workers: 1}, docs).Hash()
	for _, workers := range []int{2, 3, 7} {
		rand.Shuffle(len(docs), func(i, j int) { docs[i], docs[j] = docs[j], docs[i] })
		if got := trained(t, TrainConfig{VocabSize: 400, Workers: workers}, docs).Hash(); got != want {
			t.Errorf("%d workers: hash %s, want %s", workers, got, want)
		}
	}
	docs[0] = append(docs[0], strings.Repeat(" zebra", 99)...)
	if trained(t, TrainConfig{VocabSize: 400}, docs).Hash() == want {
		t.Error("another corpus gives the same tokenizer")
	}
}

// The merges of "ab ab abc" by hand: a b (3), Ġ ab (2); then abc occurs once.
func TestTrainByHand(t *testing.T) {
	tok := trained(t, TrainConfig{VocabSize: 1000, Pattern: "gpt2"}, [][]byte{[]byte("ab ab abc")})
	if got := tok.VocabSize(); got != 2+256+2 {
		t.Fatalf("vocabulary of %d, want 260", got)
	}
	for id, want := range map[uint32]string{258: "ab", 259: "Ġab"} {
		if got, _ := tok.Token(id); got != want {
			t.Errorf("token %d is %q, want %q", id, got, want)
		}
	}
}

func TestRoundTripAnyBytes(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, pattern := range []string{"gpt2", "llama3", "qwen2"} {
		tok := trained(t, TrainConfig{VocabSize: 500, Pattern: pattern}, sample())
		texts := append(sample(), []byte(strings.Repeat("a", 5000)), []byte("x<|endoftext|>y"))
		for range 200 {
			b := make([]byte, rng.IntN(300))
			for i := range b {
				b[i] = byte(rng.Uint32())
			}
			texts = append(texts, b)
		}
		for _, text := range texts {
			if got := tok.AppendDecode(nil, tok.AppendEncode(nil, text, true)...); !bytes.Equal(got, text) {
				t.Fatalf("%s: decoded %q, want %q", pattern, got, text)
			}
			if got := tok.AppendDecode(nil, tok.AppendEncodePlain(nil, text)...); !bytes.Equal(got, text) {
				t.Fatalf("%s: decoded plain %q, want %q", pattern, got, text)
			}
		}
	}
}

func TestSpecialTokensInText(t *testing.T) {
	tok := trained(t, TrainConfig{VocabSize: 300}, sample())
	eos, ok := tok.EOS()
	if !ok || eos != 0 {
		t.Fatalf("EOS is %d, %v, want 0", eos, ok)
	}
	if got := tok.Encode("a<|endoftext|>", true); !slices.Equal(got[1:], []uint32{eos}) {
		t.Errorf("encoded to %d, want the end token last", got)
	}
	if got := tok.AppendEncodePlain(nil, []byte("a<|endoftext|>")); slices.Contains(got, eos) {
		t.Errorf("plain text encoded to %d, which has the end token", got)
	}
	if got := tok.Decode([]uint32{eos, 2 + 'b' - '!'}, true); got != "b" {
		t.Errorf("decoded without special tokens to %q, want b", got)
	}
}

func TestTrainCharsIsOneIDPerCharacter(t *testing.T) {
	tok, err := TrainChars(context.Background(), each([][]byte{[]byte("hello 世界\n")}))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := tok.Save(dir); err != nil {
		t.Fatal(err)
	}
	back, err := Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	if back.Hash() != tok.Hash() || back.VocabSize() != 8 {
		t.Errorf("read back with hash %s and %d ids, want %s and 8", back.Hash(), back.VocabSize(), tok.Hash())
	}
	ids := back.Encode("世hell", true)
	if want := []uint32{6, 3, 2, 4, 4}; !slices.Equal(ids, want) {
		t.Errorf("encoded to %d, want %d", ids, want)
	}
	if got := back.Decode(ids, true); got != "世hell" {
		t.Errorf("decoded to %q", got)
	}
	if st := back.Check([]byte("hex")); st.Unencodable != 1 {
		t.Errorf("%d unencodable characters, want 1", st.Unencodable)
	}
	if _, err := TrainChars(context.Background(), each([][]byte{[]byte("ok"), []byte("a\xff")})); err == nil || !strings.Contains(err.Error(), "document 1 is not UTF-8 at byte 1") {
		t.Errorf("error %v, want the document and the byte", err)
	}
}

func TestTrainRefuses(t *testing.T) {
	one := each([][]byte{[]byte("text")})
	failing := func(yield func([]byte, error) bool) { yield(nil, errors.New("disk on fire")) }
	for _, c := range []struct {
		want string
		cfg  TrainConfig
		docs iter.Seq2[[]byte, error]
	}{
		{"vocabulary size 100", TrainConfig{VocabSize: 100}, one},
		{`pattern "gpt9" is unknown`, TrainConfig{VocabSize: 300, Pattern: "gpt9"}, one},
		{"listed twice", TrainConfig{VocabSize: 300, Special: []string{"a", "a"}}, one},
		{"EOS token b is not", TrainConfig{VocabSize: 300, Special: []string{"a"}, EOS: "b"}, one},
		{"PAD token b is not", TrainConfig{VocabSize: 300, PAD: "b"}, one},
		{"there is none", TrainConfig{VocabSize: 300, Special: []string{}, AddBOS: true}, one},
		{"holds no text", TrainConfig{VocabSize: 300}, each(nil)},
		{"disk on fire", TrainConfig{VocabSize: 300}, failing},
	} {
		if _, err := Train(context.Background(), c.cfg, c.docs); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want %q", err, c.want)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Train(ctx, TrainConfig{VocabSize: 300}, one); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: error %v", err)
	}
}

func TestSaveKeepsWhatWasRead(t *testing.T) {
	first := t.TempDir()
	tok := trained(t, TrainConfig{VocabSize: 300, AddBOS: true}, sample())
	if err := tok.Save(first); err != nil {
		t.Fatal(err)
	}
	config := []byte(`{"eos_token": {"content": "<|pad|>"}, "chat_template": "{{ x }}"}`)
	if err := os.WriteFile(filepath.Join(first, "tokenizer_config.json"), config, 0o644); err != nil {
		t.Fatal(err)
	}
	back, err := Load(filepath.Join(first, "tokenizer.json"))
	if err != nil {
		t.Fatal(err)
	}
	if id, ok := back.EOS(); !ok || id != 1 {
		t.Errorf("EOS is %d, %v, want 1 as the config says", id, ok)
	}
	if _, ok := back.BOS(); ok {
		t.Error("there is a BOS, want none as the config says")
	}
	if got := back.Encode("a", true); got[0] != 0 || len(got) != 2 {
		t.Errorf("encoded to %d, want <|endoftext|> first", got)
	}
	second := t.TempDir()
	if err := back.Save(second); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string][]byte{"tokenizer.json": tok.JSON(), "tokenizer_config.json": config} {
		if got, err := os.ReadFile(filepath.Join(second, name)); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s changed on its way (%v)", name, err)
		}
	}
}

func TestOneTokenizerForManyGoroutines(t *testing.T) {
	tok := trained(t, TrainConfig{VocabSize: 400}, sample())
	var wg sync.WaitGroup
	for _, text := range slices.Repeat(sample(), 4) {
		want := tok.AppendEncode(nil, text, false)
		wg.Go(func() {
			for range 50 {
				if got := tok.AppendEncode(nil, text, false); !slices.Equal(got, want) {
					t.Errorf("ids differ beside other goroutines for %.20q", text)
					return
				}
			}
		})
	}
	wg.Wait()
}
