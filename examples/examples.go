// Package examples holds the recipes: YAML files for athanor train and, named corpus-*, for athanor corpus run.
package examples

import _ "embed" // for the recipe

// Quickstart is quickstart.yaml, which the command of that name runs.
//
//go:embed quickstart.yaml
var Quickstart []byte
