"""The other sides of bench.mjs, PyPI tokenizers or tiktoken: does what the lines of its input ask for, one at a time."""

import hashlib
import json
import os
import sys
import time

side, folder, threads = sys.argv[1], sys.argv[2], int(sys.argv[3])
os.environ["RAYON_NUM_THREADS"] = str(threads)
os.environ["TOKENIZERS_PARALLELISM"] = "true"


def read(name: str) -> str:
    with open(f"{folder}/{name}", encoding="utf-8") as file:
        return file.read()


texts, worst, saved = json.loads(read("texts.json")), json.loads(read("worst.json")), read("tokenizer.json")
if side == "tokenizers":
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_str(saved)
    tokenizer.encode_special_tokens = True

    def encode(text):
        return tokenizer.encode(text, add_special_tokens=False).ids

    def batch():
        return [encoding.ids for encoding in tokenizer.encode_batch(texts, add_special_tokens=False)]

else:
    import tiktoken

    # tiktoken's own spelling of the patterns, which is the fastest for it.
    contractions, spaces = r"'(?:[sdmt]|ll|ve|re)", r"\s++$|\s+(?!\S)|\s"
    gpt2 = contractions + r"| ?\p{L}++| ?\p{N}++| ?[^\s\p{L}\p{N}]++|" + spaces
    cl100k = r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++$|\s*[\r\n]|\s+(?!\S)|\s"
    pattern = {"gpt2": gpt2, "cl100k_base": cl100k}[read("pattern.txt")]
    codes = [code if 33 <= code <= 126 or 161 <= code <= 172 or code >= 174 else None for code in range(256)]
    extra = iter(range(256, 512))
    byte_of = {chr(code if code is not None else next(extra)): byte for byte, code in enumerate(codes)}
    file = json.loads(saved)
    added = {token["content"]: token["id"] for token in file["added_tokens"]}
    ranks = {bytes(byte_of[char] for char in token): id_ for token, id_ in file["model"]["vocab"].items() if token not in added}
    tokenizer = tiktoken.Encoding("same", pat_str=pattern, mergeable_ranks=ranks, special_tokens=added)

    def encode(text):
        return tokenizer.encode_ordinary(text)

    def batch():
        return tokenizer.encode_ordinary_batch(texts, num_threads=threads)


def sha256(lists) -> str:
    digest = hashlib.sha256()
    for ids in lists:
        digest.update((" ".join(map(str, ids)) + "\n").encode())
    return digest.hexdigest()


def answer(value) -> None:
    print(json.dumps(value), flush=True)


answer("ready")
for line in sys.stdin:
    what, *rest = line.split()
    wall, cpu = time.perf_counter(), time.process_time()
    if what == "threads":
        result = batch()
    elif what == "worst":
        result = [encode(worst[int(rest[0])])]
    else:
        result = [encode(text) for text in texts]
    figures = {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}
    if what in ("digest", "worst"):
        figures["digest"] = sha256(result)
    answer(figures)
