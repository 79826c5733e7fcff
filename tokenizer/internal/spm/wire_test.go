package spm

import (
	"bytes"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/athanor-lm/athanor/internal/realdata"
)

func realModel(t testing.TB, name string) []byte {
	t.Helper()
	return realdata.Bytes(t, "tokenizers/"+name)
}

var realModels = []string{"llama2/tokenizer.model", "sentencepiece/test_model.model", "sentencepiece/test_ja_model.model", "spm-tok512/tok512.model"}

func TestMarshalWritesRealModelsAsTheyWere(t *testing.T) {
	for _, name := range realModels {
		data := realModel(t, name)
		p, err := ParseProto(data)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		t.Logf("%s: %d pieces, %v, normalizer %q", name, len(p.Pieces), p.Trainer.ModelType, p.Normalizer.Name)
		if !bytes.Equal(p.Marshal(), data) {
			t.Errorf("%s: written differently", name)
		}
	}
}

func TestUnknownFieldsAreKept(t *testing.T) {
	extra := protowire.AppendString(protowire.AppendTag(nil, 201, protowire.BytesType), "extension")
	p := NewProto()
	p.Pieces = []Piece{{Text: "<unk>", Type: Unknown}, {Text: "a", Score: -1, Type: Normal}}
	data := append(p.Marshal(), extra...)
	piece := append(p.Pieces[1].append(nil), extra...)
	data = append(protowire.AppendBytes(protowire.AppendTag(data, 1, protowire.BytesType), piece), extra...)
	data = appendMessage(data, 2, append(extra, 3<<3, 9)) // model_type 9: a value from the future
	q, err := ParseProto(data)
	if err != nil {
		t.Fatal(err)
	}
	out := q.Marshal()
	if got := bytes.Count(out, extra); got != 4 {
		t.Errorf("%d unknown fields written, want 4", got)
	}
	if q.Trainer.ModelType != Unigram || !bytes.Contains(out, append(bytes.Clone(extra), 3<<3, 9)) {
		t.Errorf("an unknown model type: read as %v, written in %q", q.Trainer.ModelType, out)
	}
	if again, err := ParseProto(out); err != nil || !bytes.Equal(again.Marshal(), out) {
		t.Errorf("written differently the second time (%v)", err)
	}
}

func TestParseProtoRefusesWhatDoesNotFit(t *testing.T) {
	p := NewProto()
	p.Pieces = []Piece{{Text: "<unk>", Type: Unknown}}
	good := p.Marshal()
	for name, c := range map[string]struct {
		data []byte
		want string
	}{
		"truncated":     {good[:len(good)-3], "does not fit"},
		"length beyond": {[]byte{1<<3 | 2, 0xff, 0xff, 0xff, 0xff, 0x0f, 'a'}, "does not fit"},
		"field 0":       {[]byte{0, 1}, "bad field tag"},
		"text":          {[]byte("This is no model.\n"), "byte"},
		"inner length":  {append(bytes.Clone(good), 2<<3|2, 2, 1<<3|2, 9), "trainer_spec"},
		"inner piece":   {append(bytes.Clone(good), 1<<3|2, 2, 1<<3|2, 9), "piece 1"},
	} {
		_, err := ParseProto(c.data)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one with %q", name, err, c.want)
		}
	}
}
