"""Athanor's filters beside datatrove's on the same documents, one core, in alternating runs; prints medians and ratios.

    go test -c -o filter.test ./corpus/filter
    python3 bench/corpus_filters.py --athanor ./filter.test --python VENV/bin/python --data ../shared/data [--mb 2] [--rounds 3]

The documents are from English web pages, technical documentation, mails and books, in equal parts. They are in memory on both sides;
a filter's time is that of its calls, word segmentation included. "all four" are the filters in turn on each document, as FineWeb
has them, without stopping at one that drops: both sides then share the words among the filters (datatrove by its cache, Athanor
by the document). --python is one with datatrove (tools/oracle/requirements.txt).
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

CORPORA = {"web": ["web-redpajama-demo/redpajama-cc-2023-06-refined.jsonl", "web-redpajama-demo/redpajama-c4-refined.jsonl", "web-c4-wiki-demo/c4_demo.jsonl"],
           "docs": ["en-docs/docs.jsonl.gz"], "mail": ["dirty-mail-spamassassin/mail.jsonl.gz"], "books": ["en-books/books.jsonl.gz"]}
FILTERS = ("gopher-quality", "gopher-repetition", "c4", "fineweb", "all four")


def choose(data, size):
    """Documents of size bytes in all, evenly from each corpus; a corpus that is smaller than its part is taken whole."""
    for paths in CORPORA.values():
        texts = []
        for path in paths:
            path = data / "corpora" / path
            with (gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else open(path, encoding="utf-8")) as f:
                texts += [json.loads(line).get("text") or "" for line in f]
        total = sum(len(text.encode()) for text in texts)
        yield from texts[::max(1, round(total / (size / len(CORPORA))))]


def datatrove(path):
    """Times datatrove in this process."""
    from datatrove.data import Document
    from datatrove.pipeline.filters import C4QualityFilter, FineWebQualityFilter, GopherQualityFilter, GopherRepetitionFilter
    from datatrove.utils.text import split_into_parts, split_into_words

    judges = {"gopher-quality": [GopherQualityFilter()], "gopher-repetition": [GopherRepetitionFilter()], "c4": [C4QualityFilter()], "fineweb": [FineWebQualityFilter()]}
    judges["all four"] = [judges[name][0] for name in ("gopher-repetition", "gopher-quality", "c4", "fineweb")]
    texts = [json.loads(line)["text"] for line in open(path, encoding="utf-8")]
    split_into_words("load the tokenizer")
    seconds = {}
    for name in FILTERS:
        split_into_parts.cache_clear()
        began = time.process_time()
        for text in texts:
            doc = Document(text=text, id="")
            for judge in judges[name]:
                judge.filter(doc)
        seconds[name] = time.process_time() - began
    print(json.dumps(seconds))


def main():
    flags = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    flags.add_argument("--athanor", type=pathlib.Path, help="the compiled tests of corpus/filter")
    flags.add_argument("--python", default=sys.executable)
    flags.add_argument("--data", type=pathlib.Path)
    flags.add_argument("--mb", type=float, default=2)
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
        theirs, ours = {name: [] for name in FILTERS}, {name: [] for name in FILTERS}
        for _ in range(args.rounds):
            out = subprocess.run([args.python, __file__, "--datatrove", str(path)], check=True, capture_output=True, text=True).stdout
            for name, seconds in json.loads(out.splitlines()[-1]).items():
                theirs[name].append(seconds)
            out = subprocess.run([args.athanor.resolve(), "-test.run", "^$", "-test.bench", "^BenchmarkDocuments$", "-test.cpu", "1", "-test.benchtime", "500ms"],
                                 check=True, capture_output=True, text=True, env=os.environ | {"ATHANOR_DOCUMENTS": str(path)}).stdout
            for name, ns in re.findall(r"BenchmarkDocuments/(\S+)\s+\d+\s+(\d+) ns/op", out):
                ours[name.replace("_", " ")].append(int(ns) / 1e9)
    print(f"{len(texts)} documents, {size / 1e6:.2f} MB, {args.rounds} rounds\n")
    print(f"{'filter':18} {'datatrove':>12} {'athanor':>12} {'ns/byte':>8} {'ratio':>7}")
    for name in FILTERS:
        a, b = statistics.median(theirs[name]), statistics.median(ours[name])
        print(f"{name:18} {size / a / 1e6:7.2f} MB/s {size / b / 1e6:7.1f} MB/s {b / size * 1e9:8.2f} {a / b:6.0f}x")


main()
