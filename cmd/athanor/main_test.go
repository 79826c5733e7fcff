package main

import "testing"

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
