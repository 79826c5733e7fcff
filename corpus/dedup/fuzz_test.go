package dedup

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/athanor-lm/athanor/corpus"
)

// written are the files of a small run.
func written(f *testing.F) (decisions, saved []byte) {
	env := corpus.Env{Dir: f.TempDir()}
	s := DefaultExact()
	s.Save = "index"
	o := runPass(f, &s, env, [][]*corpus.Document{{doc("a", "one"), doc("b", "two"), doc("c", "one")}, nil, {doc("d", "two"), doc("e", "one")}})
	var err error
	if decisions, err = os.ReadFile(filepath.Join(o.dir, decisionsFile)); err != nil {
		f.Fatal(err)
	}
	if saved, err = os.ReadFile(filepath.Join(env.Dir, "index")); err != nil {
		f.Fatal(err)
	}
	return decisions, saved
}

func FuzzDecisions(f *testing.F) {
	decisions, _ := written(f)
	for task := range 4 {
		f.Add(decisions, task)
	}
	f.Add(decisions[:len(decisions)-1], 0)
	f.Fuzz(func(t *testing.T, b []byte, task int) {
		if task < 0 {
			return
		}
		s, err := readSection(bytes.NewReader(b), int64(len(b)), kindDrop, task)
		if err != nil {
			return
		}
		for range min(s.docs, 1000) {
			if _, err := s.decide(); err != nil {
				return
			}
		}
	})
}

func FuzzIndex(f *testing.F) {
	_, saved := written(f)
	f.Add(saved)
	f.Add(saved[:len(saved)-3])
	f.Fuzz(func(t *testing.T, b []byte) {
		x, err := readIndex(bytes.NewReader(b), int64(len(b)), "exact, normalise: none", keyBytes)
		if err != nil {
			return
		}
		e := earlier{[]*index{x}}
		if _, err := e.has(bytes.Repeat([]byte{0x80}, keyBytes)); err != nil {
			return
		}
		_ = e.drain()
	})
}

func FuzzRecords(f *testing.F) {
	s := DefaultParagraphs()
	p, _ := s.Open(corpus.Env{})
	f.Add(p.Collector().Collect(nil, doc("id", "a line that is long enough to count\nand another that is long enough")))
	f.Fuzz(func(t *testing.T, b []byte) {
		var e entry
		if e.parse(b) != nil {
			return
		}
		n := 0
		_ = eachHash(e.body, func(hash []byte, _, _ uint64) error {
			n += len(hash)
			return nil
		})
		if n > len(b) {
			t.Errorf("%d bytes of hashes in a record of %d", n, len(b))
		}
	})
}

func FuzzStretches(f *testing.F) {
	f.Add(appendStretches(nil, []stretch{{1, 4}, {9, 12}}), 20)
	f.Fuzz(func(t *testing.T, b []byte, limit int) {
		if limit < 0 {
			return
		}
		all, err := parseStretches(b, limit)
		if err != nil {
			return
		}
		last := 0
		for _, s := range all {
			if s.start < last || s.end <= s.start || s.end > limit {
				t.Fatalf("stretches %v of %d tokens", all, limit)
			}
			last = s.end
		}
		if again, err := parseStretches(appendStretches(nil, all), limit); err != nil || len(again) != len(all) {
			t.Errorf("%v, then %v, %v", all, again, err)
		}
	})
}

func FuzzTextIndex(f *testing.F) {
	dir := f.TempDir()
	s := DefaultSubstring()
	s.Save, s.Tokens = "text", 8
	runPass(f, &s, corpus.Env{Dir: dir}, [][]*corpus.Document{{doc("a", "a b c d e f g h i j k"), doc("b", "c d e f g h i j k")}})
	whole, err := os.ReadFile(filepath.Join(dir, "text"))
	if err != nil {
		f.Fatal(err)
	}
	p, err := s.Open(corpus.Env{})
	if err != nil {
		f.Fatal(err)
	}
	shape := p.(*substring).shape()
	f.Add(whole)
	f.Fuzz(func(t *testing.T, b []byte) {
		x, err := readText(bytes.NewReader(b), int64(len(b)), shape, 4)
		n := 0
		for ; err == nil && len(x.at) > 0; n++ {
			start, _, pos := parseWhere(x.at[hashBytes:])
			if _, _, err := readTokens(x.tokens, nil, start+pos, 4, nil); err != nil {
				t.Fatalf("an anchor beyond the tokens: %v", err)
			}
			err = x.next()
		}
		if n > len(b)/textAnchorBytes {
			t.Errorf("%d anchors in %d bytes", n, len(b))
		}
	})
}

// A damaged file is refused, whatever byte of it is another.
func TestDamage(t *testing.T) {
	dir := t.TempDir()
	s := DefaultExact()
	s.Save = "index"
	env := corpus.Env{Dir: dir}
	o := runPass(t, &s, env, [][]*corpus.Document{{doc("a", "one"), doc("b", "two"), doc("c", "one")}})
	now := DefaultExact()
	now.Against = []string{"index"}
	words, later := DefaultSubstring(), DefaultSubstring()
	words.Save, words.Tokens = "text", 8
	later.Against, later.Tokens = []string{"text"}, 8
	runPass(t, &words, env, [][]*corpus.Document{{doc("a", "a b c d e f g h i j k")}})
	for path, try := range map[string]func() error{
		filepath.Join(dir, "text"): func() error {
			_, err := tryPass(t, &later, env, [][]*corpus.Document{{doc("x", "z y c d e f g h i j k")}})
			return err
		},
		filepath.Join(o.dir, decisionsFile): func() error { _, err := openSection(o.dir, kindDrop, 0); return err },
		filepath.Join(dir, "index"): func() error {
			_, err := tryPass(t, &now, env, [][]*corpus.Document{{doc("x", "three")}})
			return err
		},
	} {
		whole, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for i := range whole {
			b := bytes.Clone(whole)
			b[i] ^= 0x55
			if err := os.WriteFile(path, b, 0o666); err != nil {
				t.Fatal(err)
			}
			if err := try(); err == nil {
				t.Errorf("%s: byte %d is another: no error", filepath.Base(path), i)
			}
		}
		if err := os.WriteFile(path, whole, 0o666); err != nil {
			t.Fatal(err)
		}
		if err := try(); err != nil {
			t.Error(err)
		}
	}
}
