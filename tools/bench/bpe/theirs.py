"""One run of the other side; called by bench.mjs. PyPI tokenizers, and tiktoken with the same vocabulary where it is installed."""

import hashlib
import json
import sys
import time

from tokenizers import ByteLevelBPETokenizer, Tokenizer

folder, vocab_size = sys.argv[1], int(sys.argv[2])
SPECIAL = ["<s>", "<pad>", "</s>", "<unk>", "<mask>", "<|system|>", "<|user|>", "<|assistant|>"]
with open(f"{folder}/texts.json", encoding="utf-8") as file:
    texts = json.load(file)
figures = {}


def timed(name, work):
    started = time.perf_counter()
    result = work()
    figures[name] = time.perf_counter() - started
    return result


trainer = ByteLevelBPETokenizer()
timed("train tokenizers", lambda: trainer.train_from_iterator(texts, vocab_size=vocab_size, min_frequency=2, special_tokens=SPECIAL, show_progress=False))
saved = trainer._tokenizer.to_str(pretty=True)
tokenizer = Tokenizer.from_str(saved)
timed("cold tokenizers", lambda: [tokenizer.encode(text).ids for text in texts])
ids = timed("warm tokenizers", lambda: [tokenizer.encode(text).ids for text in texts])
timed("batch tokenizers", lambda: [encoding.ids for encoding in tokenizer.encode_batch(texts)])
timed("decode tokenizers", lambda: [tokenizer.decode(list_) for list_ in ids])
try:
    import tiktoken
except ImportError:
    tiktoken = None
if tiktoken:
    codes = [c if 33 <= c <= 126 or 161 <= c <= 172 or c >= 174 else None for c in range(256)]
    extra = iter(range(256, 512))
    byte_of = {chr(code if code is not None else next(extra)): byte for byte, code in enumerate(codes)}
    vocab = json.loads(saved)["model"]["vocab"]
    ranks = {bytes(byte_of[char] for char in token): id_ for token, id_ in vocab.items() if token not in SPECIAL}
    pattern = r"""'(?:[sdmt]|ll|ve|re)| ?\p{L}++| ?\p{N}++| ?[^\s\p{L}\p{N}]++|\s++$|\s+(?!\S)|\s"""
    other = tiktoken.Encoding("same", pat_str=pattern, mergeable_ranks=ranks, special_tokens={token: vocab[token] for token in SPECIAL})
    timed("cold tiktoken", lambda: [other.encode_ordinary(text) for text in texts])
    timed("warm tiktoken", lambda: [other.encode_ordinary(text) for text in texts])
digests = {"file": hashlib.sha256(saved.encode()).hexdigest(), "ids": hashlib.sha256("\n".join(" ".join(map(str, list_)) for list_ in ids).encode()).hexdigest()}
print(json.dumps({**figures, "digests": digests}))
