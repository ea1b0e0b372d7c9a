"""Reads token shards with PyPI's msgpack alone and prints what they hold as JSON, one object a line.

    python3 tools/goldens/dataset_shards_read.py FILE...
"""

import json
import sys

from dataset_shards_format import read_shard

for path in sys.argv[1:]:
    with open(path, "rb") as file:
        print(json.dumps(read_shard(file.read())))
