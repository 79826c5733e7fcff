#!/usr/bin/env python3
"""Writes what the original SentencePiece trainer learns from a small text, the
golden results of tokenizer/internal/spmtrain.

    python spm_train_golden.py ../../tokenizer/internal/spmtrain/testdata

reads corpus.txt.gz there and writes golden.json.gz. Needs sentencepiece 0.2.3.
To make another corpus.txt.gz first: --corpus FILE...; their lines are taken,
and some that are hard to read are added.
"""
import argparse
import gzip
import json
import pathlib
import tempfile

import sentencepiece

HARD = [
    b"broken \xff\xfe bytes \xe4\xb8 here and \xed\xa0\x80 there",
    b"a reserved \xe2\x96\x85 character: the line is left out",
    b"  spaces   at the  ends and    between   ",
    "ｆｕｌｌ ｗｉｄｔｈ １２３ ～ ① ㍿ ﬁ Å e\u0301te\u0301 e\u0301te\u0301".encode(),
    "カタカナ ー ひらがな 漢字 ラーメン ラーメン タワー タワー".encode(),
    "한국어 한국어 문장 Ελληνικά ελληνικά русский русские עברית עברית".encode(),
    b"2024-01-31 12:30 F16 F16 B52 v1.2.3 v1.2.3 3.14159 1000000 1000000",
    b"<s> text that spells special pieces </s> <unk> <sep> <sep> <0x41>",
    b"tab\there, \x01control\x7f, nul\x00 and zero\xe2\x80\x8bwidth",
    b"the same line twice", b"the same line twice", b"",
]

SYMBOLS = dict(user_defined_symbols=["<sep>", "▁the", "模型"], control_symbols=["<mask>", "<pad>"])
CASES = [
    dict(vocab_size=1500),
    dict(vocab_size=1800, character_coverage=0.99, byte_fallback=True, split_digits=True, pad_id=3, **SYMBOLS),
    dict(vocab_size=2000, split_by_whitespace=False, split_by_number=False, max_sentencepiece_length=8),
    dict(vocab_size=2000, treat_whitespace_as_suffix=True, split_by_unicode_script=False, normalization_rule_name="nfkc_cf"),
    dict(vocab_size=2000, allow_whitespace_only_pieces=True, remove_extra_whitespaces=False, add_dummy_prefix=False, normalization_rule_name="identity"),
    dict(vocab_size=2000, seed_sentencepiece_size=4000, shrinking_factor=0.6, num_sub_iterations=1, required_chars="ζ𝄞"),
    dict(vocab_size=100000, hard_vocab_limit=False, seed_sentencepiece_size=3000),
    dict(model_type="bpe", vocab_size=3000),
    dict(model_type="bpe", vocab_size=4000, byte_fallback=True, split_digits=True, character_coverage=0.99, unk_id=2, bos_id=0, eos_id=-1, **SYMBOLS),
    dict(model_type="bpe", vocab_size=3000, split_by_whitespace=False, normalization_rule_name="nfkc"),
    dict(model_type="bpe", vocab_size=3000, treat_whitespace_as_suffix=True, allow_whitespace_only_pieces=True, remove_extra_whitespaces=False),
    dict(model_type="bpe", vocab_size=3000, split_by_unicode_script=False, split_by_number=False, max_sentencepiece_length=5, normalization_rule_name="nmt_nfkc_cf"),
    dict(model_type="bpe", vocab_size=100000, hard_vocab_limit=False, max_sentencepiece_length=3),
    dict(model_type="word", vocab_size=1000, user_defined_symbols=["word", "▁spaced"]),
    dict(model_type="word", vocab_size=3, use_all_vocab=True, character_coverage=1.0),
    dict(model_type="char", vocab_size=300),
    dict(model_type="char", vocab_size=5, use_all_vocab=True),
]


def train(corpus, case):
    with tempfile.TemporaryDirectory() as d:
        path = pathlib.Path(d, "corpus.txt")
        path.write_bytes(corpus)
        sentencepiece.SentencePieceTrainer.train(input=str(path), model_prefix=str(pathlib.Path(d, "m")), num_threads=1, minloglevel=2, **case)
        p = sentencepiece.SentencePieceProcessor(model_file=str(pathlib.Path(d, "m.model")))
    kinds = [("U", p.is_unknown), ("C", p.is_control), ("B", p.is_byte)]
    pieces = []
    for i in range(p.get_piece_size()):
        kind = next((k for k, is_kind in kinds if is_kind(i)), "")
        pieces.append([p.id_to_piece(i), float("%.6g" % p.get_score(i)), kind])
    return {"options": case, "pieces": pieces}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("dir", type=pathlib.Path)
    parser.add_argument("--corpus", nargs="+", type=pathlib.Path)
    args = parser.parse_args()
    path = args.dir / "corpus.txt.gz"
    if args.corpus:
        lines = [line for f in args.corpus for line in f.read_bytes().split(b"\n")]
        path.write_bytes(gzip.compress(b"\n".join(lines + HARD + [b"The end."]) + b"\n", 9, mtime=0))
    corpus = gzip.decompress(path.read_bytes())
    golden = {"version": sentencepiece.__version__, "cases": [train(corpus, case) for case in CASES]}
    data = json.dumps(golden, ensure_ascii=False, separators=(",", ":")).encode()
    (args.dir / "golden.json.gz").write_bytes(gzip.compress(data, 9, mtime=0))
    for case in golden["cases"]:
        print(len(case["pieces"]), case["options"])


if __name__ == "__main__":
    main()
