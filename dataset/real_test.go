package dataset_test

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/athanor-lm/athanor/corpus/read"
	"github.com/athanor-lm/athanor/dataset"
	"github.com/athanor-lm/athanor/internal/realdata"
	"github.com/athanor-lm/athanor/tokenizer"
)

func build(t testing.TB, cfg dataset.BuildConfig) (*dataset.Set, *dataset.Manifest) {
	t.Helper()
	cfg.Out = filepath.Join(t.TempDir(), "set")
	m, err := dataset.Build(context.Background(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	set, err := dataset.Open(cfg.Out)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { set.Close() })
	return set, m
}

// nanoGPT's prepare.py scripts print these numbers of tokens for tiny shakespeare, cut at 90 %.
func TestTinyShakespeareHasNanoGPTsCounts(t *testing.T) {
	input := realdata.Path(t, "corpora/tinyshakespeare/input.txt")
	chars, err := tokenizer.TrainChars(context.Background(), func(yield func([]byte, error) bool) { yield(os.ReadFile(input)) })
	if err != nil {
		t.Fatal(err)
	}
	cfg := dataset.BuildConfig{Inputs: []string{input}, Tokenizer: chars, ValFraction: 0.1, SplitBy: dataset.ByTail}
	_, m := build(t, cfg)
	if tr, va := m.Splits[0].Tokens, m.Splits[1].Tokens; tr != 1003854 || va != 111540 || m.Tokenizer.VocabSize != 65 {
		t.Errorf("characters: %d and %d tokens of %d, want 1,003,854 and 111,540 of 65", tr, va, m.Tokenizer.VocabSize)
	}
	if cfg.Tokenizer, err = tokenizer.Load(realdata.Path(t, "tokenizers/hf-gpt2")); err != nil {
		t.Fatal(err)
	}
	_, m = build(t, cfg)
	if tr, va := m.Splits[0].Tokens, m.Splits[1].Tokens; tr != 301966 || va != 36059 {
		t.Errorf("GPT-2: %d and %d tokens, want 301,966 and 36,059", tr, va)
	}
}

// Every document comes back from the shards byte for byte, whichever language.
func TestRealDocumentsComeBackFromTheShards(t *testing.T) {
	inputs := []string{realdata.Path(t, "corpora/zh-docs"), realdata.Path(t, "corpora/multilingual-udhr"), realdata.Path(t, "corpora/web-redpajama-demo")}
	tok, err := tokenizer.Load(realdata.Path(t, "tokenizers/hf-gpt2"))
	if err != nil {
		t.Fatal(err)
	}
	set, m := build(t, dataset.BuildConfig{Inputs: inputs, Tokenizer: tok, AppendEOS: true})
	split := set.Split("train")
	corpus, err := read.Open(inputs, read.Options{})
	if err != nil {
		t.Fatal(err)
	}
	doc := int64(0)
	for d, err := range corpus.Documents(context.Background()) {
		if err != nil {
			t.Fatal(err)
		}
		lo, hi := split.Doc(doc)
		ids := make([]int32, hi-lo)
		if err := split.Read(ids, lo); err != nil {
			t.Fatal(err)
		}
		var text []byte
		for _, id := range ids[:len(ids)-1] {
			text = tok.AppendDecode(text, uint32(id))
		}
		if string(text) != string(d.Text) || ids[len(ids)-1] != 50256 {
			t.Fatalf("document %s does not come back", d.ID)
		}
		doc++
	}
	if doc != split.Docs() || m.Read.Documents != doc || split.Bytes() != m.Read.TextBytes {
		t.Errorf("%d documents, %d in the shard; %+v", doc, split.Docs(), m.Read)
	}
}

// BenchmarkBuild encodes books and statutes from JSONL.zst: MB/s of text, reading and writing included, and what share
// that is of encoding the same texts from memory, with as many workers.
func BenchmarkBuild(b *testing.B) {
	for _, c := range []struct{ corpus, tokenizer string }{{"en-books", "hf-gpt2"}, {"en-books", "qwen3"}, {"zh-laws", "qwen3"}} {
		b.Run(c.corpus+"/"+c.tokenizer, func(b *testing.B) {
			input, docs := zstdCorpus(b, realdata.Path(b, "corpora/"+c.corpus))
			path := realdata.Path(b, "tokenizers/"+c.tokenizer)
			var pure, built time.Duration
			var bytes int64
			for b.Loop() {
				b.StopTimer()
				tok, err := tokenizer.Load(path) // its caches cold
				if err != nil {
					b.Fatal(err)
				}
				start := time.Now()
				encodeAll(tok, docs)
				pure += time.Since(start)
				if tok, err = tokenizer.Load(path); err != nil {
					b.Fatal(err)
				}
				b.StartTimer()
				start = time.Now()
				_, m := build(b, dataset.BuildConfig{Inputs: []string{input}, Tokenizer: tok, AppendEOS: true, ValFraction: 0.01})
				built += time.Since(start)
				bytes = m.Read.TextBytes
			}
			b.SetBytes(bytes)
			b.ReportMetric(100*pure.Seconds()/built.Seconds(), "%-of-encoding")
		})
	}
}

// encodeAll encodes documents on all processors.
func encodeAll(tok *tokenizer.Tokenizer, docs [][]byte) {
	var next atomic.Int64
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			var ids []uint32
			for i := next.Add(1) - 1; i < int64(len(docs)); i = next.Add(1) - 1 {
				ids = tok.AppendEncodePlain(ids[:0], docs[i])
			}
		})
	}
	workers.Wait()
}

// zstdCorpus writes the documents of a corpus eight times over as one JSONL.zst and returns them.
func zstdCorpus(b *testing.B, input string) (path string, docs [][]byte) {
	b.Helper()
	path = filepath.Join(b.TempDir(), "text.jsonl.zst")
	f, err := os.Create(path)
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	z, err := zstd.NewWriter(f)
	if err != nil {
		b.Fatal(err)
	}
	lines := json.NewEncoder(z)
	lines.SetEscapeHTML(false)
	for range 8 {
		c, err := read.Open([]string{input}, read.Options{})
		if err != nil {
			b.Fatal(err)
		}
		for d, err := range c.Documents(b.Context()) {
			if err != nil {
				b.Fatal(err)
			}
			if err := lines.Encode(map[string]string{"id": d.ID, "source": d.Source, "text": string(d.Text)}); err != nil {
				b.Fatal(err)
			}
			docs = append(docs, d.Text)
		}
	}
	if err := z.Close(); err != nil {
		b.Fatal(err)
	}
	return path, docs
}

// BenchmarkRead reads the English books: MB/s of text out of gzip and JSON.
func BenchmarkRead(b *testing.B) {
	input := realdata.Path(b, "corpora/en-books")
	for b.Loop() {
		c, err := read.Open([]string{input}, read.Options{})
		if err != nil {
			b.Fatal(err)
		}
		for _, err := range c.Documents(context.Background()) {
			if err != nil {
				b.Fatal(err)
			}
		}
		b.SetBytes(c.Stats().TextBytes)
	}
}
