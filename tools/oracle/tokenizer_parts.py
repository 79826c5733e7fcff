"""Makes tokenizer/testdata/parts-*.json.gz and codepoints.json with Hugging Face's tokenizers: every part of tokenizer.json in its variants.

    python3 tools/oracle/tokenizer_parts.py [--out tokenizer/testdata] [--random N --seed S]     (versions: requirements.txt)

Each file has texts and, by variant, the tokenizer.json and what it gives for every text (and, where there is a pair, for every text
with the next one): ids, offsets in characters, type ids, word ids (-1 for none), special-token mask, attention mask, decoded text with
and without special tokens, and the overflow's ids and offsets. --random adds random texts, for a larger comparison than the committed one.
"""
import argparse
import base64
import gzip
import hashlib
import json
import os
import random
import tempfile

from tokenizers import Tokenizer

from tokenizer_conformance import random_text

TEXTS = [
    "", " ", "   ", "\n", "a", "Hello, world!", "  two  spaces   three\t\ttabs \n\n newlines \r\n \r\r\n end ", "Café NAÏVE ÀÉÎ straße ŒUVRE İstanbul ǅ ΑΣ Σ",
    "cafe\u0301 e\u0301\u0323 a\u0323\u0302 \u0344x q\u0301\u0323\u0301 \u0f71\u0f72\u0f74", "한국어 \u1112\u1161\u11ab 각\u11a8", "中文，你好。世界１２３ㄅ㐀豈𠀀", "ひらがなカタカナー漢字abcкир",
    "ﬁﬂ ½ ² Ⅷ ㌔ ｱｶﾞ ﷺ", "12345 6,789.01 ٣٤٥ १२३ a1b22", "!!! ?... -- (a)[b]{c} «d» “e” $5 €6 ^_^ a_b `x` ~", "\u00a0nbsp\u3000wide\u2028line\x85next\u200bzero\ufeffbom\u2003em",
    "😀👨‍👩‍👧🇨🇳👍🏽", "שלום مرحبا \u202eabc", "\x00\x01\x1f\x7f\x8f\ufffd\ufffe\U0010ffff\U00011938", "the-final--countdown-", "-a-", "--", "aaaa aaa aa a", "don't we'll they've I'M he'S",
    "<s>a</s> <unk> [CLS]x[SEP] [MASK] <mask> word sword words word", "  <mask>  x", "▁a ▁▁b Ġc <0x41><0xE4> ##d", "x" * 70 + " y", "if err != nil {\n\treturn\n}\n", "½a ﬁrst", "\u0301start \u0301",
    "\u00ad\u00adA\u00adBe\u0301 a\u0308\u0300 \u0300 중한각 カー\r\nＡ Ⅵ👨\u200d👩 中文中",
    "\u110bㅔ\u11a8 ᄀￂ \u1100\u1161ﾡ e\uff9e",
]

BYTES = {f"<0x{b:02X}>": b + 1 for b in range(256)}


def bytes_model(**more):
    """A model that shows what it is given: a token for every byte."""
    return {"type": "BPE", "dropout": None, "unk_token": "<unk>", "continuing_subword_prefix": None, "end_of_word_suffix": None, "fuse_unk": False,
            "byte_fallback": True, "ignore_merges": False, "vocab": {"<unk>": 0, **BYTES}, "merges": [], **more}


def file(**parts):
    return {"version": "1.0", "truncation": None, "padding": None, "added_tokens": [], "normalizer": None, "pre_tokenizer": None, "post_processor": None,
            "decoder": {"type": "ByteFallback"}, "model": bytes_model(), **parts}


def added(id, content, **flags):
    return {"id": id, "content": content, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": False, **flags}


def seq(kind, *parts):
    key = {"normalizer": "normalizers", "pre_tokenizer": "pretokenizers", "post_processor": "processors", "decoder": "decoders"}[kind]
    return {"type": "Sequence", key: list(parts)}


RULES = ["FB01\t66 69", "65 301\tE9", "41\t61", "42\t62 62 62", "AD\t", "300\t", "FF21\t41", "BD\t31 2044 32", "AC01\t1100 1161 11A8", "61 308\t61 65", "D A\tA", "2165\t56 49", "200D\t", "D55C\t68 61 6E",
         "E0E\t", "4E2D 6587\t7A 68", "3000\t20", "A0\t20", "1F468\t4D", "323\t2E", "30AB 30FC\t6B 61"]


def charsmap():
    """A precompiled character map of a few rules of all shapes, made by SentencePiece."""
    import sentencepiece
    from sentencepiece import sentencepiece_model_pb2 as pb
    with tempfile.TemporaryDirectory() as d:
        with open(os.path.join(d, "rules.tsv"), "w") as f:
            f.write("\n".join(RULES) + "\n")
        with open(os.path.join(d, "text.txt"), "w") as f:
            f.write("a b c d e f g\n" * 20)
        sentencepiece.SentencePieceTrainer.train(input=os.path.join(d, "text.txt"), model_prefix=os.path.join(d, "m"), vocab_size=12, model_type="char",
                                                 normalization_rule_tsv=os.path.join(d, "rules.tsv"), hard_vocab_limit=False, minloglevel=2)
        m = pb.ModelProto()
        with open(os.path.join(d, "m.model"), "rb") as f:
            m.ParseFromString(f.read())
    return base64.b64encode(m.normalizer_spec.precompiled_charsmap).decode()


def nfkc_charsmap():
    """That of a published model (nmt_nfkc); too large to be committed."""
    from sentencepiece import sentencepiece_model_pb2 as pb
    m = pb.ModelProto()
    with open(os.path.join(os.environ["ATHANOR_DATA"], "tokenizers/sentencepiece/test_model.model"), "rb") as f:
        m.ParseFromString(f.read())
    return base64.b64encode(m.normalizer_spec.precompiled_charsmap).decode()


def t(type, **more):
    return {"type": type, **more}


def normalizers():
    simple = ["NFC", "NFD", "NFKC", "NFKD", "Lowercase", "StripAccents", "Nmt", "ByteLevel"]
    for kind in simple:
        yield kind, t(kind)
    for a in ("NFD", "NFKD"):
        yield a + " StripAccents Lowercase", seq("normalizer", t(a), t("StripAccents"), t("Lowercase"))
    yield "NFKC Lowercase NFC", seq("normalizer", t("NFKC"), t("Lowercase"), t("NFC"))
    for left in (False, True):
        for right in (False, True):
            yield f"Strip {left} {right}", t("Strip", strip_left=left, strip_right=right)
    for pattern, content in (({"String": " "}, "▁"), ({"String": "a"}, ""), ({"String": "''"}, '"'), ({"Regex": " {2,}"}, " "), ({"Regex": "\\s+"}, "▁"),
                             ({"Regex": "[aeiou]+"}, "<V>"), ({"Regex": "$"}, "!"), ({"Regex": "(?<=a)b|\\p{N}"}, "#"), ({"String": ""}, "-")):
        yield f"Replace {pattern} {content}", t("Replace", pattern=pattern, content=content)
    yield "Prepend", t("Prepend", prepend="▁x")
    yield "Prepend empty", t("Prepend", prepend="")
    yield "Prepend Replace", seq("normalizer", t("Prepend", prepend="▁"), t("Replace", pattern={"String": " "}, content="▁"))
    for clean in (False, True):
        for chinese in (False, True):
            yield f"Bert {clean} {chinese}", t("BertNormalizer", clean_text=clean, handle_chinese_chars=chinese, strip_accents=None, lowercase=True)
    for accents in (None, False, True):
        yield f"Bert accents {accents}", t("BertNormalizer", clean_text=True, handle_chinese_chars=True, strip_accents=accents, lowercase=False)
    yield "NFD Bert Strip", seq("normalizer", t("NFD"), t("BertNormalizer", clean_text=True, handle_chinese_chars=True, strip_accents=False, lowercase=True), t("Strip", strip_left=True, strip_right=True))
    yield "empty Sequence", seq("normalizer")
    yield "nested Sequence", seq("normalizer", seq("normalizer", t("NFKD")), seq("normalizer", seq("normalizer", t("StripAccents"))))


def pre_tokenizers():
    for prefix in (False, True):
        for regex in (False, True):
            yield f"ByteLevel {prefix} {regex}", t("ByteLevel", add_prefix_space=prefix, trim_offsets=False, use_regex=regex)
    behaviors = ("Isolated", "Removed", "MergedWithPrevious", "MergedWithNext", "Contiguous")
    for b in behaviors:
        yield f"Punctuation {b}", t("Punctuation", behavior=b)
        for invert in (False, True):
            for pattern in ({"String": "-"}, {"Regex": "[\\s\\p{P}]"}, {"Regex": "a*"}):
                yield f"Split {pattern} {b} {invert}", t("Split", pattern=pattern, behavior=b, invert=invert)
    for pattern in ("\\w+|[^\\w\\s]+", "\\p{L}+|\\p{N}{2,3}", "(?i:'s|'t|'m)|\\s", "\\s+(?!\\S)|\\s+", "[\\p{Lu}\\p{Lt}]+", "\\h+", "(?<=\\p{L})\\d", "a++|\\p{Han}", "^|$", "[[:alpha:]]+", "\\R", "\\S+\\s*"):
        yield f"Split {pattern}", t("Split", pattern={"Regex": pattern}, behavior="Isolated", invert=False)
    for individual in (False, True):
        yield f"Digits {individual}", t("Digits", individual_digits=individual)
    for scheme in ("always", "first", "never"):
        for split in (False, True):
            yield f"Metaspace {scheme} {split}", t("Metaspace", replacement="▁", prepend_scheme=scheme, split=split)
    yield "Metaspace _", t("Metaspace", replacement="_", prepend_scheme="always", split=True)
    yield "Metaspace old", t("Metaspace", replacement="▁", add_prefix_space=True)
    for kind in ("Whitespace", "WhitespaceSplit", "BertPreTokenizer", "UnicodeScripts"):
        yield kind, t(kind)
    yield "CharDelimiterSplit", t("CharDelimiterSplit", delimiter="a")
    for n in (1, 3, 5):
        yield f"FixedLength {n}", t("FixedLength", length=n)
    p = lambda *x: seq("pre_tokenizer", *x)
    meta = lambda s: t("Metaspace", replacement="▁", prepend_scheme=s, split=True)
    bl = t("ByteLevel", add_prefix_space=True, trim_offsets=False, use_regex=True)
    yield "WhitespaceSplit Metaspace", p(t("WhitespaceSplit"), meta("always"))
    yield "Punctuation Metaspace first", p(t("Punctuation", behavior="Isolated"), meta("first"))
    yield "UnicodeScripts Metaspace", p(t("UnicodeScripts"), meta("first"))
    yield "Digits ByteLevel", p(t("Digits", individual_digits=True), bl)
    yield "ByteLevel Digits", p(bl, t("Digits", individual_digits=True))
    yield "ByteLevel ByteLevel", p(bl, bl)
    yield "Whitespace Punctuation FixedLength", p(t("Whitespace"), p(t("Punctuation", behavior="Contiguous")), t("FixedLength", length=2))
    yield "empty Sequence", p()


VOCAB = "the quick brown fox don't </w> ing ed er on an th re he in ha ##a ##b ##ing ##s ##' ▁the ▁a ▁ a b c d e f g h i j k l m n o p q r s t u v w x y z A H I W . , ! ? - ' 中 文 你 好 你好 世界".split()


def vocab(extra=()):
    out = {}
    for w in ["<unk>", "[UNK]", "[CLS]", "[SEP]", "[PAD]", "[MASK]", "<s>", "</s>", "<pad>", *extra, *VOCAB]:
        out.setdefault(w, len(out))
    return out


def words_file(**parts):
    """A WordLevel file, for what is behind the model."""
    return file(**{"model": {"type": "WordLevel", "vocab": vocab(), "unk_token": "<unk>"}, "pre_tokenizer": t("Whitespace"), "decoder": None, **parts})


def bpe_vocab():
    chars = sorted(set("".join(TEXTS[:25])) - set("世界ガ０"))
    v = {"<unk>": 0}
    for c in chars:
        v.setdefault(c, len(v))
    merges = [("t", "h"), ("th", "e"), ("o", "n"), ("a", "a"), ("aa", "a"), ("a", "n"), ("i", "n"), ("你", "好"), ("l", "l"), ("e", "r"), (" ", " "), ("▁", "a")]
    for a, b in merges:
        for w in (a, b, a + b):
            v.setdefault(w, len(v))
    return v, [list(m) for m in merges]


def models():
    v, merges = bpe_vocab()
    bpe = lambda **more: bytes_model(**{"vocab": v, "merges": merges, "byte_fallback": False, **more})
    split = {"pre_tokenizer": t("WhitespaceSplit"), "decoder": None}
    yield "BPE unk", file(model=bpe(), **split)
    yield "BPE no unk", file(model=bpe(unk_token=None), **split)
    yield "BPE no unk, whole", file(model=bpe(unk_token=None), decoder={"type": "Fuse"})
    yield "BPE fuse_unk", file(model=bpe(fuse_unk=True), **split)
    yield "BPE byte_fallback", file(model=bpe(byte_fallback=True, vocab={**v, **{k: len(v) + i for i, k in enumerate(BYTES)}}), decoder={"type": "ByteFallback"})
    yield "BPE byte_fallback, some", file(model=bpe(byte_fallback=True, fuse_unk=True, vocab={**v, "<0xE4>": len(v), "<0xB8>": len(v) + 1, "<0x96>": len(v) + 2}), **split)
    yield "BPE ignore_merges", file(model=bpe(ignore_merges=True, vocab={**v, "world!": len(v), "quick": len(v) + 1}), **split)
    marked = {"<unk>": 0}
    for c in "abcdefghijklmnopqrstuvwxyz'.,":
        for w in (c, c + "</w>", "##" + c, "##" + c + "</w>"):
            marked.setdefault(w, len(marked))
    for w in ("th", "the</w>", "th##e</w>", "an", "an</w>"):
        marked.setdefault(w, len(marked))
    yield "BPE suffix", file(model=bpe(vocab=marked, merges=[["t", "h"], ["th", "e</w>"], ["a", "n</w>"]], end_of_word_suffix="</w>"), pre_tokenizer=t("Whitespace"), decoder=t("BPEDecoder", suffix="</w>"))
    yield "BPE prefix", file(model=bpe(vocab=marked, merges=[["t", "##h"], ["a", "##n"]], continuing_subword_prefix="##"), pre_tokenizer=t("Whitespace"), decoder=t("WordPiece", prefix="##", cleanup=False))
    yield "BPE without type", file(model={k: x for k, x in bpe().items() if k != "type"}, **split)
    alphabet = {"<unk>": 0}
    for b in range(256):
        if b not in (0x9c, 0x1f, 0xbf):
            alphabet.setdefault(byte_char(b), len(alphabet))
    for m in ("th", "the", "Ġt", "Ġthe", "an", "ä½", "ä½ł"):
        alphabet.setdefault(m, len(alphabet))
    bl = [["t", "h"], ["th", "e"], ["Ġ", "t"], ["Ġt", "he"], ["a", "n"], ["ä", "½"], ["ä½", "ł"]]
    bl = [m for m in bl if m[0] in alphabet and m[1] in alphabet and m[0] + m[1] in alphabet]
    for unk in (None, "<unk>"):
        yield f"BPE ByteLevel, bytes missing, unk {unk}", file(model=bpe(vocab=alphabet, merges=bl, unk_token=unk), pre_tokenizer=t("ByteLevel", add_prefix_space=False, trim_offsets=True, use_regex=True),
                                                              post_processor=t("ByteLevel", add_prefix_space=False, trim_offsets=True, use_regex=True), decoder=t("ByteLevel", add_prefix_space=False, trim_offsets=True, use_regex=True))
    yield "BPE ByteLevel normalizer", file(model=bpe(vocab=alphabet, merges=bl, unk_token=None), normalizer=t("ByteLevel"), decoder=t("ByteLevel", add_prefix_space=False, trim_offsets=True, use_regex=True),
                                           added_tokens=[added(len(alphabet), " héllo", normalized=True), added(len(alphabet) + 1, "中文", normalized=True, special=True), added(len(alphabet) + 2, "éx")])
    wp = {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##", "max_input_chars_per_word": 100, "vocab": vocab()}
    bert = {"normalizer": t("BertNormalizer", clean_text=True, handle_chinese_chars=True, strip_accents=None, lowercase=True), "pre_tokenizer": t("BertPreTokenizer"), "decoder": t("WordPiece", prefix="##", cleanup=True)}
    yield "WordPiece", file(model=wp, **bert)
    yield "WordPiece short words", file(model={**wp, "max_input_chars_per_word": 3}, **bert)
    yield "WordPiece @", file(model={**wp, "continuing_subword_prefix": "@", "vocab": {k.replace("##", "@"): i for k, i in vocab().items()}}, **{**bert, "decoder": t("WordPiece", prefix="@", cleanup=False)})
    yield "WordPiece without type", file(model={k: x for k, x in wp.items() if k != "type"}, **bert)
    yield "WordLevel", file(model={"type": "WordLevel", "vocab": vocab(), "unk_token": "<unk>"}, pre_tokenizer=t("Whitespace"), decoder=None)
    yield "WordLevel without type", file(model={"vocab": vocab(), "unk_token": "[UNK]"}, pre_tokenizer=t("WhitespaceSplit"), decoder=t("Fuse"))
    r = random.Random(3)
    pieces = [["<unk>", 0.0], ["<s>", 0.0], ["</s>", 0.0], *[[w, -2 - 8 * r.random()] for w in dict.fromkeys([*VOCAB, "▁你", "aaa", "aa", "▁world", "▁Hello", ",", "▁t", "wo", "rd"])]]
    meta = {"pre_tokenizer": t("Metaspace", replacement="▁", prepend_scheme="always", split=True), "decoder": t("Metaspace", replacement="▁", prepend_scheme="always", split=True)}
    yield "Unigram", file(model={"type": "Unigram", "unk_id": 0, "vocab": pieces, "byte_fallback": False}, **meta)
    yield "Unigram byte_fallback", file(model={"type": "Unigram", "unk_id": 0, "vocab": pieces + [[k, 0.0] for k in BYTES], "byte_fallback": True}, **{**meta, "decoder": seq("decoder", t("ByteFallback"), meta["decoder"])})
    yield "Unigram whole", file(model={"type": "Unigram", "unk_id": 2, "vocab": pieces}, decoder=t("Fuse"))
    yield "Unigram without type", file(model={"unk_id": 0, "vocab": pieces, "byte_fallback": False}, **meta)


def byte_char(b):
    if 33 <= b <= 126 or 161 <= b <= 172 or 174 <= b <= 255:
        return chr(b)
    return chr(256 + [x for x in range(256) if not (33 <= x <= 126 or 161 <= x <= 172 or 174 <= x <= 255)].index(b))


def specials(*names):
    v = vocab()
    return {n: {"id": n, "ids": [v[n]], "tokens": [n]} for n in names}


def piece(name, type_id):
    return {"Sequence": {"id": name[1], "type_id": type_id}} if name[0] == "$" else {"SpecialToken": {"id": name, "type_id": type_id}}


def template(single, pair, *names):
    build = lambda s: [piece(*(x.rsplit(":", 1)[0], int(x.rsplit(":", 1)[1]))) for x in s.split()]
    return t("TemplateProcessing", single=build(single), pair=build(pair), special_tokens=specials(*names))


def posts():
    v = vocab()
    bert = t("BertProcessing", sep=["[SEP]", v["[SEP]"]], cls=["[CLS]", v["[CLS]"]])
    roberta = lambda trim, prefix: t("RobertaProcessing", sep=["</s>", v["</s>"]], cls=["<s>", v["<s>"]], trim_offsets=trim, add_prefix_space=prefix)
    simple = template("[CLS]:0 $A:0 [SEP]:0", "[CLS]:0 $A:0 [SEP]:0 $B:1 [SEP]:1", "[CLS]", "[SEP]")
    yield "none", words_file()
    yield "Template", words_file(post_processor=simple)
    yield "Template types", words_file(post_processor=template("<s>:3 $A:1", "$B:2 </s>:5 $A:7 </s>:1", "<s>", "</s>"))
    yield "Template twice", words_file(post_processor=template("$A:0 [SEP]:0 $A:1", "$A:0 $B:1 $A:2", "[SEP]"))
    yield "Bert", words_file(post_processor=bert)
    for trim in (False, True):
        for prefix in (False, True):
            bl = t("ByteLevel", add_prefix_space=prefix, trim_offsets=trim, use_regex=True)
            pre = {"pre_tokenizer": t("ByteLevel", add_prefix_space=prefix, trim_offsets=trim, use_regex=True), "model": byte_model(), "decoder": t("ByteLevel", add_prefix_space=prefix, trim_offsets=trim, use_regex=True)}
            more = [added(261, "<mask>", lstrip=True, rstrip=True, special=True), added(262, " x ", normalized=True)]
            yield f"Roberta {trim} {prefix}", file(post_processor=t("RobertaProcessing", sep=["</s>", 258], cls=["<s>", 257], trim_offsets=trim, add_prefix_space=prefix), added_tokens=more, **pre)
            yield f"ByteLevel {trim} {prefix}", file(post_processor=bl, added_tokens=more, **pre)
    yield "ByteLevel trim, words with spaces", file(model=byte_model(), pre_tokenizer=t("Split", pattern={"Regex": "x"}, behavior="MergedWithNext", invert=False),
                                                    normalizer=t("NFKC"), post_processor=t("ByteLevel", add_prefix_space=False, trim_offsets=True, use_regex=True))
    yield "Sequence", words_file(post_processor=seq("post_processor", t("ByteLevel", add_prefix_space=True, trim_offsets=True, use_regex=True), simple))
    yield "Sequence of Bert after Template", words_file(post_processor=seq("post_processor", template("$A:0", "$A:0 $B:1", "[CLS]"), bert))
    for strategy in ("LongestFirst", "OnlyFirst", "OnlySecond"):
        for direction in ("Left", "Right"):
            for length, stride in ((8, 0), (7, 2), (12, 3)):
                for name, post in (("none", None), ("Template", simple), ("Roberta", roberta(False, False)), ("Bert", bert)):
                    if name in ("Bert", "Roberta") and (length != 7 or strategy == "OnlySecond"):
                        continue
                    trunc = {"direction": direction, "max_length": length, "strategy": strategy, "stride": stride}
                    yield f"truncation {strategy} {direction} {length} {stride} {name}", words_file(post_processor=post, truncation=trunc)
    for direction in ("Left", "Right"):
        for strategy, multiple in (("BatchLongest", None), ("BatchLongest", 8), ({"Fixed": 10}, None), ({"Fixed": 10}, 4)):
            pad = {"strategy": strategy, "direction": direction, "pad_to_multiple_of": multiple, "pad_id": v["[PAD]"], "pad_type_id": 3, "pad_token": "[PAD]"}
            yield f"padding {direction} {strategy} {multiple}", words_file(post_processor=simple, padding=pad, truncation={"direction": "Right", "max_length": 9, "strategy": "LongestFirst", "stride": 1})


def byte_model():
    return bytes_model(vocab={"<unk>": 256, "<s>": 257, "</s>": 258, "Ġt": 259, "Ġa": 260, **{byte_char(b): b for b in range(256)}}, merges=[["Ġ", "t"], ["Ġ", "a"]], byte_fallback=False)


def decoders():
    meta = lambda s: t("Metaspace", replacement="▁", prepend_scheme=s, split=True)
    llama = seq("decoder", t("Replace", pattern={"String": "▁"}, content=" "), t("ByteFallback"), t("Fuse"), t("Strip", content=" ", start=1, stop=0))
    bl = t("ByteLevel", add_prefix_space=False, trim_offsets=False, use_regex=False)
    strip = lambda a, b: t("Strip", content=" ", start=a, stop=b)
    return [
        ("null", None), ("ByteLevel", bl), ("Fuse", t("Fuse")), ("ByteFallback", t("ByteFallback")), ("WordPiece", t("WordPiece", prefix="##", cleanup=True)),
        ("WordPiece plain", t("WordPiece", prefix="##", cleanup=False)), ("WordPiece a", t("WordPiece", prefix="a", cleanup=True)),
        *[(f"Metaspace {s}", meta(s)) for s in ("always", "first", "never")], ("BPEDecoder", t("BPEDecoder", suffix="</w>")), ("BPEDecoder a", t("BPEDecoder", suffix="a")),
        ("CTC", t("CTC", pad_token="<pad>", word_delimiter_token="|", cleanup=True)), ("CTC a", t("CTC", pad_token="a", word_delimiter_token="t", cleanup=True)),
        ("CTC plain", t("CTC", pad_token="<pad>", word_delimiter_token="t", cleanup=False)), ("Replace", t("Replace", pattern={"String": "th"}, content="TH")),
        ("Replace regex", t("Replace", pattern={"Regex": "[aeiou]"}, content="*")), ("Strip", t("Strip", content="▁", start=1, stop=0)), ("Strip a", t("Strip", content="a", start=1, stop=0)),
        ("llama", llama), ("gemma", seq("decoder", t("Replace", pattern={"String": "▁"}, content=" "), t("ByteFallback"), t("Fuse"))),
        ("null Replace", seq("decoder", t("Fuse"), t("Replace", pattern={"String": "he"}, content="HE"))), ("Fuse Strip", seq("decoder", t("Fuse"), t("Strip", content="t", start=2, stop=0))),
        ("ByteLevel Metaspace", seq("decoder", bl, meta("always"))), ("ByteLevel WordPiece", seq("decoder", bl, t("WordPiece", prefix="##", cleanup=True))),
        ("ByteFallback Metaspace", seq("decoder", t("ByteFallback"), meta("always"))), ("WordPiece Fuse CTC", seq("decoder", t("WordPiece", prefix="##", cleanup=True), t("Fuse"), t("CTC", pad_token="x", word_delimiter_token="t", cleanup=True))),
        ("BPEDecoder Fuse Metaspace", seq("decoder", t("BPEDecoder", suffix="</w>"), t("Fuse"), meta("first"))), ("empty", seq("decoder")), ("Strip spaces", seq("decoder", meta("never"), strip(2, 0), t("Fuse"), strip(1, 0))),
        ("Fuse BPEDecoder", seq("decoder", t("Fuse"), t("BPEDecoder", suffix="e"))), ("Fuse ByteFallback", seq("decoder", t("Fuse"), t("ByteFallback"))), ("Fuse ByteLevel", seq("decoder", t("Fuse"), bl)),
    ]


DECODED = "the ##s ##' ▁the ▁a ▁ Ġt a a b ' s . , ! n't <pad> x | </w> in</w> do not 've <0x41> <0xE4> <0xBD> <0xA0> <0xFF> <0xE5> <0xA5> 你 好 é ä ½ ł Ä <s> </s> ##ing".split()


def decoder_files():
    v = {}
    for w in ["<unk>", *DECODED, " 'm", " do not", " .", "▁▁ x"]:
        v.setdefault(w, len(v))
    for name, d in decoders():
        yield name, file(decoder=d, model={"type": "WordLevel", "vocab": v, "unk_token": "<unk>"}, added_tokens=[added(v["<s>"], "<s>", special=True), added(len(v), "▁added", special=True), added(len(v) + 1, "Ärger", normalized=True)], normalizer=t("Lowercase"))


def added_files():
    flags = [(a, b, c) for a in (False, True) for b in (False, True) for c in (False, True)]
    for lstrip, rstrip, single in flags:
        for normalized in (False, True):
            f = {"lstrip": lstrip, "rstrip": rstrip, "single_word": single, "normalized": normalized}
            yield f"{f}", file(added_tokens=[added(257, "<mask>", **f), added(258, "word", special=True, **f), added(259, " ", **f), added(260, "<s>", normalized=normalized, special=True)])
    many = [added(257, "a", normalized=True), added(258, "aa"), added(259, "aaa", normalized=True), added(260, "你", lstrip=True), added(261, "Café", normalized=True, special=True), added(262, "é", normalized=True),
            added(263, "fi", normalized=True), added(264, "end", rstrip=True, single_word=True), added(265, "▁a", normalized=True, lstrip=True), added(0, "<unk>", special=True)]
    for name, norm in (("none", None), ("Lowercase", t("Lowercase")), ("NFKC", t("NFKC")), ("NFD StripAccents", seq("normalizer", t("NFD"), t("StripAccents"))), ("Strip", t("Strip", strip_left=True, strip_right=True)),
                       ("Prepend Replace", seq("normalizer", t("Prepend", prepend="▁"), t("Replace", pattern={"String": " "}, content="▁")))):
        for pre_name, pre in (("none", None), ("Metaspace first", t("Metaspace", replacement="▁", prepend_scheme="first", split=True)), ("Metaspace always", t("Metaspace", replacement="▁", prepend_scheme="always", split=False)), ("Whitespace", t("Whitespace"))):
            yield f"many, {name}, {pre_name}", file(added_tokens=many, normalizer=norm, pre_tokenizer=pre)


def expectation(e, tok, deep=True):
    out = {"ids": e.ids, "offsets": [x for o in e.offsets for x in o], "types": e.type_ids, "words": [-1 if w is None else w for w in e.word_ids],
           "special": e.special_tokens_mask, "attention": e.attention_mask}
    if deep:
        out["decoded"] = [tok.decode(e.ids, skip_special_tokens=s) for s in (False, True)]
        out["overflow"] = [expectation(o, tok, False) for o in e.overflowing]
    return out


def run(name, parts, texts, pairs, skip=()):
    tok = Tokenizer.from_str(json.dumps(parts))
    out = {"name": name, "tokenizer": parts, "single": [], "pair": []}
    for i, text in enumerate(texts):
        for key, args in (("single", (text,)),) + ((("pair", (text, texts[(i + 7) % len(texts)])),) if pairs else ()):
            try:
                out[key].append(expectation(tok.encode(*args), tok))
            except (Exception, BaseException) as e:  # what the reference refuses, or panics at
                if isinstance(e, KeyboardInterrupt):
                    raise
                out[key].append({"error": str(e)})
    return out


def decoded(name, parts):
    """Random lists of ids, decoded whole and with the special tokens left out."""
    tok = Tokenizer.from_str(json.dumps(parts))
    r, n, rows = random.Random(7), tok.get_vocab_size(), []
    for k in range(40):
        ids = [r.randrange(n) for _ in range(r.randrange(0, 12))]
        try:
            rows.append({"ids": ids, "decoded": [tok.decode(ids, skip_special_tokens=s) for s in (False, True)]})
        except BaseException as e:
            if isinstance(e, KeyboardInterrupt):
                raise
    return {"name": name, "tokenizer": parts, "decode": rows}


def code_points():
    """Hashes of what every code point of the planes in use becomes, after an a and before a combining acute, and how it is cut between letters."""
    out = {}
    every = [chr(c) for c in range(0x110000) if not 0xd800 <= c < 0xe000 and not 0x34000 <= c < 0xe0000]  # no planes without characters
    for name, part in normalizers():
        if name in ("NFC", "NFD", "NFKC", "NFKD", "Lowercase", "StripAccents", "Nmt", "Bert True True", "Bert accents True"):
            norm = Tokenizer.from_str(json.dumps(file(normalizer=part))).normalizer
            h = hashlib.sha256()
            for c in every:
                h.update(norm.normalize_str("a" + c + "\u0301").encode() + b"\n")
            out[name] = {"normalizer": part, "sha256": h.hexdigest()}
    for name, part in pre_tokenizers():
        if name in ("Whitespace", "WhitespaceSplit", "BertPreTokenizer", "UnicodeScripts", "Digits True", "Punctuation Contiguous", "Split \\w+|[^\\w\\s]+", "Split \\p{L}+|\\p{N}{2,3}", "Split [[:alpha:]]+"):
            pre = Tokenizer.from_str(json.dumps(file(pre_tokenizer=part))).pre_tokenizer
            h = hashlib.sha256()
            for c in every:
                h.update("|".join(x for x, _ in pre.pre_tokenize_str("a" + c + "b" + c + c)).encode() + b"\n")
            out[name] = {"pre_tokenizer": part, "sha256": h.hexdigest()}
    return out


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--out", default="tokenizer/testdata")
    p.add_argument("--random", type=int, default=0)
    p.add_argument("--seed", type=int, default=1)
    args = p.parse_args()
    r = random.Random(args.seed)
    texts = TEXTS + [x for x in (random_text(r) for _ in range(args.random)) if len(x) < 400]
    files = {
        "normalizers": [run(n, file(normalizer=x), texts, False) for n, x in normalizers()],
        "pretokenizers": [run(n, file(pre_tokenizer=x), texts, False) for n, x in pre_tokenizers()],
        "models": [run(n, x, texts, False) for n, x in models()],
        "posts": [run(n, x, texts[:30] if args.random == 0 else texts, True) for n, x in posts()],
        "added": [run(n, x, texts, False) for n, x in added_files()],
        "decoders": [decoded(n, x) for n, x in decoder_files()],
        "pipelines": [run(n, file(normalizer=a, pre_tokenizer=b), texts, False) for n, a, b in (
            ("NFKC Metaspace first", t("NFKC"), t("Metaspace", replacement="▁", prepend_scheme="first", split=True)),
            ("Strip Metaspace first", t("Strip", strip_left=True, strip_right=True), t("Metaspace", replacement="▁", prepend_scheme="first", split=True)),
            ("Nmt NFKC Replace Metaspace", seq("normalizer", t("Nmt"), t("NFKC"), t("Replace", pattern={"Regex": " {2,}"}, content=" ")), t("Metaspace", replacement="▁", prepend_scheme="always", split=True)),
            ("Bert", t("BertNormalizer", clean_text=True, handle_chinese_chars=True, strip_accents=None, lowercase=True), t("BertPreTokenizer")),
            ("NFD ByteLevel", t("NFD"), t("ByteLevel", add_prefix_space=True, trim_offsets=True, use_regex=True)),
            ("NFKD Digits", t("NFKD"), seq("pre_tokenizer", t("Digits", individual_digits=True), t("WhitespaceSplit"))),
        )],
    }
    files["precompiled"] = [
        variant for name, rules in (("", charsmap()),) + ((("nfkc ", nfkc_charsmap()),) if args.random else ()) for variant in (
            run(name + "Precompiled", file(normalizer=t("Precompiled", precompiled_charsmap=rules)), texts, False),
            run(name + "Precompiled Metaspace", file(normalizer=seq("normalizer", t("Precompiled", precompiled_charsmap=rules), t("Replace", pattern={"Regex": " {2,}"}, content=" ")),
                                                     pre_tokenizer=seq("pre_tokenizer", t("WhitespaceSplit"), t("Metaspace", replacement="▁", prepend_scheme="always", split=True))), texts, False),
            run(name + "Precompiled Metaspace first", file(normalizer=t("Precompiled", precompiled_charsmap=rules), pre_tokenizer=t("Metaspace", replacement="▁", prepend_scheme="first", split=True)), texts, False))]
    if not args.random:
        with open(os.path.join(args.out, "codepoints.json"), "w") as f:
            json.dump(code_points(), f, indent=1)
    for name, variants in files.items():
        path = os.path.join(args.out, f"parts-{name}.json.gz")
        with gzip.GzipFile(path, "wb", mtime=0) as f:
            f.write(json.dumps({"texts": texts, "variants": variants}, separators=(",", ":"), ensure_ascii=True).encode())
        print(name, len(variants), os.path.getsize(path))


main()
