"""Athanor's encoding speed beside Hugging Face's tokenizers, tiktoken and SentencePiece, in alternating runs; prints medians and ratios.

    python3 bench/tokenizer_speed.py --athanor ./athanor --python VENV/bin/python --data ../shared/data
        [--tokenizers gpt2,cl100k,...] [--texts en,zh,go,...] [--mb 8] [--rounds 3] [--threads 1,2]

Every run is a process of its own that loads a tokenizer, holds the documents in memory and encodes each of them once, caches
cold: only that is timed. Single-threaded runs of the opponents have TOKENIZERS_PARALLELISM=false and RAYON_NUM_THREADS=1; with
several threads they use their own batch calls. The texts are English books, Chinese laws and the Go toolchain's source, and,
under adversarial names, 10 MB documents of one letter, of spaces, of one Chinese character and of random letters without a space.
The script needs only Python's standard library; --python is one with the opponents (tools/oracle/requirements.txt).
"""
import argparse
import gzip
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time

# name: file for Athanor below data/tokenizers, and the opponents with what they load
TOKENIZERS = {
    "gpt2": ("hf-gpt2/tokenizer.json", {"tokenizers": "hf-gpt2/tokenizer.json", "tiktoken": "tiktoken/r50k_base.tiktoken"}),
    "cl100k": ("tiktoken/cl100k_base.tiktoken", {"tokenizers": "tiktoken/cl100k_base.tiktoken", "tiktoken": "tiktoken/cl100k_base.tiktoken"}),
    "o200k": ("tiktoken/o200k_base.tiktoken", {"tokenizers": "tiktoken/o200k_base.tiktoken", "tiktoken": "tiktoken/o200k_base.tiktoken"}),
    "qwen3": ("qwen3/tokenizer.json", {"tokenizers": "qwen3/tokenizer.json"}),
    "unigram-8000": ("sentencepiece/test_ja_model.model", {"sentencepiece": "sentencepiece/test_ja_model.model"}),
    "unigram-1000": ("sentencepiece/test_model.model", {"sentencepiece": "sentencepiece/test_model.model"}),
    "llama2": ("llama2/tokenizer.model", {"sentencepiece": "llama2/tokenizer.model"}),
    "bert": ("bert-uncased/vocab.txt", {"tokenizers": "bert-uncased/vocab.txt"}),
}
TEXTS = ("en", "zh", "go")
ADVERSARIAL = {"letter": lambda r, n: "a" * n, "spaces": lambda r, n: " " * n, "han": lambda r, n: "的" * (n // 3),
               "random": lambda r, n: "".join(r.choices("abcdefghijklmnopqrstuvwxyz", k=n))}


def make_text(name, path, args):
    """Writes the documents of a text as JSON lines, so that all sides read the same."""
    limit = int(args.mb * 1e6)
    with open(path, "w", encoding="utf-8") as out:
        def put(text):
            out.write(json.dumps({"text": text}, ensure_ascii=False) + "\n")
            return len(text.encode())
        if name in ADVERSARIAL:
            put(ADVERSARIAL[name](random.Random(1), int(args.adversarial_mb * 1e6)))
            return
        size = 0
        if name == "go":
            root = subprocess.run(["go", "env", "GOROOT"], capture_output=True, text=True, check=True).stdout.strip()
            for folder, _, files in sorted(os.walk(os.path.join(root, "src"))):
                for file in sorted(files):
                    if file.endswith(".go") and size < limit:
                        try:
                            with open(os.path.join(folder, file), encoding="utf-8") as f:
                                size += put(f.read())
                        except UnicodeDecodeError:
                            pass
            return
        file = {"en": "en-books/books.jsonl.gz", "zh": "zh-laws/laws.jsonl.gz"}[name]
        with gzip.open(os.path.join(args.data, "corpora", file), "rt", encoding="utf-8") as f:
            for line in f:
                size += put(json.loads(line)["text"])
                if size >= limit:
                    return


def load_opponent(engine, file, threads):
    """Returns a function that encodes a list of documents."""
    if engine == "tokenizers":
        from tokenizers import Tokenizer
        if file.endswith(".txt"):
            from tokenizers.implementations import BertWordPieceTokenizer
            tok = BertWordPieceTokenizer(file, lowercase=True)
        else:
            tok = Tokenizer.from_file(file)
        if threads > 1:
            return lambda docs: tok.encode_batch(docs, add_special_tokens=False)
        return lambda docs: [tok.encode(d, add_special_tokens=False) for d in docs]
    if engine == "tiktoken":
        tok = tiktoken_encoding(file)
        if threads > 1:
            return lambda docs: tok.encode_ordinary_batch(docs, num_threads=threads)
        return lambda docs: [tok.encode_ordinary(d) for d in docs]
    import sentencepiece
    tok = sentencepiece.SentencePieceProcessor(model_file=file)
    if threads > 1:
        return lambda docs: tok.encode(docs, num_threads=threads)
    return lambda docs: [tok.encode(d) for d in docs]


def tiktoken_encoding(file):
    import base64
    import tiktoken
    from tiktoken_ext import openai_public
    with open(file, "rb") as f:
        ranks = {base64.b64decode(t): int(r) for t, r in (line.split() for line in f if line.strip())}
    return tiktoken.Encoding("bench", pat_str=tiktoken_pattern(file, openai_public), mergeable_ranks=ranks, special_tokens={})


def tiktoken_pattern(file, openai_public):
    if "o200k" in file:  # the only place it is written is inside a function that would fetch the file
        upper, lower, end = r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]", r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]", r"(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
        lead = r"[^\r\n\p{L}\p{N}]?"
        return "|".join([lead + upper + "*" + lower + "+" + end, lead + upper + "+" + lower + "*" + end, r"\p{N}{1,3}",
                         r" ?[^\s\p{L}\p{N}]+[\r\n/]*", r"\s*[\r\n]+", r"\s+(?!\S)", r"\s+"])
    if "cl100k" in file:
        return r"""'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++$|\s*[\r\n]|\s+(?!\S)|\s"""
    return openai_public.r50k_pat_str


def convert(file, out):
    """transformers' own conversion of a .tiktoken file for the tokenizers library."""
    from tiktoken_ext import openai_public
    from transformers.convert_slow_tokenizer import TikTokenConverter
    TikTokenConverter(vocab_file=file, pattern=tiktoken_pattern(file, openai_public).replace("?+", "?").replace("++", "+").replace("}+", "}").replace("*+", "*"),
                      extra_special_tokens=[]).converted().save(out)


def worker(args):
    if args.worker == "convert":
        convert(args.file, args.text)
        return
    encode = load_opponent(args.worker, args.file, int(args.threads))
    with open(args.text, encoding="utf-8") as f:
        docs = [json.loads(line)["text"] for line in f]
    size = sum(len(d.encode()) for d in docs)
    start = time.perf_counter()
    encode(docs)
    print(json.dumps({"mbs": size / 1e6 / (time.perf_counter() - start)}))


def run(argv, threads):
    env = dict(os.environ, TOKENIZERS_PARALLELISM="true" if threads > 1 else "false", RAYON_NUM_THREADS=str(threads))
    try:
        done = subprocess.run(argv, env=env, capture_output=True, text=True, timeout=600)
    except subprocess.TimeoutExpired:
        return None
    if done.returncode != 0:
        sys.stderr.write(f"{' '.join(argv)}: exit {done.returncode}: {done.stderr.strip()[-300:]}\n")
        return None
    return json.loads(done.stdout)


def measure(args, engine, file, text, threads):
    if engine == "athanor":
        got = run([args.athanor, "bench", "tokenizer", "--json", "--tokenizer", file, "--threads", str(threads), "--limit", "1000000", text], threads)
        return got and got["encode_mbs" if threads > 1 else "encode_one_mbs"]
    got = run([args.python, os.path.abspath(__file__), "--worker", engine, "--file", file, "--text", text, "--threads", str(threads)], threads)
    return got and got["mbs"]


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--athanor", default="./athanor")
    p.add_argument("--python", default=sys.executable)
    p.add_argument("--data", default="../shared/data")
    p.add_argument("--tokenizers", default=",".join(TOKENIZERS))
    p.add_argument("--texts", default=",".join(TEXTS + tuple(ADVERSARIAL)))
    p.add_argument("--mb", type=float, default=8)
    p.add_argument("--adversarial-mb", type=float, default=10)
    p.add_argument("--rounds", type=int, default=3)
    p.add_argument("--threads", default="1,2")
    p.add_argument("--json", action="store_true")
    p.add_argument("--ours", action="store_true", help="only Athanor")
    p.add_argument("--worker", help=argparse.SUPPRESS)
    p.add_argument("--file", help=argparse.SUPPRESS)
    p.add_argument("--text", help=argparse.SUPPRESS)
    args = p.parse_args()
    if args.worker:
        return worker(args)
    rows = []
    with tempfile.TemporaryDirectory() as tmp:
        texts = {}
        for name in args.texts.split(","):
            texts[name] = os.path.join(tmp, name + ".jsonl")
            make_text(name, texts[name], args)
        for name in args.tokenizers.split(","):
            ours, others = TOKENIZERS[name]
            engines = {"athanor": os.path.join(args.data, "tokenizers", ours)}
            for engine, file in () if args.ours else others.items():
                engines[engine] = os.path.join(args.data, "tokenizers", file)
                if engine == "tokenizers" and file.endswith(".tiktoken"):
                    engines[engine] = os.path.join(tmp, name + ".json")
                    subprocess.run([args.python, os.path.abspath(__file__), "--worker", "convert", "--file", os.path.join(args.data, "tokenizers", file),
                                    "--text", engines[engine]], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            for text, path in texts.items():
                for threads in map(int, args.threads.split(",")):
                    if text in ADVERSARIAL and threads > 1:
                        continue
                    speeds = {engine: [] for engine in engines}
                    for _ in range(args.rounds):
                        for engine, file in engines.items():
                            if text in ADVERSARIAL and engine != "athanor":
                                continue  # some of them take hours
                            got = measure(args, engine, file, path, threads)
                            if got:
                                speeds[engine].append(got)
                    medians = {e: statistics.median(s) for e, s in speeds.items() if s}
                    rows.append({"tokenizer": name, "text": text, "threads": threads, "mbs": medians})
                    if not args.json:
                        show(rows[-1])
    if args.json:
        print(json.dumps(rows, indent=1))


def show(row):
    ours = row["mbs"].get("athanor")
    cells = [f"{row['tokenizer']:13}{row['text']:8}{row['threads']} thread{'s' if row['threads'] > 1 else ' '}"]
    for engine, speed in row["mbs"].items():
        cells.append(f"{engine} {speed:7.1f} MB/s" + (f" ({ours / speed:5.1f}×)" if ours and speed and engine != "athanor" else ""))
    print("  ".join(cells), flush=True)


if __name__ == "__main__":
    main()
