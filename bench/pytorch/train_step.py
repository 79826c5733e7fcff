"""One training configuration of PyTorch on the CPU, timed: the opponent of `athanor bench train`.

The work is that of a pretraining step: forward, loss, backward, clipping of the global gradient norm, AdamW.
PyTorch is given its best: flush-denormals, fused AdamW, scaled_dot_product_attention (its flash kernel),
bf16 autocast, multi-tensor clipping, and either eager mode or a mode of torch.compile. The model is nanoGPT's
(learned positions, pre-LN, GELU tanh, tied head, biases), the loss nanoGPT's (cross_entropy on all logits).

Prints one line of JSON. Example:

    python bench/pytorch/train_step.py --model gpt2-124m --dtype bf16 --compile default --threads 2
"""
import argparse
import json
import math
import statistics
import time

import torch
import torch.nn as nn
import torch.nn.functional as F

# name: layers, width, heads, context, batch, vocabulary
MODELS = {
    "char-tiny": (4, 128, 4, 64, 12, 65),
    "char-small": (6, 384, 6, 256, 16, 65),
    "bpe-small": (8, 512, 8, 512, 8, 8192),
    "gpt2-124m": (12, 768, 12, 512, 2, 50257),
}


class Block(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.ln_1 = nn.LayerNorm(width)
        self.c_attn = nn.Linear(width, 3 * width)
        self.attn_proj = nn.Linear(width, width)
        self.ln_2 = nn.LayerNorm(width)
        self.c_fc = nn.Linear(width, 4 * width)
        self.mlp_proj = nn.Linear(4 * width, width)

    def forward(self, x):
        b, t, c = x.shape
        q, k, v = self.c_attn(self.ln_1(x)).split(c, dim=2)
        q, k, v = (z.view(b, t, self.heads, c // self.heads).transpose(1, 2) for z in (q, k, v))
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.attn_proj(y.transpose(1, 2).contiguous().view(b, t, c))
        return x + self.mlp_proj(F.gelu(self.c_fc(self.ln_2(x)), approximate="tanh"))


class GPT(nn.Module):
    def __init__(self, layers, width, heads, ctx, vocab):
        super().__init__()
        self.wte = nn.Embedding(vocab, width)
        self.wpe = nn.Embedding(ctx, width)
        self.blocks = nn.ModuleList(Block(width, heads) for _ in range(layers))
        self.ln_f = nn.LayerNorm(width)
        self.head = nn.Linear(width, vocab, bias=False)
        self.head.weight = self.wte.weight
        for name, p in self.named_parameters():
            if p.ndim < 2:
                nn.init.zeros_(p) if name.endswith("bias") else nn.init.ones_(p)
            else:
                std = 0.02 / math.sqrt(2 * layers) if "proj" in name else 0.02
                nn.init.normal_(p, std=std)

    def forward(self, ids, labels):
        x = self.wte(ids) + self.wpe(torch.arange(ids.shape[1], device=ids.device))
        for block in self.blocks:
            x = block(x)
        logits = self.head(self.ln_f(x))
        return F.cross_entropy(logits.view(-1, logits.size(-1)), labels.view(-1), ignore_index=-1)


def peak_rss_mb():
    """High-water mark of this process's resident memory, as the kernel counts it."""
    with open("/proc/self/status") as f:
        for line in f:
            if line.startswith("VmHWM"):
                return int(line.split()[1]) / 1024
    return float("nan")


def compiled(model, mode):
    if mode == "eager":
        return model
    options = {
        "default": {},
        "max-autotune": {"mode": "max-autotune-no-cudagraphs"},
    }[mode]
    return torch.compile(model, dynamic=False, **options)


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--model", default="char-tiny", choices=MODELS)
    ap.add_argument("--dtype", default="bf16", choices=["bf16", "f32"])
    ap.add_argument("--compile", default="eager", choices=["eager", "default", "max-autotune"])
    ap.add_argument("--threads", type=int, default=2)
    ap.add_argument("--steps", type=int, default=0, help="timed steps; 0: as many as fit --seconds")
    ap.add_argument("--seconds", type=float, default=15, help="time for timed steps when --steps is 0")
    ap.add_argument("--warmup", type=int, default=3)
    args = ap.parse_args()

    torch.set_num_threads(args.threads)
    torch.set_flush_denormal(True)
    torch.manual_seed(1337)
    layers, width, heads, ctx, batch, vocab = MODELS[args.model]
    model = GPT(layers, width, heads, ctx, vocab)
    matrices = [p for p in model.parameters() if p.ndim >= 2]
    vectors = [p for p in model.parameters() if p.ndim < 2]
    optimizer = torch.optim.AdamW(
        [{"params": matrices, "weight_decay": 0.1}, {"params": vectors, "weight_decay": 0.0}],
        lr=3e-4, betas=(0.9, 0.95), eps=1e-8, fused=True)
    run = compiled(model, args.compile)
    params = list(model.parameters())
    data = torch.randint(vocab, (16, batch, ctx + 1))

    def step(i):
        d = data[i % len(data)]
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=args.dtype == "bf16"):
            loss = run(d[:, :-1].contiguous(), d[:, 1:].contiguous())
        loss.backward()
        torch.nn.utils.clip_grad_norm_(params, 1.0, foreach=True)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        return loss

    began = time.perf_counter()
    for i in range(args.warmup):
        loss = step(i)
    warm = time.perf_counter() - began
    times = []
    began = time.perf_counter()
    while len(times) < args.steps or (args.steps == 0 and (len(times) < 5 or time.perf_counter() - began < args.seconds)):
        t0 = time.perf_counter()
        loss = step(args.warmup + len(times))
        times.append(time.perf_counter() - t0)
    median = statistics.median(times)
    n_params = sum(p.numel() for p in params)
    # PaLM's count (appendix B) without the embedding look-ups: 6 FLOPs a weight and token in matrix products
    # (the tied head counts once), 12·L·C·T for attention; causal halves what is computed of that, not what is counted.
    weights = n_params - ctx * width - sum(p.numel() for p in vectors)
    flops_per_token = 6 * weights + 12 * layers * width * ctx
    print(json.dumps({
        "engine": "pytorch", "version": torch.__version__, "model": args.model, "dtype": args.dtype,
        "mode": args.compile, "threads": args.threads, "steps": len(times),
        "tokens_per_s": round(batch * ctx / median, 1), "step_ms": round(1e3 * median, 3),
        "step_ms_min": round(1e3 * min(times), 3), "peak_rss_mb": round(peak_rss_mb(), 1),
        "model_gflops": round(flops_per_token * batch * ctx / median / 1e9, 1),
        "params": n_params, "warmup_s": round(warm, 1), "loss": round(loss.item(), 4)}))


if __name__ == "__main__":
    main()
