"""Makes the tiny checkpoints under model/testdata with transformers, the oracle of the models' tests.

Usage: python tools/oracle/make_models.py [OUT_DIR]

Per family one Hugging Face directory (config.json, model.safetensors) and expected.safetensors:
  input_ids [B,T] i32; labels [B,T] i32, already shifted, -100 = ignored; logits [B,T,V] f32;
  loss [] f32, the mean cross-entropy in nats over labels that are not ignored;
  grad.NAME f32: the loss's gradient of the parameter that model.safetensors calls NAME.
Everything is f32, eager attention, one thread.
"""
import pathlib
import sys

import torch
import torch.nn.functional as F
import transformers as tf
from safetensors.torch import load_file, save_file

VOCAB, B, T = 96, 2, 16


def small(**kw):
    """Sizes common to the LLaMA-like families; the odd vocabulary and F catch transposed shapes."""
    return dict(vocab_size=VOCAB, hidden_size=32, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2,
                intermediate_size=56, max_position_embeddings=64, bos_token_id=1, eos_token_id=2, pad_token_id=None) | kw


def rope(theta, **kw):
    return {"rope_type": "default", "rope_theta": theta} | kw


FAMILIES = {
    "gpt2": lambda: tf.GPT2Config(vocab_size=VOCAB, n_embd=32, n_layer=2, n_head=4, n_positions=32, bos_token_id=1,
                                  eos_token_id=2, attn_pdrop=0.0, embd_pdrop=0.0, resid_pdrop=0.0),
    "llama": lambda: tf.LlamaConfig(**small(rms_norm_eps=1e-5, rope_parameters=rope(10000.0))),
    "llama3": lambda: tf.LlamaConfig(**small(rms_norm_eps=1e-5, max_position_embeddings=2048, rope_parameters=rope(
        500000.0, rope_type="llama3", factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0,
        original_max_position_embeddings=256))),
    "qwen2": lambda: tf.Qwen2Config(**small(tie_word_embeddings=True, rope_parameters=rope(1000000.0))),
    "qwen3": lambda: tf.Qwen3Config(**small(head_dim=16, tie_word_embeddings=False, rope_parameters=rope(1000000.0))),
    "mistral": lambda: tf.MistralConfig(**small(sliding_window=4, rope_parameters=rope(10000.0))),
}


def randomise(model, std, seed):
    """Draws every parameter, norms about 1 and biases too: zeros would hide a missing term."""
    g = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, p in model.named_parameters():
            p.normal_(0, std, generator=g)
            if "norm" in name and name.endswith("weight") or ".ln_" in name and name.endswith("weight"):
                p.add_(1)


def make(name, config, out):
    torch.manual_seed(0)
    model = tf.AutoModelForCausalLM.from_config(config, attn_implementation="eager").float().eval()
    randomise(model, 0.12, seed=len(name) + 7)
    g = torch.Generator().manual_seed(11)
    tokens = torch.randint(3, VOCAB, (B, T + 1), generator=g)
    ids, labels = tokens[:, :-1].contiguous(), tokens[:, 1:].clone()
    labels[0, 3] = labels[1, T - 1] = -100
    logits = model(ids, use_cache=False).logits
    loss = F.cross_entropy(logits.view(-1, VOCAB), labels.view(-1), ignore_index=-100)
    loss.backward()
    folder = out / name
    model.save_pretrained(folder)
    (folder / "generation_config.json").unlink(missing_ok=True)
    stored = load_file(folder / "model.safetensors")
    grads = {n: p.grad for n, p in model.named_parameters()}
    assert set(grads) == set(stored), set(grads) ^ set(stored)
    expected = {"grad." + n: gr.contiguous() for n, gr in grads.items()}
    expected |= {"input_ids": ids.int(), "labels": labels.int(), "logits": logits.detach().contiguous(), "loss": loss.detach()}
    save_file(expected, folder / "expected.safetensors")
    check_window(model, ids, getattr(config, "sliding_window", None))
    print(name, f"loss {loss.item():.4f}", "max |logit|", f"{logits.abs().max().item():.2f}",
          {f.name: f.stat().st_size for f in folder.iterdir()})


def check_window(model, ids, window):
    """Fails if the oracle does not honour its sliding window: a changed first token must reach exactly
    layers·(window-1) positions further."""
    if not window:
        return
    other = ids.clone()
    other[:, 0] = (other[:, 0] + 1) % VOCAB
    with torch.no_grad():
        same = (model(ids).logits == model(other).logits).all(-1).all(0)
    reach = model.config.num_hidden_layers * (window - 1)
    assert not same[: reach + 1].any() and same[reach + 1:].all(), same


def main():
    out = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "model/testdata")
    torch.set_num_threads(1)
    for name, config in FAMILIES.items():
        make(name, config(), out)
        for f in (out / name).iterdir():
            f.chmod(0o644)


if __name__ == "__main__":
    main()
