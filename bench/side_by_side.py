"""Athanor and PyTorch on the same training steps, in alternating runs; prints medians and ratios.

    python3 bench/side_by_side.py --athanor ./athanor --python VENV/bin/python [--models char-tiny,gpt2-124m] [--dtype bf16]

PyTorch runs once per round in every mode (eager, torch.compile; each with the C library's allocator as it is and with one
that keeps large blocks, which spares it page faults), athanor once; a round is repeated --rounds times. The opponent's
figure is its fastest mode's median. Variables that pin threads or choose BLAS kernels are unset for both sides.
The script needs only Python's standard library; --python is one with torch (tools/oracle/requirements.txt).
"""
import argparse
import json
import os
import statistics
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))

# name: layers, width, heads, context, batch, vocabulary; the same as in pytorch/train_step.py
MODELS = {
    "char-tiny": (4, 128, 4, 64, 12, 65),
    "char-small": (6, 384, 6, 256, 16, 65),
    "bpe-small": (8, 512, 8, 512, 8, 8192),
    "gpt2-124m": (12, 768, 12, 512, 2, 50257),
}
PINNING = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE", "OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "OMP_PROC_BIND", "OMP_PLACES",
           "OMP_WAIT_POLICY", "GOMP_CPU_AFFINITY", "KMP_AFFINITY", "MKL_NUM_THREADS", "NVPL_BLAS_DEBUG_CPU_TYPE",
           "NUMEXPR_NUM_THREADS", "GOMAXPROCS", "ATHANOR_KERNEL")
KEEP_BLOCKS = {"MALLOC_MMAP_THRESHOLD_": str(8 << 30), "MALLOC_TRIM_THRESHOLD_": str(16 << 30), "MALLOC_TOP_PAD_": str(256 << 20)}


def run(argv, extra=None):
    """Runs a program that prints one JSON object on its last line."""
    env = {k: v for k, v in os.environ.items() if k not in PINNING} | (extra or {})
    done = subprocess.run(argv, env=env, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(argv)}: exit {done.returncode}\n{done.stderr[-2000:]}")
    return json.loads(done.stdout.strip().splitlines()[-1])


def opponent(args, model, mode, malloc, *more):
    argv = [args.python, os.path.join(HERE, "pytorch", "train_step.py"), "--model", model, "--dtype", args.dtype, "--compile", mode,
            "--threads", str(args.threads), *more]
    return run(argv, KEEP_BLOCKS if malloc == "keep" else None)


def ours(args, model, steps):
    layers, width, heads, ctx, batch, vocab = MODELS[model]
    return run([args.athanor, "bench", "train", "--family", "gpt2", "--layers", str(layers), "--width", str(width), "--heads", str(heads),
                "--ctx", str(ctx), "--batch", str(batch), "--vocab", str(vocab), "--dtype", args.dtype, "--steps", str(steps),
                "--threads", str(args.threads), "--json"])


def median(runs, key):
    return statistics.median(r[key] for r in runs)


def compare(args, model):
    modes = [(mode, malloc) for mode in args.modes.split(",") for malloc in args.malloc.split(",")]
    for mode in args.modes.split(","):
        if mode != "eager":  # fill the compiler's cache outside the timed runs
            opponent(args, model, mode, "default", "--steps", "1", "--warmup", "1")
    theirs, mine = {m: [] for m in modes}, []
    for _ in range(args.rounds):
        for mode, malloc in modes:
            theirs[mode, malloc].append(opponent(args, model, mode, malloc, "--seconds", str(args.seconds)))
        fastest = min(median(runs, "step_ms") for runs in theirs.values())
        mine.append(ours(args, model, max(5, round(args.seconds * 1e3 / fastest * 1.5))))
    best = max(modes, key=lambda m: median(theirs[m], "tokens_per_s"))
    for m in modes:
        print(f"{model:<11} {args.dtype:<5} pytorch {theirs[m][0]['version']} {m[0] + '/' + m[1]:<21} {median(theirs[m], 'tokens_per_s'):>10.1f} tok/s "
              f"{median(theirs[m], 'peak_rss_mb'):>8.0f} MB{'  ← best' if m == best else ''}")
    tokens, rss = median(mine, "tokens_per_s"), median(mine, "peak_rss_mb")
    mfu = f", {100 * median(mine, 'mfu'):.0f} % of the measured peak" if "mfu" in mine[0] else ""
    print(f"{model:<11} {args.dtype:<5} {'athanor':<38} {tokens:>10.1f} tok/s {rss:>8.0f} MB{mfu}")
    # Memory is also set against the leanest mode: the fastest one may have bought its speed with memory.
    lean = min(median(theirs[m], "peak_rss_mb") for m in modes)
    print(f"{model:<11} {args.dtype:<5} ratio: {tokens / median(theirs[best], 'tokens_per_s'):.2f}× the speed of {best[0]}/{best[1]}, "
          f"{rss / median(theirs[best], 'peak_rss_mb'):.2f}× its memory ({rss / lean:.2f}× of the leanest mode's)", flush=True)


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--athanor", default="./athanor")
    ap.add_argument("--python", default=sys.executable, help="an interpreter that has torch")
    ap.add_argument("--models", default=",".join(MODELS))
    ap.add_argument("--dtype", default="bf16", choices=["bf16", "f32"])
    ap.add_argument("--modes", default="eager,default", help="of torch.compile: eager, default, max-autotune")
    ap.add_argument("--malloc", default="default,keep", help="PyTorch's allocator: default, keep (large blocks)")
    ap.add_argument("--rounds", type=int, default=3)
    ap.add_argument("--seconds", type=float, default=10, help="timed steps a run")
    ap.add_argument("--threads", type=int, default=2)
    args = ap.parse_args()
    for model in args.models.split(","):
        compare(args, model)


if __name__ == "__main__":
    main()
