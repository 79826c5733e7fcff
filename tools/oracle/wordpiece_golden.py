"""Makes tokenizer/testdata/wordpiece.json: WordPiece training and BERT tokenizers by Hugging Face's tokenizers and transformers.

    python tools/oracle/wordpiece_golden.py [DATA]      (versions: requirements.txt)

DATA (default ../shared/data) holds the texts trained on, the beginning of the Universal Declaration of Human Rights in some
languages. Every vocabulary is then a vocab.txt, loaded with several tokenizer_config.json, and the file has the ids, offsets
(characters of the text) and decoded text of awkward texts. Run from the root of the repository.
"""
import glob, gzip, json, os, sys, tempfile

from tokenizers import BertWordPieceTokenizer
from transformers import AutoTokenizer

DATA = sys.argv[1] if len(sys.argv) > 1 else "../shared/data"
OUT = "tokenizer/testdata/wordpiece.json"
LANGUAGES = ["eng", "fra", "deu", "cmn_hans", "jpn", "kor", "rus", "ell_monotonic", "vie", "tur", "heb", "arb", "hin"]

TEXTS = [
    "", " ", "\n", "a", "Hello, world!", "UNIVERSAL Declaration of human rights", "l'homme est né LIBRE; Würde, STRASSE straße", "tự do và bình đẳng",
    "Cafe\u0301 e\u0301\u0323 a\u0323\u0302\u0301 \u0301x \u0302", "人人生而自由，在尊严和权利上一律平等。The 3 人s", "『世界人権宣言』 カタカナ ﾊﾝｶｸ", "세 계 인권선언 \u1112\u1161\u11ab", "ΟΙΚΟΥΜΕΝΙΚΗ ΔΙΑΚΗΡΥΞΗ Άς",
    "İnsan hakları IĞDIR ıİ ǅ ǈ", "כל בני אדם שָׁלוֹם", "الإعلان العالمي مُحَمَّد", "मानव अधिकारों", "\u0000a\u0001b\u007fc\u0085d\u00ade\u200bf\u200dg\ufeffh\ufffdi", "x\u00a0y\u2003z\u3000w\u2028v\tu\vt\fs\x1cr",
    "don't can't I'm we've they're do not , . ! ? ' \" n't", "[CLS] a [SEP] [MASK]s [UNK] [PAD] [cls] [ MASK ] x[MASK]y", "a" * 100, "a" * 101, "é" * 100 + " " + "é" * 101, "中" * 3, "<\u0338 ≠ ≮ \u037e \u1fef `", "$+<=>^|~ _-—–…«»„“”",
    "豈 \U0002f800 \U00020000 \u3400\u4dbf", "😀👨‍👩‍👧 🇨🇳 ½ Ⅷ ² ﬁ ŉ", "\U0001d165\u302e q\u0301\u0323\u0301", "mixedCASE12ab34 ##ing ## # a##b", "\ud7ff\ue000\U0010ffff", "的" + "\u0300" * 40 + "z",
]
CONFIGS = [
    ("uncased", {}), ("cased", {"do_lower_case": False}), ("cased, no accents", {"do_lower_case": False, "strip_accents": True}),
    ("lower case with accents", {"strip_accents": False}), ("Chinese words", {"tokenize_chinese_chars": False}),
    ("nothing", {"do_lower_case": False, "strip_accents": False, "tokenize_chinese_chars": False}),
]


def corpus():
    found = {}
    for name in glob.glob(os.path.join(DATA, "corpora", "multilingual-udhr", "*.gz")):
        with gzip.open(name, "rt", encoding="utf-8") as f:
            for line in f:
                row = json.loads(line)
                if row["lang"] in LANGUAGES:
                    found[row["lang"]] = row["text"][:2500]
    return [found[lang] for lang in LANGUAGES]


def train(texts, size, **normalizer):
    t = BertWordPieceTokenizer(**normalizer)
    t.train_from_iterator(texts, vocab_size=size, min_frequency=2, limit_alphabet=2000, show_progress=False)
    vocab = t.get_vocab()
    return sorted(vocab, key=vocab.get)


def case(name, config, vocab):
    with tempfile.TemporaryDirectory() as d:
        with open(os.path.join(d, "vocab.txt"), "w", encoding="utf-8") as f:
            f.write("".join(piece + "\n" for piece in vocab))
        with open(os.path.join(d, "tokenizer_config.json"), "w") as f:
            json.dump(config | {"tokenizer_class": "BertTokenizer"}, f)
        t = AutoTokenizer.from_pretrained(d)
        rows = []
        for text in TEXTS:
            e = t(text, return_offsets_mapping=True)
            rows.append({"ids": e["input_ids"], "offsets": [x for o in e["offset_mapping"] for x in o],
                         "decoded": t.backend_tokenizer.decode(e["input_ids"], skip_special_tokens=False)})
    return {"name": name, "config": config, "rows": rows}


def main():
    texts = corpus()
    uncased = train(texts, 1800, lowercase=True)
    cased = train(texts, 1800, lowercase=False)
    with open(OUT, "w", encoding="utf-8") as f:
        json.dump({
            "corpus": texts, "uncased": uncased, "cased": cased, "texts": TEXTS,
            "cases": [case(name, config, cased if config.get("do_lower_case") is False else uncased) for name, config in CONFIGS],
        }, f, ensure_ascii=False, separators=(",", ":"))
        f.write("\n")


main()
