package dataset

import (
	"context"
	"encoding/json"
	"errors"
	"path/filepath"
	"strings"
	"testing"
)

func TestDamagedDatasetsAreRefused(t *testing.T) {
	good := filepath.Join(t.TempDir(), "good")
	if _, err := Build(context.Background(), BuildConfig{Inputs: []string{corpusOf(t, 100, randomDocs(100)...)}, Out: good, Tokenizer: byteTokenizer{vocab: 258}, ValFraction: 0.2, AppendEOS: true}); err != nil {
		t.Fatal(err)
	}
	files := contents(t, good)
	flip := func(s string, at int) string {
		b := []byte(s)
		b[at] ^= 1
		return string(b)
	}
	sealed := func(old, new string) string { // the manifest changed by somebody who knows about the checksum
		var m Manifest
		if err := json.Unmarshal([]byte(strings.Replace(files["manifest.json"], old, new, 1)), &m); err != nil {
			t.Fatal(err)
		}
		data, err := m.encode()
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	for _, c := range []struct {
		name, file, data, want string
		verify                 bool
	}{
		{"truncated bin", "train.bin", files["train.bin"][:100], "100 bytes, want", false},
		{"truncated idx", "val.idx", files["val.idx"][:60], "60 bytes, want", false},
		{"2^60 sequences", "train.idx", files["train.idx"][:25] + "\x10" + files["train.idx"][26:], "claims", false},
		{"flipped bin", "train.bin", flip(files["train.bin"], 50), "SHA-256", true},
		{"flipped tokenizer", "tokenizer/tokenizer.json", flip(files["tokenizer/tokenizer.json"], 0), "SHA-256", true},
		{"other tokens", "manifest.json", sealed(`"documents": `, `"documents": 1`), "the manifest", false},
		{"no json", "manifest.json", "{", "manifest.json", false},
		{"format", "manifest.json", strings.Replace(files["manifest.json"], ManifestFormat, "x", 1), `format "x"`, false},
		{"version", "manifest.json", strings.Replace(files["manifest.json"], `"version": 1`, `"version": 2`, 1), "version 2", false},
		{"escaping path", "manifest.json", sealed(`"tokenizer/tokenizer.json"`, `"../../etc/passwd"`), "outside", false},
		{"changed manifest", "manifest.json", strings.Replace(files["manifest.json"], `"seed": 0`, `"seed": 1`, 1), "its own checksum", false},
		{"no files", "manifest.json", sealed(`"files": [`, `"files": [], "others": [`), "train.bin is not among the files", false},
		{"a file not listed", "manifest.json", sealed(`"name": "val.idx"`, `"name": "val.old"`), "val.idx is not among the files", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "set")
			for name, data := range files {
				if name == c.file {
					data = c.data
				}
				writeFile(t, filepath.Join(dir, filepath.FromSlash(name)), []byte(data))
			}
			set, err := Open(dir)
			if err == nil {
				defer set.Close()
				if !c.verify {
					t.Fatal("it was opened")
				}
				err = set.Verify(context.Background())
			}
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), filepath.Base(c.file)) && c.name != "2^60 sequences" && c.name != "other tokens" {
				t.Errorf("error %v, want %q", err, c.want)
			}
		})
	}
	if _, err := Open(filepath.Join(good, "tokenizer")); err == nil || !strings.Contains(err.Error(), "is not a dataset") {
		t.Errorf("no dataset: %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	set, err := Open(good)
	if err != nil {
		t.Fatal(err)
	}
	defer set.Close()
	if err := set.Verify(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled verify: %v", err)
	}
}

func TestManifestsWithoutAChecksumAreRead(t *testing.T) {
	old := []byte(`{"format":"athanor-dataset","version":1,"dtype":"u16","tokenizer":{"vocab_size":9},"splits":[{"name":"val"}],"files":[{"name":"val.bin"},{"name":"val.idx"}]}`)
	if _, err := parseManifest(old); err != nil {
		t.Error(err)
	}
}

func FuzzManifest(f *testing.F) {
	f.Add([]byte(`{"format":"athanor-dataset","version":1,"dtype":"u16","tokenizer":{"vocab_size":9},"splits":[{"name":"train"}],"files":[{"name":"a/b"},{"name":"train.bin"},{"name":"train.idx"}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := parseManifest(data)
		if err == nil && (len(m.Splits) == 0 || len(m.Splits) > 2) {
			t.Fatalf("accepted %d splits", len(m.Splits))
		}
	})
}
