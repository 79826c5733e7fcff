package tokenizer

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/athanor-lm/athanor/internal/realdata"
)

func tiktokenFile(t testing.TB, encoding string) *Tokenizer {
	t.Helper()
	tok, err := Load(realdata.Path(t, "tokenizers/tiktoken/"+encoding+".tiktoken"))
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

// The ids are those that gpt-tokenizer's tests expect, which are tiktoken's.
func TestTiktokenFilesGiveTheExpectedIDs(t *testing.T) {
	gpt2 := map[string][]uint32{
		" ": {220}, "\t": {197}, "This is some text": {1212, 318, 617, 2420}, "indivisible": {521, 452, 12843},
		"hello 👋 world 🌍":                              {31373, 50169, 233, 995, 12520, 234, 235},
		"toString constructor hasOwnProperty valueOf":  {1462, 10100, 23772, 468, 23858, 21746, 1988, 5189},
		"hello, I am a text, and I have commas. a,b,c": {31373, 11, 314, 716, 257, 2420, 11, 290, 314, 423, 725, 292, 13, 257, 11, 65, 11, 66},
	}
	for encoding, want := range map[string]map[string][]uint32{
		"r50k_base": gpt2, "p50k_base": gpt2,
		"cl100k_base": {
			" ": {220}, "\t": {197}, "This is some text": {2028, 374, 1063, 1495}, "indivisible": {485, 344, 23936},
			"hello 👋 world 🌍":                              {15339, 62904, 233, 1917, 11410, 234, 235},
			"toString constructor hasOwnProperty valueOf":  {6712, 4797, 706, 19964, 907, 2173},
			"hello, I am a text, and I have commas. a,b,c": {15339, 11, 358, 1097, 264, 1495, 11, 323, 358, 617, 77702, 13, 264, 8568, 10317},
			"<|endoftext|>":                                {100257}, "a<|endofprompt|>": {64, 100276},
		},
		"o200k_base": {
			" ": {220}, "\t": {197}, "This is some text": {2500, 382, 1236, 2201}, "indivisible": {521, 349, 181386},
			"hello 👋 world 🌍":                              {24912, 61138, 233, 2375, 130321, 235},
			"toString constructor hasOwnProperty valueOf":  {935, 916, 9220, 853, 18555, 3895, 1432, 2566},
			"hello, I am a text, and I have commas. a,b,c": {24912, 11, 357, 939, 261, 2201, 11, 326, 357, 679, 179663, 13, 261, 17568, 22261},
			"<|endoftext|>":                                {199999},
		},
	} {
		tok := tiktokenFile(t, encoding)
		for text, ids := range want {
			got := tok.Encode(text, true)
			if !slices.Equal(got, ids) {
				t.Errorf("%s: %q gives %d, want %d", encoding, text, got, ids)
			}
			if back := tok.Decode(got, false); back != text {
				t.Errorf("%s: %q comes back as %q", encoding, text, back)
			}
		}
	}
}

var (
	snapshot = regexp.MustCompile("(?s)exports\\[`(\\S+) > chat functionality > encodes a chat correctly (\\d)`\\] = `\\s*(.*?)\\s*`;")
	special  = regexp.MustCompile(`<\|\w+\|>`)
)

// The chats of gpt-tokenizer's snapshots, without their special tokens, whose
// ids are not tiktoken's.
func TestTiktokenSnapshots(t *testing.T) {
	data := realdata.Bytes(t, "tokenizers/tiktoken/vectors/__snapshots__/GptEncoding.test.ts.snap")
	ids := map[string][]uint32{}
	checked := 0
	cl100k, o200k := tiktokenFile(t, "cl100k_base"), tiktokenFile(t, "o200k_base")
	for _, m := range snapshot.FindAllStringSubmatch(string(data), -1) {
		model, body := m[1], m[3]
		if m[2] == "1" {
			for _, field := range strings.FieldsFunc(strings.Trim(body, "[]"), func(r rune) bool { return r == ',' || r == '\n' || r == ' ' }) {
				id, err := strconv.ParseUint(field, 10, 32)
				if err != nil {
					t.Fatal(err)
				}
				ids[model] = append(ids[model], uint32(id))
			}
			continue
		}
		text := strings.Trim(strings.ReplaceAll(body, "\\`", "`"), `"`)
		tok, limit := o200k, uint32(199998)
		if slices.Max(ids[model]) < 110_000 {
			tok, limit = cl100k, 100256
		}
		var want, got []uint32
		for _, id := range ids[model] {
			if id < limit {
				want = append(want, id)
			}
		}
		for _, part := range special.Split(text, -1) {
			got = tok.AppendEncodePlain(got, []byte(part))
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: %q\n got %d\nwant %d", model, text, got, want)
		}
		checked++
	}
	if checked < 20 {
		t.Errorf("%d snapshots, want 20 and more", checked)
	}
}

// A saved tokenizer is the same tokenizer.
func TestTiktokenSaves(t *testing.T) {
	tok := tiktokenFile(t, "cl100k_base")
	dir := t.TempDir()
	if err := tok.Save(dir); err != nil {
		t.Fatal(err)
	}
	back, err := Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	text := string(documents(t, "en-books/books.jsonl.gz", 100_000)) + "<|fim_prefix|> \n  "
	if !slices.Equal(tok.Encode(text, true), back.Encode(text, true)) {
		t.Error("the ids are others after Save and Load")
	}
}

// tiktokenLines is a file of all bytes and some tokens.
func tiktokenLines(tokens ...string) []byte {
	var b strings.Builder
	for c := range 256 {
		fmt.Fprintln(&b, base64.StdEncoding.EncodeToString([]byte{byte(c)}), c)
	}
	for k, s := range tokens {
		fmt.Fprintln(&b, base64.StdEncoding.EncodeToString([]byte(s)), 256+k)
	}
	return []byte(b.String())
}

func TestTiktokenRefuses(t *testing.T) {
	dir := t.TempDir()
	for want, c := range map[string]struct{ name, encoding, data string }{
		"holds no tokens":                {"cl100k_base.tiktoken", "", "\n"},
		"line 1 is":                      {"cl100k_base.tiktoken", "", "IQ==\n"},
		"line 2: token":                  {"cl100k_base.tiktoken", "", "IQ== 0\n!! 1"},
		"line 1: rank":                   {"cl100k_base.tiktoken", "", "IQ== 99999999999"},
		"byte 0x00 has no token":         {"my.tiktoken", "cl100k_base", "IQ== 0"},
		"256 tokens, cl100k_base has":    {"cl100k_base.tiktoken", "", string(tiktokenLines())},
		"neither the file's name":        {"my.tiktoken", "", "IQ== 0"},
		`encoding "c" is unknown`:        {"my.tiktoken", "c", "IQ== 0"},
		`token "!" has two ranks`:        {"my.tiktoken", "r50k_base", "IQ== 0\nIQ== 1"},
		`rank 7 belongs to two tokens`:   {"my.tiktoken", "r50k_base", "IQ== 7\nIg== 7"},
		`id 50256 belongs to two tokens`: {"my.tiktoken", "r50k_base", string(tiktokenLines()) + "YWI= 50256"},
	} {
		path := filepath.Join(dir, c.name)
		if err := os.WriteFile(path, []byte(c.data), 0o666); err != nil {
			t.Fatal(err)
		}
		if _, err := LoadTiktoken(path, c.encoding); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%v: error %v, want %q", c, err, want)
		}
	}
}

func FuzzTiktoken(f *testing.F) {
	f.Add([]byte("YWI= 256\nYWJj 300\n"), []byte("abcab"))
	f.Fuzz(func(t *testing.T, data, text []byte) {
		path := filepath.Join(t.TempDir(), "r50k_base.tiktoken")
		if err := os.WriteFile(path, append(tiktokenLines(), data...), 0o666); err != nil {
			t.Fatal(err)
		}
		tok, err := LoadTiktoken(path, "r50k_base")
		if err != nil {
			return
		}
		if got := tok.AppendDecode(nil, tok.AppendEncodePlain(nil, text)...); string(got) != string(text) {
			t.Errorf("%q comes back as %q", text, got)
		}
		if !json.Valid(tok.JSON()) {
			t.Error("the file is not JSON")
		}
	})
}
