"""Fixtures for corpus/ngram: what KenLM's lmplz estimates and its query scores on small texts.

usage: ngram_kenlm.py LMPLZ SHAKESPEARE POETRY OUT
LMPLZ is the program built from KenLM's sources; SHAKESPEARE is input.txt of tinyshakespeare, POETRY poetry.jsonl.gz, OUT the directory
corpus/ngram/testdata. Texts are words of small letters between single spaces, or Han characters, so that both sides cut them alike.
"""
import gzip
import json
import re
import subprocess
import sys
import tempfile

import kenlm

lmplz, shakespeare, poetry, out = sys.argv[1:]


def english():
    for line in open(shakespeare, encoding="utf-8"):
        words = re.findall(r"[a-z]+", line.lower())
        if len(words) > 2:
            yield " ".join(words)


def chinese():
    for line in gzip.open(poetry, "rt", encoding="utf-8"):
        for verse in re.findall(r"[\u4e00-\u9fff]{4,}", json.loads(line)["text"]):
            yield verse


def scores(unit, lines, trained, scored, order, prune):
    spaced = (lambda s: s) if unit == "word" else " ".join
    with tempfile.TemporaryDirectory() as tmp:
        arpa = f"{tmp}/lm.arpa"
        subprocess.run(
            [lmplz, "-o", str(order), "-S", "10%", "-T", tmp, "--arpa", arpa, "--prune", *map(str, [0] + prune)],
            input="".join(spaced(s) + "\n" for s in lines[:trained]).encode(), check=True, stderr=subprocess.DEVNULL)
        grams = [int(n) for n in re.findall(r"^ngram \d+=(\d+)$", open(arpa, encoding="utf-8").read(), re.M)]
        model = kenlm.Model(arpa)
        return {
            "order": order, "prune": prune, "grams": grams,
            "log10": [round(model.score(spaced(s)), 6) for s in lines[-scored:]],
        }


for name, unit, lines, trained, scored in [("english", "word", english(), 2500, 100), ("chinese", "character", chinese(), 3000, 100)]:
    lines = [s for s, _ in zip(lines, range(trained + scored))]
    with open(f"{out}/{name}.json", "w", encoding="utf-8") as f:
        json.dump({"unit": unit, "lines": lines, "trained": trained,
                   "models": [scores(unit, lines, trained, scored, o, p) for o, p in [(2, []), (3, []), (5, []), (4, [0, 1, 1])]]},
                  f, ensure_ascii=False, separators=(",", ":"))
