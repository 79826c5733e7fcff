"""Makes the tokenizer fixtures under tokenizer/testdata with Hugging Face's tokenizers.

    python tools/oracle/tokenizer_golden.py [DATA]      (versions: requirements.txt)

variants.json: small tokenizers, each showing one part of the format, and the ids of awkward texts.
real.json: hashes of the ids that GPT-2's and Qwen3's files give for 1 MB each of English, Chinese and Go code;
DATA (default ../shared/data) holds the files and the texts. Run from the root of the repository.
"""
import gzip, hashlib, json, os, struct, subprocess, sys

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

DATA = sys.argv[1] if len(sys.argv) > 1 else "../shared/data"
OUT = "tokenizer/testdata"
TAIL = r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}%s| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
LLAMA3 = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)" + TAIL % "{1,3}"
QWEN2 = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)" + TAIL % ""

CORPUS = [
    "The cat's hat isn't flat; they'll say WE'VE seen 1234 cats, haven't we?\n\n  Yes, 56 of them.\n",
    "func main() {\n\tif err != nil {\n\t\treturn fmt.Errorf(\"open %s: %w\", name, err)\n\t}\n}\n",
    "中华人民共和国民法典，为了保护民事主体的合法权益。第1234条。\n",
    "naïve café déjà vu … Ünïcode ½ ٣٤٥ 😀😀\n",
] * 5

TEXTS = [
    "", " ", "  ", "\n", " \n", "a", "Hello, world!", "the cat's hat isn't flat", "WE'VE I'LL He'S it'ſ 's''t",
    "  two  spaces   three\t\ttabs \n\n newlines \r\n \r\r\n end ", "x  \n  y", "12345678 1,234.5 a1b22c333 ٣٤٥٦ ½ ⅷ",
    "中华人民共和国的cat。１２３四五", "e\u0301 cafe\u0301 a\u0323\u0302 \u1112\u1161\u11ab 각", "q" + "\u0301\u0323" * 25 + "z",
    "😀👨‍👩‍👧🇨🇳", "\u00a0nbsp\u3000wide\u2028line\x85next\u200bzero", "!!!???...---___(){}[]", "a" * 300, "ab" * 200 + " " * 50,
    "<tag>", "a<tag>b", "a <tag> b", "  <tag>  <tag>\n", "x <left> y <right> z", "word words word, sword word", "_word word_ 中word word中",
    "<plain><tag><plain>", "caf\u00e9 cafe\u0301 marks", "<|end|> a <|end|>", "<ta<tag>g>", "word", "wordword", " 0 ", "if err != nil {\n\t\treturn\n}\n",
]


def train(pre, norm=None, size=420):
    t = Tokenizer(models.BPE())
    t.normalizer, t.pre_tokenizer, t.decoder = norm, pre, decoders.ByteLevel()
    t.train_from_iterator(CORPUS, trainers.BpeTrainer(
        vocab_size=size, min_frequency=2, special_tokens=["<|end|>"], show_progress=False,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet()))
    return t


def split(pattern, behavior="isolated", invert=False):
    return pre_tokenizers.Split(pattern, behavior, invert)


def byte_level(**kw):
    return pre_tokenizers.ByteLevel(**({"add_prefix_space": False, "use_regex": False} | kw))


def sequence(*p):
    return pre_tokenizers.Sequence(list(p))


def variants():
    yield "gpt2", train(byte_level(use_regex=True))
    yield "prefix-space", train(byte_level(add_prefix_space=True, use_regex=True))
    t = train(sequence(split(Regex(LLAMA3)), byte_level()))
    t.post_processor = processors.Sequence([
        processors.ByteLevel(trim_offsets=False),
        processors.TemplateProcessing(single="<|end|> $A <|end|>", pair="$A $B", special_tokens=[("<|end|>", 0)])])
    j = json.loads(t.to_str())
    j["model"]["ignore_merges"] = True
    j["model"]["merges"] = [m for m in j["model"]["merges"] if m != ["a", "t"]]  # now some tokens are reached only whole
    yield "llama3-template-ignore-merges", Tokenizer.from_str(json.dumps(j))
    t = train(sequence(split(Regex(QWEN2)), byte_level()), normalizers.NFC())
    t.add_tokens([AddedToken("<tag>", lstrip=True, rstrip=True, normalized=False), AddedToken("<plain>", normalized=False),
                  AddedToken("word", single_word=True, normalized=True), AddedToken("cafe\u0301", normalized=True)])
    t.add_special_tokens([AddedToken("<left>", lstrip=True), AddedToken("<right>", rstrip=True)])
    yield "qwen2-nfc-added", t
    yield "digits", train(sequence(pre_tokenizers.Digits(individual_digits=True), byte_level(use_regex=True)))
    yield "digit-runs", train(sequence(pre_tokenizers.Digits(individual_digits=False), byte_level(use_regex=True)))
    for behavior in ["isolated", "removed", "merged_with_previous", "merged_with_next", "contiguous"]:
        for invert in [False, True]:
            yield f"split-{behavior}-{invert}", train(sequence(split(Regex(r"[\s!?]|\p{N}"), behavior, invert), byte_level()), size=300)
    yield "split-literal", train(sequence(split("at", "removed"), byte_level()), size=300)
    yield "llama3-removed", train(sequence(split(Regex(LLAMA3), "removed", True), byte_level()), size=300)
    yield "split-prefix-space", train(sequence(split(Regex(r"[,.]")), byte_level(add_prefix_space=True, use_regex=True)), size=300)
    t = Tokenizer(models.BPE(vocab={c: i for i, c in enumerate(sorted(set("".join(CORPUS))))}, merges=[]))
    t.decoder = decoders.Fuse()
    yield "characters", t
    t = Tokenizer(models.BPE(vocab={"<unk>": 0, "a": 1, "b": 2, "ab": 3}, merges=[("a", "b")], unk_token="<unk>", fuse_unk=True))
    t.decoder = decoders.Fuse()
    yield "unknown-fused", t


def make_variants():
    out = []
    for name, t in variants():
        out.append({"name": name, "tokenizer": json.loads(t.to_str()),
                    "ids": [t.encode(x).ids for x in TEXTS]})
    with open(f"{OUT}/variants.json", "w") as f:
        json.dump({"texts": TEXTS, "variants": out}, f, separators=(",", ":"))


def documents(name, size):
    out, n = [], 0
    with gzip.open(f"{DATA}/corpora/{name}", "rt", encoding="utf-8", newline="") as f:
        for line in f:
            out.append(json.loads(line)["text"])
            n += len(out[-1].encode())
            if n >= size:
                break
    return "\n\n".join(out).encode()[:size]


def go_code(size):
    root = os.path.join(subprocess.check_output(["go", "env", "GOROOT"], text=True).strip(), "src")
    out = b""
    for package in ["bufio", "bytes", "encoding/json", "fmt", "go/parser", "net/http", "os", "regexp", "strconv", "unicode/utf8"]:
        for name in sorted(os.listdir(os.path.join(root, package))):
            if name.endswith(".go"):
                with open(os.path.join(root, package, name), "rb") as f:
                    out += f.read()
    assert len(out) >= size, len(out)
    return out[:size]


def make_real(size=1_000_000, chunk=50_000):
    third = size // 3
    texts = {
        "en": documents("en-books/books.jsonl.gz", size),
        "zh": documents("zh-laws/laws.jsonl.gz", third) + documents("zh-docs/docs.jsonl.gz", third) + documents("zh-poetry/poetry.jsonl.gz", third),
        "go": go_code(size),
    }
    out = []
    for name in ["hf-gpt2", "qwen3"]:
        t = Tokenizer.from_file(f"{DATA}/tokenizers/{name}/tokenizer.json")
        for lang, text in texts.items():
            hashes = []
            for i in range(0, len(text), chunk):
                ids = t.encode(text[i:i + chunk].decode("utf-8", "ignore")).ids
                hashes.append(hashlib.sha256(struct.pack(f"<{len(ids)}I", *ids)).hexdigest()[:16])
            out.append({"tokenizer": name, "text": lang, "sha256": hashlib.sha256(text).hexdigest(), "chunk": chunk, "ids": hashes})
    with open(f"{OUT}/real.json", "w") as f:
        json.dump(out, f, indent=1)


os.makedirs(OUT, exist_ok=True)
make_variants()
make_real()
