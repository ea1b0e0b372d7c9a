"""Random small trainings by Hugging Face tokenizers, over all options of its BpeTrainer.

    python3 tools/goldens/bpe_train.py                    writes packages/bpe/test/goldens/train-options.json
    python3 tools/goldens/bpe_train.py --stream 5000 7    prints 5,000 cases of seed 7 as JSON lines, for tools/bench/bpe/fuzz-train.mjs

Run from the repository's root, with the packages of tools/goldens/requirements.txt.
"""

import hashlib
import json
import os
import random
import sys
import tempfile

import tokenizers
from tokenizers import AddedToken, ByteLevelBPETokenizer, normalizers
from tokenizers.pre_tokenizers import ByteLevel
from tokenizers.trainers import BpeTrainer

from bpe_texts import random_text

SPECIAL = ["<s>", "<pad>", "</s>", "<unk>", "<mask>", "<|system|>", "<|user|>", "<|assistant|>"]
# Alphabets that make ties, overlaps and collisions with special tokens and affixes.
ALPHABETS = [
    "ab", "abc", "a", "ab \n", "aab'st re", "abcdefghij   .,'!?0123", "\u00e9\u4e16\u754c\u00f1\u0663\u00bd \u0085\ufeff\u00a0\u3000a1",
    "\U0001f600\U0001f44d\U0001f3fd\u200d a", "etaoin shrdlu etaoin\n\t'ABC,.;123", "ab#</w> ", "aa##  b", "ab\r\n\n \t", "the cat sat on the mat ",
]
COLLIDING = ["ab", "abab", "a", " a", "\u0120a", "\u0120ab", "aa", "\u00e9", "aaa", "'s", "\u00c3\u00a9", "<s>", "ba", "abc", "the", "\u4e16"]
NORMALIZERS = [{"type": "NFC"}, {"type": "NFKC"}, {"type": "NFD"}, {"type": "NFKD"}, {"type": "Lowercase"}, {"type": "Sequence", "normalizers": [{"type": "NFKC"}, {"type": "Lowercase"}]}]
AFFIXES = ["##", "</w>", "@@", "#", "a", "_", "\u2581", ""]


def sha(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8")).hexdigest()[:16]


def normalizer_of(setting):
    if setting["type"] == "Sequence":
        return normalizers.Sequence([normalizer_of(item) for item in setting["normalizers"]])
    return getattr(normalizers, setting["type"])()


def words_of(texts, options):
    if "normalizer" in options:
        texts = [normalizer_of(options["normalizer"]).normalize_str(text) for text in texts]
    split = ByteLevel(add_prefix_space=options.get("addPrefixSpace", False), use_regex=options.get("useRegex", True))
    return [word for text in texts for word, _ in split.pre_tokenize_str(text)]


def sequences_of(texts, mode):
    """What the trainer sees: in file mode each line, with its end, is a sequence."""
    if mode == "iterator":
        return texts
    return [line + end for text in texts for line, end in zip(text.split("\n"), ["\n"] * text.count("\n") + [""]) if line + end]


def train(texts, mode, options) -> str:
    tokenizer = ByteLevelBPETokenizer(add_prefix_space=options.get("addPrefixSpace", False), trim_offsets=options.get("trimOffsets", False))
    if options.get("useRegex") is False:
        tokenizer._tokenizer.pre_tokenizer = ByteLevel(add_prefix_space=options.get("addPrefixSpace", False), use_regex=False)
    if "normalizer" in options:
        tokenizer._tokenizer.normalizer = normalizer_of(options["normalizer"])
    arguments = {
        "initial_alphabet": options.get("initialAlphabet", ByteLevel.alphabet()),
        "limit_alphabet": options.get("limitAlphabet"),
        "max_token_length": options.get("maxTokenLength"),
        "continuing_subword_prefix": options.get("continuingSubwordPrefix"),
        "end_of_word_suffix": options.get("endOfWordSuffix"),
    }
    special = [AddedToken(**token) if isinstance(token, dict) else token for token in options["specialTokens"]]
    given = {key: value for key, value in arguments.items() if value is not None}
    trainer = BpeTrainer(vocab_size=options["vocabSize"], min_frequency=options["minFrequency"], special_tokens=special, show_progress=False, **given)
    if mode == "iterator":
        tokenizer._tokenizer.train_from_iterator(texts, trainer=trainer)
    else:
        with tempfile.TemporaryDirectory() as folder:
            paths = []
            for index, text in enumerate(texts):
                paths.append(os.path.join(folder, str(index)))
                with open(paths[-1], "w", encoding="utf-8", newline="") as file:
                    file.write(text)
            tokenizer._tokenizer.train(paths, trainer=trainer)
    return tokenizer._tokenizer.to_str(pretty=True)


def limits(words, initial, r):
    """A limit of the alphabet that cuts between two different counts, so that the oracle leaves nothing to chance."""
    counts = {}
    for word in words:
        for char in word:
            counts[char] = counts.get(char, 0) + 1
    for char in initial:
        counts[char[0]] = float("inf")
    ordered = sorted(counts.values(), reverse=True)
    usable = [limit for limit in range(len(ordered) + 3) if limit == 0 or limit >= len(ordered) or ordered[limit - 1] != ordered[limit]]
    return r.choice(usable)


# What the stream draws beside what the stored cases have: long words (over the lengths at which ways of merging change), many
# sequences, scripts and composed characters that normalizers change and whitespace of all kinds.
MORE_ALPHABETS = ALPHABETS + [
    "e\u0301\u0308q\u0323\u0307A\u030a\ufb01\u212b\u1100\u1161\u11a8\u0130\u03a3 ", "\u0915\u094d\u0937\u093f \u0939\u093f\u0928\u0926\u0940", "\u4e16\u754c\u65e5\u672c\u8a9e\u3002\u3001", " \u00a0\u2003\u3000\u200b\n\r\t", "0123456789.,-", "'sS'tT'lL'vV eE",
]


def more_texts(r: random.Random):
    kind = r.random()
    if kind < 0.2:
        return [r.choice(["a", "ab", "aab", "\u4e16", "abc", " "]) * r.choice([50, 99, 100, 101, 150, 400]) + r.choice(["", "b", " a"]) for _ in range(r.randrange(1, 4))]
    if kind < 0.4:
        return [random_text(r, MORE_ALPHABETS, r.choice([0, 1, 2, 5, 9])) for _ in range(r.choice([20, 100, 300]))]
    if kind < 0.5:
        return []
    return [random_text(r, MORE_ALPHABETS, r.choice([20, 60, 300, 1000])) for _ in range(r.randrange(1, 4))]


def case(r: random.Random, more: bool = False):
    mode = "files" if r.random() < 0.25 else "iterator"
    if more:
        texts = more_texts(r) or [random_text(r, ALPHABETS, r.choice([0, 1, 3, 10, 40, 120])) for _ in range(r.randrange(1, 5))]
    else:
        texts = [random_text(r, ALPHABETS, r.choice([0, 1, 3, 10, 40, 120])) for _ in range(r.randrange(1, 5))]
    if mode == "files":
        # A lone \r stays within its line, and a lone surrogate can't be in a file.
        texts = [text.encode("utf-8", "replace").decode("utf-8") for text in texts]
    special = SPECIAL[: r.randrange(9)] if r.random() < 0.5 else [r.choice(COLLIDING) for _ in range(r.randrange(5))]
    options = {"vocabSize": r.choice([0, 10, 30, 60, 256, 260, 270, 300, 400, 600]), "minFrequency": r.choice([0, 1, 2, 2, 2, 3])}
    if r.random() < 0.2:
        options["addPrefixSpace"] = True
    if r.random() < 0.15:
        options["useRegex"] = False
    if r.random() < 0.15:
        options["trimOffsets"] = True
    if r.random() < 0.3:
        options["maxTokenLength"] = r.choice([0, 1, 2, 3, 4, 6])
    if r.random() < 0.5:
        options["initialAlphabet"] = r.choice([[], ["a", "b"], ["\u0120", "z", "q"], ["\u4e16", "ab", "a"], ["<", "#"]])
    if r.random() < 0.2:
        options["normalizer"] = r.choice(NORMALIZERS)
    if more and r.random() < 0.3:
        options["vocabSize"] = r.choice([257, 261, 512, 1000, 2000])
        options["minFrequency"] = r.choice([1, 4, 10, 50])
        options["maxTokenLength"] = r.choice([5, 8, 16, 32, 1000])
    words = words_of(sequences_of(texts, mode), options)
    if r.random() < 0.3:
        options["limitAlphabet"] = limits(words, options.get("initialAlphabet", ByteLevel.alphabet()), r)
    if r.random() < 0.35:
        if r.random() < 0.7:
            options["continuingSubwordPrefix"] = r.choice(AFFIXES)
        if r.random() < 0.7:
            options["endOfWordSuffix"] = r.choice(AFFIXES)
        # The oracle numbers symbols with affixes in the order of a hash map; as special tokens their order is given.
        prefix, suffix = options.get("continuingSubwordPrefix", ""), options.get("endOfWordSuffix", "")
        if len(set(words)) > 1:
            minted = {(prefix if at > 0 else "") + char + (suffix if at == len(word) - 1 else "") for word in words for at, char in enumerate(word)}
            symbols = sorted(minted)
            r.shuffle(symbols)
            special = special + symbols
    if r.random() < 0.15:
        special = [{"content": token, "lstrip": r.random() < 0.5, "rstrip": r.random() < 0.5, "normalized": r.random() < 0.5} if r.random() < 0.5 else token for token in special]
    options["specialTokens"] = special
    # With affixes a pair can be queued twice with equal counts, and then the oracle itself has several answers.
    runs = 6 if "continuingSubwordPrefix" in options or "endOfWordSuffix" in options else 1
    answers = sorted({sha(train(texts, mode, options)) for _ in range(runs)})
    return {"mode": mode, "texts": texts, "options": options, "sha": answers[0], "answers": answers}


if len(sys.argv) == 4 and sys.argv[1] == "--stream":
    source = random.Random(int(sys.argv[3]))
    for _ in range(int(sys.argv[2])):
        print(json.dumps(case(source, more=source.random() < 0.4), ensure_ascii=True, separators=(",", ":")), flush=True)
else:
    source = random.Random(20261123)
    cases = []
    while len(cases) < 150:
        found = case(source)
        if len(found.pop("answers")) == 1 and len(json.dumps(found)) < 1500:
            cases.append(found)
    with open("packages/bpe/test/goldens/train-options.json", "w", encoding="utf-8") as file:
        json.dump({"oracle": f"tokenizers {tokenizers.__version__}", "cases": cases}, file, ensure_ascii=True, separators=(",", ":"))
        file.write("\n")
