// Package checkpoint saves and loads the whole state of a run: master weights, optimizer moments and what the
// loop needs to go on bit for bit.
//
// A checkpoint is a directory below the run's checkpoint root:
//
//	step-00001234/
//	    weights-00001-of-00002.safetensors      master weights by name, f32
//	    weights-00002-of-00002.safetensors
//	    optimizer-00001-of-00003.safetensors    optim.m.NAME and optim.v.NAME, f32
//	    …
//	    manifest.json                           everything else, with size and SHA-256 of every file
//	latest                                      the name of the directory written last
//
// Tensors are stored whole, by name, whatever the parallel layout of the run that wrote them, so any layout
// can read them; parts of fused parameters stay fused.
//
// # Durability
//
// A checkpoint is written to .tmp-step-…, every file and directory is synced, the directory is renamed, and
// then latest is replaced in the same way. A process killed at any moment, a full disk or a power cut
// therefore leaves either the new checkpoint or none, never half of one; Load verifies every checksum
// and falls back to the newest checkpoint that is whole, saying what was wrong with the ones it passed over.
//
// # Saving while training goes on
//
// See Saver. One process at a time may save below a root.
package checkpoint

import (
	"encoding/json"
	"errors"
	"strings"
)

// ErrNone is wrapped by Load's error when no valid checkpoint exists.
var ErrNone = errors.New("no valid checkpoint")

// OptimizerPrefix begins the names of tensors that belong to the optimizer; all others are weights.
const OptimizerPrefix = "optim."

// Tensor is a named f32 tensor whose elements are read from, or loaded into, Data (row-major).
type Tensor struct {
	Name  string
	Shape []int
	Data  []float32
}

func (t *Tensor) optimizer() bool { return strings.HasPrefix(t.Name, OptimizerPrefix) }

// LossScale is the state of the dynamic loss scaler of f16 training.
type LossScale struct {
	Scale float64 `json:"scale"`
	Clean int     `json:"clean_steps"` // steps without overflow since the scale last changed
}

// State is what a checkpoint holds. Samples are a pure function of their global index and every random number
// one of (seed, step, place), so the cursor and the random state are numbers.
type State struct {
	Step    int64  // optimizer steps done
	Tokens  int64  // tokens consumed
	Samples int64  // the sampler's cursor: global index of the next sample
	Seed    uint64 // of all random streams
	RNG     string // the generator, e.g. "philox4x32-10"
	Config  []byte // the resolved config of the run (UTF-8 YAML)

	Layout    map[string]int             // the parallel layout that wrote it, for information: {"ranks": 1}
	LossScale *LossScale                 // nil without one
	Metrics   map[string]float64         // last known, e.g. "loss", "val_loss"
	Extra     map[string]json.RawMessage // further state of the loop by name

	// Groups holds the tensors; group i those that the update of parameter i changes
	// (weight, optim.m.NAME, optim.v.NAME). See Saver.BeforeUpdate.
	Groups [][]Tensor
}
