/** White space as Python means it (str.isspace), which differs from JavaScript's: with \x1c-\x1f and \x85, without \ufeff. */
export function isSpace(code: number): boolean {
  if (code < 0x85) return code === 32 || (code >= 9 && code <= 13) || (code >= 28 && code <= 31);
  return code === 0x85 || code === 0xa0 || code === 0x1680 || (code >= 0x2000 && code <= 0x200a) || code === 0x2028 || code === 0x2029 || code === 0x202f || code === 0x205f || code === 0x3000;
}

/** A text without white space at its ends (str.strip). */
export function strip(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isSpace(text.charCodeAt(start))) start++;
  while (end > start && isSpace(text.charCodeAt(end - 1))) end--;
  return start === 0 && end === text.length ? text : text.slice(start, end);
}

// eslint-disable-next-line no-control-regex
const LINE_END = /\r\n|[\n\v\f\r\x1c-\x1e\x85\u2028\u2029]/;

/** Whether a line ends here (str.splitlines). */
export const isLineEnd = (code: number): boolean => code === 0x85 || (code >= 10 && code <= 13) || (code >= 28 && code <= 30) || code === 0x2028 || code === 0x2029;

/** The lines of a text (str.splitlines): no empty last one after a final line end. @param plain Whether all line ends are known to be "\n" */
export function splitLines(text: string, plain = false): string[] {
  const lines = text.split(plain ? "\n" : LINE_END);
  if (lines.at(-1) === "") lines.pop();
  return lines;
}

const SURROGATE = /[\ud800-\udfff]/;

/** Characters (code points) of a text; broken surrogates count one each. */
export function codePoints(text: string): number {
  let count = text.length;
  // The search is much faster than a loop, and most texts have no surrogates.
  if (!SURROGATE.test(text)) return count;
  const end = count;
  for (let i = 0; i + 1 < end; i++) {
    const unit = text.charCodeAt(i);
    if (unit >= 0xd800 && unit < 0xdc00 && (text.charCodeAt(i + 1) & 0xfc00) === 0xdc00) {
      count--;
      i++;
    }
  }
  return count;
}

/** The parts of a text between runs of at least `least` newlines, as `text.split(/\n{least,}/)`. */
export function splitAtNewlines(text: string, least: 1 | 2): string[] {
  const parts: string[] = [];
  let from = 0;
  for (let at = text.indexOf("\n"); at >= 0; ) {
    let end = at + 1;
    while (text.charCodeAt(end) === 10) end++;
    if (end - at >= least) {
      parts.push(text.slice(from, at));
      from = end;
    }
    at = text.indexOf("\n", end);
  }
  parts.push(text.slice(from));
  return parts;
}

/** How often `part` occurs, without overlaps. */
export function countOf(text: string, part: string): number {
  let count = 0;
  for (let at = text.indexOf(part); at >= 0; at = text.indexOf(part, at + part.length)) count++;
  return count;
}

// The classes are datatrove's (utils/text.py, Apache License 2.0) and spaCy's (sentencizer.pyx, MIT License).
/** What may end a sentence, in any script, as the inside of a character class. */
export const TERMINAL = String.raw`!.?\u0589\u061d-\u061f\u06d4\u0700-\u0702\u07f9\u0837\u0839\u083d\u083e\u0964\u0965\u104a\u104b\u1362\u1367\u1368\u166e\u1735\u1736\u17d4-\u17d6\u17d9\u17da\u1803\u1809\u1944\u1945\u1aa8-\u1aab\u1b5a\u1b5b\u1b5e\u1b5f\u1b7d\u1b7e\u1c3b\u1c3c\u1c7e\u1c7f\u203c\u203d\u2047-\u2049\u2e2e\u2e3c\u2e53\u2e54\u3002\ua4ff\ua60e\ua60f\ua6f3\ua6f7\ua876\ua877\ua8ce\ua8cf\ua92f\ua9c8\ua9c9\uaa5d-\uaa5f\uaaf0\uaaf1\uabeb\ufe52\ufe56\ufe57\uff01\uff0e\uff1f\uff61\u{10a56}\u{10a57}\u{10f55}-\u{10f59}\u{10f86}-\u{10f89}\u{11047}\u{11048}\u{110be}-\u{110c1}\u{11141}-\u{11143}\u{111c5}\u{111c6}\u{111cd}\u{111de}\u{111df}\u{11238}\u{11239}\u{1123b}\u{1123c}\u{112a9}\u{1144b}\u{1144c}\u{115c2}\u{115c3}\u{115c9}-\u{115d7}\u{11641}\u{11642}\u{1173c}-\u{1173e}\u{11944}\u{11946}\u{11a42}\u{11a43}\u{11a9b}\u{11a9c}\u{11c41}\u{11c42}\u{11ef7}\u{11ef8}\u{11f43}\u{11f44}\u{16a6e}\u{16a6f}\u{16af5}\u{16b37}\u{16b38}\u{16b44}\u{16e98}\u{1bc9f}\u{1da88}`;
/** What may end a sentence for spaCy's sentencizer: a subset. */
export const SENTENCE_END = String.raw`!.?\u0589\u061f\u06d4\u0700-\u0702\u07f9\u0964\u0965\u104a\u104b\u1362\u1367\u1368\u166e\u1735\u1736\u1803\u1809\u1944\u1945\u1aa8-\u1aab\u1b5a\u1b5b\u1b5e\u1b5f\u1c3b\u1c3c\u1c7e\u1c7f\u203c\u203d\u2047-\u2049\u2e2e\u2e3c\u3002\ua4ff\ua60e\ua60f\ua6f3\ua6f7\ua876\ua877\ua8ce\ua8cf\ua92f\ua9c8\ua9c9\uaa5d-\uaa5f\uaaf0\uaaf1\uabeb\ufe52\ufe56\ufe57\uff01\uff0e\uff1f\uff61\u{10a56}\u{10a57}\u{11047}\u{11048}\u{110be}-\u{110c1}\u{11141}-\u{11143}\u{111c5}\u{111c6}\u{111cd}\u{111de}\u{111df}\u{11238}\u{11239}\u{1123b}\u{1123c}\u{112a9}\u{1144b}\u{1144c}\u{115c2}\u{115c3}\u{115c9}-\u{115d7}\u{11641}\u{11642}\u{1173c}-\u{1173e}\u{11a42}\u{11a43}\u{11a9b}\u{11a9c}\u{11c41}\u{11c42}\u{16a6e}\u{16a6f}\u{16af5}\u{16b37}\u{16b38}\u{16b44}\u{1bc9f}\u{1da88}`;
/** Punctuation and control characters, which become spaces before texts are compared. */
export const PUNCTUATION = String.raw`\x00-\x08\x0b-\x1f!-\x2f:-@\x5b-\x60{-\x9f\xab\xb4\xbb\u2013\u2014\u2019\u201c-\u201e\u2026\u2236\u2501\u25ba\u3001\u3002\u3008-\u300d\u3010\u3011\uff01\uff05\uff08\uff09\uff0c\uff0e\uff11\uff1a\uff1b\uff1f\uff5e`;
