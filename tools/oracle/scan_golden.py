"""Writes tokenizer/internal/scan/testdata/golden.json.gz: how Hugging Face's tokenizers cuts random strings by the known patterns.

    go test ./tokenizer/internal/scan -run Patterns -v | sed -n 's/^.*patterns: //p' > patterns.json
    python3 tools/oracle/scan_golden.py patterns.json [--strings N] [--out FILE]

A family's patterns cut one after the other, isolated. The file has the strings and, by family, the ends of their pieces in bytes.
"""
import argparse
import gzip
import json
import os
import random

from tokenizer_conformance import random_text


def hugging_face(patterns):
    from tokenizers import Regex, pre_tokenizers
    steps = pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(p), "isolated") for p in patterns])
    return lambda text: [len(piece.encode()) for piece, _ in steps.pre_tokenize_str(text)]


def main():
    p = argparse.ArgumentParser()
    p.add_argument("patterns")
    p.add_argument("--strings", type=int, default=1500)
    p.add_argument("--out", default=os.path.join(os.path.dirname(__file__), "../../tokenizer/internal/scan/testdata/golden.json.gz"))
    args = p.parse_args()
    with open(args.patterns) as f:
        families = json.load(f)
    r = random.Random(7)
    texts = []
    while len(texts) < args.strings:
        text = random_text(r)
        if len(text) < 400:
            texts.append(text.encode("utf-8", "replace").decode())
    out = {"texts": texts, "ends": {}}
    for name, patterns in families.items():
        cut = hugging_face(patterns)
        out["ends"][name] = []
        for text in texts:
            ends, at = [], 0
            for n in cut(text):
                at += n
                ends.append(at)
            out["ends"][name].append(ends)
    os.makedirs(os.path.dirname(args.out), exist_ok=True)
    with open(args.out, "wb") as f, gzip.GzipFile(fileobj=f, mode="wb", mtime=0, filename="") as z:
        z.write(json.dumps(out, ensure_ascii=False, separators=(",", ":")).encode())


if __name__ == "__main__":
    main()
