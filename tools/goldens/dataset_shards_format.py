"""The shard format of docs/formats.md in Python, with PyPI's msgpack alone: written apart from the package, from the page.

Used by dataset_shards.py (which writes the goldens) and by dataset_shards_read.py (which the tests run).
"""

import struct

import msgpack

MASK = 2**64 - 1
P1, P2, P3, P4, P5 = 11400714785074694791, 14029467366897019727, 1609587929392839161, 9650029242287828579, 2870177450012600261


def _rotate(value, bits):
    return ((value << bits) | (value >> (64 - bits))) & MASK


def _round(acc, lane):
    return _rotate((acc + lane * P2) & MASK, 31) * P1 & MASK


def xxh64(data):
    """xxHash64 with seed 0, as 16 hexadecimal digits (https://github.com/Cyan4973/xxHash, doc/xxhash_spec.md)."""
    size, at = len(data), 0
    if size >= 32:
        accs = [(P1 + P2) & MASK, P2, 0, -P1 & MASK]
        while at + 32 <= size:
            lanes = struct.unpack_from("<4Q", data, at)
            accs = [_round(acc, lane) for acc, lane in zip(accs, lanes)]
            at += 32
        total = sum(_rotate(acc, bits) for acc, bits in zip(accs, (1, 7, 12, 18))) & MASK
        for acc in accs:
            total = ((total ^ _round(0, acc)) * P1 + P4) & MASK
    else:
        total = P5
    total = (total + size) & MASK
    while at + 8 <= size:
        total = (_rotate(total ^ _round(0, struct.unpack_from("<Q", data, at)[0]), 27) * P1 + P4) & MASK
        at += 8
    if at + 4 <= size:
        total = (_rotate(total ^ struct.unpack_from("<I", data, at)[0] * P1 & MASK, 23) * P2 + P3) & MASK
        at += 4
    for byte in data[at:]:
        total = _rotate(total ^ byte * P5 & MASK, 11) * P1 & MASK
    for shift, prime in ((33, P2), (29, P3)):
        total = ((total ^ (total >> shift)) * prime) & MASK
    return f"{total ^ (total >> 32):016x}"


SIZES = {"u8": 1, "u16": 2, "u32": 4}
CODES = {"u8": "B", "u16": "H", "u32": "I"}
BLOCK = 1 << 20


def numbers(dtype, values):
    return struct.pack(f"<{len(values)}{CODES[dtype]}", *values)


def write_shard(documents, *, dtype, vocab_size, masks=False, provenance=False, rows=False, split="train", shard=0, fingerprint="conformance", sha256="5" * 64, bos=0, eos=2, pad=1):
    """The bytes of a shard. A document is a dict: tokens, text_bytes, and mask and source where asked for.

    With rows the shard says of a source its file and row alone.
    """
    header = msgpack.packb(
        {
            "magic": "LLMS",
            "version": {"major": 1, "minor": 2 if rows else 1 if provenance else 0},
            "split": split,
            "shard": shard,
            "dtype": dtype,
            "endian": "le",
            "loss_mask": masks,
            "tokenizer": {"sha256": sha256, "vocab_size": vocab_size, "bos": bos, "eos": eos, "pad": pad},
            "fingerprint": fingerprint,
        }
    )
    tokens = [token for document in documents for token in document["tokens"]]
    ends, total = [], 0
    for document in documents:
        total += len(document["tokens"])
        ends.append(total)
    sections = [("tokens", dtype, numbers(dtype, tokens)), ("doc_ends", "u32", numbers("u32", ends))]
    loss_tokens = sum(max(0, len(document["tokens"]) - 1) for document in documents)
    if masks:
        bits = [bit for document in documents for bit in document["mask"]]
        packed = bytearray((len(bits) + 7) // 8)
        for place, bit in enumerate(bits):
            packed[place >> 3] |= bit << (place & 7)
        sections.append(("loss_mask", "u8", bytes(packed)))
        loss_tokens = sum(bits)
    files, records, record_ends = [], b"", []
    if provenance:
        for document in documents:
            source = document["source"]
            if source["file"] not in files:
                files.append(source["file"])
            records += msgpack.packb([files.index(source["file"]), source["row"], source.get("id"), source.get("url")])
            record_ends.append(len(records))
        sections += [("doc_bytes", "u32", numbers("u32", [document["text_bytes"] for document in documents])), ("source_ends", "u32", numbers("u32", record_ends)), ("sources", "u8", records)]
    if rows:
        runs = []
        for place, document in enumerate(documents):
            source = document["source"]
            if source["file"] not in files:
                files.append(source["file"])
            file, row = files.index(source["file"]), source["row"]
            if not runs or runs[-1][1] != file or runs[-1][2] + place - runs[-1][0] != row:
                runs.append((place, file, row))
        sections.append(("source_rows", "u32", numbers("u32", [number for run in runs for number in run])))
    data, table = bytearray(header), []
    for name, kind, payload in sections:
        data += b"\xc0" * (-(len(data) + 5) % 64) + b"\xc6" + struct.pack(">I", len(payload))
        table.append({"name": name, "dtype": kind, "offset": len(data), "length": len(payload), "xxh64": xxh64(payload), "blocks": [xxh64(payload[at : at + BLOCK]) for at in range(0, len(payload), BLOCK)]})
        data += payload
    footer = {
        "documents": len(documents),
        "tokens": len(tokens),
        "loss_tokens": loss_tokens,
        "text_bytes": sum(document["text_bytes"] for document in documents),
        "max_id": max(tokens, default=0),
        "header": {"length": len(header), "xxh64": xxh64(header)},
        "sections": table,
    }
    if provenance or rows:
        packed = msgpack.packb({**footer, "source_files" if rows else "files": files, "xxh64": "0" * 16})[:-16]
        packed += xxh64(packed).encode()
    else:
        packed = msgpack.packb(footer)
    return bytes(data) + packed + b"\xc4\x10" + struct.pack("<Q", len(data)) + b"LLMSv1\r\n"


def read_shard(data):
    """What a shard holds, every checksum of it compared. Walks the stream from the front, and seeks from the back."""
    unpacker = msgpack.Unpacker(max_buffer_size=2**31 - 1)
    unpacker.feed(data)
    values = [value for value in unpacker if value is not None]
    header, footer, trailer = values[0], values[-2], values[-1]
    (offset,) = struct.unpack("<Q", data[-16:-8])
    assert data[-8:] == b"LLMSv1\r\n" == trailer[8:]
    assert msgpack.unpackb(data[offset:-18]) == footer
    assert msgpack.unpackb(data[: footer["header"]["length"]]) == header
    assert xxh64(data[: footer["header"]["length"]]) == footer["header"]["xxh64"]
    if "xxh64" in footer:
        assert xxh64(data[offset:-34]) == footer["xxh64"] and data[-34:-18] == footer["xxh64"].encode()
    parts = {}
    for section, value in zip(footer["sections"], values[1:-2], strict=True):
        at, length = section["offset"], section["length"]
        assert at % 64 == 0 and data[at : at + length] == value
        assert xxh64(value) == section["xxh64"]
        assert [xxh64(value[start : start + BLOCK]) for start in range(0, length, BLOCK)] == section["blocks"]
        kind = section["dtype"]
        parts[section["name"]] = value if section["name"] == "sources" else list(struct.unpack(f"<{length // SIZES[kind]}{CODES[kind]}", value))
    ends = parts["doc_ends"]
    ranges = list(zip([0, *ends], ends))
    documents = [{"tokens": parts["tokens"][start:end]} for start, end in ranges]
    if header["loss_mask"]:
        for document, (start, end) in zip(documents, ranges):
            document["mask"] = [parts["loss_mask"][place >> 3] >> (place & 7) & 1 for place in range(start, end)]
    if "files" in footer:
        record_ends = parts["source_ends"]
        for document, text_bytes, start, end in zip(documents, parts["doc_bytes"], [0, *record_ends], record_ends, strict=False):
            file, row, identity, url = msgpack.unpackb(parts["sources"][start:end])
            source = {"file": footer["files"][file], "row": row, "id": identity, "url": url}
            document["text_bytes"] = text_bytes
            document["source"] = {key: value for key, value in source.items() if value is not None}
    if "source_files" in footer:
        numbers_of_runs = parts["source_rows"]
        runs = list(zip(numbers_of_runs[::3], numbers_of_runs[1::3], numbers_of_runs[2::3]))
        for (first, file, row), (end, *_) in zip(runs, [*runs[1:], (len(documents),)]):
            for place in range(first, end):
                documents[place]["source"] = {"file": footer["source_files"][file], "row": row + place - first}
    return {"header": header, "footer": footer, "documents": documents}
