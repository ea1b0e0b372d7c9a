import { isPacked } from "../../pool/packed-texts.js";
import { Tokenizer } from "../../tokenizer.js";
import { DocumentEncoder, type DocumentTask, type EncodeSettings, type EncodedDocuments } from "../encode-documents.js";

/** What a worker that tokenizes begins with. */
export interface TokenizeData {
  /** The text of the tokenizer.json. */
  tokenizer: string;
  settings: EncodeSettings;
}

/** What a worker answers. */
export interface TokenizeResult {
  encoded: EncodedDocuments;
  /** The buffer of packed texts. */
  bytes?: Uint8Array<ArrayBuffer>;
}

/** What a worker does with each batch of documents. */
export function tokenizeJob({ tokenizer: json, settings }: TokenizeData): (task: DocumentTask) => { result: TokenizeResult; transfer: ArrayBuffer[] } {
  const encoder = new DocumentEncoder(Tokenizer.fromJSON(json), settings);
  return (task) => {
    const encoded = encoder.encode(task);
    const { tokens, lengths, textBytes, held, mask, kept } = encoded;
    const transfer = [tokens, lengths, textBytes, held, mask, kept].map(({ buffer }) => buffer);
    if (!isPacked(task)) return { result: { encoded }, transfer };
    return { result: { encoded, bytes: task.bytes }, transfer: [...transfer, task.bytes.buffer] };
  };
}
