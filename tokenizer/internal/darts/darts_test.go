package darts

import (
	"math/rand/v2"
	"sort"
	"testing"
)

func randomKeys(r *rand.Rand, n int) []string {
	set := map[string]bool{}
	for len(set) < n {
		b := make([]byte, 1+r.IntN(8))
		for i := range b {
			b[i] = byte(1 + r.IntN(255))
			if r.IntN(2) == 0 {
				b[i] = "abc\x01\xff"[r.IntN(5)]
			}
		}
		set[string(b)] = true
	}
	var keys []string
	for k := range set {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}

func (t Trie) find(s string) (uint32, bool) {
	node := Root
	for i := range len(s) {
		var ok bool
		if node, ok = t.Step(node, s[i]); !ok {
			return 0, false
		}
	}
	return t.Value(node)
}

func (f Flat) find(s string) (uint32, bool) {
	u := f[Root]
	for i := range len(s) {
		u = f[uint32(u>>32)^uint32(s[i])]
		if uint32(u)&0x1ff != uint32(s[i]) {
			return 0, false
		}
	}
	v := uint32(u) >> 9
	return v - 1, v != 0
}

func TestFindsExactlyTheKeys(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, n := range []int{0, 1, 2, 10, 300, 20000} {
		keys := randomKeys(r, n)
		values := make([]uint32, n)
		want := map[string]uint32{}
		for i, k := range keys {
			values[i] = r.Uint32N(MaxFlatValue + 1)
			want[k] = values[i]
		}
		trie, err := Build(keys, values)
		if err != nil {
			t.Fatal(err)
		}
		if err := trie.Validate(MaxFlatValue + 1); err != nil {
			t.Fatalf("%d keys: %v", n, err)
		}
		flat := trie.Flat()
		try := append(append(randomKeys(r, n+10), keys...), "\x00", "a\x00")
		for _, k := range keys {
			try = append(try, k+"\x00", k+"\x01", k[:len(k)-1], k+string(rune(r.IntN(256))))
		}
		for _, s := range try {
			v, ok := want[s]
			if got, found := trie.find(s); found != ok || got != v {
				t.Fatalf("%d keys: %q: %d %v, want %d %v", n, s, got, found, v, ok)
			}
			if got, found := flat.find(s); found != ok || ok && got != v {
				t.Fatalf("%d keys: flat: %q: %d %v, want %d %v", n, s, got, found, v, ok)
			}
		}
		t.Logf("%d keys: %d units", n, len(trie))
	}
}

func TestSharedSubtreesFindTheSame(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for _, n := range []int{0, 1, 300, 20000} {
		keys := randomKeys(r, n)
		values := make([]uint32, n)
		for i := range values {
			values[i] = r.Uint32N(3)
		}
		plain, err := Build(keys, values)
		if err != nil {
			t.Fatal(err)
		}
		shared, err := BuildShared(keys, values)
		if err != nil {
			t.Fatal(err)
		}
		if err := shared.Validate(3); err != nil {
			t.Fatalf("%d keys: %v", n, err)
		}
		if n == 20000 && len(shared) >= len(plain) {
			t.Errorf("%d units shared, %d not", len(shared), len(plain))
		}
		for _, k := range append(randomKeys(r, n+10), keys...) {
			for _, s := range []string{k, k + "a", k[:len(k)-1]} {
				got, ok := shared.find(s)
				if want, found := plain.find(s); ok != found || got != want {
					t.Fatalf("%d keys: %q: %d %v, want %d %v", n, s, got, ok, want, found)
				}
			}
		}
	}
}

func TestBuildRefuses(t *testing.T) {
	for name, keys := range map[string][]string{
		"empty": {""}, "unsorted": {"b", "a"}, "twice": {"a", "a"}, "zero byte": {"a\x00b"},
	} {
		if _, err := Build(keys, nil); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if _, err := Build([]string{"a"}, []uint32{leaf}); err == nil {
		t.Error("value of 32 bits: no error")
	}
}

func FuzzValidatedTriesStayInside(f *testing.F) {
	trie, err := Build([]string{"a", "ab", "b", "中"}, nil)
	if err != nil {
		f.Fatal(err)
	}
	raw := make([]byte, 4*len(trie))
	for i, u := range trie {
		for k := range 4 {
			raw[4*i+k] = byte(u >> (8 * k))
		}
	}
	f.Add(raw, []byte("ab中"))
	f.Fuzz(func(t *testing.T, raw, text []byte) {
		trie := make(Trie, len(raw)/4)
		for i := range trie {
			for k := range 4 {
				trie[i] |= uint32(raw[4*i+k]) << (8 * k)
			}
		}
		if trie.Validate(1<<20) != nil {
			return
		}
		flat := trie.Flat()
		for i := range text {
			if v, ok := trie.find(string(text[i:])); ok && v >= 1<<20 {
				t.Fatalf("value %d", v)
			}
			flat.find(string(text[i:]))
		}
	})
}
