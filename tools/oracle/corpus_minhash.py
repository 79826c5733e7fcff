"""Writes datatrove's MinHash signatures, clusters and choice of real documents.

    python3 tools/oracle/corpus_minhash.py --data ../shared/data --out DIR [--documents 20000]

DIR/documents.jsonl has a line a document: its text, a digest of the signature's rows in each band, the number of its cluster (-1 =
alone) and whether datatrove drops it. ATHANOR_MINHASH=DIR go test ./corpus/dedup -run Datatrove -v compares. Documents are pages of at
most 2,500 characters of manuals, raw mail and books: the same in every run. datatrove 0.10.1 needs xxhash 3.
"""
import argparse
import gzip
import hashlib
import json
import pathlib
import struct

from datatrove.data import Document
from datatrove.pipeline.dedup.minhash import (MinhashConfig, MinhashDedupBuckets, MinhashDedupCluster, MinhashDedupSignature)

PAGE = 2500


def pages(path, most):
    """The first pages of every document, cut at ends of lines."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            page, count = "", 0
            for part in json.loads(line)["text"].splitlines(keepends=True):
                if len(page) + len(part) > PAGE and len(page) > PAGE // 4:
                    yield page
                    page, count = "", count + 1
                    if count == most:
                        break
                page += part[: PAGE - len(page)] if len(page) < PAGE else ""
            if count < most and page:
                yield page


def main():
    args = argparse.ArgumentParser(description=__doc__)
    args.add_argument("--data", type=pathlib.Path, required=True)
    args.add_argument("--out", type=pathlib.Path, required=True)
    args.add_argument("--documents", type=int, default=20000)
    args = args.parse_args()
    texts = []
    for path, most in (("en-docs/docs", 1), ("dirty-mail-spamassassin/mail", 1), ("en-books/books", 20)):
        texts.extend(pages(args.data / "corpora" / (path + ".jsonl.gz"), most))
    texts = texts[: args.documents]

    config = MinhashConfig()
    work = args.out / "work"
    MinhashDedupSignature(str(work / "signatures"), config).run((Document(text=t, id=str(i)) for i, t in enumerate(texts)), 0, 1)
    for bucket in range(config.num_buckets):
        MinhashDedupBuckets(str(work / "signatures"), str(work / "buckets"), config=config).run(None, bucket, config.num_buckets)
    MinhashDedupCluster(str(work / "buckets"), str(work / "remove"), config, save_cluster_id=True).run(None, 0, 1)

    bands = [[] for _ in texts]
    row = struct.Struct(f"<{config.hashes_per_bucket}QI")
    for bucket in range(config.num_buckets):
        for *signature, doc in row.iter_unpack((work / f"signatures/bucket_{bucket:03d}/00000.minhash.sig").read_bytes()):
            bands[doc].append(hashlib.sha256(repr((bucket, signature)).encode()).hexdigest()[:16])
    dropped = {d for (d,) in struct.iter_unpack("<I", (work / "remove/000000.remove").read_bytes())}
    clusters = dict(struct.iter_unpack("<II", (work / "remove/000000.clusters").read_bytes()))
    with open(args.out / "documents.jsonl", "w", encoding="utf-8") as out:
        for i, text in enumerate(texts):
            out.write(json.dumps(dict(text=text, bands=bands[i], cluster=clusters.get(i, -1), dropped=i in dropped), ensure_ascii=False) + "\n")
    print(f"{len(texts)} documents, {len(clusters)} in {len(set(clusters.values()))} clusters, {len(dropped)} dropped")


if __name__ == "__main__":
    main()
