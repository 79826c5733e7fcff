package main

import (
	"encoding/json"
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/athanor-lm/athanor/internal/kernel"
)

// version is the release this tree becomes; the build's revision is added from the build info.
const version = "0.1.0"

type versionCmd struct {
	JSON bool `name:"json" help:"Print as JSON."`
}

// Help is shown by athanor version --help.
func (*versionCmd) Help() string {
	return `Examples:
  athanor version
  athanor version --json | jq -r .version`
}

type versionInfo struct {
	Version  string `json:"version"`
	Revision string `json:"revision,omitempty"`
	Go       string `json:"go"`
	Platform string `json:"platform"`
	CPUs     int    `json:"cpus"`
	Level    string `json:"level"` // of the kernels
}

func (v *versionCmd) Run(c *cliContext) error {
	info := versionInfo{Version: version, Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH, CPUs: runtime.GOMAXPROCS(0), Level: kernel.CurrentLevel().String()}
	if bi, ok := debug.ReadBuildInfo(); ok {
		for _, s := range bi.Settings {
			if s.Key == "vcs.revision" {
				info.Revision = s.Value
			}
		}
	}
	if v.JSON {
		return json.NewEncoder(c.stdout).Encode(info)
	}
	name := "athanor " + info.Version
	if info.Revision != "" {
		name += " (" + info.Revision + ")"
	}
	_, err := fmt.Fprintf(c.stdout, "%s\n%s, %s, %d CPUs, kernels: %s\n", name, info.Go, info.Platform, info.CPUs, info.Level)
	return err
}
