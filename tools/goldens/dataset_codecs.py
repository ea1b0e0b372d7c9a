"""Writes the parquet goldens of packages/dataset that have page checksums: the rows of goldens/rows.json in every codec and
both page versions, chats among them, with row groups of 10. Run from the repository's root with the packages of
tools/goldens/requirements.txt, after dataset_parquet.py:

    python3 tools/goldens/dataset_codecs.py
"""

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

OUT = Path("packages/dataset/test/goldens")
CODECS = OUT / "codecs"
CODECS.mkdir(exist_ok=True)
rows = json.loads((OUT / "rows.json").read_text())
schema = pa.schema(
    [(name, pa.string()) for name in ("text", "id", "dump", "url", "date", "file_path", "language")]
    + [("language_score", pa.float64()), ("token_count", pa.int64())]
)
table = pa.Table.from_pylist(rows, schema=schema)
# pyarrow's "lz4" is parquet's LZ4_RAW.
for codec in ("none", "snappy", "gzip", "zstd", "lz4", "brotli"):
    for version in ("1.0", "2.0"):
        pq.write_table(table, CODECS / f"{codec}-v{version[0]}.parquet", compression=codec, row_group_size=10, data_page_version=version, write_page_checksum=True)

# Chats as the Hub has them: lists of structures, in v2 pages.
chats = json.loads((OUT / "chats.json").read_text())
messages = pa.list_(pa.struct([("role", pa.string()), ("content", pa.string())]))
pq.write_table(pa.table({"messages": pa.array(chats, messages)}), CODECS / "chats-v2.parquet", compression="zstd", row_group_size=8, data_page_version="2.0", write_page_checksum=True)

# Encodings that other writers choose, small pages, and plain pages behind a dictionary that grew too large.
pq.write_table(table, CODECS / "small-pages.parquet", compression="snappy", row_group_size=20, data_page_size=200, write_batch_size=4, dictionary_pagesize_limit=300, write_page_checksum=True)
pq.write_table(table, CODECS / "delta.parquet", compression="zstd", use_dictionary=False, column_encoding={"text": "DELTA_LENGTH_BYTE_ARRAY", "id": "DELTA_BYTE_ARRAY", "url": "DELTA_BYTE_ARRAY", "token_count": "DELTA_BINARY_PACKED", "language_score": "BYTE_STREAM_SPLIT"})

# JSON lines in two zstd frames with checksums, a skippable frame between them (needs the package zstandard).
import zstandard

lines = [json.dumps({"text": f"Line {i}: " + "some words " * (i % 9), "id": str(i)}) + "\n" for i in range(120)]
compressor = zstandard.ZstdCompressor(level=3, write_checksum=True)
parts = [compressor.compress("".join(part).encode()) for part in (lines[:50], lines[50:])]
skippable = (0x184D2A55).to_bytes(4, "little") + (5).to_bytes(4, "little") + b"other"
(CODECS / "lines.jsonl.zst").write_bytes(parts[0] + skippable + parts[1])
