"""Trains byte-level BPE here and with Hugging Face's tokenizers on the same text, and compares the merges.

    python tools/oracle/bpe_train_check.py ATHANOR [DATA] [--vocab N] [--mb N]      (versions: requirements.txt)

ATHANOR is the program. The texts are --mb megabytes (10) each of DATA's English books and Chinese laws together, and of
the Go toolchain's own source, found with `go env GOROOT`. Every pattern that both have is tried on the first of them.
Prints, for each, how many merges are the same in the same order, and where they part: a tie, if both sides' pairs occur
equally often then, or else a bug. Ends with status 1 if there was one.
"""
import argparse, glob, gzip, json, os, subprocess, sys, tempfile, time

from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

p = argparse.ArgumentParser()
p.add_argument("athanor")
p.add_argument("data", nargs="?", default="../shared/data")
p.add_argument("--vocab", type=int, default=16384)
p.add_argument("--mb", type=float, default=10)
args = p.parse_args()
SIZE = int(args.mb * 1e6)


def corpus(name):
    out, size = [], 0
    for path in glob.glob(f"{args.data}/corpora/{name}/*.jsonl.gz"):
        for line in gzip.open(path, "rt", encoding="utf-8"):
            out.append(json.loads(line)["text"])
            size += len(out[-1].encode())
            if size >= SIZE:
                return out
    return out


def go_code():
    out, size = [], 0
    root = subprocess.run(["go", "env", "GOROOT"], capture_output=True, text=True, check=True).stdout.strip()
    for path in sorted(glob.glob(f"{root}/src/**/*.go", recursive=True)):
        try:
            out.append(open(path, encoding="utf-8", newline="").read())
        except UnicodeDecodeError:
            continue
        size += len(out[-1].encode())
        if size >= SIZE:
            break
    return out


def ours(texts, pattern, directory):
    with open(f"{directory}/text.jsonl", "w", encoding="utf-8") as f:
        for t in texts:
            f.write(json.dumps({"text": t}, ensure_ascii=False) + "\n")
    start = time.time()
    r = subprocess.run([args.athanor, "tokenizer", "train", f"{directory}/text.jsonl", "-o", f"{directory}/tok", "--force",
                        "--vocab-size", str(args.vocab), "--pattern", pattern, "--special", "<|endoftext|>", "--json"],
                       capture_output=True, text=True)
    if r.returncode:
        sys.exit(r.stderr)
    return json.load(open(f"{directory}/tok/tokenizer.json", encoding="utf-8")), time.time() - start


def reference(texts, pre):
    """Trains with the pre-tokenizer of our file, so that only the trainers differ."""
    t = Tokenizer(models.BPE())
    if pre["type"] == "ByteLevel":
        t.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    else:
        t.pre_tokenizer = pre_tokenizers.Sequence(
            [pre_tokenizers.Split(Regex(s["pattern"]["Regex"]), "isolated") for s in pre["pretokenizers"][:-1]]
            + [pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    start = time.time()
    t.train_from_iterator(texts, trainers.BpeTrainer(
        vocab_size=args.vocab, min_frequency=2, special_tokens=["<|endoftext|>"], show_progress=False,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet()))
    seconds = time.time() - start
    pieces = {}
    for text in texts:
        for piece, _ in t.pre_tokenizer.pre_tokenize_str(text):
            pieces[piece] = pieces.get(piece, 0) + 1
    return json.loads(t.to_str()), seconds, pieces


def occurrences(pieces, merges, pairs):
    """How often each of the pairs stands in the text once merges are applied, by the book."""
    ranks = {tuple(m): k for k, m in enumerate(merges)}
    found = dict.fromkeys(pairs, 0)
    wanted = {"".join(x) for x in pairs}
    for piece, n in pieces.items():
        if not any(w in piece for w in wanted):
            continue
        s = list(piece)
        while len(s) > 1:
            best = min(range(len(s) - 1), key=lambda i: ranks.get((s[i], s[i + 1]), 1 << 30))
            if (s[best], s[best + 1]) not in ranks:
                break
            s[best:best + 2] = [s[best] + s[best + 1]]
        last = None
        for pair in zip(s, s[1:]):
            if pair in found:
                found[pair] += n
    return found


def compare(name, texts, pattern):
    with tempfile.TemporaryDirectory() as directory:
        mine, our_time = ours(texts, pattern, directory)
    theirs, their_time, pieces = reference(texts, mine["pre_tokenizer"])
    a = [tuple(m) for m in mine["model"]["merges"]]
    b = [tuple(m) if isinstance(m, list) else tuple(m.split(" ")) for m in theirs["model"]["merges"]]
    same = next((k for k, (x, y) in enumerate(zip(a, b)) if x != y), min(len(a), len(b)))
    head = f"{name}, {pattern}: {sum(len(t.encode()) for t in texts) / 1e6:.1f} MB, {len(a)} and {len(b)} merges, {our_time:.1f} s and {their_time:.1f} s"
    if same == len(a) == len(b):
        ids = all(theirs["model"]["vocab"].get(t) == i for t, i in mine["model"]["vocab"].items())
        print(f"{head}: all the same, in the same order; ids {'too' if ids else 'DIFFER'}", flush=True)
        return ids
    counts = occurrences(pieces, a[:same], [a[same], b[same]])
    tie = counts[a[same]] == counts[b[same]]
    only = len(set(a) - set(b)), len(set(b) - set(a))
    print(f"{head}: the first {same} the same, then {a[same]} ({counts[a[same]]} times) and {b[same]} ({counts[b[same]]} times): "
          f"{'a tie' if tie else 'NOT a tie'}; {only[0]} merges only here, {only[1]} only there", flush=True)
    return tie


prose = corpus("en-books") + corpus("zh-laws")
good = [compare("books and laws", prose, pattern) for pattern in ("gpt2", "llama3", "qwen2", "o200k", "deepseek3")]
good.append(compare("Go code", go_code(), "llama3"))
sys.exit(not all(good))
