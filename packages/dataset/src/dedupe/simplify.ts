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
