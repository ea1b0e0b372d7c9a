import { PUNCTUATION, strip } from "../clean/words/characters.js";

const NUMBER = /\p{Nd}+(?:[.,،٫⎖⎗⎘]\p{Nd}+)?/gu;
const MARKS = new RegExp(`[${PUNCTUATION}]`, "gu");
// eslint-disable-next-line no-control-regex
const SPACES = /[\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+/g;
const NONSPACING = /\p{Mn}/gu;
const ASCII = /^[\0-\x7f]*$/;

/**
 * A text in the form in which texts are compared (datatrove's simplify_text): lower case, numbers as "0", punctuation as
 * spaces, white space as one space, no accents.
 */
export function simplifyText(text: string): string {
  const spaced = strip(text.toLowerCase().replace(NUMBER, "0").replace(MARKS, " ")).replace(SPACES, " ");
  return ASCII.test(spaced) ? spaced : strip(spaced.normalize("NFD").replace(NONSPACING, ""));
}

/** What a UTF-16 unit becomes: not known yet, itself or another unit, a space, a digit's "0"; or what the expressions above must decide. */
const [UNKNOWN, UNIT, SPACE, DIGIT, PAIR, HARD] = [0, 1, 2, 3, 4, 5] as const;
const IS_NUMBER = /^\p{Nd}$/u;
/** What is put together with its neighbours, or depends on them: marks, and sigma, whose small letter is another one at the end of a word. */
const CONTEXTUAL = /^[\p{M}\u03a3]$/u;
/** What may stand between two digits of a number. */
const INSIDE_NUMBER = new Set([...".,،٫⎖⎗⎘"].map((char) => char.charCodeAt(0)));

/**
 * {@link simplifyText} in one pass over a text's UTF-16 units. What becomes of a unit is asked of simplifyText itself, once; texts with
 * characters whose form depends on others around them go through it as a whole.
 */
export class Simplifier {
  readonly #kinds = new Uint8Array(1 << 16);
  readonly #forms = new Uint16Array(1 << 16);
  /** By code point: whether a pair of units stays as it is. */
  readonly #pairs = new Map<number, boolean>();
  #text = new Uint16Array(1 << 16);
  /** The last text's simple form; only as many units as {@link run} says count. */
  units = new Uint16Array(1 << 16);

  /** @returns how many units the simple form has */
  run(text: string): number {
    const { length } = text;
    if (length > this.#text.length) [this.#text, this.units] = [new Uint16Array(2 * length), new Uint16Array(2 * length)];
    Buffer.from(this.#text.buffer).write(text, "utf16le");
    const count = this.#pass(length);
    if (count >= 0) return count;
    const simple = simplifyText(text);
    // NFD can make a text longer.
    if (simple.length > this.units.length) this.units = new Uint16Array(2 * simple.length);
    Buffer.from(this.units.buffer).write(simple, "utf16le");
    return simple.length;
  }

  /** @returns -1 if the text has characters that depend on others */
  #pass(length: number): number {
    const text = this.#text;
    const units = this.units;
    const kinds = this.#kinds;
    const forms = this.#forms;
    let count = 0;
    for (let i = 0; i < length; i++) {
      const unit = text[i]!;
      let kind = kinds[unit]!;
      if (kind === UNKNOWN) kind = this.#learn(unit);
      if (kind === UNIT) units[count++] = forms[unit]!;
      else if (kind === SPACE) {
        if (count > 0 && units[count - 1] !== 32) units[count++] = 32;
      } else if (kind === DIGIT) {
        units[count++] = 48;
        i = this.#endOfNumber(i, length) - 1;
      } else if (kind === PAIR && i + 1 < length && this.#isPlainPair(unit, text[i + 1]!)) {
        units[count++] = unit;
        units[count++] = text[++i]!;
      } else return -1;
    }
    return count > 0 && units[count - 1] === 32 ? count - 1 : count;
  }

  /** Where the number that begins at `from` ends: digits, and once a separator with more of them. */
  #endOfNumber(from: number, length: number): number {
    const text = this.#text;
    const isDigit = (at: number): boolean => at < length && (this.#kinds[text[at]!]! || this.#learn(text[at]!)) === DIGIT;
    let end = from + 1;
    while (isDigit(end)) end++;
    if (end + 1 < length && INSIDE_NUMBER.has(text[end]!) && isDigit(end + 1)) {
      end += 2;
      while (isDigit(end)) end++;
    }
    return end;
  }

  #learn(unit: number): number {
    const char = String.fromCharCode(unit);
    const form = simplifyText(`a${char}a`);
    let kind: number = HARD;
    if (unit >= 0xd800 && unit < 0xe000) kind = PAIR;
    else if (IS_NUMBER.test(char)) kind = DIGIT;
    else if (form === "a a") kind = SPACE;
    else if (form.length === 3 && !CONTEXTUAL.test(char)) {
      kind = UNIT;
      this.#forms[unit] = form.charCodeAt(1);
    }
    return (this.#kinds[unit] = kind);
  }

  #isPlainPair(high: number, low: number): boolean {
    if (!(high < 0xdc00 && low >= 0xdc00 && low < 0xe000)) return false;
    const code = ((high - 0xd800) << 10) | (low - 0xdc00);
    let plain = this.#pairs.get(code);
    if (plain === undefined) {
      const char = String.fromCharCode(high, low);
      plain = simplifyText(`a${char}a`) === `a${char}a` && !CONTEXTUAL.test(char);
      this.#pairs.set(code, plain);
    }
    return plain;
  }
}
