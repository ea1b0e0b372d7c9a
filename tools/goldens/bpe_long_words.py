"""Writes packages/bpe/test/goldens/long-words.json: digests of what Hugging Face tokenizers makes of words of a megabyte.

The texts are made by formula, which packages/bpe/test/long-words.test.ts repeats.
Run from the repository's root, with the packages of tools/goldens/requirements.txt: python3 tools/goldens/bpe_long_words.py
"""

import hashlib
import json

import tokenizers
from tokenizers import ByteLevelBPETokenizer

from bpe_texts import Random, prose

# Letters to draw from, and how many; then units to repeat, and how often.
DRAWN = [
    ("etaoinshrdlu", 1_000_000),
    ("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", 300_000),
    ("ka", 300_000),
    ("0123456789", 300_000),
    (" \n\t", 300_000),
    ("".join(map(chr, range(0x4E00, 0x4E40))), 100_000),
    ("".join(map(chr, range(256))), 300_000),
    ("ri\U0001f44d\U0001f3fd\u200d", 100_000),
]
REPEATED = [("a", 1_000_000), ("z", 1_000_000), (" ", 1_000_000), ("\n", 100_000), ("ab", 500_000), ("kari", 100_001), ("shuander", 50_000), ("0", 300_000), ("=", 300_000), ("\u4e16\u754c", 100_000), ("\U0001f44d\U0001f3fd", 50_000)]


def main() -> None:
    words = "".join(drawn(91, "kari0=", 5000) for _ in range(3))
    tokenizer = ByteLevelBPETokenizer()
    tokenizer.train_from_iterator([*prose(90, 3000), "a" * 5000, "0" * 700, "=" * 300, " " * 3000, "\u4e16\u754c" * 99, words], vocab_size=3000, min_frequency=1, show_progress=False)
    texts = [drawn(100 + index, letters, count) for index, (letters, count) in enumerate(DRAWN)] + [unit * times for unit, times in REPEATED]
    digests = [hashlib.sha256(" ".join(map(str, tokenizer.encode(text).ids)).encode()).hexdigest()[:16] for text in texts]
    value = {"oracle": f"tokenizers {tokenizers.__version__}", "drawn": DRAWN, "repeated": REPEATED, "digests": digests}
    with open("packages/bpe/test/goldens/long-words.json", "w", encoding="utf-8") as file:
        json.dump(value, file, ensure_ascii=True, separators=(",", ":"))
        file.write("\n")


def drawn(seed: int, letters: str, count: int) -> str:
    r = Random(seed)
    return "".join(letters[r.below(len(letters))] for _ in range(count))


if __name__ == "__main__":
    main()
