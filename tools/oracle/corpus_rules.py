"""Writes what datatrove's filters say of real documents, one rule at a time and all rules of a filter together.

    python3 tools/oracle/corpus_rules.py --data ../shared/data --out DIR [--documents 20000] [--only en-docs,...]

DIR/rules.jsonl then has a line a document: its text, the words' count and digest, and a decision ("" = kept, else the reason) by
rule. ATHANOR_RULES=DIR go test ./corpus/filter -run Datatrove -v compares. Long documents are cut into pages of 5 to 400 lines and
single paragraphs beside being taken whole, so that every rule has something to say; the choice is the same in every run.
"""
import argparse
import functools
import gzip
import hashlib
import json
import pathlib
import random

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


# The share of the documents by corpus, in percent.
SHARES = {"en-books": 20, "en-docs": 35, "mail": 27, "zh-docs": 3, "zh-laws": 2, "udhr": 2, "web": 11}


def documents(data, count, only):
    """The chosen documents with their corpus: a third whole ones, and pages and paragraphs of others."""
    draw = random.Random(4)
    for name, texts in records(data):
        if only and name not in only:
            continue
        want, seen = count * SHARES[name] // 100, set()
        for attempt in range(want * 20):
            if len(seen) == want:
                break
            text, form = draw.choice(texts), draw.random()
            if form > 0.3 or len(text) > 200_000:
                lines = text.split("\n")
                size = draw.choice((5, 10, 20, 40, 100, 400))
                at = draw.randrange(max(1, len(lines) - size // 2))
                text = "\n".join(lines[at:at + size])
            if form > 0.9:
                text = draw.choice([p for p in text.split("\n\n")])
            if text and "\0" not in text and text not in seen and len(text) < 400_000:
                seen.add(text)
                yield name, text


def digest(parts):
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:16]


def main():
    flags = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    flags.add_argument("--data", type=pathlib.Path, required=True)
    flags.add_argument("--out", type=pathlib.Path, required=True)
    flags.add_argument("--documents", type=int, default=20000)
    flags.add_argument("--only", default="")
    args = flags.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    judges = filters()
    # Lines that several filters ask for are cut once.
    datatrove.utils.text.split_into_parts = functools.lru_cache(4096)(datatrove.utils.text.split_into_parts.__wrapped__)
    with open(args.out / "rules.jsonl", "w", encoding="utf-8") as out:
        for number, (corpus, text) in enumerate(documents(args.data, args.documents, set(filter(None, args.only.split(","))))):
            row = {"corpus": corpus, "text": text, "words": len(split_into_words(text)), "digest": digest(split_into_words(text)),
                   "sentences": len(split_into_sentences(text)), "rules": {}, "left": {}}
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
