import type { Json } from "./json/document.js";
import { fields, unsupported } from "./json/read.js";
import { wordEnd } from "./scanner.js";
import { forEachPart, withBytes } from "./text-chunks.js";

/** How texts are cut into words. */
export interface PreTokenizer {
  /** Whether a text that does not start with a blank gets one. */
  addPrefixSpace: boolean;
  /** Whether words are split by GPT-2's pattern; else the whole text is one word. */
  useRegex: boolean;
}

/**
 * Reads the `pre_tokenizer` of a tokenizer.json.
 *
 * @throws BpeError for a kind that is not supported, by name.
 */
export function readPreTokenizer(value: Json): PreTokenizer {
  const settings = value === null ? {} : fields(value, "pre_tokenizer");
  if (settings.type === "Sequence" && Array.isArray(settings.pretokenizers) && settings.pretokenizers.length === 1) {
    return readPreTokenizer(settings.pretokenizers[0]!);
  }
  if (settings.type !== "ByteLevel") {
    const kinds = Array.isArray(settings.pretokenizers) ? settings.pretokenizers.map((item) => fields(item, "pre_tokenizer").type ?? null) : settings.type;
    throw unsupported("pre_tokenizer", kinds);
  }
  return { addPrefixSpace: settings.add_prefix_space !== false, useRegex: settings.use_regex !== false };
}

/** Calls `visit` for every word of a text, as a range of bytes in a buffer that is reused. */
export function forEachWord(text: string, how: PreTokenizer, visit: (bytes: Uint8Array, start: number, end: number) => void): void {
  if (text === "") return;
  const whole = how.addPrefixSpace && !text.startsWith(" ") ? ` ${text}` : text;
  if (!how.useRegex) {
    withBytes(whole, (bytes, length) => visit(bytes, 0, length));
    return;
  }
  forEachPart(whole, (bytes, length) => {
    for (let start = 0; start < length; ) {
      const end = wordEnd(bytes, start, length);
      visit(bytes, start, end);
      start = end;
    }
  });
}
