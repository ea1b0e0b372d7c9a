"""Writes packages/bpe/test/goldens/*.json: what Hugging Face tokenizers and transformers answer.

Texts are small and stored, or made by the formulas of bpe_texts.py, which packages/bpe/test/texts.ts repeats.
Run from the repository's root, with the packages of tools/goldens/requirements.txt: python3 tools/goldens/bpe_goldens.py
"""

import hashlib
import json
import random
import tempfile

import tokenizers
from tokenizers import AddedToken, ByteLevelBPETokenizer, Tokenizer
from tokenizers.pre_tokenizers import ByteLevel
from tokenizers.processors import RobertaProcessing, TemplateProcessing
from tokenizers.trainers import BpeTrainer
from transformers import AutoTokenizer

from bpe_texts import SPECIAL, prose, random_text, unicode_mix

OUT = "packages/bpe/test/goldens"


def sha(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def train(texts, vocab_size, min_frequency, special, max_token_length=None, add_prefix_space=False) -> Tokenizer:
    tokenizer = ByteLevelBPETokenizer(add_prefix_space=add_prefix_space)
    if max_token_length is None:
        tokenizer.train_from_iterator(texts, vocab_size=vocab_size, min_frequency=min_frequency, special_tokens=special, show_progress=False)
    else:
        trainer = BpeTrainer(vocab_size=vocab_size, min_frequency=min_frequency, special_tokens=special, show_progress=False, initial_alphabet=ByteLevel.alphabet(), max_token_length=max_token_length)
        tokenizer._tokenizer.train_from_iterator(texts, trainer=trainer)
    return tokenizer._tokenizer


def write(name: str, value) -> None:
    with open(f"{OUT}/{name}.json", "w", encoding="utf-8") as file:
        json.dump({"oracle": f"tokenizers {tokenizers.__version__}", **value}, file, ensure_ascii=True, separators=(",", ":"))
        file.write("\n")


# Random small corpora: alphabets that make ties, overlaps and collisions with special tokens.
ALPHABETS = ["ab", "abc", "a", "ab \n", "aab'st re", "abcdefghij   .,'!?0123", "\u00e9\u4e16\u754c\u00f1\u0663\u00bd \u0085\ufeff\u00a0\u3000a1", "\U0001f600\U0001f44d\U0001f3fd\u200d a", "etaoin shrdlu etaoin\n\t'ABC,.;123"]
COLLIDING = ["ab", "abab", "a", " a", "\u0120a", "\u0120ab", "aa", "\u00e9", "aaa", "'s", "\u00c3\u00a9", "<s>", "ba", "abc"]


def fuzz_cases(count: int):
    r = random.Random(20261122)
    for _ in range(count):
        special = SPECIAL[: r.randrange(9)] if r.random() < 0.6 else [r.choice(COLLIDING) for _ in range(r.randrange(5))]
        texts = [random_text(r, ALPHABETS, r.choice([0, 1, 3, 10, 40, 120])) for _ in range(r.randrange(1, 5))]
        options = {"vocabSize": r.choice([0, 10, 256, 260, 270, 300, 400, 600]), "minFrequency": r.choice([0, 1, 2, 2, 2, 3]), "specialTokens": special}
        if r.random() < 0.15:
            options["addPrefixSpace"] = True
        if r.random() < 0.15:
            options["maxTokenLength"] = r.choice([2, 3, 4, 6])
        tokenizer = train(texts, options["vocabSize"], options["minFrequency"], special, options.get("maxTokenLength"), options.get("addPrefixSpace", False))
        yield {"texts": texts, "options": options, "pretty": sha(tokenizer.to_str(pretty=True))[:16], "compact": sha(tokenizer.to_str())[:16]}


corpora = []
for name, texts, vocab_size, min_frequency in [
    ("prose", prose(seed=1, sentences=4000), 2048, 2),
    ("prose in batches", [prose(seed=2, sentences=700), prose(seed=3, sentences=700)], 1024, 5),
    ("unicode", unicode_mix(seed=4, texts=300), 1500, 2),
]:
    tokenizer = train(texts, vocab_size, min_frequency, SPECIAL)
    merges = json.loads(tokenizer.to_str())["model"]["merges"]
    corpora.append({"name": name, "vocabSize": vocab_size, "minFrequency": min_frequency, "pretty": sha(tokenizer.to_str(pretty=True)), "compact": sha(tokenizer.to_str()), "merges": len(merges), "first": merges[:12]})
write("train", {"corpora": corpora, "fuzz": list(fuzz_cases(300))})

# Splits: every code point between letters, digits and marks, as one hash per block of code points; then difficult texts.
split = ByteLevel(add_prefix_space=False).pre_tokenize_str
blocks = []
for start in range(0, 0x110000, 0x8000):
    digest = hashlib.sha256()
    for code in range(start, start + 0x8000):
        if not 0xD800 <= code < 0xE000:
            digest.update((",".join(str(end) for _, (_, end) in split(f"a{chr(code)}1 {chr(code)}!{chr(code)} {chr(code)}")) + ";").encode())
    blocks.append(digest.hexdigest()[:16])
DIFFICULT = [
    "", " ", "  ", "\n", "a", "I'm we'RE  x\u0085y \ufeffz", "a\t\tb \n\n c   ", "x1\u00b2\u00bd\u0663 \u4e16\u754c!", "''s 'll", "don't'd'veve 'tis o'clock'",
    "<s>Hello</s> <pad><mask>  <|user|>", "a<s>b  <s> <|assistant|", "\U0001f468\u200d\U0001f469\u200d\U0001f467 fam\u00edlia e\u0301", "\u3000\u3000\u5168\u89d2 \u00a0nbsp\u202fthin", "0x1F 3.14e-10 1,000,000",
    "tab\tsep\r\nline\r\n\r\n  indented\n\n\n", "\x00\x01\x7f\u0080", "\u088f\u0c5c\ua7ce\U00010940\U000323b0", "a" * 300, "ab" * 120, " " * 40 + "x", "\u4e16" * 130,
]
write("splits", {"blocks": blocks, "texts": DIFFICULT, "splits": [[piece for piece, _ in split(text)] for text in DIFFICULT]})

# Encoding: the tokenizer of corpus "prose"; ids with special tokens parsed and as text, and both decodings.
tokenizer = train(prose(seed=1, sentences=4000), 2048, 2, SPECIAL)
texts = DIFFICULT + prose(seed=9, sentences=12) + unicode_mix(seed=10, texts=40)
cases = []
for text in texts:
    ids = tokenizer.encode(text).ids
    tokenizer.encode_special_tokens = True
    plain = tokenizer.encode(text).ids
    tokenizer.encode_special_tokens = False
    cases.append({"parse": ids, "text": plain if plain != ids else None})
r = random.Random(5)
garbage = [[r.randrange(2048) for _ in range(r.randrange(1, 20))] for _ in range(60)]
decoded = [[tokenizer.decode(ids), tokenizer.decode(ids, skip_special_tokens=False)] for ids in garbage]

# The same vocabulary in files that set more: processors, added tokens with flags, truncation, padding.
variants = []


def variant(name: str, change) -> None:
    copy = Tokenizer.from_str(tokenizer.to_str())
    change(copy)
    file = json.loads(copy.to_str())
    del file["model"]
    probes = ["Hello world", "", "a<s>b", "x  <hint> y<hint>z <word> <words>", "one two three four five six seven eight nine ten eleven twelve"]
    variants.append({"name": name, "file": file, "texts": probes, "ids": [copy.encode(text).ids for text in probes], "bare": [copy.encode(text, add_special_tokens=False).ids for text in probes]})


def template(copy):
    copy.post_processor = TemplateProcessing(single="<s> $A </s>", pair="<s> $A </s> $B </s>", special_tokens=[("<s>", 0), ("</s>", 2)])


def roberta(copy):
    copy.post_processor = RobertaProcessing(("</s>", 2), ("<s>", 0))


def flags(copy):
    copy.add_tokens([AddedToken("<hint>", lstrip=True, rstrip=True), AddedToken("<word>", normalized=False), "<words>"])


def limits(copy):
    roberta(copy)
    copy.enable_truncation(8, direction="left")
    copy.enable_padding(length=12, pad_id=1, pad_token="<pad>", direction="left", pad_to_multiple_of=5)


def longest(copy):
    template(copy)
    copy.enable_truncation(6)
    copy.enable_padding(pad_id=1, pad_token="<pad>", pad_to_multiple_of=4)


for change in (template, roberta, flags, limits, longest):
    variant(change.__name__, change)
write("encode", {"cases": cases, "garbage": garbage, "decoded": decoded, "variants": variants})

# Batches as a rectangle.
batches = []
rows = ["Hello world", "How are you?", "Hi", "", "one two three four five six seven eight"]
for special, length, multiple, limit, pad_side, cut_side in [
    (True, None, 1, None, "right", "right"), (False, None, 8, None, "left", "right"), (True, 16, 1, 6, "left", "left"),
    (False, 7, 4, 5, "right", "left"), (True, 24, 5, 12, "right", "right"), (False, None, 1, 3, "left", "right"),
]:
    copy = Tokenizer.from_str(tokenizer.to_str())
    template(copy)
    copy.enable_padding(length=length, pad_id=1, pad_token="<pad>", direction=pad_side, pad_to_multiple_of=multiple)
    if limit:
        copy.enable_truncation(limit, direction=cut_side)
    encodings = copy.encode_batch(rows, add_special_tokens=special)
    options = {"addSpecialTokens": special, "padding": length or "longest", "padToMultipleOf": multiple, "padSide": pad_side, "truncationSide": cut_side}
    if limit:
        options["maxLength"] = limit
    batches.append({"options": options, "ids": [e.ids for e in encodings], "mask": [e.attention_mask for e in encodings]})

# Chats through transformers' own template engine.
from bpe_texts import CHATS, CHAT_TEMPLATE

with tempfile.TemporaryDirectory() as folder:
    tokenizer.save(f"{folder}/tokenizer.json")
    config = {"tokenizer_class": "PreTrainedTokenizerFast", "bos_token": "<s>", "eos_token": "</s>", "pad_token": "<pad>", "unk_token": "<unk>", "mask_token": "<mask>", "chat_template": CHAT_TEMPLATE, "model_max_length": 1024}
    with open(f"{folder}/tokenizer_config.json", "w") as file:
        json.dump(config, file)
    auto = AutoTokenizer.from_pretrained(folder)
    chats = [
        {"messages": messages, "ids": auto.apply_chat_template(messages, return_dict=False), "prompt": auto.apply_chat_template(messages, add_generation_prompt=True, return_dict=False)}
        for messages in CHATS
    ]
write("batches", {"rows": rows, "batches": batches, "chats": chats})
