"""Checks that transformers continues prompts exactly as athanor did.

Usage: athanor export RUN --out MODEL_DIR
       athanor generate MODEL_DIR --prompts prompts.txt -n 100 --temperature 0 --dtype f32 --json > OUTPUTS.jsonl
       python tools/oracle/interop_check.py MODEL_DIR OUTPUTS.jsonl

OUTPUTS.jsonl has one object a line: {"prompt": text, "ids": [..], "text": continuation}, and prompt_ids where it is known how athanor
tokenized the prompt. For each prompt transformers must tokenize to the same ids, continue greedily with the same ids,
and decode them to the same text. Where a continuation differs, the gap between the two best logits at that place is printed: a gap
below 1e-4 is a tie in f32. Exits 1 if any prompt differs.
"""
import json
import sys

import torch
import transformers as tf


def greedy(model, ids, n, eos):
    """Appends n greedy tokens to ids and stops after an end-of-sequence token; also returns each step's logit gap."""
    out, gaps, cache = [], [], None
    step = torch.tensor([ids])
    with torch.no_grad():
        for _ in range(n):
            r = model(step, past_key_values=cache, use_cache=True)
            cache = r.past_key_values
            top = r.logits[0, -1].float().topk(2)
            gaps.append((top.values[0] - top.values[1]).item())
            out.append(top.indices[0].item())
            if out[-1] in eos:
                break
            step = torch.tensor([out[-1:]])
    return out, gaps


def before(ids, eos):
    """The ids up to the first end-of-sequence token, which programs count or leave out as they like."""
    return ids[: next((i for i, t in enumerate(ids) if t in eos), len(ids))]


def check(model, tokenizer, case, eos):
    """Returns a list of what differs."""
    wrong = []
    ids = tokenizer(case["prompt"])["input_ids"]
    if "prompt_ids" in case and ids != case["prompt_ids"]:
        wrong.append(f"prompt ids: transformers {ids}, athanor {case['prompt_ids']}")
    ids = case.get("prompt_ids", ids)
    want = case["ids"]
    got, gaps = greedy(model, ids, len(want), eos)
    a, b = before(got, eos), before(want, eos)
    if a != b:
        at = next((i for i, (x, y) in enumerate(zip(a, b)) if x != y), min(len(a), len(b)))
        gap = f", logit gap {gaps[at]:.2e}" if at < len(gaps) else ""
        wrong.append(f"token {at}: transformers {got[at:at + 5]}, athanor {want[at:at + 5]}{gap}")
    if "text" in case and not wrong:
        text = tokenizer.decode(want, skip_special_tokens=True, clean_up_tokenization_spaces=False)
        if text != case["text"]:
            wrong.append(f"text: transformers {text!r}, athanor {case['text']!r}")
    return wrong


def main():
    folder, outputs = sys.argv[1], sys.argv[2]
    torch.set_num_threads(2)
    tokenizer = tf.AutoTokenizer.from_pretrained(folder)
    model, info = tf.AutoModelForCausalLM.from_pretrained(folder, attn_implementation="eager", output_loading_info=True)
    if any(info.values()):
        sys.exit(f"loading: {info}")
    model = model.float().eval()
    eos = model.generation_config.eos_token_id
    eos = set(eos if isinstance(eos, list) else [] if eos is None else [eos])
    with open(outputs, encoding="utf-8") as f:
        cases = [json.loads(line) for line in f if line.strip()]
    failed = 0
    for case in cases:
        wrong = check(model, tokenizer, case, eos)
        failed += bool(wrong)
        print("FAIL" if wrong else "ok  ", f"{len(case['ids'])} tokens", repr(case["prompt"]), *wrong, sep="  ")
    print(f"{len(cases) - failed} of {len(cases)} prompts agree (transformers {tf.__version__}, {model.config.model_type})")
    sys.exit(1 if failed or not cases else 0)


if __name__ == "__main__":
    main()
