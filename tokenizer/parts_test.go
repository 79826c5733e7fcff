package tokenizer

import (
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode"
)

// The fixtures parts-*.json.gz are made by tools/oracle/tokenizer_parts.py: what Hugging Face's tokenizers gives for every
// part of tokenizer.json.

type partsFile struct {
	Texts    []string       `json:"texts"`
	Variants []partsVariant `json:"variants"`
}

type partsVariant struct {
	Name      string          `json:"name"`
	Tokenizer json.RawMessage `json:"tokenizer"`
	Single    []partsWant     `json:"single"`
	Pair      []partsWant     `json:"pair"` // of a text with the seventh after it
	Decode    []partsWant     `json:"decode"`
}

type partsWant struct {
	Error     string      `json:"error"`
	IDs       []uint32    `json:"ids"`
	Offsets   []uint32    `json:"offsets"` // in characters, two for each id
	Types     []uint32    `json:"types"`
	Words     []int       `json:"words"`
	Special   []uint8     `json:"special"`
	Attention []uint8     `json:"attention"`
	Decoded   []string    `json:"decoded"` // all, and without special tokens
	Overflow  []partsWant `json:"overflow"`
}

// TestPartsGiveTheReferencesEncodings also takes a directory of larger fixtures from ATHANOR_PARTS.
func TestPartsGiveTheReferencesEncodings(t *testing.T) {
	names, _ := filepath.Glob("testdata/parts-*.json.gz")
	if dir := os.Getenv("ATHANOR_PARTS"); dir != "" {
		names, _ = filepath.Glob(filepath.Join(dir, "parts-*.json.gz"))
	}
	if len(names) == 0 {
		t.Fatal("no fixtures")
	}
	for _, name := range names {
		var f partsFile
		readGzipJSON(t, name, &f)
		kind := strings.TrimSuffix(strings.TrimPrefix(filepath.Base(name), "parts-"), ".json.gz")
		for _, v := range f.Variants {
			t.Run(kind+"/"+v.Name, func(t *testing.T) { checkVariant(t, &f, &v) })
		}
	}
}

func readGzipJSON(t testing.TB, name string, v any) {
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.NewDecoder(z).Decode(v); err != nil {
		t.Fatal(name, err)
	}
}

func checkVariant(t *testing.T, f *partsFile, v *partsVariant) {
	tok, err := Parse(v.Tokenizer, nil)
	if err != nil {
		t.Fatal(err)
	}
	failed := 0
	report := func(what string, diff string) {
		if failed++; failed <= 3 {
			t.Errorf("%s\n%s", what, diff)
		}
	}
	for k := range v.Single {
		text := f.Texts[k]
		if diff := checkEncoding(tok, text, nil, &v.Single[k]); diff != "" {
			report(fmt.Sprintf("%q", text), diff)
		}
	}
	for k := range v.Pair {
		text, pair := f.Texts[k], f.Texts[(k+7)%len(v.Single)]
		if diff := checkEncoding(tok, text, []byte(pair), &v.Pair[k]); diff != "" {
			report(fmt.Sprintf("%q with %q", text, pair), diff)
		}
	}
	for k := range v.Decode {
		if diff := checkDecoded(tok, &v.Decode[k]); diff != "" {
			report(fmt.Sprintf("%q", spell(tok, v.Decode[k].IDs)), diff)
		}
	}
	if failed > 3 {
		t.Errorf("%d differences in all", failed)
	}
}

func checkEncoding(tok *Tokenizer, text string, pair []byte, want *partsWant) string {
	got, err := tok.EncodeFull([]byte(text), pair, EncodeOptions{AddSpecial: true, Truncate: true, Pad: true})
	if want.Error != "" {
		if err == nil && !strings.Contains(want.Error, "byte index") {
			return fmt.Sprintf("no error, want %s", want.Error)
		}
		return ""
	}
	if err != nil {
		return err.Error()
	}
	if diff := compareEncoding(text, string(pair), &got, want); diff != "" {
		return diff
	}
	if pair == nil && tok.truncation == nil && tok.padding == nil {
		if ids := tok.Encode(text, true); !slices.Equal(ids, want.IDs) {
			return fmt.Sprintf("without offsets:\n got %v\nwant %v", ids, want.IDs)
		}
	}
	return checkDecoded(tok, want)
}

func compareEncoding(text, pair string, got *Encoding, want *partsWant) string {
	for _, c := range []struct {
		name      string
		got, want any
	}{{"ids", got.IDs, want.IDs}, {"type ids", got.TypeIDs, want.Types}, {"word ids", got.WordIDs, want.Words},
		{"special", got.SpecialMask, want.Special}, {"attention", got.AttentionMask, want.Attention}} {
		if reflect.ValueOf(c.got).Len()+reflect.ValueOf(c.want).Len() > 0 && !reflect.DeepEqual(c.got, c.want) {
			return fmt.Sprintf("%s:\n got %v\nwant %v", c.name, c.got, c.want)
		}
	}
	// Which of the texts an id belongs to is not told: offsets must fit either.
	a, b := inCharacters([]byte(text), fitting(got.Offsets, len(text))), inCharacters([]byte(pair), fitting(got.Offsets, len(pair)))
	for i := range want.Offsets {
		if a[i] != want.Offsets[i] && (pair == "" || b[i] != want.Offsets[i]) {
			return fmt.Sprintf("offsets (id %d):\n got %v\nwant %v", i/2, a, want.Offsets)
		}
	}
	if len(got.Overflow) != len(want.Overflow) {
		return fmt.Sprintf("%d pieces of overflow, want %d", len(got.Overflow), len(want.Overflow))
	}
	for k := range want.Overflow {
		if diff := compareEncoding(text, pair, &got.Overflow[k], &want.Overflow[k]); diff != "" {
			return fmt.Sprintf("overflow %d: %s", k, diff)
		}
	}
	return ""
}

// fitting cuts offsets to the length of a text.
func fitting(offsets []Offset, n int) []Offset {
	out := slices.Clone(offsets)
	for k := range out {
		out[k] = Offset{min(out[k].Lo, n), min(out[k].Hi, n)}
	}
	return out
}

func checkDecoded(tok *Tokenizer, want *partsWant) string {
	for k, text := range want.Decoded {
		if got := string(toValid([]byte(tok.Decode(want.IDs, k == 1)))); got != text {
			return fmt.Sprintf("decoded to %q, want %q", got, text)
		}
		d := tok.NewStreamDecoder(k == 1)
		var got strings.Builder
		for range 2 { // the second stream after the first has been flushed
			got.Reset()
			for _, id := range want.IDs {
				got.WriteString(d.Next(id))
			}
			got.WriteString(d.Flush())
		}
		if got.String() != text {
			return fmt.Sprintf("streamed as %q, want %q", got.String(), text)
		}
	}
	return ""
}

// TestEveryCodePoint compares what normalizers and pre-tokenizers make of every code point.
func TestEveryCodePoint(t *testing.T) {
	var parts map[string]struct {
		Normalizer   json.RawMessage `json:"normalizer"`
		PreTokenizer json.RawMessage `json:"pre_tokenizer"`
		SHA256       string          `json:"sha256"`
	}
	readJSON(t, "testdata/codepoints.json", &parts)
	for name, part := range parts {
		t.Run(name, func(t *testing.T) {
			replace := []string{"NORM", "null", "PRE", "null"}
			if part.Normalizer != nil {
				replace[1] = string(part.Normalizer)
			}
			if part.PreTokenizer != nil {
				replace[3] = string(part.PreTokenizer)
			}
			tok, err := Parse(minimal(replace...), nil)
			if err != nil {
				t.Fatal(err)
			}
			h := sha256.New()
			e := tok.acquire()
			for r := rune(0); r <= unicode.MaxRune; r++ {
				if 0xd800 <= r && r < 0xe000 || 0x34000 <= r && r < 0xe0000 {
					continue
				}
				if tok.norm != nil {
					h.Write(tok.normalized([]byte("a"+string(r)+"\u0301"), 0, e))
				} else {
					for k, p := range tok.cutPieces([]byte("a"+string(r)+"b"+string(r)+string(r)), 0, e) {
						if k > 0 {
							h.Write([]byte("|"))
						}
						h.Write(e.pieces.Text.B[p.Lo:p.Hi])
					}
				}
				h.Write([]byte("\n"))
			}
			if got := hex.EncodeToString(h.Sum(nil)); got != part.SHA256 {
				t.Errorf("SHA-256 %s, want %s", got, part.SHA256)
			}
		})
	}
}
