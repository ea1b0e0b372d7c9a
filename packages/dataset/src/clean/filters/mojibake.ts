/** Windows-1252's characters for the bytes 0x80 to 0x9f; the five without one are read as control characters. */
const WINDOWS_1252 = "€\x81‚ƒ„…†‡ˆ‰Š‹Œ\x8dŽ\x8f\x90‘’“”•–—˜™š›œ\x9džŸ";
const BYTES = new Map([...WINDOWS_1252].map((char, index) => [char.charCodeAt(0), 0x80 + index]));

/** The byte that Windows-1252, or Latin-1 where that has none, shows as this character; -1 if there is none. */
const byteOf = (code: number): number => (code < 0x100 ? code : (BYTES.get(code) ?? -1));

/** UTF-8's first bytes as Windows-1252 shows them, and something behind them that can be a following byte. */
const SUSPECT = /[Â-ô][\x80-\xbf€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ]/;
/** Quotation marks, dashes and an ellipsis may stand behind an accented letter in good text. */
const TYPOGRAPHIC = new Set([..."‘’“”–—…™"].map((char) => char.charCodeAt(0)));
const isLetter = (char: string | undefined): boolean => char !== undefined && /\p{L}/u.test(char);

/**
 * Whether what stands behind "â€" is no byte of the same character. Of the quotation marks and dashes, whose three bytes begin so, only the closing
 * quotation mark has a third byte that Windows-1252 does not know and that programs leave out.
 */
const isLost = (code: number): boolean => {
  const byte = byteOf(code);
  return Number.isNaN(code) || byte < 0x80 || byte > 0xbf;
};

/** How many characters from `at` are the bytes of one UTF-8 character, and which; undefined if they are none. */
function sequenceAt(text: string, at: number): { length: number; code: number } | undefined {
  const first = byteOf(text.charCodeAt(at));
  if (first === 0xe2 && byteOf(text.charCodeAt(at + 1)) === 0x80 && isLost(text.charCodeAt(at + 2))) return { length: 2, code: 0x201d };
  const length = first >= 0xf0 && first <= 0xf4 ? 4 : first >= 0xe0 ? 3 : first >= 0xc2 ? 2 : 0;
  if (length === 0 || first > 0xf4 || at + length > text.length) return undefined;
  let code = first & (0x7f >> length);
  for (let k = 1; k < length; k++) {
    const byte = byteOf(text.charCodeAt(at + k));
    if (byte < 0x80 || byte > 0xbf) return undefined;
    code = (code << 6) | (byte & 0x3f);
  }
  // Overlong forms, halves of surrogate pairs and what is above Unicode are no UTF-8.
  if ((length === 3 && (code < 0x800 || (code >= 0xd800 && code <= 0xdfff))) || (length === 4 && (code < 0x10000 || code > 0x10ffff))) return undefined;
  if (length === 2) {
    // Two characters can be good text ("CAFÉ”"): only Â and Ã count anywhere, others inside a word, and quotation marks only before a letter.
    const second = text.charCodeAt(at + 1);
    const inside = isLetter(text[at + 2]) || isLetter(String.fromCodePoint(code));
    if (first !== 0xc2 && first !== 0xc3 && !(inside && isLetter(String.fromCodePoint(code)))) return undefined;
    if (TYPOGRAPHIC.has(second) && !isLetter(text[at + 2])) return undefined;
  }
  return { length, code };
}

/**
 * Repairs text whose UTF-8 bytes were taken for Windows-1252 or Latin-1 ("cafÃ©", "itâ€™s"), up to three times over. What is good
 * text stays as it is; on text in which no such sequence can be found this costs one search.
 *
 * Method: as ftfy's fix_encoding (Speer 2019), but sequence by sequence instead of whole lines, so that one good "é" beside a
 * broken "Ã©" does not keep it from being repaired.
 */
export function repairMojibake(text: string): string {
  let current = text;
  for (let round = 0; round < 3 && SUSPECT.test(current); round++) {
    let result = "";
    let from = 0;
    for (let at = current.search(SUSPECT); at < current.length; ) {
      const found = current.charCodeAt(at) >= 0xc2 && current.charCodeAt(at) <= 0xf4 ? sequenceAt(current, at) : undefined;
      if (!found) {
        at++;
        continue;
      }
      result += current.slice(from, at) + String.fromCodePoint(found.code);
      at += found.length;
      from = at;
    }
    if (from === 0) break;
    current = result + current.slice(from);
  }
  return current;
}
