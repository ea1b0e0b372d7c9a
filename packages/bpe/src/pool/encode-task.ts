import type { FlatEncoder } from "../flat-encoder.js";
import { Tokenizer, type EncodeOptions } from "../tokenizer.js";
import { forEachPacked, isPacked, type PackedTexts } from "./packed-texts.js";

/** What a worker that encodes begins with. */
export interface EncodeData {
  /** The text of the tokenizer.json. */
  tokenizer: string;
  options: EncodeOptions;
}

/** Texts to encode: packed where the tokenizer reads UTF-8. */
export type EncodeTask = PackedTexts | readonly string[];

/** The ids of some texts, one after another. */
export interface EncodedTexts {
  ids: Uint32Array<ArrayBuffer>;
  /** Where those of each text end; they begin where the ones before end. */
  ends: Uint32Array<ArrayBuffer>;
  /** The buffer of packed texts. */
  bytes?: Uint8Array<ArrayBuffer>;
}

/** Encodes texts one after another. */
export function encodeTexts(encoder: FlatEncoder, task: EncodeTask): EncodedTexts {
  const ids = encoder.ids.cleared();
  if (isPacked(task)) {
    const ends = new Uint32Array(task.ends.length);
    forEachPacked(task, (bytes, from, to, index) => {
      encoder.utf8!(bytes, from, to);
      ends[index] = ids.length;
    });
    return { ids: ids.toArray(), ends, bytes: task.bytes };
  }
  const ends = Uint32Array.from(task, (text) => {
    encoder.text(text);
    return ids.length;
  });
  return { ids: ids.toArray(), ends };
}

/** What a worker does with each of its tasks. */
export function encodeJob({ tokenizer: json, options }: EncodeData): (task: EncodeTask) => { result: EncodedTexts; transfer: ArrayBuffer[] } {
  const tokenizer = Tokenizer.fromJSON(json);
  let encoder: FlatEncoder | undefined;
  return (task) => {
    const result = encodeTexts((encoder ??= tokenizer.flatEncoder(options)), task);
    return { result, transfer: [result.ids.buffer, result.ends.buffer, ...(result.bytes ? [result.bytes.buffer] : [])] };
  };
}
