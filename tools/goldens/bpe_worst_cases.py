"""Writes packages/bpe/test/goldens/worst-cases.json: the ids of Hugging Face tokenizers and tiktoken for megabytes of the worst kinds.

The texts are made by formula, as packages/bpe/test/worst-cases.test.ts does again; of the ids only the number and the SHA-256 (as
little-endian u32) are stored. Run from the repository's root, with the packages of tools/goldens/requirements.txt:

    python3 tools/goldens/bpe_worst_cases.py
"""

import hashlib
import json
import re
import struct

import tiktoken
import tokenizers
from tokenizers import ByteLevelBPETokenizer, Regex, Tokenizer, pre_tokenizers

from bpe_patterns import GPT2, LLAMA3, O200K, TIKTOKEN
from bpe_texts import Random, prose, unicode_mix

HUGGING_FACE = {"gpt2": GPT2, "llama3": LLAMA3, "o200k_base": O200K}

EMOJI = ["\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466", "\U0001f469\U0001f3fd\u200d\U0001f4bb", "\u2764\ufe0f\u200d\U0001f525", "\U0001f3f3\ufe0f\u200d\U0001f308", "\U0001f1e9\U0001f1ea", "\U0001f44d\U0001f3ff", "\u200d", "\ufe0f"]
SURROGATES = ["\ud800", "\udbff", "\udc00", "\udfff", "\ud83d", "\ude00", "a", " "]
# Each text: so many units, drawn by the seed.
TEXTS = [
    {"name": "one letter", "units": ["a"], "count": 1_000_000},
    {"name": "one letter and another at the end", "units": ["a"], "count": 999_999, "end": "b"},
    {"name": "letters without a blank", "units": list("etaoinshrdlu"), "count": 1_000_000},
    {"name": "spaces", "units": [" "], "count": 1_000_000},
    {"name": "spaces before a letter", "units": [" "], "count": 999_999, "end": "x"},
    {"name": "newlines", "units": ["\n"], "count": 1_000_000},
    {"name": "carriage returns and newlines", "units": ["\r\n"], "count": 500_000},
    {"name": "tabs", "units": ["\t"], "count": 1_000_000},
    {"name": "whitespace of all kinds", "units": [" ", " ", "\t", "\n", "\r", "\u00a0", "\u2003", "\u3000", "\u0085"], "count": 500_000},
    {"name": "one ideograph", "units": ["\u4e16"], "count": 333_333},
    {"name": "ideographs", "units": [chr(0x4E00 + at) for at in range(64)], "count": 333_333},
    {"name": "emoji joined to sequences", "units": EMOJI, "count": 60_000},
    {"name": "random bytes", "bytes": 1_000_000},
    {"name": "lone surrogates", "units": SURROGATES, "count": 300_000},
    {"name": "combining marks", "units": ["e", *[chr(0x300 + at) for at in range(112)]], "count": 500_000},
    {"name": "digits", "units": list("0123456789"), "count": 1_000_000},
    {"name": "quotes and contractions", "units": ["'", "'s", "'S", "'ll", "'\u017f", "x"], "count": 500_000},
    {"name": "punctuation and slashes", "units": list("/.!?-_()<>\n"), "count": 1_000_000},
    {"name": "upper and lower case", "units": list("aBcDeFGh\u01c5\u02b0\u05d0"), "count": 700_000},
    {"name": "of everything", "units": ["a", "the ", " ", "\n", "\t", "\u4e16", EMOJI[0], "e\u0301", "12", "'s", ".", "\ud800", "\u3000", "HTTP", "Server", "/", "\u0915\u094d\u0937"], "count": 300_000},
]


def made(text) -> str:
    r = Random(len(text["name"]))
    if "bytes" in text:
        return bytes(r.below(256) for _ in range(text["bytes"])).decode("utf-8", "replace")
    units = text["units"]
    drawn = units[0] * text["count"] if len(units) == 1 else "".join(units[r.below(len(units))] for _ in range(text["count"]))
    # Halves that meet are a pair, as in UTF-16; of the others each is U+FFFD.
    joined = (drawn + text.get("end", "")).encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")
    return re.sub("[\ud800-\udfff]", "\ufffd", joined)


def summary(ids) -> dict:
    return {"count": len(ids), "sha256": hashlib.sha256(struct.pack(f"<{len(ids)}I", *ids)).hexdigest()}


# A vocabulary with long runs, so that merges reach over many of the characters.
corpus = prose(1, 1500) + unicode_mix(4, 200) + ["a" * 4096, " " * 2048, "\n" * 1024, "\t" * 512, "\u4e16" * 512, "\r\n" * 256, "".join(EMOJI) * 20, "e\u0301\u0300" * 50]
trained = ByteLevelBPETokenizer()
trained.train_from_iterator(corpus, vocab_size=2500, min_frequency=1, special_tokens=[], show_progress=False)
model = json.loads(trained._tokenizer.to_str())["model"]
codes = [c if 33 <= c <= 126 or 161 <= c <= 172 or c >= 174 else None for c in range(256)]
extra = iter(range(256, 512))
byte_of = {chr(code if code is not None else next(extra)): byte for byte, code in enumerate(codes)}
ranks = {bytes(byte_of[char] for char in token): id_ for token, id_ in model["vocab"].items()}

texts = [made(text) for text in TEXTS]
answers = {}
for name, pattern in HUGGING_FACE.items():
    tokenizer = Tokenizer.from_str(trained._tokenizer.to_str())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(pattern), "isolated", False), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    answers[f"tokenizers {name}"] = [summary(tokenizer.encode(text).ids) for text in texts]
for name, pattern in TIKTOKEN.items():
    encoding = tiktoken.Encoding(name, pat_str=pattern, mergeable_ranks=ranks, special_tokens={})
    found = []
    for text in texts:
        try:
            found.append(summary(encoding.encode_ordinary(text)))
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt):
                raise
            found.append({"error": str(error)[:80]})
    answers[f"tiktoken {name}"] = found
golden = {"oracle": f"tokenizers {tokenizers.__version__}, tiktoken {tiktoken.__version__}", "texts": TEXTS, "patterns": HUGGING_FACE, "answers": answers}
with open("packages/bpe/test/goldens/worst-cases.json", "w", encoding="ascii") as file:
    json.dump(golden, file, ensure_ascii=True, separators=(",", ":"))
    file.write("\n")
