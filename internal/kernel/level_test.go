package kernel

import "testing"

func TestChooseLevelObeysTheEnvironmentWhereItCan(t *testing.T) {
	for _, c := range []struct {
		env  string
		best Level
		want Level
		ok   bool
	}{
		{"", AVX2, AVX2, true},
		{"generic", AVX512BF16, Generic, true},
		{"avx2", AVX512, AVX2, true},
		{"avx512bf16", AVX512, AVX512, false},
		{"sse9", AVX512, AVX512, false},
	} {
		l, err := chooseLevel(c.env, c.best)
		if l != c.want || (err == nil) != c.ok {
			t.Errorf("chooseLevel(%q, %v) = %v, %v; want %v, ok %v", c.env, c.best, l, err, c.want, c.ok)
		}
	}
}

func TestSetLevelForTestIsUndone(t *testing.T) {
	before := CurrentLevel()
	t.Run("inner", func(t *testing.T) {
		SetLevelForTest(t, Generic)
		if CurrentLevel() != Generic {
			t.Errorf("level %v, want generic", CurrentLevel())
		}
	})
	if CurrentLevel() != before {
		t.Errorf("level %v after the test, want %v", CurrentLevel(), before)
	}
}
