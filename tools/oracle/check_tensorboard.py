"""Checks with the tensorboard package that a run's event files say what its metrics.jsonl says.

Usage: python tools/oracle/check_tensorboard.py RUN_DIR

Every record's loss, learning rate, gradient norm, speed and validation results must be read back, rounded to f32,
once a step, also where the run was interrupted and resumed. Texts are listed.
A run to check: ATHANOR_KEEP_EVENTS=DIR go test -run TestEventsOfAResumedRun ./runlog
"""
import json
import math
import pathlib
import sys

import numpy as np
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

TAGS = {"loss/train": "loss", "optim/lr": "lr", "optim/grad_norm": "grad_norm", "speed/tokens_per_s": "tokens_per_s",
        "speed/mfu": "mfu", "loss/val": "val_loss", "perplexity/val": "val_ppl", "bits_per_byte/val": "val_bits_per_byte"}

run = pathlib.Path(sys.argv[1])
events = {p.parent for p in run.rglob("events.out.tfevents.*")}
assert len(events) == 1, f"event files in {events}, want one directory"
acc = EventAccumulator(str(events.pop()), size_guidance={"scalars": 0, "tensors": 0})
acc.Reload()

records = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
failures = 0
for tag, key in TAGS.items():
    want = {r["step"]: float(r[key]) for r in records if key in r}
    got = acc.Scalars(tag) if tag in acc.Tags()["scalars"] else []
    steps = [e.step for e in got]
    if steps != sorted(want):
        failures += 1
        print(f"{tag}: {len(steps)} points, want {len(want)}; only in one: {sorted(set(steps) ^ set(want))[:10]}")
        continue
    for e in got:
        w = float(np.float32(want[e.step]))
        if e.value != w and not (math.isnan(w) and math.isnan(e.value)):
            failures += 1
            print(f"{tag} at step {e.step}: {e.value}, want {w}")
    print(f"{tag}: {len(got)} points agree")
for tag in acc.Tags()["tensors"]:
    for e in acc.Tensors(tag):
        print(f"text {tag} at step {e.step}: {e.tensor_proto.string_val[0].decode()!r}")
sys.exit(failures != 0)
