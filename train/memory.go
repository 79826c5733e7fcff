package train

import (
	"fmt"

	"github.com/athanor-lm/athanor/checkpoint"
	"github.com/athanor-lm/athanor/internal/kernel"
	"github.com/athanor-lm/athanor/internal/memlimit"
	"github.com/athanor-lm/athanor/model"
	"github.com/athanor-lm/athanor/objective"
	"github.com/athanor-lm/athanor/runlog"
	"github.com/athanor-lm/athanor/tensor"
)

// runtimeBytes is what the program takes besides: code, the Go runtime, packing buffers of the kernels, the tokenizer.
const runtimeBytes = 48 << 20

// Memory is the predicted peak of a run, in bytes.
type Memory struct {
	Weights     int64 // f32 masters
	Gradients   int64 // f32
	Optimizer   int64 // two f32 moments
	Activations int64 // the arena of forward and backward
	Checkpoint  int64 // copies that training makes while a checkpoint is written
	Samples     int64 // keys and values of the texts that are written now and then
	Runtime     int64 // the program, rotation tables and batches
}

// Total returns the sum.
func (m Memory) Total() int64 {
	return m.Weights + m.Gradients + m.Optimizer + m.Activations + m.Checkpoint + m.Samples + m.Runtime
}

// String renders the parts for people.
func (m Memory) String() string {
	samples := ""
	if m.Samples > 0 {
		samples = " + samples " + runlog.Bytes(m.Samples)
	}
	return fmt.Sprintf("%s = weights %s + gradients %s + optimizer %s + activations %s + checkpoint %s%s + runtime %s",
		runlog.Bytes(m.Total()), runlog.Bytes(m.Weights), runlog.Bytes(m.Gradients), runlog.Bytes(m.Optimizer), runlog.Bytes(m.Activations), runlog.Bytes(m.Checkpoint), samples, runlog.Bytes(m.Runtime))
}

// batchBytes is what a token takes in a batch: five numbers of 4 bytes.
const batchBytes = 20

// atLeast is what a run takes that the configuration alone tells: all but activations, samples and the copies of the weights.
func atLeast(c *Config) Memory {
	n := 4 * c.Model.NumParams()
	mem := Memory{Weights: n, Gradients: n, Optimizer: 2 * n}
	mem.Checkpoint = min(checkpoint.DefaultCopyBudget, 3*n)
	batches := int64(c.Batch.Sequences + c.Batch.Micro) // of a step, and the one for validation
	mem.Runtime = runtimeBytes + c.Model.TableBytes() + batches*int64(c.Data.Sequence)*batchBytes
	return mem
}

// checkLeast refuses a run that is too large whatever its micro-batch, before anything that grows with it is made.
func checkLeast(c *Config) error {
	mem := atLeast(c)
	limit, whose := memoryLimit(c)
	if limit == 0 || mem.Total() <= limit {
		return nil
	}
	return fmt.Errorf("train: the run would take at least %s, %s is %s; no micro-batch is small enough: want a smaller model, fewer sequences a step or shorter ones", mem, whose, runlog.Bytes(limit))
}

// predict plans a training step of m in micro-batches of b sequences, and allocates little: what atLeast counts was admitted.
func predict(pool *kernel.Pool, m model.Model, c *Config, micro int) Memory {
	mem := atLeast(c)
	for _, p := range m.Params() {
		mem.Weights += int64(p.Bytes(copyType(m, c.DType, p), false) - 4*p.Len()) // the copy that matrix products read
	}
	mem.Checkpoint = min(checkpoint.DefaultCopyBudget, mem.Weights+mem.Optimizer)
	tape := tensor.NewTape(tensor.Options{Pool: pool, Compute: computeType(c.DType)})
	b := objective.NewBatch(micro, c.Data.Sequence)
	info := tape.Plan("train", true, func() { tape.Backward(m.Loss(tape, b, 1)) })
	mem.Activations = int64(info.ArenaBytes)
	return mem
}

// checkMemory predicts the peak and refuses a run that cannot fit, naming what would.
func checkMemory(pool *kernel.Pool, m model.Model, c *Config, samples int64) (Memory, error) {
	mem := predict(pool, m, c, c.Batch.Micro)
	mem.Samples = samples
	limit, whose := memoryLimit(c)
	if limit == 0 || mem.Total() <= limit {
		return mem, nil
	}
	msg := fmt.Sprintf("train: the run would take %s, %s is %s", mem, whose, runlog.Bytes(limit))
	if fit := whatFits(pool, c, limit-samples); fit != "" {
		return mem, fmt.Errorf("%s; what would fit: %s", msg, fit)
	}
	return mem, fmt.Errorf("%s; no micro-batch is small enough: all but the activations takes %s, want a smaller model", msg, runlog.Bytes(mem.Total()-mem.Activations))
}

// whatFits looks for the largest micro-batch, first without and then with recomputation, that fits.
func whatFits(pool *kernel.Pool, c *Config, limit int64) string {
	for _, recompute := range []bool{c.Recompute, true} {
		m, err := model.New(c.Model.Config, model.Options{Recompute: recompute})
		if err != nil {
			return ""
		}
		for micro := c.Batch.Micro; micro >= 1; micro-- {
			if c.Batch.Sequences%micro != 0 {
				continue
			}
			if p := predict(pool, m, c, micro); p.Total() <= limit {
				return fmt.Sprintf("batch.micro=%d with recompute=%v (%s)", micro, recompute, runlog.Bytes(p.Total()))
			}
		}
	}
	return ""
}

// memoryLimit returns the bytes a run may take and whose limit that is; 0 where the machine does not tell.
func memoryLimit(c *Config) (int64, string) {
	if c.MemoryGB > 0 {
		return int64(c.MemoryGB * 1e9), "memory_gb"
	}
	return memlimit.Bytes()
}

func computeType(name string) tensor.DType {
	switch name {
	case "bf16":
		return tensor.BF16
	case "f16":
		return tensor.F16
	}
	return tensor.F32
}
