package charset

import (
	"strings"
	"testing"
)

// A sentence in each of the character sets is told from all the others, also behind much that is ASCII, with and without spaces.
func TestSentencesAreDetected(t *testing.T) {
	for name, text := range map[string]string{
		"utf-8":        "Die Glut hält die Nacht über, wenn jemand dabeibleibt. 窑火在傍晚点燃。",
		"gb18030":      "窑火在傍晚点燃，那时风已经停了，有人守在旁边。",
		"big5":         "窯火在傍晚點燃，那時風已經停了，有人守在旁邊。",
		"shift_jis":    "夕方に火を入れ、風がやんだころ、誰かがそばにいる。",
		"euc-kr":       "저녁에 불을 지피고 바람이 잦아들면 누군가 곁을 지킨다.",
		"windows-1251": "Огонь зажигают вечером, когда стихает ветер, и кто-нибудь остаётся рядом.",
		"koi8-r":       "Огонь зажигают вечером, когда стихает ветер, и кто-нибудь остаётся рядом.",
		"windows-1252": "Le feu est allumé le soir, quand le vent est tombé, et quelqu’un reste à côté.",
		"windows-1253": "Η φωτιά ανάβει το βράδυ, όταν πέσει ο άνεμος, και κάποιος μένει δίπλα της.",
		"utf-16le":     "窑火在傍晚点燃，那时风已经停了，有人守在旁边。\n",
		"utf-16be":     "The fire is lit in the evening.\n",
	} {
		for what, before := range map[string]string{"": "", "words before": strings.Repeat("words of ascii ", 1000), "a run before": strings.Repeat("x", 6000) + " "} {
			want := before + text
			data := []byte(want)
			if name != UTF8 {
				var err error
				if data, err = encodings[name].NewEncoder().Bytes(data); err != nil {
					t.Fatal(err)
				}
			}
			g := Detect(data)
			if got, bad, err := Decode(data, g.Name); err != nil || bad > 0 || string(got) != want {
				t.Errorf("%s, %s: taken for %q at a margin of %g", name, what, g.Name, g.Margin)
			}
		}
	}
}

// What is judged of a long text may begin at any byte; as UTF-16 it is its beginning that is read, not every other half of two characters.
func TestUTF16IsReadFromTheBeginning(t *testing.T) {
	text := strings.Repeat("窑火在傍晚点燃那时风已经停了有人守在旁边", 60)
	for _, name := range []string{"utf-16le", "utf-16be"} {
		raw := encode(t, text, name)
		if g := best([]byte(raw[1:2049]), []byte(raw[:2048]), nil); g.Name != name {
			t.Errorf("%s is taken for %q", name, g.Name)
		}
	}
}
