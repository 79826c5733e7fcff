package main

import (
	"strings"
	"testing"
)

func TestGenerateReadsPromptsAndRefusesBeforeItWrites(t *testing.T) {
	w := newWorkshop(t)
	w.write("prompts.txt", "\xef\xbb\xbfthe cat\r\n\r\nthe mat\r\n")
	code, out, stderr := piped("", "generate", w.path("run"), "--prompts", w.path("prompts.txt"), "-n", "2", "--json")
	if code != 0 || strings.Count(out, "\n") != 2 || !strings.Contains(out, `"prompt":"the cat"`) || !strings.Contains(out, `"prompt":"the mat"`) {
		t.Errorf("exit %d: %s%s", code, out, stderr)
	}
	for want, args := range map[string][]string{
		"--top-p 0: want":              {"-p", "the", "--top-p", "0"},
		"--repetition-penalty 0: want": {"-p", "the", "--repetition-penalty", "0"},
		"top-p 2, want a share":        {"-p", "the", "--top-p", "2"},
		"the model's context is 16":    {"-p", strings.Repeat("xyz", 30)},
	} {
		code, out, stderr := piped("", append([]string{"generate", w.path("run")}, args...)...)
		if code != 1 || out != "" || !strings.Contains(stderr, want) {
			t.Errorf("%v: exit %d, wrote %q: %s, want %q", args, code, out, stderr, want)
		}
	}
}
