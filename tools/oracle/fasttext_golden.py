"""Writes corpus/langid/fasttext/testdata: small models trained by fastText, and what fastText predicts with them and with lid.176.

    python3 tools/oracle/fasttext_golden.py DATA

DATA is the directory of real data (corpora/multilingual-udhr, checkpoints/fasttext-lid176). The models are trained on declarations
of human rights in twelve languages, one of each loss, plain and quantized. golden.json.gz has, by model, texts with all labels and
probabilities; lid176.json.gz pieces of the declarations, named by document, first and last character, with the best three.
"""
import gzip
import json
import os
import random
import sys
import tempfile

import fasttext

OUT = os.path.join(os.path.dirname(__file__), "../../corpus/langid/fasttext/testdata")
LANGUAGES = "eng deu_1901 fra spa rus ukr cmn_hans jpn arb hin tha vie".split()
ODD = ["", " ", "</s>", "the </s> und", "__label__eng", "__label__none the", "a\tb\x0bc\x00d\re", "mot\u00a0mot", "x" * 300, "𝄞 𠀀", "\u0301\u0301", "<the>"]


def predict(model, text, k=-1):
    text = text.replace("\n", " ") + "\n"
    return [[label.removeprefix("__label__"), round(p, 7)] for p, label in model.f.predict(text, k, 0.0, "strict")]


def pieces(docs, rng, n):
    for _ in range(n):
        doc = rng.choice(docs)
        size = rng.choice([3, 20, 60, 300, 2000])
        at = rng.randrange(max(1, len(doc["text"]) - size))
        yield doc, at, min(at + size, len(doc["text"]))


def train(docs, rng):
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as f:
        for doc, a, b in pieces(docs, rng, 3000):
            f.write("__label__%s %s\n" % (doc["lang"], doc["text"][a:b].replace("\n", " ")))
        f.flush()
        kinds = {
            "hs.bin": dict(loss="hs", minn=2, maxn=4, bucket=1500, dim=6),
            "softmax.bin": dict(loss="softmax", minn=1, maxn=3, bucket=1000, dim=5, wordNgrams=3),
            "ova.bin": dict(loss="ova", minn=0, maxn=0, bucket=1200, dim=7, wordNgrams=2),
            "ns.bin": dict(loss="ns", minn=0, maxn=0, dim=10),
            "hs-pruned.ftz": dict(loss="hs", minn=2, maxn=4, bucket=20000, dim=8),
            "softmax-words.ftz": dict(loss="softmax", minn=2, maxn=3, bucket=4000, dim=7, wordNgrams=2),
        }
        for name, args in kinds.items():
            model = fasttext.train_supervised(f.name, minCount=20, thread=1, epoch=8, lr=0.5, verbose=0, **args)
            if name == "hs-pruned.ftz":
                model.quantize(input=f.name, cutoff=1500, retrain=True, qnorm=True, dsub=2, thread=1)
            elif name == "softmax-words.ftz":
                model.quantize(dsub=3, qnorm=False)  # 7 columns: the last piece is narrower
            path = os.path.join(OUT, name)
            model.save_model(path)
            yield name, fasttext.load_model(path)


def save(name, value):
    with gzip.GzipFile(os.path.join(OUT, name), "wb", mtime=0) as f:
        f.write(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode())


def main(data):
    os.makedirs(OUT, exist_ok=True)
    with gzip.open(os.path.join(data, "corpora/multilingual-udhr/udhr2.jsonl.gz"), "rt") as f:
        docs = [json.loads(line) for line in f]
    rng = random.Random(176)
    golden = {}
    known = [d for d in docs if d["lang"] in LANGUAGES]
    texts = ODD + [doc["text"][a:b] for doc, a, b in pieces(known, rng, 60)] + [doc["text"][a:b] for doc, a, b in pieces(docs, rng, 40)]
    for name, model in train(known, rng):
        golden[name] = [[text, predict(model, text)] for text in texts]
    save("golden.json.gz", golden)
    lid = fasttext.load_model(os.path.join(data, "checkpoints/fasttext-lid176/lid.176.ftz"))
    save("lid176.json.gz", [[doc["id"], a, b, predict(lid, doc["text"][a:b], 3)] for doc, a, b in pieces(docs, rng, 4000)])


main(sys.argv[1])
