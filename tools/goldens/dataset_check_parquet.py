"""Reads a parquet file that @llm/dataset wrote with pyarrow and prints its schema and rows as JSON.

    python3 tools/goldens/dataset_check_parquet.py FILE
"""

import json
import sys

import pyarrow.parquet as pq

file = pq.ParquetFile(sys.argv[1])
table = file.read()
print(
    json.dumps(
        {
            "schema": {field.name: str(field.type) for field in table.schema},
            "rowGroups": file.metadata.num_row_groups,
            "rows": table.to_pylist(),
        }
    )
)
