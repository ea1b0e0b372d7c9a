import type { Document } from "../document.js";
import { DatasetError } from "../errors.js";

/** How much of a stream is wanted. The document that reaches a limit is the last one. */
export interface AmountLimit {
  documents?: number | undefined;
  /** Tokens by `token_count`; where a document has none, a quarter of its UTF-8 bytes. */
  tokens?: number | undefined;
  /** UTF-8 bytes of text. */
  bytes?: number | undefined;
}

/** How much a stream had so far. */
export interface Amount {
  documents: number;
  tokens: number;
  bytes: number;
}

/** Bytes of a token where nobody counted: what GPT-2's tokenizer makes of English prose, about. */
const BYTES_PER_TOKEN = 4;

/** What a document adds. */
export function amountOf({ text, token_count: tokens }: Document): Amount {
  const bytes = Buffer.byteLength(text);
  return { documents: 1, tokens: tokens ?? Math.ceil(bytes / BYTES_PER_TOKEN), bytes };
}

/** The beginning of a stream, up to the first limit that is reached; nothing more is read. */
export async function* limitDocuments(documents: AsyncIterable<Document> | Iterable<Document>, limit: AmountLimit, onAmount?: (amount: Amount) => void): AsyncGenerator<Document> {
  const most = [limit.documents, limit.tokens, limit.bytes];
  for (const value of most) if (value !== undefined && !(value >= 0)) throw new DatasetError(`A limit is ${value}; expected a number of at least 0.`);
  if (most.some((value) => value === 0)) return;
  const sum: Amount = { documents: 0, tokens: 0, bytes: 0 };
  for await (const document of documents) {
    const { tokens, bytes } = amountOf(document);
    sum.documents++;
    sum.tokens += tokens;
    sum.bytes += bytes;
    onAmount?.(sum);
    yield document;
    if (sum.documents >= (limit.documents ?? Infinity) || sum.tokens >= (limit.tokens ?? Infinity) || sum.bytes >= (limit.bytes ?? Infinity)) return;
  }
}
