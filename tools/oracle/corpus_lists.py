"""Writes what datatrove's URL filter and C4's filter of bad words say of real addresses and texts.

    python3 tools/oracle/corpus_lists.py --data ../shared/data --out DIR

DIR/urls.jsonl has a line an address found in the corpora with the rule that drops it, DIR/lists the lists that datatrove ships,
DIR/badwords.jsonl a line a text, for the words in DIR/lists/bad_words.txt. ATHANOR_RULES=DIR go test ./corpus/filter compares.
"""
import argparse
import gzip
import json
import pathlib
import random
import re
import shutil
import tarfile

import tldextract
from datatrove.data import Document
from datatrove.pipeline.filters import C4BadWordsFilter, URLFilter
from datatrove.utils._import_utils import ASSETS_PATH

# Words that the mails have, some of them next to longer ones.
BAD_WORDS = ["viagra", "click here", "cash", "sex", "100% free", "free!!", "damn", "ass", "nasty", "$$$", "münchen", "porn", "bitch", "f**k"]


def texts(path):
    with gzip.open(path, "rt", encoding="utf-8") as f:
        return [json.loads(line).get("text") or "" for line in f]


def main():
    flags = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    flags.add_argument("--data", type=pathlib.Path, required=True)
    flags.add_argument("--out", type=pathlib.Path, required=True)
    args = flags.parse_args()
    lists = args.out / "lists"
    lists.mkdir(parents=True, exist_ok=True)
    for name in ("banned_words.txt", "banned_subwords.txt", "soft_banned_words.txt"):
        shutil.copy(pathlib.Path(ASSETS_PATH) / name, lists / name)
    with tarfile.open(pathlib.Path(ASSETS_PATH) / "url_filterblacklistsv0_3_0.tar.gz") as tar:
        tar.extractall(lists, filter="data")
    mails = texts(args.data / "corpora/dirty-mail-spamassassin/mail.jsonl.gz")
    docs = texts(args.data / "corpora/en-docs/docs.jsonl.gz")

    urls = sorted({url for text in mails + docs for url in re.findall(r"https?://[^\s<>\"')]+", text) if "\0" not in url})
    draw = random.Random(4)
    draw.shuffle(urls)
    hosts = [line.strip() for line in open(lists / "domains", encoding="utf-8") if line.strip()]
    pages = [line.strip() for line in open(lists / "urls", encoding="utf-8") if line.strip()]
    # Of the addresses that are blocked by their host there are hardly any in the corpora.
    urls = urls[:8000] + ["http://www." + host + "/a" for host in draw.sample(hosts, 500)] + ["https://" + host + ":8080/" for host in draw.sample(hosts, 500)] + draw.sample(pages, 500)
    judge = URLFilter()
    judge.tldextractor = tldextract.TLDExtract(suffix_list_urls=())  # the list that it ships, without looking for a newer one
    with open(args.out / "urls.jsonl", "w", encoding="utf-8") as out:
        for url in urls:
            verdict = judge.filter(Document(text="", id="", metadata={"url": url}))
            out.write(json.dumps({"url": url, "rule": "" if verdict is True else verdict[1]}, ensure_ascii=False) + "\n")

    (lists / "bad_words.txt").write_text("\n".join(BAD_WORDS) + "\n", encoding="utf-8")
    judge = C4BadWordsFilter()
    words = "|".join(map(re.escape, BAD_WORDS))  # as C4BadWordsFilter._get_badwords makes them of the lists it downloads
    judge._badwords_regex = {"en": re.compile(r"(?:\W|^)({})(?:\W|$)".format(words)), "zh": re.compile(words)}
    with open(args.out / "badwords.jsonl", "w", encoding="utf-8") as out:
        for at, text in enumerate(draw.sample(mails, 2000) + draw.sample(docs, 500)):
            lang = "zh" if at % 4 == 0 else "en"
            verdict = judge.filter(Document(text=text, id="", metadata={"language": lang}))
            out.write(json.dumps({"text": text, "lang": lang, "rule": "" if verdict is True else verdict[1]}, ensure_ascii=False) + "\n")


main()
