"""Writes what datatrove's filters say of real documents, one rule at a time and all rules of a filter together.

    python3 tools/oracle/corpus_rules.py --data ../shared/data --out DIR [--documents 20000] [--only en-docs,...] [--part 0/2]
    python3 tools/oracle/corpus_rules.py --data ../shared/data --out DIR --chinese [--documents 2000]

DIR/rules-*.jsonl then have a line a document: its text, the words' count and digest, and a decision ("" = kept, else the reason) by
rule. ATHANOR_RULES=DIR go test ./corpus/segment ./corpus/filter -run Datatrove -v compares. Documents are taken whole, by pages of 5
to 80 lines and by paragraph, and pages are looked for on which rare rules have something to say; the choice is the same in every run.
With --chinese it is DIR/chinese-*.jsonl: Gopher's filters as FineWeb-2 sets them for Mandarin, with words by jieba, on Chinese documents.
"""
import argparse
import functools
import gzip
import hashlib
import json
import pathlib
import random
import re

import datatrove.utils.text
from datatrove.data import Document
from datatrove.pipeline.filters import C4QualityFilter, FineWebQualityFilter, GopherQualityFilter, GopherRepetitionFilter
from datatrove.utils.text import split_into_sentences, split_into_words

QUALITY_OFF = dict.fromkeys(["min_doc_words", "max_doc_words", "min_avg_word_length", "max_avg_word_length", "max_symbol_word_ratio",
                             "max_bullet_lines_ratio", "max_ellipsis_lines_ratio", "max_non_alpha_words_ratio", "min_stop_words"])
REPETITION_OFF = dict(dup_line_frac=None, dup_para_frac=None, dup_line_char_frac=None, dup_para_char_frac=None, top_n_grams=(), dup_n_grams=())
C4_OFF = dict(remove_citations=False, filter_no_terminal_punct=False, min_num_sentences=-1, min_words_per_line=-1, max_word_length=-1,
              filter_lorem_ipsum=False, filter_javascript=False, filter_curly_bracket=False, filter_policy=False)
FINEWEB_OFF = dict(line_punct_thr=-1, short_line_thr=2, char_duplicates_ratio=2, new_line_ratio=1e9)


def filters():
    """Every filter under the name that the test knows: whole filters, then single rules."""
    out = {"gopher-quality": GopherQualityFilter(), "gopher-repetition": GopherRepetitionFilter(), "c4": C4QualityFilter(),
           "c4-no-terminal": C4QualityFilter(filter_no_terminal_punct=False), "fineweb": FineWebQualityFilter()}
    for key, value in dict(min_doc_words=50, max_doc_words=100000, min_avg_word_length=3, max_avg_word_length=10, max_symbol_word_ratio=0.1,
                           max_bullet_lines_ratio=0.9, max_ellipsis_lines_ratio=0.3, max_non_alpha_words_ratio=0.8, min_stop_words=2).items():
        out["gopher-quality/" + key] = GopherQualityFilter(**(QUALITY_OFF | {key: value}))
    out["gopher-quality/max_doc_words=2000"] = GopherQualityFilter(**(QUALITY_OFF | {"max_doc_words": 2000}))
    for key, value in dict(dup_line_frac=0.3, dup_para_frac=0.3, dup_line_char_frac=0.2, dup_para_char_frac=0.2).items():
        out["gopher-repetition/" + key] = GopherRepetitionFilter(**(REPETITION_OFF | {key: value}))
    for n, limit in ((2, 0.2), (3, 0.18), (4, 0.16)):
        out["gopher-repetition/top_%d_gram" % n] = GopherRepetitionFilter(**(REPETITION_OFF | {"top_n_grams": ((n, limit),)}))
    for n, limit in ((5, 0.15), (6, 0.14), (7, 0.13), (8, 0.12), (9, 0.11), (10, 0.10)):
        out["gopher-repetition/dup_%d_gram" % n] = GopherRepetitionFilter(**(REPETITION_OFF | {"dup_n_grams": ((n, limit),)}))
    for key, value in dict(remove_citations=True, filter_no_terminal_punct=True, min_num_sentences=5, min_words_per_line=3, max_word_length=1000,
                           filter_lorem_ipsum=True, filter_javascript=True, filter_curly_bracket=True, filter_policy=True).items():
        out["c4/" + key] = C4QualityFilter(**(C4_OFF | {key: value}))
    for key, value in dict(line_punct_thr=0.12, short_line_thr=0.67, char_duplicates_ratio=0.01, new_line_ratio=0.3).items():
        out["fineweb/" + key] = FineWebQualityFilter(**(FINEWEB_OFF | {key: value}))
    return out


# FineWeb-2's configs/cmn_Hani.yml (Penedo et al. 2025), of the rules that are Gopher's.
MANDARIN = "cmn_Hani"
MANDARIN_QUALITY = dict(min_avg_word_length=1, max_avg_word_length=5, max_non_alpha_words_ratio=0.735, min_stop_words=2,
                        stop_words=list("的年在月是和日了於·為有被人中为他與後也而由"))
MANDARIN_REPETITION = dict(dup_line_frac=0.287, top_n_grams=((2, 0.256), (3, 0.201), (4, 0.171)),
                           dup_n_grams=((5, 0.198), (6, 0.182), (7, 0.167), (8, 0.154), (9, 0.14), (10, 0.127)))


def mandarin_filters():
    """Gopher's filters with jieba's words, whole and by the rules that count words."""
    off = QUALITY_OFF | {"stop_words": MANDARIN_QUALITY["stop_words"], "language": MANDARIN}
    out = {"gopher-quality": GopherQualityFilter(language=MANDARIN, **MANDARIN_QUALITY),
           "gopher-repetition": GopherRepetitionFilter(language=MANDARIN, **MANDARIN_REPETITION)}
    for key, value in dict(min_doc_words=50, min_avg_word_length=1, max_avg_word_length=5, max_symbol_word_ratio=0.1,
                           max_non_alpha_words_ratio=0.735, min_stop_words=2).items():
        out["gopher-quality/" + key] = GopherQualityFilter(**(off | {key: value}))
    for n, limit in MANDARIN_REPETITION["top_n_grams"]:
        out["gopher-repetition/top_%d_gram" % n] = GopherRepetitionFilter(language=MANDARIN, **(REPETITION_OFF | {"top_n_grams": ((n, limit),)}))
    for n, limit in MANDARIN_REPETITION["dup_n_grams"]:
        out["gopher-repetition/dup_%d_gram" % n] = GopherRepetitionFilter(language=MANDARIN, **(REPETITION_OFF | {"dup_n_grams": ((n, limit),)}))
    return out


def mandarin_documents(data, count):
    """Chinese documents with their corpus: half of them whole, half pages of 5 to 80 lines, a third of each corpus."""
    draw = random.Random(4)
    corpora = data / "corpora"
    for name in ("zh-docs", "zh-laws", "zh-poetry"):
        texts = []
        for path in sorted((corpora / name).glob("*.jsonl.gz")):
            with gzip.open(path, "rt", encoding="utf-8") as f:
                texts += [json.loads(line)["text"] for line in f]
        seen = set()
        for _ in range(count * 20):
            if len(seen) == count // 3:
                break
            text = draw.choice(texts)
            if draw.random() < 0.5 or len(text) > 10_000:
                lines = text.split("\n")
                size = draw.choice((5, 10, 20, 40, 80))
                at = draw.randrange(max(1, len(lines) - size // 2))
                text = "\n".join(lines[at:at + size])
            if text.strip() and text not in seen and len(text) < 10_000:
                seen.add(text)
                yield name, text


def records(data):
    """The documents of the corpora by corpus."""
    corpora = data / "corpora"
    def lines(path):
        with (gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else open(path, encoding="utf-8")) as f:
            for line in f:
                row = json.loads(line)
                yield row.get("text") or ""
    for name, path in (("en-books", "en-books/books.jsonl.gz"), ("en-docs", "en-docs/docs.jsonl.gz"), ("mail", "dirty-mail-spamassassin/mail.jsonl.gz"),
                       ("zh-docs", "zh-docs/docs.jsonl.gz"), ("zh-laws", "zh-laws/laws.jsonl.gz"), ("udhr", "multilingual-udhr/udhr2.jsonl.gz")):
        yield name, list(lines(corpora / path))
    web = []
    for path in sorted((corpora / "web-redpajama-demo").glob("*.jsonl")) + [corpora / "web-c4-wiki-demo" / "c4_demo.jsonl"]:
        web += lines(path)
    yield "web", web


# The share of the documents by corpus, in percent; what is left are pages on which rare rules have something to say.
SHARES = {"en-books": 17, "en-docs": 34, "mail": 25, "zh-docs": 3, "zh-laws": 2, "udhr": 2, "web": 8}

# What a line looks like for a rare rule, with the lines of the page around it.
SCOUTS = {"bullet": (r"^\s*[-•]", 0), "ellipsis": (r"(\.\.\.|…)\s*$", 1), "dots": (r"\.\.\.|…", 2), "hash": (r"#.*#|^\s*#", 2), "javascript": (r"(?i)javascript", 4),
          "lorem": (r"(?i)lorem ipsum", 6), "curly": (r"\{", 6), "citation": (r"\[\d*\]|\[edit\]|\[citation needed\]", 4),
          "policy": (r"(?i)terms of use|privacy policy|cookie policy|uses cookies|use of cookies|use cookies", 4), "long": (r"\S{1001}", 3), "digits": (r"^[\d\s.,:|/-]{20,}$", 8)}


def scouted(texts, draw, want):
    """Pages around lines that rare rules look for, by rule the same number where there are so many."""
    found = {name: [] for name in SCOUTS}
    for text in texts:
        lines = text.split("\n")
        for name, (pattern, around) in SCOUTS.items():
            seen, at = re.compile(pattern).search, 0
            while at < len(lines):
                if seen(lines[at]):
                    end = at
                    while end < len(lines) and seen(lines[end]):
                        end += 1
                    found[name].append("\n".join(lines[max(0, at - around):end + around]))
                    at = end + around
                at += 1
    for name, pages in found.items():
        draw.shuffle(pages)
        yield from pages[:want // len(SCOUTS)]


def documents(data, count, only):
    """The chosen documents with their corpus: whole ones, pages and paragraphs, long ones, and pages for rare rules."""
    draw, everything = random.Random(4), []
    for name, texts in records(data):
        if only and name not in only:
            continue
        everything += texts
        want, seen = count * SHARES[name] // 100, set()
        for _ in range(want * 20):
            if len(seen) == want:
                break
            text, form = draw.choice(texts), draw.random()
            if form > 0.2 or len(text) > 20_000:
                lines = text.split("\n")
                size = draw.choice((5, 10, 20, 40, 80))
                at = draw.randrange(max(1, len(lines) - size // 2))
                text = "\n".join(lines[at:at + size])
            if form > 0.9:
                text = draw.choice(text.split("\n\n"))
            if text and text not in seen and len(text) < 20_000:
                seen.add(text)
                yield name, text
        if name == "en-books":
            for at in range(0, 6):
                yield "long", "\n\n".join(texts[at * 40:at * 40 + 60])[:draw.randrange(300_000, 800_000)]
    seen = set()
    for text in scouted(everything, draw, count * 16 // 100):
        if text and text not in seen and len(text) < 20_000:
            seen.add(text)
            yield "scouted", text


def own(data, root):
    """A few hundred short pages that may be shown to anybody: of books in the public domain, of statutes and of the project's own
    documentation, as they are and made worse in ways that the rules know."""
    draw = random.Random(4)
    texts = [(name, text) for name, of in records(data) if name in ("en-books", "zh-laws") for text in of[::40]]
    texts += [("docs", path.read_text(encoding="utf-8")) for path in sorted(root.glob("docs/**/*.md"))]
    worse = [
        lambda t: t, lambda t: t, lambda t: t,
        lambda t: "\n\n".join([t] * draw.choice((2, 3))),
        lambda t: "\n".join(line for line in t.split("\n") for _ in range(draw.choice((1, 1, 2)))),
        lambda t: "\n".join(draw.choice(("- ", "• ", "  - ")) + line for line in t.split("\n") if line),
        lambda t: "\n".join(line + draw.choice(("...", "…", "", " ...")) for line in t.split("\n")),
        lambda t: " ".join(word + draw.choice(("", "", "", " #", "...")) for word in t.split(" ")),
        lambda t: " ".join(t.split()) + draw.choice((".", "", " [1][citation needed].", " {", " We use cookies.", " Lorem Ipsum.", " Needs JavaScript.")),
        lambda t: "\n".join(line.strip() + draw.choice((".", ".", "[2].", "", "!", " javascript.", " " + "x" * 1001 + ".")) for line in t.split("\n")),
        lambda t: "\n".join(t.split()),
        lambda t: t.replace("the ", "").replace("and ", "").replace("of ", "").replace("to ", ""),
        lambda t: " ".join((" ".join(t.split()[:draw.choice((6, 12, 30))]) + draw.choice((" ", "\n", ", ")) for _ in range(5))),
        lambda t: t.replace(" ", "") if draw.random() < 0.5 else " ".join(t.replace(" ", "").strip()),
    ]
    for at in range(420):
        name, text = draw.choice(texts)
        lines = text.split("\n")
        start = draw.randrange(max(1, len(lines) - 8))
        page = "\n".join(lines[start:start + draw.choice((3, 6, 12, 20))])[:draw.choice((200, 600, 1500))]
        yield name, worse[at % len(worse)](page)


def digest(parts):
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:16]


def main():
    flags = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    flags.add_argument("--data", type=pathlib.Path, required=True)
    flags.add_argument("--out", type=pathlib.Path, required=True)
    flags.add_argument("--documents", type=int, help="20,000 unless told, 2,000 with --chinese")
    flags.add_argument("--chinese", action="store_true", help="Chinese documents, with jieba's words and FineWeb-2's settings for Mandarin")
    flags.add_argument("--only", default="")
    flags.add_argument("--own", type=pathlib.Path, help="the project's root: write the fixture of corpus/filter/testdata instead, then gzip -9n it")
    flags.add_argument("--part", default="0/1", help="which of how many processes this one is")
    args = flags.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    judges = mandarin_filters() if args.chinese else filters()
    language = MANDARIN if args.chinese else "eng"
    # Lines that several filters ask for are cut once.
    datatrove.utils.text.split_into_parts = functools.lru_cache(4096)(datatrove.utils.text.split_into_parts.__wrapped__)
    if args.own:
        chosen = own(args.data, args.own)
    elif args.chinese:
        chosen = mandarin_documents(args.data, args.documents or 2000)
    else:
        chosen = documents(args.data, args.documents or 20000, set(filter(None, args.only.split(","))))
    part, parts = map(int, args.part.split("/"))
    with open(args.out / f"{'chinese' if args.chinese else 'rules'}-{part}.jsonl", "w", encoding="utf-8") as out:
        for number, (corpus, text) in enumerate(chosen):
            if number % parts != part:
                continue
            row = {"corpus": corpus, "text": text, "words": len(split_into_words(text, language)), "digest": digest(split_into_words(text, language)),
                   "sentences": len(split_into_sentences(text, language)) if number % 4 == 0 else None, "rules": {}, "left": {}}
            for name, judge in judges.items():
                doc = Document(text=text, id=str(number))
                try:
                    verdict = judge.filter(doc)
                except ZeroDivisionError:  # a rule alone on a text without words or lines
                    verdict = (False, "ZeroDivisionError")
                row["rules"][name] = "" if verdict is True else verdict[1]
                if name.startswith("c4") and verdict is True:
                    row["left"][name] = digest([doc.text])
            out.write(json.dumps(row, ensure_ascii=False) + "\n")


main()
