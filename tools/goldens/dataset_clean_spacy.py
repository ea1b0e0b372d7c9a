"""Writes packages/dataset/src/clean/words/spacy-en.ts: the rules by which spaCy's blank English pipeline splits words.

Run with spacy installed: python tools/goldens/dataset_clean_spacy.py
The patterns go through unchanged but for the notation of characters above U+FFFF, and \\d, \\w and \\S spelled out as Python means them.
"""
import json
import re
from pathlib import Path

import spacy
from spacy.attrs import ORTH

tokenizer = spacy.blank("en").tokenizer
SPACE = r"\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"


def javascript(pattern: str) -> str:
    """A Python regular expression as the source of a JavaScript one with the flag u."""
    pattern = pattern.removeprefix("(?u)")
    pattern = re.sub(r"\\U000?([0-9A-Fa-f]{5})", lambda m: "\\u{%X}" % int(m[1], 16), pattern)
    pattern = pattern.replace(r"[\w\+\-\.]", r"[\p{L}\p{N}_+\-.]").replace(r"\d", r"\p{Nd}").replace(r"\S", f"[^{SPACE}]")
    # Escapes that the flag u does not allow.
    pattern = re.sub(r"\\([!#'\"&<>%=@`~,:;])", r"\1", pattern)
    # In a class, Python takes these as they are; the flag u needs no escape for them either.
    return "".join(c if ord(c) < 127 else "\\u%04x" % ord(c) if ord(c) < 0x10000 else "\\u{%x}" % ord(c) for c in pattern)


affixes = {
    "PREFIX": tokenizer.prefix_search.__self__.pattern,
    "SUFFIX": tokenizer.suffix_search.__self__.pattern,
    "INFIX": tokenizer.infix_finditer.__self__.pattern,
    "URL": tokenizer.url_match.__self__.pattern,
}
rules = []
for chunk, pieces in sorted(tokenizer.rules.items()):
    if not chunk.strip():
        continue  # spaces are no words
    parts = [piece.get(ORTH, piece.get("ORTH")) for piece in pieces]
    assert "".join(parts) == chunk and not re.search(r"\s", chunk)
    rules.append(" ".join(parts))

out = Path(__file__).parents[2] / "packages/dataset/src/clean/words/spacy-en.ts"
lines = [
    "// Written by tools/goldens/dataset_clean_spacy.py from spaCy %s (MIT License, Copyright ExplosionAI GmbH). Don't edit by hand." % spacy.__version__,
    "",
]
for name, pattern in affixes.items():
    lines.append(f"export const {name} = String.raw`{javascript(pattern).replace('`', chr(92) + 'x60')}`;")
lines.append("/** Chunks that split in a way of their own: the pieces, separated by a space; one chunk a line. */")
lines.append(f"export const SPECIAL: readonly string[] = {json.dumps(rules, ensure_ascii=True)};")
out.write_text("\n".join(lines) + "\n")
print(out, out.stat().st_size, len(rules))
