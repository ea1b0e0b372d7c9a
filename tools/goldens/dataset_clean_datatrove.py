"""Writes packages/dataset/test/goldens/datatrove.json: what datatrove, spaCy and ftfy make of made-up texts.

Run from the repository's root with datatrove[processing]==0.10.1, spacy==3.8.18 and ftfy==6.3.1:

    python tools/goldens/dataset_clean_datatrove.py
"""
import json
import random
from pathlib import Path

import ftfy
from datatrove.data import Document
from datatrove.pipeline.dedup.minhash import MinhashDedupSignature
from datatrove.pipeline.filters import C4QualityFilter, FineWebQualityFilter, GopherQualityFilter, GopherRepetitionFilter
from datatrove.pipeline.formatters.pii import PIIFormatter
from datatrove.utils.text import simplify_text, split_into_sentences, split_into_words

random.seed(7)
NAMES = "Anna Ben Clara David Emma Felix Greta Henry".split()
NOUNS = "garden river teacher window basket mountain letter engine candle village doctor kitchen market bridge story".split()
VERBS = "carried found watched painted opened followed described repaired remembered crossed".split()
ADJECTIVES = "old quiet heavy bright narrow gentle broken wooden distant curious".split()
TAILS = ["before the rain began", "and nobody knew why", "with a smile that did not last", "because it had to be done", "to the end of the road", "as they have always done", "while the others waited"]


def sentence() -> str:
    pick = random.choice
    return f"{pick(NAMES)} {pick(VERBS)} the {pick(ADJECTIVES)} {pick(NOUNS)} and the {pick(NOUNS)} of {pick(NAMES)}, {pick(TAILS)}."


def prose(count: int = 9, end: str = " ") -> str:
    return end.join(sentence() for _ in range(count))


def broken(kind: int) -> str:
    text = prose(random.randint(4, 12), random.choice([" ", "\n", "\n\n"]))
    words = text.split()
    sentences = text.split(". ")
    if kind == 1:
        return ". ".join(random.choices(sentences, k=12))
    if kind == 2:
        return "\n".join(random.choices([sentence() for _ in range(6)], k=10))
    if kind == 3:
        return "\n".join(random.choice(["- ", "• ", ""]) + sentence() for _ in range(9))
    if kind == 4:
        return "\n".join(sentence().rstrip(".") + random.choice(["...", "…", "."]) for _ in range(9))
    if kind == 5:
        return " ".join(w if random.random() < 0.75 else random.choice(["#", "12", "%%", "&", "★"]) for w in words)
    if kind == 6:
        return "\n".join([text] + random.choices(["We use cookies.", "See our Privacy Policy now.", "Lorem ipsum dolor sit.", "function a() { return 1 }", "Please enable JavaScript now.", "As said [12] before [edit] it.", "Two words"], k=3))
    if kind == 7:
        return "\n".join(w[:25] for w in random.choices(sentences, k=8))
    if kind == 8:
        start = " ".join(words[: random.randint(5, 30)])
        return f"{start} {text} {start} {start}"
    if kind == 9:
        return " ".join(w for w in words if w not in ("the", "and", "of", "to", "have", "with", "that", "be"))
    if kind == 10:
        return text.replace("e", "é").replace(".", " 。").replace("Anna", "Ánna 😀")
    if kind == 11:
        return text.replace(" ", "\u00a0", 4) + "\x85" + text[:60] + "\u2028 The end\x1c."
    if kind == 12:
        return "\n".join(" ".join(random.choices(words, k=random.randint(1, 8))) + random.choice([".", "", ":"]) for _ in range(14))
    if kind == 13:
        again = random.choice(words)
        return " ".join(w if random.random() < 0.7 else again for w in words)
    if kind == 14:
        return "# " + text.replace(", ", " # ").replace(" and", " …")
    if kind == 15:
        return " ".join(w * 4 for w in words)
    if kind == 16:
        return " ".join(random.choice(["a", "to", "be", "x", "of"]) for _ in range(80))
    return text


FILTERS = [("gopher-repetition", GopherRepetitionFilter()), ("gopher-quality", GopherQualityFilter()), ("c4", C4QualityFilter(filter_no_terminal_punct=False)), ("fineweb", FineWebQualityFilter())]


def verdict(text: str):
    document = Document(text=text, id="0", metadata={})
    for name, each in FILTERS:
        result = each.filter(document)
        if result is not True:
            return {"filter": name, "rule": result[1]}
    return {"text": document.text}


ALPHABET = list("abcXYZ .,;:!?'\"()[]{}<>-_=+*/\\#@&%$019…—–“”‘’éß°€\t\n\u00a0\u2009\x85\x1c😀") + (
    "don't can't http://x.com/a www.a.org a@b.co U.S. Mr. e.g. :) xD 10km 3°C. it's I'm gonna ... O'Clock a.m. 10a.m. they're Ph.D. 12,000 3.5 and/or co-op US$5".split() + [" "] * 5
)
chunks = ["", "   ", "a  b.  C", " x"] + ["".join(random.choice(ALPHABET) for _ in range(random.randint(2, 16))) for _ in range(500)]
documents = [broken(i % 17) for i in range(150)]

step = MinhashDedupSignature(output_folder="/dev/null")
near = prose(14)
signed = [prose(10), near, near.replace("Anna", "Otto"), "Too short to sign", "One two three four five", broken(10), "Ünïcödé 1,5 und ½ – 12:30 Uhr.  Straße №5, ÇA VA? İstanbul ΣΑΣ " * 3]

pii = PIIFormatter()
private = ["Write to anna.b+c@mail.example.co.uk or (bob@x.org).", "No address: a@b, @c, d@.", "From 8.8.8.8 to 192.168.1.1 and 1.2.3.4, not 999.1.1.1 or 01.2.3.4.", "ü+x@y.zz x@[1.2.3.4] 100.64.1.1 198.51.100.7 192.0.0.9 224.0.0.1 255.255.255.255 172.32.0.1", "1.1.1.1 2.2.2.2 3.3.3.3 4.4.4.4 5.5.5.5 6.6.6.6 7.7.7.7 a@b.cd e@f.gh i@j.kl"]

good = ["Café, naïve – “quoted” text… and a dash — here.", "It’s Émile’s £5 note; 20 °C, ½ cup.", "Straße, über, Łódź, Ελλάδα, Москва, 日本語, emoji 🦊.", "l’été à la plage «oui»", "He said “Ça va?”"]
spoilt = []
for text in good:
    for encoding in ("sloppy-windows-1252", "latin-1"):
        bad = text.encode("utf-8").decode(encoding)
        spoilt.append({"bad": bad, "good": text, "ftfy": ftfy.fix_encoding(bad)})

out = Path(__file__).parents[2] / "packages/dataset/test/goldens/datatrove.json"
out.write_text(
    json.dumps(
        {
            "words": [{"text": text, "words": split_into_words(text), "sentences": len(split_into_sentences(text))} for text in chunks],
            "verdicts": [{"text": text, "verdict": verdict(text)} for text in documents],
            "simple": [{"text": text, "simple": simplify_text(text)} for text in signed + chunks[:120]],
            "signatures": [{"text": text, "signature": [f"{value:x}" for bucket in step.get_signature(shingles) for value in bucket] if (shingles := step.get_shingles(text)).size else []} for text in signed],
            "private": [{"text": text, "replaced": pii.format(text)} for text in private],
            "mojibake": spoilt,
        },
        ensure_ascii=True,
    )
    + "\n"
)
constants = Path(__file__).parents[2] / "packages/dataset/src/dedupe/constants.ts"
a, b = step.parameters
lines = [
    "// Written by tools/goldens/dataset_clean_datatrove.py: numpy.random.RandomState(1).randint(0 or 1, 2^61 - 1), as datatrove draws them. Don't edit by hand.",
    "/** The factors and summands of the 112 hash functions of MinHash, 64 bits each, in hexadecimal. */",
]
for name, values in (("FACTORS", a), ("SUMMANDS", b)):
    lines.append(f"export const {name}: readonly string[] = {json.dumps([f'{int(v):016x}' for v in values.ravel()])};")
constants.write_text("\n".join(lines) + "\n")
from collections import Counter
print(out.stat().st_size, Counter(str(verdict(t).get("rule")) for t in documents))
