/** Line ends of all kinds: CRLF, CR, vertical tab, form feed, NEL, and Unicode's line and paragraph separators. */
const LINE_ENDS = /\r\n|[\r\v\f\u0085\u2028\u2029]/g;
/** Control characters but tab and newline, and the byte order mark. */
// eslint-disable-next-line no-control-regex
const CONTROL = /[\0-\x08\x0e-\x1f\x7f-\x9f\ufeff]/g;
/** Halves of surrogate pairs. */
const BROKEN = /\p{Surrogate}/gu;
/** White space before a line end. */
const TRAILING = /[^\S\n]+\n/g;
/** Texts to which nothing but trimming can happen. */
const PLAIN = /^[\t\n\x20-\x7e]*$/;

/**
 * A text in normal form: line ends are "\n"; control characters, byte order marks and broken surrogates are gone; Unicode
 * is in NFC (canonical composition, Unicode Standard Annex 15); no white space stands at the end of a line, or at the
 * beginning or end of the text. Normalizing twice changes nothing.
 */
export function normalizeText(text: string): string {
  // Removing a character can bring two together that compose, so NFC comes after.
  const clean = PLAIN.test(text) ? text : text.replace(LINE_ENDS, "\n").replace(CONTROL, "").replace(BROKEN, "").normalize("NFC");
  return clean.replace(TRAILING, "\n").trim();
}
