"""Writes internal/safetensors/testdata/reference.safetensors with the reference implementation.

Usage: python tools/oracle/make_safetensors.py [OUT_DIR]
The values are spelt out in the Go test.
"""
import pathlib
import sys

import torch
from safetensors.torch import save_file

OUT = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "internal/safetensors/testdata")

values = torch.tensor([[0.0, -1.5, 65504.0], [1e-7, float("inf"), 0.333251953125]])
save_file(
    {
        "f32": values,
        "f64": values.double(),
        "bf16": values.bfloat16(),
        "f16": values.half(),
        "i64": torch.tensor([-1, 1 << 40]),
        "u8": torch.tensor([0, 255, 7], dtype=torch.uint8),
        "scalar": torch.tensor(2.5),
        "empty": torch.zeros(0, 4),
    },
    OUT / "reference.safetensors",
    metadata={"format": "pt", "名字": "炉"},
)
