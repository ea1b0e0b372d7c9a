import { Tokenizer, type EncodeOptions } from "../tokenizer.js";

/** What a worker that encodes begins with. */
export interface EncodeData {
  /** The text of the tokenizer.json. */
  tokenizer: string;
  options: EncodeOptions;
}

/** The ids of some texts, one after another. */
export interface EncodedTexts {
  ids: Uint32Array<ArrayBuffer>;
  /** Where those of each text end; they begin where the ones before end. */
  ends: Uint32Array<ArrayBuffer>;
}

/** Encodes texts one after another. */
export function encodeTexts(tokenizer: Tokenizer, texts: readonly string[], options: EncodeOptions): EncodedTexts {
  const lists = texts.map((text) => tokenizer.encode(text, options).ids);
  const ids = new Uint32Array(lists.reduce((sum, list) => sum + list.length, 0));
  const ends = new Uint32Array(lists.length);
  let end = 0;
  lists.forEach((list, index) => {
    ids.set(list, end);
    ends[index] = end += list.length;
  });
  return { ids, ends };
}

/** What a worker does with each of its tasks. */
export function encodeJob({ tokenizer: json, options }: EncodeData): (texts: string[]) => { result: EncodedTexts; transfer: ArrayBuffer[] } {
  const tokenizer = Tokenizer.fromJSON(json);
  return (texts) => {
    const result = encodeTexts(tokenizer, texts, options);
    return { result, transfer: [result.ids.buffer, result.ends.buffer] };
  };
}
