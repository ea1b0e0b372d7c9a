/** Line ends of all kinds: CRLF, CR, vertical tab, form feed, NEL, and Unicode's line and paragraph separators. */
const LINE_ENDS = /\r\n|[\r\v\f\u0085\u2028\u2029]/g;
/** Control characters but tab and newline, the byte order mark, and halves of surrogate pairs. */
// eslint-disable-next-line no-control-regex
const CONTROL = /[\0-\x08\x0e-\x1f\x7f-\x9f\ufeff]|\p{Surrogate}/gu;
/** White space before a line end. */
const TRAILING = /[^\S\n]+(?=\n)/g;

/**
 * A text in normal form: line ends are "\n"; control characters, byte order marks and broken surrogates are gone; Unicode
 * is in NFC (canonical composition, Unicode Standard Annex 15); no white space stands at the end of a line, or at the
 * beginning or end of the text. Normalizing twice changes nothing.
 */
export function normalizeText(text: string): string {
  // Removing a character can bring two together that compose, so NFC comes after.
  return text.replace(LINE_ENDS, "\n").replace(CONTROL, "").normalize("NFC").replace(TRAILING, "").trim();
}
