package tokenizer

import (
	"context"
	"errors"
	"strings"
	"testing"
)

func TestMeasureCountsTheWholeText(t *testing.T) {
	docs := [][]byte{[]byte(strings.Repeat("to be or not ", 50)), []byte("中文"), nil}
	tok, err := Train(context.Background(), TrainConfig{VocabSize: 300}, each(docs))
	if err != nil {
		t.Fatal(err)
	}
	want := 0
	for _, d := range docs {
		want += len(tok.AppendEncodePlain(nil, d))
	}
	b, err := Measure(context.Background(), tok, docs, 2)
	if err != nil || b.Documents != 3 || b.Bytes != 656 || b.Tokens != int64(want) || b.Workers != 2 {
		t.Errorf("%+v (%v), want 3 documents, 656 bytes, %d tokens", b, err, want)
	}
	if !(b.EncodeMBs > 0 && b.OneMBs > 0 && b.DecodeMBs > 0) {
		t.Errorf("rates: %+v", b)
	}
	if _, err := Measure(context.Background(), tok, [][]byte{nil}, 0); err == nil {
		t.Error("no text was measured")
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Measure(ctx, tok, docs, 1); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}
