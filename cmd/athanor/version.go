package main

import (
	"encoding/json"
	"fmt"
	"runtime"
	"runtime/debug"
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
}

func (v *versionCmd) Run(c *cliContext) error {
	info := versionInfo{Version: version, Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH, CPUs: runtime.GOMAXPROCS(0)}
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
	_, err := fmt.Fprintf(c.stdout, "athanor %s %s\n%s, %s, %d CPUs\n", info.Version, info.Revision, info.Go, info.Platform, info.CPUs)
	return err
}
