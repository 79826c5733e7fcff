package strictyaml

import (
	"errors"
	"strings"
	"testing"
)

type size int

func (s *size) UnmarshalText(text []byte) error {
	if string(text) == "lots" {
		return errors.New(`"lots" is no size, want a number`)
	}
	*s = size(len(text))
	return nil
}

type step struct {
	Use string `yaml:"use"`
}

type words struct {
	Min  int      `yaml:"min"`
	List []string `yaml:"list"`
	Size size     `yaml:"size"`
}

func TestTextsThatAreNoValueAreRefusedInTheirLine(t *testing.T) {
	var w words
	_, err := Decode("f.yaml", []byte("min: 3\nsize: lots\n"), &w)
	if want := `f.yaml:2: size: "lots" is no size, want a number`; err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
}

func TestDecodeNodeSharesKeysAmongStructs(t *testing.T) {
	var c struct {
		Steps []Node `yaml:"steps"`
	}
	d, err := Decode("f.yaml", []byte("steps:\n- use: a\n- use: words\n  min: 3\n  list: [x, y]\n  size: 12k\n"), &c)
	if err != nil {
		t.Fatal(err)
	}
	var first, second step
	w := words{Min: 1}
	if err := d.DecodeNode("steps[0]", c.Steps[0], &first); err != nil || first.Use != "a" {
		t.Errorf("first step %+v, %v", first, err)
	}
	if err := d.DecodeNode("steps[1]", c.Steps[1], &second, &w); err != nil || second.Use != "words" || w.Min != 3 || len(w.List) != 2 || w.Size != 3 {
		t.Errorf("second step %+v %+v, %v", second, w, err)
	}
	if err := d.Wrap("steps[1].min", errTest{}); err.Error() != "f.yaml:4: steps[1].min: bad" {
		t.Errorf("got %q", err)
	}
}

type errTest struct{}

func (errTest) Error() string { return "bad" }

func TestDecodeNodeRefuses(t *testing.T) {
	for src, want := range map[string]string{
		"steps:\n- use: a\n  mim: 3\n":                        "f.yaml:3: steps[0].mim: unknown key, want one of list, min, size, use",
		"steps:\n- use: a\n  min: 3.5\n":                      "f.yaml:3: steps[0].min: 3.5, want a whole number",
		"steps:\n- use: a\n  size: [1]\n":                     "f.yaml:3: steps[0].size: a list, want a number or a text",
		"steps:\n- a\n":                                       `f.yaml:2: steps[0]: "a", want a mapping`,
		"seed: &s 3\nsteps:\n- use: a\n  min: *s\n":           "f.yaml:4: ",
		"steps:\n- use: a\n  min: 3\n  min: 4\n":              `f.yaml:4: mapping key "min" already defined at [3:3]`,
		"steps:\n- {use: a, list: [1, 2]}\n":                  "f.yaml:2: steps[0].list[0]: 1, want a text",
		"steps:\n- use: a\n  min:\n":                          "f.yaml:3: steps[0].min: nothing, want a whole number",
		"steps:\n-\n":                                         "steps[0]",
		"base: &b {min: 3}\nsteps:\n- <<: *b\n  use: words\n": "f.yaml:3: steps[0].<<: unknown key",
	} {
		var c struct {
			Seed  int    `yaml:"seed"`
			Base  Node   `yaml:"base"`
			Steps []Node `yaml:"steps"`
		}
		d, err := Decode("f.yaml", []byte(src), &c)
		if err == nil {
			var s step
			var w words
			err = d.DecodeNode("steps[0]", c.Steps[0], &s, &w)
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q:\n got %v\nwant %s", src, err, want)
		}
	}
}
