"""Makes model/testdata/curve-{gpt2,llama}: 200 steps of PyTorch training in f32 that ours must follow.

Usage: python tools/oracle/make_curves.py [OUT_DIR]

config.json and model.safetensors are the initial weights; curve.safetensors holds
  tokens [200,B,T+1] u16 (inputs are [..., :T], labels [..., 1:]); lr [200] f64;
  loss [200] f64 (mean nats, before the step); grad_norm [200] f64 (before clipping).
AdamW: betas 0.9, 0.95, eps 1e-8, weight decay 0.1 on parameters with at least two axes (embeddings too);
gradients are clipped to norm 1 as torch.nn.utils.clip_grad_norm_ does: times min(1, 1/(norm+1e-6)).
"""
import math
import pathlib
import sys

import torch
import torch.nn.functional as F
import transformers as tf
from safetensors.torch import save_file

from make_models import randomise, rope

STEPS, B, T, VOCAB = 200, 4, 32, 64
PEAK, FLOOR, WARMUP = 4e-3, 4e-4, 20

FAMILIES = {
    "curve-gpt2": lambda: tf.GPT2Config(vocab_size=VOCAB, n_embd=32, n_layer=2, n_head=4, n_positions=T, bos_token_id=1,
                                        eos_token_id=2, attn_pdrop=0.0, embd_pdrop=0.0, resid_pdrop=0.0),
    "curve-llama": lambda: tf.LlamaConfig(vocab_size=VOCAB, hidden_size=32, num_hidden_layers=2, num_attention_heads=4,
                                          num_key_value_heads=2, intermediate_size=64, max_position_embeddings=T,
                                          rms_norm_eps=1e-5, bos_token_id=1, eos_token_id=2, pad_token_id=None,
                                          rope_parameters=rope(10000.0)),
}


def batches():
    """A second-order Markov chain with few successors a state: something to learn within 200 steps."""
    g = torch.Generator().manual_seed(5)
    successors = torch.randint(3, VOCAB, (VOCAB, 4), generator=g)
    tokens = torch.zeros(STEPS, B, T + 1, dtype=torch.long)
    tokens[:, :, 0] = torch.randint(3, VOCAB, (STEPS, B), generator=g)
    for t in range(1, T + 1):
        choice = torch.randint(0, 4, (STEPS, B), generator=g)
        if t > 1:
            choice = torch.where(torch.rand(STEPS, B, generator=g) < 0.5, choice, tokens[:, :, t - 2] % 4)
        tokens[:, :, t] = successors[tokens[:, :, t - 1], choice]
    return tokens


def rate(step):
    if step < WARMUP:
        return PEAK * (step + 1) / WARMUP
    x = (step - WARMUP) / (STEPS - WARMUP)
    return FLOOR + 0.5 * (PEAK - FLOOR) * (1 + math.cos(math.pi * x))


def main():
    out = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "model/testdata")
    torch.set_num_threads(1)
    tokens = batches()
    for name, config in FAMILIES.items():
        model = tf.AutoModelForCausalLM.from_config(config(), attn_implementation="eager").float().train()
        randomise(model, 0.05, seed=len(name))
        folder = out / name
        model.save_pretrained(folder)
        (folder / "generation_config.json").unlink(missing_ok=True)
        params = list(model.parameters())
        opt = torch.optim.AdamW([{"params": [p for p in params if p.ndim >= 2], "weight_decay": 0.1},
                                 {"params": [p for p in params if p.ndim < 2], "weight_decay": 0.0}],
                                lr=PEAK, betas=(0.9, 0.95), eps=1e-8, foreach=False)
        losses, norms = [], []
        for step in range(STEPS):
            for group in opt.param_groups:
                group["lr"] = rate(step)
            x, y = tokens[step, :, :-1], tokens[step, :, 1:]
            loss = F.cross_entropy(model(x, use_cache=False).logits.reshape(-1, VOCAB), y.reshape(-1))
            loss.backward()
            norms.append(torch.nn.utils.clip_grad_norm_(params, 1.0).item())
            losses.append(loss.item())
            opt.step()
            opt.zero_grad()
        f64 = lambda v: torch.tensor(v, dtype=torch.float64)
        save_file({"tokens": tokens.to(torch.uint16), "lr": f64([rate(s) for s in range(STEPS)]), "loss": f64(losses),
                   "grad_norm": f64(norms)}, folder / "curve.safetensors")
        for f in folder.iterdir():
            f.chmod(0o644)
        print(name, "loss", [round(v, 3) for v in losses[::40] + losses[-1:]], "norm", [round(v, 2) for v in norms[::40]])


if __name__ == "__main__":
    main()
