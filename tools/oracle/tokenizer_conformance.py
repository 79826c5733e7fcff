"""Encodes real and random texts with the reference tokenizers, for `go test ./tokenizer -run Conformance` to compare with.

    python3 tools/oracle/tokenizer_conformance.py --data ../shared/data --out DIR [--only NAME,NAME] [--mb 10]
    ATHANOR_CONFORMANCE=DIR go test ./tokenizer -run Conformance -timeout 60m

DIR gets inputs/NAME.bin (documents, each u32 little-endian length and bytes) for english, chinese, code (the Go source tree),
mail (raw bytes, partly not UTF-8), udhr (every language version) and random (100,000 strings), and for every tokenizer T and
input I the file T/I.bin: a document is u32 count, count × u32 id, count × (u32 start, u32 end) of characters in the text (none for
references without offsets: the flag in T/meta.json), u32 length and bytes of the decoded text. References that take only text get
mail decoded with replacement characters; those that take bytes get the bytes. Finished files are not made again.
"""
import argparse
import base64
import glob
import gzip
import json
import os
import random
import struct
import subprocess
import sys
import unicodedata

INPUTS = ("english", "chinese", "code", "mail", "udhr", "random")


def documents(pattern, limit, data):
    size = 0
    for name in sorted(glob.glob(os.path.join(data, "corpora", pattern))):
        with gzip.open(name, "rt", encoding="utf-8") as f:
            for line in f:
                row = json.loads(line)
                raw = row["text"].encode("latin-1" if row.get("decoded") == "latin-1" else "utf-8", "surrogatepass")
                size += len(raw)
                yield raw
                if size >= limit:
                    return


def go_files(limit):
    root = subprocess.run(["go", "env", "GOROOT"], capture_output=True, text=True, check=True).stdout.strip()
    size = 0
    for name in sorted(glob.glob(os.path.join(root, "src", "**", "*.go"), recursive=True)):
        with open(name, "rb") as f:
            raw = f.read()
        try:
            raw.decode()
        except UnicodeDecodeError:
            continue
        size += len(raw)
        yield raw
        if size >= limit:
            return


def take(iterators, limit):
    """Takes documents from several sources in equal shares of limit."""
    for it in iterators:
        size = 0
        for raw in it:
            size += len(raw)
            yield raw
            if size >= limit // len(iterators):
                break


EDGES = ["\ud7ff", "\ue000", "\uffff", "\ufffe", "\ufffd", "\U00010000", "\U0010ffff", "\U0010fffe", "\u0000", "\u0001", "\u007f", "\u0080", "\u0085", "\u00a0",
         "\u00ad", "\u200b", "\u200c", "\u200d", "\u200e", "\u200f", "\u2028", "\u2029", "\u202e", "\u2060", "\ufeff", "\u3000", "\u180e", "\u1680", "\u205f"]
EMOJI = ["👨‍👩‍👧‍👦", "🏳️‍🌈", "👍🏽", "🇩🇪", "❤️", "☠️", "🧑‍🚀", "1️⃣", "🫠"]
MARKS = [chr(c) for c in range(0x300, 0x370)] + ["\u0f71", "\u0f72", "\u3099", "\u309a", "\u0e33", "\u0bc6\u0bbe", "\u05b0", "\u0651", "\u1dce"]
SPECIALS = ["<|endoftext|>", "<s>", "</s>", "<unk>", "[CLS]", "[SEP]", "[MASK]", "[UNK]", "[PAD]", "<|im_start|>", "<|im_end|>", "▁", "Ġ", "##", "<0x0A>", "<0xE4>", "\u2581\u2581"]
RANGES = [(0x20, 0x7f), (0x20, 0x7f), (0x20, 0x7f), (0xa0, 0x250), (0x370, 0x530), (0x531, 0x590), (0x590, 0x700), (0x900, 0xe00), (0xe00, 0x1000), (0x1100, 0x1200),
          (0x1e00, 0x2000), (0x2000, 0x2c00), (0x2e80, 0x3100), (0x3040, 0x3100), (0x3100, 0x4000), (0x4e00, 0x9fff), (0x4e00, 0x9fff), (0xa000, 0xac00), (0xac00, 0xd7a4),
          (0xe000, 0xf900), (0xf900, 0xfb00), (0xfb00, 0xfe00), (0xfe00, 0x10000), (0x10000, 0x11000), (0x1d100, 0x1d800), (0x1f000, 0x1fb00), (0x20000, 0x2a6e0), (0xe0000, 0xe0200)]


def random_char(r):
    lo, hi = r.choice(RANGES)
    return chr(r.randrange(lo, hi))


def random_text(r):
    kind = r.randrange(12)
    if kind == 0:  # any code points, unassigned ones too
        return "".join(chr(c) for c in (r.randrange(0x110000) for _ in range(r.randrange(1, 40))) if not 0xd800 <= c < 0xe000)
    if kind == 1:
        return "".join(r.choice(EDGES + ["a", " ", "中"]) for _ in range(r.randrange(1, 20)))
    if kind == 2:
        return "".join(r.choice("ae中あ각क") + "".join(r.choice(MARKS) for _ in range(r.randrange(0, 5))) for _ in range(r.randrange(1, 12)))
    if kind == 3:
        return r.choice(["", " ", "  "]).join(r.choice(EMOJI + ["a", "你好", "\u200d"]) for _ in range(r.randrange(1, 10)))
    if kind == 4:  # white space of all kinds
        return "".join(r.choice([" ", "  ", "\n", "\r\n", "\t", "\u00a0", "\u3000", "\u2003", "x", "\u0085", "。", "7", "\v", "\f", "\x1c", "\r"]) for _ in range(r.randrange(1, 30)))
    if kind == 5:  # right to left, digits, punctuation
        return "".join(r.choice(["שלום", "مرحبا", " ", "123", "٣٤٥", "!", "\u202e", "a", "،", "१२३", "½", "Ⅷ", "²"]) for _ in range(r.randrange(1, 15)))
    if kind == 6:  # a very long word, now and then
        unit = r.choice(["a", "ab", "中", "αβγ", "é", "e\u0301", "x1", "_", "ſ", "İ", "ǅ", "!"])
        return unit * r.randrange(1, 2000 if r.randrange(20) == 0 else 60)
    if kind == 7:
        return "".join(r.choice(SPECIALS + [" ", "a", "中文", "\n"]) for _ in range(r.randrange(1, 12)))
    if kind == 8:  # contractions, cases, digits
        return "".join(r.choice(["I'm", "DON'T", "we'LL", "'ſ", "it's", "'", "’s", "camelCase", "HTTPServer", "ÀÉ", "123456", "3.14", "/", "\n", " ", "_", "Straße", "ŉ", "ﬁ", "Å"]) for _ in range(r.randrange(1, 15)))
    text = "".join(random_char(r) + (" " if r.randrange(6) == 0 else "") for _ in range(r.randrange(1, 60)))
    if kind == 9:
        return unicodedata.normalize(r.choice(["NFC", "NFD", "NFKC", "NFKD"]), text)
    return text


def make_inputs(args, out):
    limit = int(args.mb * 1e6)
    makers = {
        "english": lambda: documents("en-books/*.gz", limit, args.data),
        "chinese": lambda: take([documents("zh-laws/*.gz", limit, args.data), documents("zh-docs/*.gz", limit, args.data),
                                 documents("zh-poetry/*.gz", limit, args.data)], limit),
        "code": lambda: go_files(limit),
        "mail": lambda: broken_first(documents("dirty-mail-spamassassin/*.gz", 1 << 40, args.data), limit),
        "udhr": lambda: documents("multilingual-udhr/*.gz", 1 << 40, args.data),
        "random": lambda: (random_text(r).encode("utf-8", "surrogatepass") for r in [random.Random(20)] for _ in range(args.strings)),
    }
    os.makedirs(os.path.join(out, "inputs"), exist_ok=True)
    for name in INPUTS:
        path = os.path.join(out, "inputs", name + ".bin")
        if os.path.exists(path):
            continue
        with open(path + ".part", "wb") as f:
            for raw in makers[name]():
                f.write(struct.pack("<I", len(raw)) + raw)
        os.rename(path + ".part", path)


def broken_first(docs, limit):
    """All documents that are not UTF-8, then others until there is enough."""
    docs = sorted(docs, key=valid)
    size = 0
    for raw in docs:
        size += len(raw)
        yield raw
        if size >= limit:
            return


def valid(raw):
    try:
        raw.decode()
        return True
    except UnicodeDecodeError:
        return False


def read_input(path):
    with open(path, "rb") as f:
        while head := f.read(4):
            yield f.read(struct.unpack("<I", head)[0])


def hugging_face(file):
    """A tokenizer.json in the tokenizers library, special tokens recognised and the template applied."""
    from tokenizers import Tokenizer
    tok = Tokenizer.from_file(file)
    tok.no_truncation()
    tok.no_padding()

    def encode(raw):
        e = tok.encode(raw.decode("utf-8", "replace"))
        return e.ids, e.offsets, tok.decode(e.ids, skip_special_tokens=False).encode("utf-8", "surrogatepass")
    return encode, True, "replace"


def tiktoken_file(file, pattern):
    """A .tiktoken file; text that spells special tokens is plain text."""
    import tiktoken
    with open(file, "rb") as f:
        ranks = {base64.b64decode(t): int(r) for t, r in (line.split() for line in f if line.strip())}
    enc = tiktoken.Encoding(os.path.basename(file), pat_str=pattern, mergeable_ranks=ranks, special_tokens={})

    def encode(raw):
        ids = enc.encode_ordinary(raw.decode("utf-8", "replace"))
        return ids, None, enc.decode_bytes(ids)
    return encode, False, "replace"


def sentencepiece_file(file):
    """A .model; its offsets are bytes of the text and are turned into characters here."""
    import sentencepiece
    sp = sentencepiece.SentencePieceProcessor(model_file=file)

    def encode(raw):
        text = raw.decode("utf-8", "replace")
        proto = sp.encode(text, return_type="proto")
        ids = [p.id for p in proto.pieces]
        char, n = {}, 0
        for k, c in enumerate(text):
            char[n] = k
            n += len(c.encode("utf-8", "surrogatepass"))
        char[n] = len(text)
        return ids, [(char[p.begin], char[p.end]) for p in proto.pieces], sp.decode(ids).encode("utf-8", "surrogatepass")
    return encode, True, "replace"


def bert(vocab):
    """vocab.txt as BERT's own fast tokenizer: lower-casing, [CLS] and [SEP]."""
    from tokenizers.implementations import BertWordPieceTokenizer
    tok = BertWordPieceTokenizer(vocab, lowercase=True)

    def encode(raw):
        e = tok.encode(raw.decode("utf-8", "replace"))
        return e.ids, e.offsets, tok.decode(e.ids, skip_special_tokens=False).encode("utf-8", "surrogatepass")
    return encode, True, "replace"


def tokenizers_of(data):
    from tiktoken_ext import openai_public  # the patterns only
    at = os.path.join(data, "tokenizers")
    out = {}
    for name in ("hf-gpt2", "qwen3", "hf-llama", "hf-bytelevel-lmkit"):
        out[name] = lambda f=os.path.join(at, name, "tokenizer.json"): hugging_face(f)
    r50k = r"""'(?:[sdmt]|ll|ve|re)| ?\p{L}++| ?\p{N}++| ?[^\s\p{L}\p{N}]++|\s++$|\s+(?!\S)|\s"""
    cl100k = r"""'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++$|\s*[\r\n]|\s+(?!\S)|\s"""
    o200k = "|".join([
        r"""[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?""",
        r"""[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?""",
        r"""\p{N}{1,3}""", r""" ?[^\s\p{L}\p{N}]+[\r\n/]*""", r"""\s*[\r\n]+""", r"""\s+(?!\S)""", r"""\s+"""])
    assert openai_public.r50k_pat_str == r50k, openai_public.r50k_pat_str
    for name, pattern in (("r50k_base", r50k), ("p50k_base", r50k), ("cl100k_base", cl100k), ("o200k_base", o200k)):
        out["tiktoken-" + name] = lambda f=os.path.join(at, "tiktoken", name + ".tiktoken"), p=pattern: tiktoken_file(f, p)
    for name, file in (("sp-llama2", "llama2/tokenizer.model"), ("sp-unigram-1000", "sentencepiece/test_model.model"),
                       ("sp-unigram-ja-8000", "sentencepiece/test_ja_model.model"), ("sp-tok512", "spm-tok512/tok512.model")):
        out[name] = lambda f=os.path.join(at, file): sentencepiece_file(f)
    out["bert-uncased"] = lambda f=os.path.join(at, "bert-uncased", "vocab.txt"): bert(f)
    return out


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--data", required=True)
    p.add_argument("--out", required=True)
    p.add_argument("--only", default="")
    p.add_argument("--mb", type=float, default=10)
    p.add_argument("--strings", type=int, default=100_000)
    args = p.parse_args()
    make_inputs(args, args.out)
    for name, make in tokenizers_of(args.data).items():
        if args.only and name not in args.only.split(","):
            continue
        os.makedirs(os.path.join(args.out, name), exist_ok=True)
        encode, offsets, broken = make()
        with open(os.path.join(args.out, name, "meta.json"), "w") as f:
            json.dump({"offsets": offsets, "invalid": broken}, f)
        for kind in INPUTS:
            path = os.path.join(args.out, name, kind + ".bin")
            if os.path.exists(path):
                continue
            with open(path + ".part", "wb") as f:
                for raw in read_input(os.path.join(args.out, "inputs", kind + ".bin")):
                    ids, spans, text = encode(raw)
                    f.write(struct.pack(f"<I{len(ids)}I", len(ids), *ids))
                    if offsets:
                        f.write(struct.pack(f"<{2 * len(ids)}I", *(x for s in spans for x in s)))
                    f.write(struct.pack("<I", len(text)) + text)
            os.rename(path + ".part", path)
            print(name, kind, os.path.getsize(path) >> 20, "MiB", file=sys.stderr)


if __name__ == "__main__":
    main()
