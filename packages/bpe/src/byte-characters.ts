import { BYTE_TO_CHAR } from "./bytes.js";
import type { Change, Span } from "./span.js";

const utf8 = /* @__PURE__ */ new TextEncoder();

/** Puts the characters of GPT-2's byte map in the place of each character's UTF-8 bytes. */
export const mapToBytes = (span: Span): Span => span.changed(byteChanges(span.text));

function* byteChanges(text: string): Generator<Change> {
  for (const character of text) {
    let change = 0;
    for (const byte of utf8.encode(character)) {
      yield [BYTE_TO_CHAR[byte]!, change];
      change = 1;
    }
  }
}
