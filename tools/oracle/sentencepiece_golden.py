"""Trains small models with the original SentencePiece and stores them with what it makes of some texts.

    python3 tools/oracle/sentencepiece_golden.py DATA

DATA holds tokenizers/sentencepiece/{botchan,wagahaiwa_nekodearu}.txt. Writes tokenizer/internal/spm/testdata/golden.json.gz: models
of all four types and many settings, and for each the ids, offsets in bytes, decoded text and n-best of the texts below. Texts may
be any bytes.
"""
import base64
import gzip
import io
import json
import os
import random
import sys
import tempfile

import sentencepiece as spm

OUT = os.path.join(os.path.dirname(__file__), "..", "..", "tokenizer", "internal", "spm", "testdata", "golden.json.gz")

RULES = ["41 300\tC0", "65 301\tE9", "FF21\t41", "FF41\t61", "3000\t20", "9\t20", "200B\t", "2460\t31", "337F\t682A 5F0F 4F1A 793E", "AD\t20 20",
         "78 79\t7A 20", "1D400\t41", "78 301 302\t58"]
UNRULES = ["41\t61 62", "30C7\t3067"]

TEXTS = ["", " ", "  ", "\t", "hello", " hello  world ", "I am a cat. As yet I have no name.", "吾輩は猫である。名前はまだ無い。", "Ａｂｃ①㍿ xyz\u200b\u00ad  a",
         "A\u0300e\u0301x\u0301\u0302 x\u0301", "<s>hello</s> <unk> <0x41>", "<user>a<user1> b<userx", "x<sep>y <sep> z", "ab\u2581cd\u2581", "\u2581", "\u2581\u2581 ",
         "𝐀 🦙 ꙮ ꙮꙮ a", "1234 5,678.90", "\n\n new\nline\r\n", "don't  stop—never", "  前 後  ", "名前名前名前無い無い無い", "a" * 70, "aab" * 40, "the" * 30, " " * 20,
         "abababababababababababab ababab", "éèêë", "\ufffd", "\x00a\x00", "\u0301", "Botchan was a reckless fellow from his childhood, and he lost by it."]
BYTES = [b"\xff", b"a\xffb", b"\xe4\xb8", b"\xe4\xb8\xad\xe4\xb8", b"\xc0\x80", b"\xed\xa0\x80 x", b"\xf0\x9f\xa6", b" \xf4\x90\x80\x80 ", b"\x80\x81\x82", b"<us\xff<user>"]


def texts(lines):
    r = random.Random(7)
    out = [t.encode() for t in TEXTS] + BYTES
    for _ in range(30):
        out.append("".join(r.choice(["a", "the", " ", "  ", "ing", "名前", "猫", "。", "<user>", "①", "x", "\t", "▁", "ꙮ", "é", "Z", "0", "12"]) for _ in range(r.randrange(1, 25))).encode())
    return out + [l.encode() for l in r.sample(lines, 12)] + ["\n".join(lines[100:115]).encode()]


def varints(b):
    """Reads a message into (field, value) pairs."""
    at = 0

    def varint():
        nonlocal at
        v = shift = 0
        while True:
            c = b[at]
            at += 1
            v |= (c & 127) << shift
            shift += 7
            if c < 128:
                return v
    while at < len(b):
        tag = varint()
        if tag & 7 == 0:
            yield tag >> 3, varint()
        elif tag & 7 == 5:
            yield tag >> 3, b[at:at + 4]
            at += 4
        else:
            n = varint()
            yield tag >> 3, b[at:at + n]
            at += n


def pieces(message):
    out = []
    for field, value in varints(message):
        if field == 2:
            p = dict(varints(value))
            out.append([p[2], p.get(4, 0), p.get(5, 0)])
    return out


MODELS = {
    "unigram": dict(model_type="unigram", rules=RULES),
    "unigram-bytes": dict(model_type="unigram", byte_fallback=True, add_dummy_prefix=False, normalization_rule_name="identity", vocab_size=700),
    "unigram-keep-spaces": dict(model_type="unigram", remove_extra_whitespaces=False, user_defined_symbols=["<user>", "<user1>", "xy"], normalization_rule_name="identity"),
    "unigram-suffix": dict(model_type="unigram", treat_whitespace_as_suffix=True, control_symbols=["<sep>"], rules=RULES),
    "unigram-denormalized": dict(model_type="unigram", normalization_rule_name="identity", unrules=UNRULES, unk_surface="??"),
    "unigram-no-split": dict(model_type="unigram", split_by_whitespace=False, split_by_unicode_script=False, rules=RULES),
    "bpe": dict(model_type="bpe", rules=RULES),
    "bpe-bytes": dict(model_type="bpe", byte_fallback=True, user_defined_symbols=["<user>", "<user1>", "名前"], remove_extra_whitespaces=False,
                      normalization_rule_name="identity", vocab_size=700, allow_whitespace_only_pieces=True, split_digits=True),
    "bpe-no-unk": dict(model_type="bpe", byte_fallback=True, unk_id=-1, bos_id=-1, eos_id=-1, normalization_rule_name="identity", vocab_size=640),
    "bpe-unused": dict(model_type="bpe", rules=RULES, unused=3),
    "unigram-unused": dict(model_type="unigram", rules=RULES, unused=5),
    "bpe-suffix": dict(model_type="bpe", treat_whitespace_as_suffix=True, normalization_rule_name="identity", remove_extra_whitespaces=False),
    "char": dict(model_type="char", user_defined_symbols=["<user>", "名前"], rules=RULES),
    "char-bytes": dict(model_type="char", byte_fallback=True, normalization_rule_name="identity", vocab_size=640),
    "word": dict(model_type="word", rules=RULES),
    "word-keep-spaces": dict(model_type="word", remove_extra_whitespaces=False, normalization_rule_name="identity", add_dummy_prefix=False),
}


def train(lines, options, tmp):
    options = dict(options)
    unused = options.pop("unused", 0)
    for key, field in (("rules", "normalization_rule_tsv"), ("unrules", "denormalization_rule_tsv")):
        rules = options.pop(key, None)
        if rules:
            options[field] = os.path.join(tmp, key + ".tsv")
            with open(options[field], "w") as f:
                f.write("\n".join(rules) + "\n")
    options.setdefault("vocab_size", 450)
    out = io.BytesIO()
    spm.SentencePieceTrainer.train(sentence_iterator=iter(lines), model_writer=out, character_coverage=0.98, hard_vocab_limit=False, minloglevel=2,
                                   num_threads=1, **options)
    model = out.getvalue()
    return disable(model, unused) if unused else model


def disable(model, step):
    """Makes every step-th normal piece of more than one character unused."""
    out, n, at = b"", 0, 0
    while at < len(model):
        tag, length, start = model[at], 0, at
        at += 1
        shift = 0
        while True:
            c = model[at]
            at += 1
            length |= (c & 127) << shift
            shift += 7
            if c < 128:
                break
        value = model[at:at + length]
        at += length
        if tag == 10:
            p = dict(varints(value))
            if 3 not in p and len(p[1].decode()) > 1:
                n += 1
                if n % step == 0:
                    value += b"\x18\x05"
                    out += bytes([10, len(value)]) + value
                    continue
        out += model[start:at]
    return out


def main():
    source = os.path.join(sys.argv[1], "tokenizers", "sentencepiece")
    lines = []
    for name, limit in (("botchan.txt", 1500), ("wagahaiwa_nekodearu.txt", 25)):
        with open(os.path.join(source, name), encoding="utf-8") as f:
            lines += [l.strip()[:200] for l in f if l.strip()][:limit]
    raw = texts(lines)
    result = {"texts": [base64.b64encode(t).decode() for t in raw], "models": []}
    with tempfile.TemporaryDirectory() as tmp:
        for name, options in MODELS.items():
            model = train(lines, options, tmp)
            sp = spm.SentencePieceProcessor(model_proto=model)
            rows = []
            for text in raw:
                spans = pieces(sp.encode(text, out_type="serialized_proto"))
                ids = [s[0] for s in spans]
                assert ids == sp.encode(text), (name, text)
                row = {"spans": spans, "decoded": base64.b64encode(sp.decode(ids).encode("utf-8", "surrogatepass")).decode()}
                if options["model_type"] == "unigram" and 0 < len(text) < 80:
                    best = sp.nbest_encode(text, nbest_size=6, out_type="serialized_proto")
                    row["nbest"] = [[s[0] for s in pieces(v)] for f, v in varints(best) if f == 1]
                rows.append(row)
            result["models"].append({"name": name, "model": base64.b64encode(model).decode(), "rows": rows})
            print(name, len(model), "bytes", sp.get_piece_size(), "pieces")
    os.makedirs(os.path.dirname(OUT), exist_ok=True)
    with gzip.GzipFile(OUT, "wb", mtime=0) as f:
        f.write(json.dumps(result, separators=(",", ":")).encode())
    print(os.path.getsize(OUT), "bytes")


if __name__ == "__main__":
    main()
