"""Writes packages/bpe/src/unicode/classes-data.ts and kinds-data.ts: what Hugging Face tokenizers takes every code point for.

Asks the components themselves, so the tables are what the oracle does and not what some Unicode version says: the classes of
its regular expressions (general category, \\s, \\w), what Digits and Punctuation isolate, what touches a single_word token; and
the code points that its older normalization tables leave alone. Run from the repository's root: python3 tools/goldens/bpe_classes.py
"""

import tokenizers
from tokenizers import AddedToken, Regex, Tokenizer, models, normalizers
from tokenizers.pre_tokenizers import Digits, Punctuation, Split

OUT = "packages/bpe/src/unicode/"
CATEGORIES = "Lu Ll Lt Lm Lo Mn Mc Me Nd Nl No Pc Pd Ps Pe Pi Pf Po Sm Sc Sk So Zs Zl Zp Cc Cf Co Cn".split()
POINTS = [code for code in range(0x110000) if not 0xD800 <= code < 0xE000]
SYMBOLS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ!#$%&()*+,-./:;<=>?@[]^_{|}~"
DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


def matched(pre_tokenizer, removes_others: bool) -> set[int]:
    """The code points that a splitter keeps, or, where it removes its matches, those that it removes."""
    kept = set()
    for first in range(0, len(POINTS), 0x4000):
        part = POINTS[first : first + 0x4000]
        for _, (start, end) in pre_tokenizer.pre_tokenize_str("".join(map(chr, part))):
            kept.update(part[start:end])
    return kept if removes_others else set(POINTS) - kept


def of_pattern(pattern: str) -> set[int]:
    return matched(Split(Regex(pattern), "removed", invert=True), True)


def numeric() -> set[int]:
    found, digits = set(), Digits(True)
    for first in range(0, len(POINTS), 0x1000):
        part = POINTS[first : first + 0x1000]
        pieces = digits.pre_tokenize_str("".join(f"a{chr(code)}a" for code in part))
        found.update(part[start // 3] for _, (start, end) in pieces if end - start == 1 and start % 3 == 1)
    return found


def touching() -> set[int]:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.add_tokens([AddedToken("a", single_word=True, normalized=False)])
    return {code for code in POINTS if code == 97 or not tokenizer.encode(chr(code) + "a").ids}


def inert() -> set[int]:
    """Code points that today's Unicode decomposes, composes or reorders and the oracle's normalizers do not, or not so."""
    import json
    import subprocess

    forms = [normalizers.NFC(), normalizers.NFD(), normalizers.NFKC(), normalizers.NFKD()]
    script = """const rows = []; for (let c = 0; c < 0x110000; c++) { if (c >= 0xd800 && c < 0xe000) continue; const s = String.fromCodePoint(c);
rows.push([s.normalize("NFC"), s.normalize("NFD"), s.normalize("NFKC"), s.normalize("NFKD"), (s + "\\u0334").normalize("NFD"), ("\\u0345" + s).normalize("NFD"), (s + "\\u0301").normalize("NFD"), ("\\u0301" + s).normalize("NFD")]); }
process.stdout.write(JSON.stringify(rows));"""
    node = json.loads(subprocess.run(["node", "-e", script], capture_output=True, check=True, encoding="utf-8").stdout)
    nfd = forms[1].normalize_str
    found = set()
    for code, row in zip(POINTS, node):
        char = chr(code)
        ours = [form.normalize_str(char) for form in forms] + [nfd(char + "\u0334"), nfd("\u0345" + char), nfd(char + "\u0301"), nfd("\u0301" + char)]
        if ours != row:
            found.add(code)
    return found


def base36(value: int) -> str:
    text = ""
    while value:
        value, digit = divmod(value, 36)
        text = DIGITS[digit] + text
    return text


categories = {code: category for category in CATEGORIES for code in of_pattern(rf"\p{{{category}}}")}
flags = {
    "s": of_pattern(r"\s"),
    "w": of_pattern(r"\w"),
    "n": numeric(),
    "k": touching(),
    "p": matched(Punctuation("removed"), False),
}


def entry_of(kind: str) -> int:
    """The entry of CLASSES for a kind, as classes.ts names its bits."""
    category, flags = kind[:2], kind[2:]
    main = 3 if "s" in flags else {"L": 1, "N": 2}.get(category[0], 0)
    both = category in ("Lm", "Lo") or category[0] == "M"
    bits = [both or category in ("Lu", "Lt"), both or category == "Ll", category[0] == "M", "n" in flags, "k" in flags, category == "Cn"]
    return main + sum(4 << place for place, bit in enumerate(bits) if bit)


def merged(runs) -> list[list]:
    result: list[list] = []
    for length, value in runs:
        if result and result[-1][1] == value:
            result[-1][0] += length
        else:
            result.append([length, value])
    return result


def by_runs(values) -> list:
    """The values, the one with the most runs first."""
    count: dict = {}
    for value in values:
        count[value] = count.get(value, 0) + 1
    return sorted(count, key=lambda value: (-count[value], value))


def text_of(runs, names: list) -> str:
    return "".join(("" if length == 1 else base36(length)) + SYMBOLS[names.index(value)] for length, value in runs)


def kind_of(code: int) -> str:
    # Surrogates are not characters; they never reach a scanner.
    return "Cs" if code not in categories else categories[code] + "".join(flag for flag, points in flags.items() if code in points)


runs = merged((1, kind_of(code)) for code in range(0x110000))
# Scanners need a few bits of each kind alone: these are one table, and what else there is to a kind is another one.
kinds = by_runs(kind for _, kind in runs)
coarse = merged((length, entry_of(kind)) for length, kind in runs)
entries = by_runs(entry for _, entry in coarse)
usual = {entry: next(kind for kind in kinds if entry_of(kind) == entry) for entry in entries}
fine = merged((length, "" if usual[entry_of(kind)] == kind else kind) for length, kind in runs)
others = by_runs(kind for _, kind in fine if kind)

inert_runs: list[list[int]] = []
for code in sorted(inert()):
    if inert_runs and inert_runs[-1][1] == code:
        inert_runs[-1][1] = code + 1
    else:
        inert_runs.append([code, code + 1])
at, inert_text = 0, []
for start, end in inert_runs:
    inert_text.append(f"{base36(start - at)}.{base36(end - start)}")
    at = end


def lines(text: str) -> str:
    return " +\n".join(f'  "{text[start : start + 120]}"' for start in range(0, len(text), 120))


HEAD = f"// Generated by tools/goldens/bpe_classes.py from Hugging Face tokenizers {tokenizers.__version__}; do not edit.\n\n"
with open(OUT + "classes-data.ts", "w", encoding="ascii") as file:
    file.write(HEAD)
    file.write("/** The entries of CLASSES that there are. */\n")
    file.write(f"export const ENTRIES: readonly number[] = {entries};\n\n")
    file.write("/** The symbols of runs, in the order of what they stand for. */\n")
    file.write(f'export const SYMBOLS = "{SYMBOLS[: max(len(entries), len(others) + 1)]}";\n\n')
    file.write("/** Runs over all code points from 0: a length in base 36 (none for 1), then the symbol of the entry. */\n")
    file.write(f"export const RUNS =\n{lines(text_of(coarse, entries))};\n\n")
    file.write("/** Assigned code points that normalization leaves alone: gap and length of each run in base 36. */\n")
    file.write(f"export const INERT =\n{lines(' '.join(inert_text))};\n")
with open(OUT + "kinds-data.ts", "w", encoding="ascii") as file:
    file.write(HEAD)
    file.write("/**\n * General category and flags of each kind: s \\\\s, w \\\\w, n isolated by Digits, k touches a single_word token, p punctuation. First\n")
    file.write(" * the usual kind of each of the ENTRIES of classes-data.ts, then all others.\n */\n")
    file.write(f'export const KINDS = "{" ".join([*usual.values(), *others])}";\n\n')
    file.write("/** Runs over all code points from 0: a length in base 36 (none for 1), then a symbol, the first for the usual kind of the entry. */\n")
    file.write(f"export const KIND_RUNS =\n{lines(text_of(fine, ['', *others]))};\n")
