#!/usr/bin/env python3
"""Trains a SentencePiece model with athanor and with the original on the same
text, and compares: time, memory, vocabularies, and the total log likelihood of
held-out text under each. The original reads both models.

    python spm_train_check.py ATHANOR TRAIN... --held TEXT... [--kind unigram] [--vocab 8000] [--threads 2]
                              [--athanor FLAG=VALUE...] [--original OPTION=VALUE...]

TRAIN and TEXT are text files, a sentence a line. Exits with 1 if the log
likelihoods differ by more than 0.1 % or, for other kinds, the pieces at all.
"""
import argparse
import ast
import math
import os
import subprocess
import sys
import tempfile
import time

import sentencepiece

ORIGINAL = "import sentencepiece, sys, ast; sentencepiece.SentencePieceTrainer.train(**ast.literal_eval(sys.argv[1]))"


def run(command):
    """Runs a command; returns seconds, processor seconds and MB at the peak."""
    start = time.time()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    errors = process.stderr.read().decode(errors="replace")
    _, status, usage = os.wait4(process.pid, 0)
    if status != 0:
        sys.exit(f"{command[0]} failed:\n{errors[-2000:]}")
    return time.time() - start, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def log_likelihood(model, lines):
    """The sum of the scores of the best segmentations."""
    normal = [i for i in range(model.get_piece_size()) if not (model.is_unknown(i) or model.is_control(i) or model.is_byte(i) or model.is_unused(i))]
    unknown = min(model.get_score(i) for i in normal) - 10
    scores = [unknown if model.is_unknown(i) else model.get_score(i) for i in range(model.get_piece_size())]
    total = tokens = 0
    for ids in model.encode(lines):
        total += math.fsum(scores[i] for i in ids)
        tokens += len(ids)
    return total, tokens


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("train", nargs="+")
    parser.add_argument("--held", nargs="+", required=True)
    parser.add_argument("--kind", default="unigram")
    parser.add_argument("--vocab", type=int, default=8000)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--athanor", nargs="*", default=[])
    parser.add_argument("--original", nargs="*", default=[])
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as d:
        ours = run([args.program, "tokenizer", "train", *args.train, "-o", f"{d}/ours", "--kind", "sentencepiece", "--model", args.kind,
                    "--vocab-size", str(args.vocab), "--workers", str(args.threads), *("--" + flag for flag in args.athanor)])
        options = dict(input=args.train, model_prefix=f"{d}/original", model_type=args.kind, vocab_size=args.vocab, num_threads=args.threads, minloglevel=2)
        for option in args.original:
            name, value = option.split("=", 1)
            try:
                options[name] = ast.literal_eval(value)
            except (SyntaxError, ValueError):
                options[name] = value
        theirs = run([sys.executable, "-c", ORIGINAL, repr(options)])
        a = sentencepiece.SentencePieceProcessor(model_file=f"{d}/ours/tokenizer.model")
        b = sentencepiece.SentencePieceProcessor(model_file=f"{d}/original.model")
        print(f"time       {ours[0]:8.1f} s {theirs[0]:8.1f} s   original / athanor {theirs[0] / ours[0]:.1f}")
        print(f"processor  {ours[1]:8.1f} s {theirs[1]:8.1f} s   {theirs[1] / ours[1]:.1f}")
        print(f"memory     {ours[2]:7.0f} MB {theirs[2]:7.0f} MB")
        x = [a.id_to_piece(i) for i in range(a.get_piece_size())]
        y = [b.id_to_piece(i) for i in range(b.get_piece_size())]
        print(f"pieces     {len(x)} and {len(y)}, {len(set(x) & set(y))} in common, {sum(p == q for p, q in zip(x, y))} with the same id")
        good = x == y or args.kind == "unigram"
        for path in args.held:
            lines = open(path, encoding="utf-8").read().split("\n")
            (p, n), (q, m) = log_likelihood(a, lines), log_likelihood(b, lines)
            print(f"{path}: log likelihood {p:.1f} and {q:.1f} ({100 * (p / q - 1):+.4f} %), tokens {n} and {m}")
            if args.kind == "unigram":
                good = good and abs(p / q - 1) <= 0.001
        sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
