import { BpeError } from "../errors.js";
import type { ModelSettings } from "../json/document.js";
import type { TokenIds } from "../json/read.js";
import type { WordMerger } from "./word-merger.js";

const utf8 = new TextEncoder();

/** The tokens of a word: their ids, and how many UTF-8 bytes of the word each covers. */
export interface WordTokens {
  ids: readonly number[];
  bytes: readonly number[];
}

/**
 * BPE of single words over their characters, with every setting of the model; the reference for `BpeModel`, which knows bytes
 * alone.
 *
 * Source: huggingface/tokenizers, tokenizers/src/models/bpe/model.rs (`merge_word`).
 */
export class TextModel {
  constructor(
    private readonly ids: TokenIds,
    private readonly merger: WordMerger,
    private readonly settings: ModelSettings,
  ) {}

  tokenize(word: string): WordTokens {
    const { ids, settings } = this;
    if (settings.ignore_merges) {
      const whole = ids.get(word);
      if (whole !== undefined) return { ids: [whole], bytes: [utf8.encode(word).length] };
    }
    const symbols: number[] = [];
    const lengths: number[] = [];
    let unknown = 0; // bytes of unknown characters that wait for their token
    const add = (id: number, length: number): void => {
      symbols.push(id);
      lengths.push(length);
    };
    const flush = (): void => {
      if (unknown > 0) add(unknownId(ids, settings.unk_token!), unknown);
      unknown = 0;
    };
    const characters = Array.from(word);
    characters.forEach((character, index) => {
      const piece = `${index > 0 ? (settings.continuing_subword_prefix ?? "") : ""}${character}${index === characters.length - 1 ? (settings.end_of_word_suffix ?? "") : ""}`;
      const length = utf8.encode(character).length;
      const id = ids.get(piece);
      if (id !== undefined) {
        flush();
        add(id, length);
        return;
      }
      if (settings.byte_fallback) {
        const bytes = Array.from(utf8.encode(piece), (byte) => ids.get(byteToken(byte)));
        if (!bytes.includes(undefined)) {
          // As in the oracle, an unknown character that waits stays behind.
          for (const byte of bytes) add(byte!, 1);
          return;
        }
      }
      if (settings.unk_token === null) return;
      if (!settings.fuse_unk) flush();
      unknown += length;
      unknownId(ids, settings.unk_token);
    });
    flush();
    const merged = Int32Array.from(symbols);
    const bytes = Int32Array.from(lengths);
    const count = this.merger.merge(merged, symbols.length, bytes);
    return { ids: Array.from(merged.subarray(0, count)), bytes: Array.from(bytes.subarray(0, count)) };
  }
}

/** The token of a byte under byte_fallback. */
export const byteToken = (byte: number): string => `<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`;

/** The id of the unknown token. */
export function unknownId(ids: TokenIds, token: string): number {
  const id = ids.get(token);
  if (id === undefined) throw new BpeError(`A text needs the unknown token ${JSON.stringify(token)}, which is not in this tokenizer's vocabulary.`);
  return id;
}
