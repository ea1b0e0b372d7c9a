"""Writes the parquet goldens of packages/dataset with pyarrow: one table in every codec and layout that must be readable,
and its rows as JSON. Run from the repository's root with the packages of tools/goldens/requirements.txt:

    python3 tools/goldens/dataset_parquet.py
"""

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

OUT = Path("packages/dataset/test/goldens")
ROWS = 40
texts = [f"Row {i}: " + " ".join(["A plain sentence.", "Ünïcödé – “quotes” 🦊", "新しい行\nund mehr."][(i + k) % 3] for k in range(i % 5 + 1)) for i in range(ROWS)]
texts[7] = None
texts[8] = ""
rows = [
    {
        "text": texts[i],
        "id": f"<urn:uuid:{i:032x}>",
        "dump": ["CC-MAIN-2013-20", "CC-MAIN-2024-10"][i % 2],
        "url": None if i % 7 == 3 else f"http://example.com/{i}",
        "date": f"2013-05-{i % 28 + 1:02d}T00:00:00Z",
        "file_path": "s3://commoncrawl/a.warc.gz",
        "language": None if i % 11 == 5 else "en",
        "language_score": None if i % 9 == 4 else 0.5 + i / 128,
        "token_count": None if i % 10 == 6 else 2**33 + i if i == 9 else i * 3,
        "extra": list(range(i % 4)),
    }
    for i in range(ROWS)
]
schema = pa.schema(
    [(name, pa.string()) for name in ("text", "id", "dump", "url", "date", "file_path", "language")]
    + [("language_score", pa.float64()), ("token_count", pa.int64()), ("extra", pa.list_(pa.int32()))]
)
table = pa.Table.from_pylist(rows, schema=schema)

pq.write_table(table, OUT / "snappy.parquet", compression="snappy", row_group_size=16)
pq.write_table(table, OUT / "zstd-pages-v2.parquet", compression="zstd", row_group_size=16, data_page_version="2.0")
pq.write_table(table, OUT / "gzip-one-group.parquet", compression="gzip")
pq.write_table(table, OUT / "plain.parquet", compression="none", use_dictionary=False, row_group_size=10)
pq.write_table(table.select(["extra", "token_count", "text", "id"]).set_column(2, "text", table["text"].cast(pa.large_string())), OUT / "reordered-large-string.parquet", compression="snappy")
pq.write_table(table.rename_columns(["body" if name == "text" else name for name in table.column_names]).drop(["extra"]), OUT / "body.parquet", compression="snappy")
(OUT / "rows.json").write_text(json.dumps([{key: value for key, value in row.items() if key != "extra"} for row in rows], ensure_ascii=False, indent=1) + "\n")

messages = pa.list_(pa.struct([("role", pa.string()), ("content", pa.string())]))
chats = [[{"role": "user", "content": f"What is {i} + {i}?"}, {"role": "assistant", "content": str(2 * i)}] for i in range(20)]
chats[3].insert(0, {"role": "system", "content": "Be brief."})
pq.write_table(pa.table({"messages": pa.array(chats, messages), "source": ["made up"] * 20}), OUT / "chats.parquet", compression="zstd")
(OUT / "chats.json").write_text(json.dumps(chats, indent=1) + "\n")
