"""Writes packages/bpe/test/goldens/regex.json: how Hugging Face tokenizers, whose patterns are Oniguruma's, splits texts by random patterns.

Run from the repository's root, with the packages of tools/goldens/requirements.txt: python3 tools/goldens/bpe_regex.py
"""

import json
import random

import tokenizers
from tokenizers import Regex
from tokenizers.pre_tokenizers import Split

r = random.Random(20261123)
ATOMS = ["a", "b", "c", "ab", " ", r"\s", r"\S", "[ab]", "[^a]", r"\w", ".", "\u00e9", "\U0001f600", r"\p{L}", r"\n", r"\d", r"\R", "(?i)A", "(?m:.)"]
PLACES = ["^", "$", r"\A", r"\z", r"\Z", r"\b", r"\B"]
BEFORE = ["a", "ab", "a|b", r"\s", "[^a]", r"\w\s"]
TIMES = ["*", "+", "?", "{2}", "{1,3}", "{,2}", "*?", "+?", "??", "++", "?+", "{2}+", "*+"]
UNITS = ["a", "b", "c", " ", "\n", "\u00e9", "\U0001f600", "1", "ab", "a", " ", "\r\n"]


def pattern(depth: int) -> str:
    kind = r.randrange(5 if depth <= 0 else 14)
    if kind < 3:
        return r.choice(ATOMS)
    if kind == 3:
        return r.choice(PLACES)
    if kind == 4:
        return "a"
    if kind < 7:
        return pattern(depth - 1) + pattern(depth - 1)
    if kind < 9:
        return f"(?:{pattern(depth - 1)}|{pattern(depth - 1)})"
    if kind == 9:
        return f"({pattern(depth - 1)})" + r.choice(TIMES)
    if kind == 10:
        return r.choice(["(?=", "(?!"]) + pattern(depth - 2) + ")"
    if kind == 11:
        return f"(?>{pattern(depth - 1)})" if r.random() < 0.5 else r.choice(["(?<=", "(?<!"]) + r.choice(BEFORE) + ")"
    if kind == 12:
        return r.choice(["a", "b", r"\s", ".", "[ab]", r"\w"]) + r.choice(TIMES)
    return pattern(depth - 1) + "|" + pattern(depth - 1)


cases = []
for _ in range(800):
    regex = pattern(4)
    text = "".join(r.choice(UNITS) for _ in range(r.randrange(1, 20)))
    splits = [[piece for piece, _ in Split(Regex(regex), behavior).pre_tokenize_str(text)] for behavior in ("isolated", "removed")]
    cases.append([regex, text, *splits])

with open("packages/bpe/test/goldens/regex.json", "w", encoding="utf-8") as file:
    json.dump({"oracle": f"tokenizers {tokenizers.__version__}", "cases": cases}, file, ensure_ascii=True, separators=(",", ":"))
    file.write("\n")
