"""Texts made by formula, the same as in packages/bpe/test/texts.ts, and the constants that the goldens share."""

import random

SPECIAL = ["<s>", "<pad>", "</s>", "<unk>", "<mask>", "<|system|>", "<|user|>", "<|assistant|>"]

CHAT_TEMPLATE = (
    "{{ bos_token }}{% for m in messages %}{{ '<|' + m['role'] + '|>' + m['content'] }}{% if m['role'] == 'assistant' %}"
    "{{ eos_token }}{% endif %}{% endfor %}{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}"
)

CHATS = [
    [{"role": "user", "content": "Hello there!"}],
    [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello. How are you?"}],
    [
        {"role": "system", "content": "Be brief.\n"},
        {"role": "user", "content": " What's 2 + 2? "},
        {"role": "assistant", "content": "It's 4."},
        {"role": "user", "content": "Thanks \u2013 \u4f60\u597d \U0001f600"},
        {"role": "assistant", "content": ""},
    ],
]


class Random:
    """The linear congruential generator of Numerical Recipes; 24 high bits of each state."""

    def __init__(self, seed: int):
        self.state = seed

    def next(self) -> int:
        self.state = (self.state * 1664525 + 1013904223) & 0xFFFFFFFF
        return self.state >> 8

    def below(self, n: int) -> int:
        return self.next() % n


SYLLABLES = "ka ri to mel shu an der ing po la vi est or un bre ty con al fe zo".split()


def prose(seed: int, sentences: int) -> list[str]:
    """Sentences of invented words, frequent ones first, with contractions, numbers, capitals and odd spaces."""
    r = Random(seed)
    words = ["".join(SYLLABLES[r.below(20)] for _ in range(1 + r.below(4))) for _ in range(1000)]
    texts = []
    for _ in range(sentences):
        text = ""
        for place in range(3 + r.below(12)):
            a = r.below(1000)
            word = words[a * a * a // 1000000]
            if place == 0:
                word = word[0].upper() + word[1:]
            kind = r.below(24)
            if kind == 0:
                word += ["'s", "'t", "'ll", "'re", "'RE"][r.below(5)]
            elif kind == 1:
                word = str(r.below(5000))
            elif kind == 2:
                word += ","
            elif kind == 3:
                word += "\n"
            text += ("  " if r.below(40) == 0 else " " if place else "") + word
        texts.append(text + "." * (1 + r.below(2)))
    return texts


def random_text(r: random.Random, alphabets: list[str], length: int) -> str:
    """One text in ten of any code points, the others of one alphabet."""
    if r.random() < 0.1:
        codes = [r.randrange(0x110000) if r.random() < 0.3 else r.randrange(0x3100) for _ in range(length)]
        return "".join(chr(code) for code in codes if not 0xD800 <= code < 0xE000)
    alphabet = r.choice(alphabets)
    return "".join(r.choice(alphabet) for _ in range(length))


RANGES = [(0x20, 0x7F), (0xA0, 0x180), (0x370, 0x400), (0x400, 0x460), (0x5D0, 0x5EB), (0x620, 0x6D0), (0x900, 0x980), (0x2000, 0x2070), (0x3040, 0x30A0), (0x4E00, 0x4E40), (0xAC00, 0xAC40), (0x1F600, 0x1F640), (0xFE00, 0xFF10), (0x10930, 0x10960)]


def unicode_mix(seed: int, texts: int) -> list[str]:
    """Short runs from many scripts, with whitespace between some of them."""
    r = Random(seed)
    result = []
    for _ in range(texts):
        text = ""
        for _ in range(1 + r.below(12)):
            low, high = RANGES[r.below(len(RANGES))]
            text += "".join(chr(low + r.below(high - low)) for _ in range(1 + r.below(6)))
            text += ["", " ", "\n", "  ", "\u3000", "\u0085"][r.below(6)]
        result.append(text)
    return result
