package main

import (
	"context"
	"fmt"
	"testing"
)

func TestHabitsOfOtherProgramsWork(t *testing.T) {
	if code, out, stderr := piped("", "--version"); code != 0 || out != "athanor "+version+"\n" {
		t.Errorf("exit %d: %s%s", code, out, stderr)
	}
	_, want, _ := piped("", "dataset", "build", "--help")
	if code, out, stderr := piped("", "help", "dataset", "build"); code != 0 || out != want {
		t.Errorf("exit %d: %s%s", code, out, stderr)
	}
	_, want, _ = piped("", "--help")
	if code, out, stderr := piped("", "help"); code != 0 || out != want {
		t.Errorf("exit %d: %s%s", code, out, stderr)
	}
}

// What an interrupted command says of what was kept is not lost.
func TestInterruptedCommandsSayWhatWasKept(t *testing.T) {
	for want, err := range map[string]error{
		"interrupted": fmt.Errorf("decontaminate: %w", context.Canceled),
		"quickstart: interrupted before training began; nothing was kept": fmt.Errorf("quickstart: interrupted before training began; nothing was kept: %w", context.Canceled),
	} {
		if got := interruption(err); got != want {
			t.Errorf("%v: %q, want %q", err, got, want)
		}
	}
}

func TestNextCommandsAreWordsOfAShell(t *testing.T) {
	c := cliContext{self: "./athanor"}
	for want, args := range map[string][]string{
		"./athanor train --resume runs/a-1.b":    {"train", "--resume", "runs/a-1.b"},
		"./athanor tokenizer info '我的 文件/分词'":    {"tokenizer", "info", "我的 文件/分词"},
		"./athanor tokenizer info 法律/分词":         {"tokenizer", "info", "法律/分词"},
		`./athanor export 'a$b' --out 'it'\''s'`: {"export", "a$b", "--out", "it's"},
		"./athanor generate runs/x --prompt ''":  {"generate", "runs/x", "--prompt", ""},
	} {
		if got := c.next(args...); got != want {
			t.Errorf("%q: %s, want %s", args, got, want)
		}
	}
}

func TestNextCommandsAreWhatThePersonTypes(t *testing.T) {
	for arg0, want := range map[string]string{
		"/var/cache/go-build123/b001/exe/athanor": "go run ./cmd/athanor",
		"./athanor":          "./athanor",
		"athanor":            "athanor",
		"/opt/bin/athanor":   "/opt/bin/athanor",
		"/x/athanor.test":    "athanor",
		"bin/go-build/other": "athanor",
	} {
		if got := calledAs(arg0); got != want {
			t.Errorf("called as %s: %q, want %q", arg0, got, want)
		}
	}
}
