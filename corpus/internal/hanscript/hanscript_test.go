package hanscript

import "testing"

func TestScriptsAreToldByTheirCharacters(t *testing.T) {
	for _, c := range []struct {
		text   string
		want   Counts
		script string
		share  float64
	}{
		{"人人生而自由，在尊严和权利上一律平等。", Counts{17, 2, 0}, "Hans", 1}, // 严 权
		{"人人生而自由，在尊嚴和權利上一律平等。", Counts{17, 0, 2}, "Hant", 1}, // 嚴 權
		{"山高水长，國家", Counts{6, 1, 1}, "Hans", 0.5},            // 长 國
		{"山中人", Counts{3, 0, 0}, "", 0},                      // nothing tells
		{"皇后以后干杯，峰台里", Counts{9, 0, 0}, "", 0},               // traditional has these too
		{"no Han: かな", Counts{}, "", 0},                      //
		{"𠀀〇", Counts{Han: 2}, "", 0},                        // a rare one and a zero
		{"體国", Counts{2, 1, 1}, "Hans", 0.5},                 //
		{"這裡們說話時車門開", Counts{9, 0, 9}, "Hant", 1},            //
		{"这里们说话时车门开", Counts{9, 8, 0}, "Hans", 1},            // 里 is in both
	} {
		n := Count(c.text)
		script, share := n.Script()
		if n != c.want || script != c.script || share != c.share {
			t.Errorf("%s: %+v %s %v, want %+v %s %v", c.text, n, script, share, c.want, c.script, c.share)
		}
	}
}

func TestNoCharacterIsOfOneScriptTwice(t *testing.T) {
	seen := map[rune]bool{}
	for _, c := range simplifiedOnly + traditionalOnly {
		if seen[c] || c < first || c > last {
			t.Errorf("%c: twice, or out of range", c)
		}
		seen[c] = true
	}
	if len(seen) < 6000 {
		t.Errorf("%d characters", len(seen))
	}
}
