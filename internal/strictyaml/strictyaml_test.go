package strictyaml

import (
	"testing"
)

type Inner struct {
	Layers int     `yaml:"layers"`
	Rate   float64 `yaml:"rate"`
	Tied   bool    `yaml:"tied"`
}

type config struct {
	Seed  uint64 `yaml:"seed"`
	Model struct {
		Preset string `yaml:"preset"`
		Inner  `yaml:",inline"`
	} `yaml:"model"`
	Sources []struct {
		Path string `yaml:"path"`
	} `yaml:"sources"`
}

func TestDecodeRefusesWithFileLineValueAndWant(t *testing.T) {
	for _, tc := range []struct{ name, src, want string }{
		{"unknown key", "seed: 1\nmodel:\n  layer: 3\n", "f.yaml:3: model.layer: unknown key, want one of layers, preset, rate, tied"},
		{"text for a number", "model:\n  layers: big\n", `f.yaml:2: model.layers: "big", want a whole number`},
		{"fraction for a whole number", "model:\n  layers: 3.5\n", "f.yaml:2: model.layers: 3.5, want a whole number"},
		{"number for a text", "model:\n  preset: 3\n", "f.yaml:2: model.preset: 3, want a text"},
		{"list for a mapping", "model: [1]\n", "f.yaml:1: model: a list, want a mapping with keys layers, preset, rate, tied"},
		{"mapping for a list", "sources: {path: a}\n", "f.yaml:1: sources: a mapping, want a list"},
		{"in a list", "sources:\n - path: a\n - pat: b\n", "f.yaml:3: sources[1].pat: unknown key, want one of path"},
		{"twice", "seed: 1\nseed: 2\n", `f.yaml:2: mapping key "seed" already defined at [1:1]`},
		{"negative", "seed: -3\n", "f.yaml:1: cannot unmarshal -3 into Go value of type uint64 ( overflow )"},
		{"nothing", "model:\n  layers:\n", "f.yaml:2: model.layers: nothing, want a whole number (leave the key out to have its default)"},
		{"quoted number", "model:\n  rate: \"1\"\n", `f.yaml:2: model.rate: "1", want a number`},
		{"infinite", "model:\n  rate: .inf\n", "f.yaml:2: model.rate: .inf, want a number"},
		{"two documents", "seed: 1\n---\nseed: 2\n", "f.yaml:3: a second YAML document, want one"},
		{"an empty second document", "seed: 1\n---\n", "f.yaml:2: a second YAML document, want one"},
	} {
		var c config
		_, err := Decode("f.yaml", []byte(tc.src), &c)
		if err == nil || err.Error() != tc.want {
			t.Errorf("%s: got %v\nwant %s", tc.name, err, tc.want)
		}
	}
}

func TestFilesOfWindowsEditorsAreRead(t *testing.T) {
	var c config
	d, err := Decode("f.yaml", []byte("\xef\xbb\xbf# a comment\r\nseed: 5\r\nmodel:\r\n  preset: gpt2\r\n  layers: 3\r\n"), &c)
	if err != nil || c.Seed != 5 || c.Model.Preset != "gpt2" || c.Model.Layers != 3 {
		t.Fatalf("%+v, %v", c, err)
	}
	if err := d.Errorf("model.layers", 3, "4"); err.Error() != "f.yaml:5: model.layers: 3, want 4" {
		t.Error(err)
	}
	c = config{}
	if _, err := Decode("f.yaml", []byte("\xef\xbb\xbfseed: 6\n"), &c); err != nil || c.Seed != 6 {
		t.Errorf("%+v, %v", c, err)
	}
}

func TestDecodeKeepsDefaultsAndSetOverrides(t *testing.T) {
	c := config{Seed: 7}
	c.Model.Rate = 0.5
	d, err := Decode("f.yaml", []byte("model: {layers: 2, tied: true}\n"), &c)
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Set("model.layers=9", &c); err != nil {
		t.Fatal(err)
	}
	if c.Seed != 7 || c.Model.Rate != 0.5 || c.Model.Layers != 9 || !c.Model.Tied {
		t.Errorf("got %+v", c)
	}
	for _, bad := range []string{"model.layers", "model.layers=x", "model.depth=3", "=3"} {
		if err := d.Set(bad, &c); err == nil {
			t.Errorf("--set %s: no error", bad)
		}
	}
	if got := d.Errorf("model.layers", 9, "at most %d", 4).Error(); got != "--set model.layers=9: model.layers: 9, want at most 4" {
		t.Error(got)
	}
	if got := d.Errorf("model.rate", 0.5, "less").Error(); got != "f.yaml:1: model.rate: 0.5, want less" {
		t.Error(got)
	}
}

func TestNumbersInExponentFormAreNumbers(t *testing.T) {
	var c config
	d, err := Decode("f.yaml", nil, &c)
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]float64{"1e-5": 1e-5, "1e-05": 1e-5, "2.5E+3": 2500, "3": 3, "-.5": -0.5} {
		if err := d.Set("model.rate="+text, &c); err != nil || c.Model.Rate != want {
			t.Errorf("%s read as %g (%v), want %g", text, c.Model.Rate, err, want)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add("seed: 1\nmodel: {layers: 2}\nsources:\n - path: x\n")
	f.Add("a: &x [1]\nb: *x\n")
	f.Add("seed: 1\n---\n")
	f.Fuzz(func(t *testing.T, src string) {
		var c config
		d, err := Decode("f.yaml", []byte(src), &c)
		if err == nil && d == nil {
			t.Error("neither a document nor an error")
		}
	})
}
