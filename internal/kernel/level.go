package kernel

import (
	"fmt"
	"os"
)

// Level is a set of instructions that kernels are written for. Levels are ordered: a machine that has one has
// all below it. Each kernel picks its best variant at or below the current level; results may differ in the last
// bits between levels, never between runs or numbers of workers at one level.
type Level uint8

// The levels. Generic is plain Go and runs everywhere; AVX2 needs AVX2, FMA and F16C (Haswell on); AVX512 needs
// F, BW, DQ and VL (Skylake-X on); AVX512BF16 adds VDPBF16PS (Cooper Lake, Zen 4 on).
const (
	Generic Level = iota
	AVX2
	AVX512
	AVX512BF16
	numLevels
)

// LevelEnv is the environment variable that lowers the level for a run: generic, avx2, avx512 or avx512bf16.
const LevelEnv = "ATHANOR_KERNEL"

var levelNames = [numLevels]string{"generic", "avx2", "avx512", "avx512bf16"}

// String returns the name used in LevelEnv.
func (l Level) String() string {
	if l < numLevels {
		return levelNames[l]
	}
	return fmt.Sprintf("level(%d)", uint8(l))
}

// The level in use and what was wrong with LevelEnv, if anything.
var currentLevel, levelErr = chooseLevel(os.Getenv(LevelEnv), machineLevel())

// CurrentLevel returns the level kernels run at.
func CurrentLevel() Level { return currentLevel }

// LevelErr says why LevelEnv could not be obeyed (an unknown name, or a level this machine lacks); the best level
// of the machine is then in use. Programs report it at start.
func LevelErr() error { return levelErr }

// Levels returns the levels this machine has, lowest first, whatever LevelEnv says.
func Levels() []Level {
	var ls []Level
	for l := Generic; l <= machineLevel(); l++ {
		ls = append(ls, l)
	}
	return ls
}

// SetLevelForTest makes kernels run at level l until tb's test ends. It must not be called while kernels run.
func SetLevelForTest(tb interface{ Cleanup(func()) }, l Level) {
	if l > machineLevel() {
		panic(fmt.Sprintf("kernel.SetLevelForTest: level %v, but the machine has %v", l, machineLevel()))
	}
	old := currentLevel
	currentLevel = l
	tb.Cleanup(func() { currentLevel = old })
}

// chooseLevel returns the level that env asks for, or best with an error where it cannot be had.
func chooseLevel(env string, best Level) (Level, error) {
	if env == "" {
		return best, nil
	}
	for l, name := range levelNames {
		if name != env {
			continue
		}
		if Level(l) > best {
			return best, fmt.Errorf("kernel: %s=%s, but this machine has %v", LevelEnv, env, best)
		}
		return Level(l), nil
	}
	return best, fmt.Errorf("kernel: %s=%q, want one of %v", LevelEnv, env, levelNames)
}
