"""Differential fuzz of encoding and decoding: random tokenizers and texts, Hugging Face tokenizers and tiktoken against @llm/bpe.

Run from the repository's root, after `npm run build` in packages/bpe, with the packages of tools/goldens/requirements.txt:

    python3 tools/goldens/bpe_encode_fuzz.py --cases 20000            prints the number of differences, and the first few
    python3 tools/goldens/bpe_encode_fuzz.py --cases 600 --seed 11 --golden     writes packages/bpe/test/goldens/encode-fuzz.json
"""

import argparse
import hashlib
import json
import random
import re
import subprocess
import sys

import tiktoken
import tokenizers
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

from bpe_patterns import GPT2, LLAMA3, O200K, QWEN2, QWEN3_5, TIKTOKEN

parser = argparse.ArgumentParser()
parser.add_argument("--cases", type=int, default=20000)
parser.add_argument("--seed", type=int, default=1)
parser.add_argument("--golden", action="store_true")
parser.add_argument("--module", default="@llm/bpe", help="what the other side imports")
options = parser.parse_args()
r = random.Random(options.seed)

KNOWN = [GPT2, LLAMA3, QWEN2, QWEN3_5, O200K, LLAMA3.replace("{1,3}", "{1,2}"), LLAMA3.replace("{1,3}", "+")]
OTHER = [r"\p{N}", r"[\r\n]", r"\s?\p{L}+", r"\s?\p{P}+", r"[^\p{L}\s]+", r"\w+|[^\w\s]+", r"(?<=a)b|\d+?", r" ?[^(\s|[.,!?…。，、।۔،])]+", r"[a-z&&[^aeiou]]+", r"\p{Lu}?\p{Ll}++", r"(?>a+)b?", r"x{2}|y{,3}z", r"\h+", "[\u4e00-\u9fa5\u3040-\u309f]+", r"(?=[A-Z])", r"\b", r"^.|.$", r"(?i)the|é", r"[^\P{L}a-c]"]
OTHER.remove(r"\h+")

CHARACTERS = "abcdeghilmnorstuxyzABCSTREVMLDK  \n\t\r'.,!?-_/0123456789éßñÅſK\u0301\u0308\u0327\u0345\u00a0\u2028\u3000\u0085\u200b\u200d\ufeff世界日本한국ᄀ\u1161\u11a8ابقहिन्दीไทย²½Ⅷ٣\U0001f600\U0001f468\u200d\U0001f3fd\U0001d400\ufb01ǅʰªΣσςİ\U00011131\U00011127\u1e69\u2126\ufdfa"
WORDS = ["the", " the", "The", "don't", "I'LL", "he'S", "'\u017f", "ing", " and", "  ", "   ", "\n\n", " \n ", "\r\n", "...", "!!", "</", "12", "1234567", " 3.14", "naïve", "cafe\u0301", "世界", "fooBar", "HTTPServer", "<s>", "</s>", "<mask>", " <mask> ", "<word>", "<words>", "tok", "Tok", "▁", "A\u0308b", "q\u0323\u0307", "👩‍👩‍👧", "\u1100\u1161\u11a8", "/\n/", "_x", "x_", "e\u0345\u0301"]


def text() -> str:
    kind = r.random()
    length = r.choice([0, 1, 3, 6, 10] if options.golden else [0, 1, 2, 4, 8, 16, 32, 60])
    if kind < 0.08:
        return "".join(chr(c) for c in (r.randrange(0x110000) if r.random() < 0.5 else r.randrange(0x3200) for _ in range(length)) if not 0xD800 <= c < 0xE000)
    if kind < 0.14:
        return r.choice(["a", " ", "世", "ab", "\n", "👍🏽", "é", "e\u0301", "\t", "12", "'s"]) * length * 3 + r.choice(["", "", "b", " x", "\n"])
    if kind < 0.18 and not options.golden:
        # Long enough for the ways in which long words are merged and long texts are cut.
        return "".join(r.choice(["a", "b", "the", "é", "世", " ", "\n", "x"]) * r.choice([1, 1, 2, 40, 130, 400]) for _ in range(r.randrange(1, 8)))
    return "".join(r.choice(CHARACTERS) if r.random() < 0.45 else r.choice(WORDS) for _ in range(length))


# A few models; each file takes one of them.
def train(pre, special, size, characters=False, **affixes) -> dict:
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>" if characters else None, **affixes))
    tokenizer.pre_tokenizer = pre
    trainer = trainers.BpeTrainer(vocab_size=size, special_tokens=special, show_progress=False, initial_alphabet=[] if characters else pre_tokenizers.ByteLevel.alphabet(), **affixes)
    state = r.getstate()
    r.seed(7)
    tokenizer.train_from_iterator([text() for _ in range(300)], trainer)
    r.setstate(state)
    return json.loads(tokenizer.to_str())["model"]


SPECIAL = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
BYTES = [f"<0x{byte:02X}>" for byte in range(256)]
MODELS = [
    train(pre_tokenizers.ByteLevel(add_prefix_space=False), SPECIAL, 340),
    train(pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False), SPECIAL, 420),
    train(pre_tokenizers.Metaspace(), SPECIAL + BYTES, 360, True),
    train(pre_tokenizers.Whitespace(), SPECIAL, 90, True),
]
# Bytes and characters that are missing, and words that no merge reaches.
MODELS.append(json.loads(json.dumps(MODELS[0])))
for lost in "qQxz!Ĩ":
    if lost in MODELS[4]["vocab"]:
        MODELS[4]["merges"] = [m for m in MODELS[4]["merges"] if lost not in m[0] + m[1]]
        MODELS[4]["vocab"] = {token: id_ for token, id_ in MODELS[4]["vocab"].items() if lost not in token}
MODELS[4]["vocab"] = {token: id_ for id_, token in enumerate(MODELS[4]["vocab"])}
for word in ["Ġand", "naÃ¯ve", "ĠĠ", "12", "fooBar"]:
    MODELS[4]["vocab"].setdefault(word, len(MODELS[4]["vocab"]))
# Every split of a token as a merge of its own, as files made from tiktoken's have it.
MODELS.append(json.loads(json.dumps(MODELS[1])))
MODELS[5]["merges"] = [[t[:k], t[k:]] for t in MODELS[1]["vocab"] for k in range(1, len(t)) if t not in SPECIAL and t[:k] in MODELS[1]["vocab"] and t[k:] in MODELS[1]["vocab"]]
# Prefixes and suffixes as trained, and a vocabulary with some of the bytes to fall back on.
MODELS.append(train(pre_tokenizers.Whitespace(), SPECIAL, 260, True, continuing_subword_prefix="##"))
MODELS.append(train(pre_tokenizers.Whitespace(), SPECIAL, 260, True, end_of_word_suffix="</w>"))
MODELS.append(train(pre_tokenizers.Whitespace(), SPECIAL + BYTES[32:140], 330, True))
LEVEL = {0, 1, 4, 5}


def pre_tokenizer(level: bool):
    if not level:
        return r.choice([
            lambda: pre_tokenizers.Metaspace(prepend_scheme=r.choice(["always", "first", "never"]), split=r.random() < 0.7),
            lambda: None,
            lambda: pre_tokenizers.Whitespace(),
            lambda: pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Punctuation(r.choice(["isolated", "removed", "contiguous", "merged_with_previous", "merged_with_next"]))]),
            lambda: pre_tokenizers.CharDelimiterSplit(r.choice(" a世")),
            lambda: pre_tokenizers.Metaspace(replacement=r.choice("_a世"), prepend_scheme=r.choice(["always", "first", "never"]), split=r.random() < 0.7),
            lambda: pre_tokenizers.Sequence([r.choice([pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Digits(True), pre_tokenizers.Whitespace()]), pre_tokenizers.Metaspace(prepend_scheme=r.choice(["always", "first"]))]),
            lambda: pre_tokenizers.Digits(r.random() < 0.5),
            lambda: pre_tokenizers.Punctuation(r.choice(["isolated", "removed", "contiguous", "merged_with_previous", "merged_with_next"])),
            lambda: pre_tokenizers.Split(r.choice([Regex(r.choice(OTHER + KNOWN)), r.choice([" ", "the", ".", "世"])]), r.choice(["isolated", "removed", "contiguous", "merged_with_previous", "merged_with_next"]), r.random() < 0.3),
        ])()
    last = lambda regex: pre_tokenizers.ByteLevel(add_prefix_space=r.random() < 0.2, trim_offsets=r.random() < 0.5, use_regex=regex)
    split = lambda pattern: pre_tokenizers.Split(Regex(pattern), "isolated", False)
    other = lambda: pre_tokenizers.Split(r.choice([Regex(r.choice(OTHER + KNOWN)), r.choice([" ", "the", ".", "世"])]), r.choice(["isolated", "removed", "contiguous", "merged_with_previous", "merged_with_next"]), r.random() < 0.3)
    return r.choice([
        lambda: last(True),
        lambda: last(False),
        lambda: pre_tokenizers.Sequence([split(r.choice(KNOWN)), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)]),
        lambda: pre_tokenizers.Sequence([split(r.choice(KNOWN)), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)]),
        lambda: pre_tokenizers.Sequence([pre_tokenizers.Digits(r.random() < 0.6), pre_tokenizers.ByteLevel(add_prefix_space=False)]),
        lambda: pre_tokenizers.Sequence([other(), last(r.random() < 0.5)]),
        lambda: pre_tokenizers.Sequence([other(), other(), pre_tokenizers.Digits(True), last(False)]),
        lambda: pre_tokenizers.Sequence([pre_tokenizers.Punctuation("contiguous"), last(False), pre_tokenizers.Digits(False)]),
        lambda: pre_tokenizers.Sequence([pre_tokenizers.Sequence([pre_tokenizers.Digits(r.random() < 0.5)]), pre_tokenizers.Sequence([last(r.random() < 0.5)])]),
        lambda: pre_tokenizers.Sequence([last(True)]),
        lambda: pre_tokenizers.Sequence([pre_tokenizers.Digits(r.random() < 0.5), pre_tokenizers.ByteLevel(add_prefix_space=True, use_regex=r.random() < 0.5)]),
        lambda: pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(r.choice(KNOWN)), r.choice(["isolated", "removed", "contiguous", "merged_with_previous", "merged_with_next"]), r.random() < 0.4), last(False)]),
        lambda: pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), last(False)]),
    ])()


def normalizer(level: bool):
    one = lambda: r.choice([
        lambda: normalizers.NFC(), lambda: normalizers.NFD(), lambda: normalizers.NFKC(), lambda: normalizers.NFKD(), lambda: normalizers.Lowercase(),
        lambda: normalizers.Strip(r.random() < 0.6, r.random() < 0.6), lambda: normalizers.Replace(r.choice([" ", "a", "''", "\n"]), r.choice(["▁", "", "xy", "é"])),
        lambda: normalizers.Replace(Regex(r.choice([r"\s+", r"[aeiou]", r" {2,}", r"\p{N}"])), r.choice([" ", "", "0"])), lambda: normalizers.Prepend(r.choice(["▁", "ab"])),
        lambda: normalizers.Replace(Regex(r.choice([r"a|e", r"the\b", r"[a-z]+", r"(?i)T", r"\p{M}", r"."])), r.choice(["", "", "a", "  "])), lambda: normalizers.Replace(r.choice(["a", "  ", "12", "_"]), ""),
        lambda: normalizers.Sequence([normalizers.NFKC(), normalizers.Lowercase(), normalizers.Sequence([normalizers.Strip()])]),
        *([] if level else [lambda: normalizers.ByteLevel()]),
    ])()
    if r.random() < (0.55 if level else 0.5):
        return r.choice([None, None, normalizers.NFC()]) if level else normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    return one() if r.random() < 0.6 else normalizers.Sequence([one() for _ in range(r.randrange(4))])


def processors_pair() -> dict:
    """A special token of a template that stands for two ids."""
    return {"id": "<two>", "ids": [0, 4], "tokens": ["<s>", "<mask>"]}


def processor():
    template = lambda: r.choice([
        processors.TemplateProcessing("<s> $A </s>", "<s> $A </s> $B:1 </s>:1", [("<s>", 0), ("</s>", 2)]),
        processors.TemplateProcessing("<s> $0", "<s>:2 $A:2 <s> $B:1", [("<s>", 0)]),
        processors.TemplateProcessing("$A:3 </s>", "$B $A </s>:4 </s>", [("</s>", 2)]),
    ])
    level = lambda: processors.ByteLevel(trim_offsets=r.random() < 0.6, add_prefix_space=r.random() < 0.5)
    return r.choice([
        lambda: None, level, level, template, template,
        lambda: processors.Sequence([level(), template()]),
        lambda: processors.Sequence([template()]), lambda: processors.Sequence([template(), level()]), lambda: processors.Sequence([]),
        lambda: processors.TemplateProcessing("<two> $A <s>", "<two> $A <s> $B:1 <two>:1", [processors_pair(), ("<s>", 0)]),
        lambda: processors.RobertaProcessing(("</s>", 2), ("<s>", 0), trim_offsets=r.random() < 0.6, add_prefix_space=r.random() < 0.5),
        lambda: processors.BertProcessing(("</s>", 2), ("<s>", 0)),
    ])()


def decoder(level: bool):
    if level:
        return decoders.ByteLevel() if r.random() < 0.85 else r.choice([
            lambda: decoders.Sequence([decoders.ByteLevel(), decoders.Strip("a", 1, 0)]), lambda: decoders.Sequence([decoders.ByteLevel()]), lambda: None, lambda: decoders.Fuse(),
            lambda: decoders.Sequence([decoders.Fuse(), decoders.ByteLevel()]), lambda: decoders.Sequence([decoders.Replace("Ġ", "-"), decoders.ByteLevel(), decoders.Replace(Regex(r"[ae]"), "")]),
        ])()
    return r.choice([
        lambda: decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]),
        lambda: decoders.Metaspace(prepend_scheme=r.choice(["always", "first", "never"])),
        lambda: None, lambda: decoders.Fuse(), lambda: decoders.BPEDecoder(suffix=r.choice(["o", "</w>"])), lambda: decoders.Strip(r.choice([" ", "a", "▁"]), r.randrange(3), r.randrange(3)), lambda: decoders.Replace(Regex(r"\s|▁"), r.choice(["", "_"])), lambda: decoders.ByteFallback(), lambda: decoders.Metaspace(replacement="_"), lambda: decoders.Sequence([decoders.ByteFallback(), decoders.Metaspace()]),
    ])()


def build() -> tuple[int, dict, Tokenizer]:
    index = r.choice([0, 0, 0, 1, 1, 2, 2, 3, 4, 4] if options.golden else [0, 0, 0, 1, 1, 2, 2, 3, 4, 4, 5, 6, 7, 8])
    level = index in LEVEL
    settings = {"ignore_merges": r.random() < 0.3, "fuse_unk": r.random() < 0.5}
    if index == 2:
        settings["byte_fallback"] = r.random() < 0.7
    # Not beside affixes: of their bytes the oracle gives places that have to do with another part of the text.
    if index == 8:
        settings["byte_fallback"] = r.random() < 0.6
    if r.random() < 0.15:
        settings["dropout"] = 0.0
    if index == 4:
        settings["unk_token"] = r.choice([None, "<unk>"])
    if index == 3 and r.random() < 0.4:
        settings["end_of_word_suffix"] = r.choice(["o", "s"])
    if index == 3 and r.random() < 0.3:
        settings["continuing_subword_prefix"] = r.choice(["a", ""])
        MODELS_3 = [m for m in MODELS[3]["merges"] if settings["continuing_subword_prefix"] == "" or m[0] + m[1][1:] in MODELS[3]["vocab"]]
        settings["merges"] = MODELS_3
    file = json.loads(Tokenizer(models.BPE()).to_str())
    file["model"] = {**MODELS[index], **settings}
    tokenizer = Tokenizer.from_str(json.dumps(file))
    tokenizer.normalizer = normalizer(level) or tokenizer.normalizer
    made = pre_tokenizer(level)
    if made is not None:
        tokenizer.pre_tokenizer = made
    made = processor()
    if made is not None:
        tokenizer.post_processor = made
    made = decoder(level)
    if made is not None:
        tokenizer.decoder = made
    if r.random() < 0.75:
        flag = lambda: r.random() < 0.3
        tokenizer.add_special_tokens(["<s>", "<pad>", "</s>"])
        shown = set()
        for content in r.sample(["<mask>", "<word>", "<words>", "tok", "Tok", "the", "  ", "é", "世界", "12", "_", "a b", "a", " "], r.randrange(6)):
            token = AddedToken(content, single_word=flag(), lstrip=flag(), rstrip=flag(), normalized=r.random() < 0.5, special=r.random() < 0.4)
            looks = tokenizer.normalizer.normalize_str(content) if tokenizer.normalizer is not None else content
            # Of two tokens that look the same the oracle takes either, as its hash map has them.
            if token.normalized and looks in shown:
                continue
            if token.normalized:
                shown.add(looks)
            tokenizer.add_tokens([token])
    if r.random() < 0.35:
        tokenizer.enable_truncation(r.choice([5, 6, 8, 12, 20]), stride=r.choice([0, 0, 1, 2]), strategy=r.choice(["longest_first", "longest_first", "only_first", "only_second"]), direction=r.choice(["left", "right"]))
    if r.random() < 0.25:
        tokenizer.enable_padding(direction=r.choice(["left", "right"]), pad_id=1, pad_type_id=r.choice([0, 3]), pad_token="<pad>", length=r.choice([None, 10, 16]), pad_to_multiple_of=r.choice([None, 4, 7]))
    saved = tokenizer.to_str()
    file = json.loads(saved)
    del file["model"]
    return index, {"file": file, "settings": settings, "saved": hashlib.sha256(saved.encode()).hexdigest()[:16]}, tokenizer


def columns(encoding, nested: bool = True) -> dict:
    # What overflows of a pair carries overflow of its own there, which repeats what is in the list already.
    return {
        "ids": encoding.ids, "tokens": encoding.tokens, "offsets": [place for pair in encoding.offsets for place in pair], "typeIds": encoding.type_ids,
        "wordIds": [-1 if word is None else word for word in encoding.word_ids],
        "specialTokensMask": encoding.special_tokens_mask, "attentionMask": encoding.attention_mask,
        "overflowing": [columns(part, False) for part in encoding.overflowing] if nested else [],
    }


def looks_of(tokenizer: Tokenizer) -> list[str]:
    """What the tokens that are looked for in normalized text look like there."""
    look = tokenizer.normalizer.normalize_str if tokenizer.normalizer is not None else str
    return [look(token.content) for token in tokenizer.get_added_tokens_decoder().values() if token.normalized]


def answers(tokenizer: Tokenizer):
    """
    Whether the oracle has an answer of its own for a text, where one of its tokens looks like nothing once it is normalized: it
    ends with an error at characters beyond ASCII, and never ends where a text breaks off inside of another such token.
    """
    tokens = list(tokenizer.get_added_tokens_decoder().values())
    look = tokenizer.normalizer.normalize_str if tokenizer.normalizer is not None else str
    shown = looks_of(tokenizer)
    if "" not in shown:
        return lambda text: True
    starts = tuple({other[:length] for other in shown for length in range(1, len(other))})
    cut = re.compile("|".join(re.escape(token.content) for token in sorted(tokens, key=lambda token: -len(token.content)) if not token.normalized) or "(?!)")
    pieces = lambda text: {piece[:end] for piece in cut.split(text) for end in (len(piece), len(piece.rstrip()))}
    return lambda text: text.isascii() and not any(look(piece).endswith(starts) or look(piece).rstrip().endswith(starts) or not look(piece).isascii() for piece in pieces(text))


def hf_case():
    index, case, tokenizer = build()
    probes = []
    answered = answers(tokenizer)
    for _ in range(3 if options.golden else 10):
        one, two = text(), text() if r.random() < 0.25 else None
        if not answered(one):
            one = one.encode("ascii", "ignore").decode()
        if two is not None and not answered(two):
            two = None
        if not answered(one):
            one = "12 ab   c" if answered("12 ab   c") else ""
        adds = r.random() < 0.7
        try:
            encoding = tokenizer.encode(one, two, add_special_tokens=adds)
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt):
                raise
            probes.append({"text": one, "pair": two, "adds": adds, "error": str(error)[:80]})
            continue
        probe: dict = {"text": one, "pair": two, "adds": adds, "expected": columns(encoding)}
        ids = [id_ for id_ in encoding.ids] + [r.randrange(450) for _ in range(r.randrange(4))]
        r.shuffle(ids) if r.random() < 0.3 else None
        try:
            probe["decode"] = {"ids": ids, "skip": tokenizer.decode(ids), "all": tokenizer.decode(ids, skip_special_tokens=False)}
            stream = decoders.DecodeStream(skip_special_tokens=True)
            probe["decode"]["stream"] = [stream.step(tokenizer, id_) or "" for id_ in ids]
        except BaseException:
            pass
        if tokenizer.truncation is None and two is None and not (tokenizer.padding and adds):
            tokenizer.encode_special_tokens = True
            probe["asText"] = tokenizer.encode(one, add_special_tokens=False).ids
            tokenizer.encode_special_tokens = False
            if tokenizer.padding:
                del probe["asText"]
        probes.append(probe)
    if options.golden:
        probes = [probe for probe in probes if len(json.dumps(probe)) < 3000]
    return {"model": index, **case, "nothing": "" in looks_of(tokenizer), "probes": probes}


RANKS = {}
for name, pattern in TIKTOKEN.items():
    codes = [c if 33 <= c <= 126 or 161 <= c <= 172 or c >= 174 else None for c in range(256)]
    extra = iter(range(256, 512))
    byte_of = {chr(code if code is not None else next(extra)): byte for byte, code in enumerate(codes)}
    tokens = [bytes(byte_of[char] for char in token) for token in MODELS[1]["vocab"] if token not in SPECIAL]
    RANKS[name] = {token: rank for rank, token in enumerate(tokens)}


def tiktoken_case():
    name = r.choice(list(TIKTOKEN))
    special = {"<|endoftext|>": 900, "<|x|>": 901}
    encoding = tiktoken.Encoding(name, pat_str=TIKTOKEN[name], mergeable_ranks=RANKS[name], special_tokens=special)
    probes = []
    for _ in range(3 if options.golden else 10):
        one = text()
        if r.random() < 0.2:
            one = one + r.choice(list(special)) + text()
        probes.append({"text": one, "parse": encoding.encode(one, allowed_special="all"), "ordinary": encoding.encode_ordinary(one)})
    return {"tiktoken": name, "special": special, "probes": probes}


cases = (tiktoken_case() if index % 8 == 7 else hf_case() for index in range(options.cases // 10))
import base64

ranks_file = "".join(f"{base64.b64encode(token).decode()} {rank}\n" for token, rank in RANKS["gpt2"].items())
if options.golden:
    nothing = []
    while len(nothing) < 8:
        case = hf_case()
        if case["nothing"] and len(case["probes"]) > 0:
            nothing.append(case)
    golden = {"oracle": f"tokenizers {tokenizers.__version__}, tiktoken {tiktoken.__version__}", "models": MODELS[:5], "ranks": ranks_file, "cases": list(cases) + nothing}
    with open("packages/bpe/test/goldens/encode-fuzz.json", "w", encoding="ascii") as file:
        json.dump(golden, file, ensure_ascii=True, separators=(",", ":"))
        file.write("\n")
    sys.exit()
other = subprocess.Popen(["node", "tools/goldens/bpe_encode_fuzz.mjs", options.module], stdin=subprocess.PIPE, encoding="utf-8")
other.stdin.write(json.dumps({"models": MODELS, "ranks": ranks_file}) + "\n")
for case in cases:
    other.stdin.write(json.dumps(case) + "\n")
other.stdin.close()
sys.exit(other.wait())
