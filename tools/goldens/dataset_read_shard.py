"""Reads a token shard with PyPI's msgpack alone, as docs/formats.md describes it, and prints what it holds as JSON.

    python3 tools/goldens/dataset_read_shard.py FILE

Needs no other package: what is checked here is that any msgpack reader opens a shard, front to back.
"""

import array
import json
import struct
import sys

import msgpack

with open(sys.argv[1], "rb") as file:
    data = file.read()

# Front to back, as a stream of msgpack values: header, sections between nils, footer, trailer.
unpacker = msgpack.Unpacker(max_buffer_size=2**31 - 1)
unpacker.feed(data)
values = [value for value in unpacker if value is not None]
header, footer, trailer = values[0], values[-2], values[-1]
sections = dict(zip([section["name"] for section in footer["sections"]], values[1:-2], strict=True))

# From the back, as a reader seeks: the trailer says where the footer is, the footer where the sections are.
(footer_offset,) = struct.unpack("<Q", data[-16:-8])
assert data[-8:] == b"LLMSv1\r\n" == trailer[8:]
assert data[footer_offset:-18] == msgpack.packb(footer), "the footer is not plain msgpack"
assert data[: footer["header"]["length"]] == msgpack.packb(header), "the header is not plain msgpack"
for section in footer["sections"]:
    start = section["offset"]
    assert start % 64 == 0, "a section is not aligned"
    assert data[start : start + section["length"]] == sections[section["name"]], "the footer points elsewhere"

tokens = array.array({"u16": "H", "u32": "I"}[header["dtype"]], sections["tokens"])
ends = array.array("I", sections["doc_ends"])
if sys.byteorder == "big":
    tokens.byteswap()
    ends.byteswap()
documents = [list(tokens[start:end]) for start, end in zip([0, *ends], ends)]
result = {"header": header, "footer": footer, "documents": documents}
if header["loss_mask"]:
    bits = sections["loss_mask"]
    mask = [(bits[i >> 3] >> (i & 7)) & 1 for i in range(len(tokens))]
    result["masks"] = [mask[start:end] for start, end in zip([0, *ends], ends)]
print(json.dumps(result))
