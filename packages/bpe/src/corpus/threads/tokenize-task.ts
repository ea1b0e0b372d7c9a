import { Tokenizer } from "../../tokenizer.js";
import { type EncodeSettings, type EncodedDocuments, type SourceText, encodeDocuments } from "../encode-documents.js";

/** What a worker that tokenizes begins with. */
export interface TokenizeData {
  /** The text of the tokenizer.json. */
  tokenizer: string;
  settings: EncodeSettings;
}

/** What a worker does with each batch of documents. */
export function tokenizeJob({ tokenizer: json, settings }: TokenizeData): (documents: SourceText[]) => { result: EncodedDocuments; transfer: ArrayBuffer[] } {
  const tokenizer = Tokenizer.fromJSON(json);
  return (documents) => {
    const result = encodeDocuments(tokenizer, documents, settings);
    return { result, transfer: [result.tokens.buffer, result.lengths.buffer, result.textBytes.buffer, result.held.buffer, result.mask.buffer, result.kept.buffer] };
  };
}
