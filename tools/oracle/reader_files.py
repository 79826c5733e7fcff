"""Files of other writers for the tests of corpus/read: Parquet by Apache Arrow, bzip2 and xz by Python.

    python tools/oracle/reader_files.py corpus/read/testdata
"""
import bz2
import json
import lzma
import pathlib
import sys

import pyarrow as pa
import pyarrow.parquet as pq

out = pathlib.Path(sys.argv[1])
out.mkdir(parents=True, exist_ok=True)

rows = [
    {"id": f"doc-{i}", "text": (f"Document {i}: the furnace keeps an even heat. " if i % 2 else f"第 {i} 篇：炉火均匀。") * (1 + i % 7),
     "lang": "en" if i % 2 else "zh", "url": f"https://example.org/{i}", "synthetic": i % 5 == 0,
     "meta": {"source": "forge" if i % 3 else None, "tags": [f"t{j}" for j in range(i % 3)], "score": i / 4}, "n": i,
     "note": None if i % 2 else f"note {i}"}
    for i in range(200)
]
with open(out / "rows.jsonl", "w", encoding="utf-8") as f:
    for r in rows:
        f.write(json.dumps(r, ensure_ascii=False, sort_keys=True) + "\n")
table = pa.Table.from_pylist(rows)
for codec in ["none", "snappy", "gzip", "zstd", "brotli", "lz4"]:
    pq.write_table(table, out / f"{codec}.parquet", compression=codec, row_group_size=64)
pq.write_table(table, out / "v2.parquet", compression="zstd", row_group_size=64, data_page_version="2.0", use_dictionary=False)
pq.write_table(table.rename_columns(["a" if c == "text" else c for c in table.column_names]), out / "notext.parquet")
pq.write_table(pa.table({"text": pa.array([b"\xff\xfebytes", None, "plain".encode()], pa.binary()), "id": [7, 8, 9]}), out / "binary.parquet")

lines = "".join(json.dumps({"text": f"line {i}"}) + "\n" for i in range(50)).encode()
(out / "two.jsonl.bz2").write_bytes(bz2.compress(lines[:400]) + bz2.compress(lines[400:]))
(out / "two.jsonl.xz").write_bytes(lzma.compress(lines[:400]) + lzma.compress(lines[400:]))
filters = [{"id": lzma.FILTER_LZMA2, "preset": 1, "dict_size": 512 << 20}]
(out / "wide.jsonl.xz").write_bytes(lzma.compress(lines, filters=filters))
(out / "bomb.txt.bz2").write_bytes(bz2.compress(b"\0" * (300 << 20)))
(out / "bomb.txt.xz").write_bytes(lzma.compress(b"a" * (100 << 20)))
