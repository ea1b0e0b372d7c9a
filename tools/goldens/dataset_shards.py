"""Writes packages/dataset/test/goldens/shards: a conformance set of shards with expected answers, and the same documents
in the formats of other programs, written by their own code.

    python3 tools/goldens/dataset_shards.py

Needs the packages of tools/goldens/requirements.txt and, for Megatron's files, `pip install --no-deps megatron-core==0.16.1`.
"""

import json
import pathlib
import random
import struct
import sys

import numpy
from safetensors import safe_open

from dataset_shards_format import read_shard, write_shard

folder = pathlib.Path(__file__).parents[2] / "packages/dataset/test/goldens/shards"
folder.mkdir(parents=True, exist_ok=True)
rng = random.Random(7)


def document(length, vocab_size, index):
    """A document as the tokenizer writes them: <s> … </s>; of no or one token where it is that short."""
    tokens = [0, *(rng.randrange(8, vocab_size) for _ in range(length - 2)), 2][:length]
    source = {"file": f"documents-0000{index % 2}.parquet", "row": index * 70_000}
    if index != 1:
        source["id"] = f"<urn:uuid:{index:04d}>"
    if index != 2:
        source["url"] = f"https://example.org/ä/{index}" + "x" * (40 * index)
    return {"tokens": tokens, "text_bytes": length * 4 + index, "mask": [int(place > length // 2) for place in range(length)], "source": source}


def documents(lengths, vocab_size):
    return [document(length, vocab_size, index) for index, length in enumerate(lengths)]


# Lengths on both sides of what is a byte of mask, of what fills a section's padding, and none at all.
PLAIN = documents([4, 7, 2, 9, 3], 1_000)
WIDE = documents([5, 1, 40, 3], 128_256)
WIDE[0]["tokens"][1] = 128_255
VALID = {
    "u16": {"documents": PLAIN, "dtype": "u16", "vocab_size": 1_000},
    "u32": {"documents": WIDE, "dtype": "u32", "vocab_size": 128_256},
    "u16-mask": {"documents": PLAIN, "dtype": "u16", "vocab_size": 1_000, "masks": True},
    "u32-mask-provenance": {"documents": WIDE, "dtype": "u32", "vocab_size": 128_256, "masks": True, "provenance": True},
    "u16-provenance": {"documents": PLAIN, "dtype": "u16", "vocab_size": 1_000, "provenance": True},
    "empty-documents": {"documents": documents([0, 0, 3, 0, 1, 0], 1_000), "dtype": "u16", "vocab_size": 1_000, "masks": True},
    "no-documents": {"documents": [], "dtype": "u16", "vocab_size": 1_000, "masks": True},
    "aligned-mask": {"documents": documents([16, 16, 32], 1_000), "dtype": "u16", "vocab_size": 1_000, "masks": True, "split": "val", "shard": 3},
    "full-u16": {"documents": [{**PLAIN[0], "tokens": [0, 65_535, 32_768, 2]}], "dtype": "u16", "vocab_size": 65_536},
}


def rows(found, places):
    """Documents of other places: file and row alone."""
    return [{**one, "source": {"file": f"part/{file}.jsonl", "row": row}} for one, (file, row) in zip(found, places, strict=True)]


# Runs of one and of several documents, a file that comes again, and the last row that there can be.
VALID["u16-rows"] = {"documents": rows(documents([3, 4, 5, 2, 9, 3, 6, 2], 1_000), [(0, 5), (0, 6), (0, 7), (1, 8), (0, 8), (0, 10), (2, 2**32 - 2), (2, 2**32 - 1)]), "dtype": "u16", "vocab_size": 1_000, "rows": True}
VALID["u32-mask-rows"] = {"documents": rows(documents([5, 0, 33], 128_256), [(4, 0), (4, 1), (4, 2)]), "dtype": "u32", "vocab_size": 128_256, "masks": True, "rows": True}
expected = []
for name, options in VALID.items():
    data = write_shard(**options)
    (folder / f"{name}.msgpack").write_bytes(data)
    answer = read_shard(data)
    keys = ["tokens", *(["mask"] if options.get("masks") else []), *(["text_bytes", "source"] if options.get("provenance") else []), *(["source"] if options.get("rows") else [])]
    assert answer["documents"] == [{key: found[key] for key in keys} for found in options["documents"]], name
    expected.append({"name": name, **answer, "text_bytes": [found["text_bytes"] for found in options["documents"]]})


def edit(base, reason, *edits, cut=None):
    """A shard that must be refused: another one with bytes replaced, or cut off; checksums are not mended."""
    return {"base": base, "edits": [[at, new.hex()] for at, new in edits], **({} if cut is None else {"cut": cut}), "reason": reason}


def find(base, text, skip=0):
    return (folder / f"{base}.msgpack").read_bytes().index(text) + skip


def section(base, name):
    return next(part for part in next(answer for answer in expected if answer["name"] == base)["footer"]["sections"] if part["name"] == name)


size = len((folder / "u16.msgpack").read_bytes())
refused = [
    edit("u16", "cut off", cut=0),
    edit("u16", "cut off", cut=17),
    edit("u16", "cut off", cut=size - 1),
    edit("u16", "cut off", (size - 2, b"\n\n")),
    edit("u16", "points to byte", (size - 16, struct.pack("<Q", size))),
    edit("u16", "points to byte", (size - 16, struct.pack("<Q", 2**63 + 5))),
    edit("u16", "another kind of file", (find("u16", b"LLMS"), b"LLMT")),
    edit("u16", "format version 2", (find("u16", b"major", 5), b"\x02")),
    edit("u16", "tokens of type u64", (find("u16", b"u16"), b"u64")),
    edit("u16", "tokens of type u16 \\(be\\)", (find("u16", b"\xa2le"), b"\xa2be")),
    edit("u16", "header is damaged", (find("u16", b"conformance"), b"C")),
    edit("u16", 'section "tokens" is damaged', (section("u16", "tokens")["offset"], b"\x01")),
    edit("u16-mask", 'section "loss_mask" is damaged', (section("u16-mask", "loss_mask")["offset"], b"\x99")),
    edit("u16", "padding before the section", (section("u16", "tokens")["offset"] - 6, b"\x01")),
    edit("u16", "places the section", (section("u16", "doc_ends")["offset"] - 4, b"\x01")),
    edit("u16-provenance", "footer is damaged", (find("u16-provenance", b"documents-00000"), b"D")),
    edit("u16-rows", "footer is damaged", (find("u16-rows", b"part/1"), b"P")),
    edit("u16-rows", 'section "source_rows" is damaged', (section("u16-rows", "source_rows")["offset"], b"\x01")),
    edit("u16", "tokens in the loss", (find("u16", b"loss_tokens", 11), b"\x01")),
    edit("u16", "largest id", (find("u16", b"max_id", 7), b"\x01\x01")),
]
(folder / "conformance.json").write_text(json.dumps({"valid": expected, "refused": refused}, indent=None, ensure_ascii=False) + "\n")

# nanoGPT: numpy's own bytes (data/openwebtext/prepare.py maps train.bin as uint16).
tokens = [token for found in PLAIN for token in found["tokens"]]
mask = [bit for found in PLAIN for bit in found["mask"]]
numpy.array(tokens, dtype=numpy.uint16).tofile(folder / "nanogpt.bin")
numpy.array(mask, dtype=numpy.uint8).tofile(folder / "nanogpt.mask")
# llm.c: 256 int32, then the tokens.
for name, kind, numbers, magic, version in (("u16", numpy.uint16, tokens, 20240520, 1), ("u32", numpy.uint32, [token for found in WIDE for token in found["tokens"]], 20240801, 7)):
    header = numpy.zeros(256, dtype=numpy.int32)
    header[:3] = magic, version, len(numbers)
    (folder / f"llmc-{name}.bin").write_bytes(header.tobytes() + numpy.array(numbers, dtype=kind).tobytes())
# safetensors: the package's own export of "u16-mask", read by the library it is for.
exported = folder / "exported.safetensors"
with safe_open(exported, framework="numpy") as file:
    assert sorted(file.keys()) == ["doc_ends", "loss_mask", "tokens"] and file.metadata()["format"] == "llm-shards"
    assert json.loads(file.metadata()["tokenizer"])["vocabSize"] == 1_000
    for name, kind, numbers in (("tokens", numpy.uint16, tokens), ("loss_mask", numpy.uint8, mask), ("doc_ends", numpy.uint32, numpy.cumsum([len(found["tokens"]) for found in PLAIN]))):
        tensor = file.get_tensor(name)
        assert tensor.dtype == kind and tensor.tolist() == list(numbers), name
# Megatron-LM: its own builder and, back, its own reader.
try:
    import torch
    from megatron.core.datasets.indexed_dataset import IndexedDataset, IndexedDatasetBuilder
except ImportError as error:
    sys.exit(f"{error}: Megatron's files were not written anew.")
for name, kind, parts in (
    ("u16", numpy.uint16, [found["tokens"] for found in PLAIN]),
    ("u32", numpy.int32, [found["tokens"] for found in WIDE]),
    ("u16_loss_mask", numpy.uint8, [found["mask"] for found in PLAIN]),
):
    builder = IndexedDatasetBuilder(str(folder / f"megatron-{name}.bin"), dtype=kind)
    for part in parts:
        builder.add_document(torch.tensor(part), [len(part)])
    builder.finalize(str(folder / f"megatron-{name}.idx"))
    back = IndexedDataset(str(folder / f"megatron-{name}"))
    assert [list(map(int, back[index])) for index in range(len(parts))] == parts
# A document of two sequences, which Megatron's preprocessing makes with --split-sentences.
builder = IndexedDatasetBuilder(str(folder / "megatron-sentences.bin"), dtype=numpy.uint16)
for found in PLAIN:
    half = len(found["tokens"]) // 2
    builder.add_document(torch.tensor(found["tokens"]), [half, len(found["tokens"]) - half])
builder.finalize(str(folder / "megatron-sentences.idx"))
