"""Athanor's MinHash signatures beside datatrove's of the same documents, one core, in alternating runs; prints medians and ratios.

    go test -c -o dedup.test ./corpus/dedup
    python3 bench/corpus_minhash.py --athanor ./dedup.test --python VENV/bin/python --data ../shared/data [--mb 1] [--rounds 3]

Both make 14 × 8 values over shingles of 5 words of English documentation, mails and books in equal parts, held in memory; "datatrove's
hashes" are the values datatrove makes, bit for bit, made by Athanor. --python is one with datatrove (tools/oracle/requirements.txt).
"""
import argparse
import gzip
import json
import os
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile
import time

CORPORA = ("en-docs/docs", "dirty-mail-spamassassin/mail", "en-books/books")


def choose(data, size):
    """Documents of size bytes in all, evenly from each corpus."""
    for name in CORPORA:
        with gzip.open(data / "corpora" / (name + ".jsonl.gz"), "rt", encoding="utf-8") as f:
            texts = [json.loads(line)["text"] for line in f]
        yield from texts[:: max(1, round(sum(len(t.encode()) for t in texts) / (size / len(CORPORA))))]


def datatrove(path):
    """Times datatrove in this process."""
    from datatrove.pipeline.dedup.minhash import MinhashDedupSignature

    texts = [json.loads(line)["text"] for line in open(path, encoding="utf-8")]
    with tempfile.TemporaryDirectory() as folder:
        signer = MinhashDedupSignature(folder)
        signer.get_signature(signer.get_shingles("load the tokenizer and the permutations now please"))
        began = time.process_time()
        for text in texts:
            shingles = signer.get_shingles(text)
            if shingles.size:
                signer.get_signature(shingles)
    print(time.process_time() - began)


def main():
    flags = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    flags.add_argument("--athanor", type=pathlib.Path, help="the compiled tests of corpus/dedup")
    flags.add_argument("--python", default=sys.executable)
    flags.add_argument("--data", type=pathlib.Path)
    flags.add_argument("--mb", type=float, default=1)
    flags.add_argument("--rounds", type=int, default=3)
    flags.add_argument("--datatrove", help=argparse.SUPPRESS)
    args = flags.parse_args()
    if args.datatrove:
        return datatrove(args.datatrove)
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "documents.jsonl"
        texts = list(choose(args.data, args.mb * 1e6))
        size = sum(len(text.encode()) for text in texts)
        path.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts), encoding="utf-8")
        theirs, ours = [], {}
        for _ in range(args.rounds):
            out = subprocess.run([args.python, __file__, "--datatrove", str(path)], check=True, capture_output=True, text=True).stdout
            theirs.append(float(out.splitlines()[-1]))
            out = subprocess.run([args.athanor.resolve(), "-test.run", "^$", "-test.bench", "^BenchmarkDocuments$", "-test.cpu", "1", "-test.benchtime", "500ms"],
                                 check=True, capture_output=True, text=True, env=os.environ | {"ATHANOR_DOCUMENTS": str(path)}).stdout
            for name, ns in re.findall(r"BenchmarkDocuments/(\S+)\s+\d+\s+(\d+) ns/op", out):
                ours.setdefault(name.replace("_", " "), []).append(int(ns) / 1e9)
    base = statistics.median(theirs)
    print(f"{len(texts)} documents, {size / 1e6:.2f} MB, {args.rounds} rounds\n")
    print(f"{'signatures':20} {'MB/s':>8} {'ns/byte':>9} {'ratio':>7}")
    for name, seconds in [("datatrove", base)] + [(name, statistics.median(s)) for name, s in ours.items()]:
        print(f"{name:20} {size / seconds / 1e6:8.2f} {seconds / size * 1e9:9.2f} {base / seconds:6.0f}x")


main()
