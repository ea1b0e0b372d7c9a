import type { Document, DocumentSource } from "@llm/dataset";
import { encodeChat } from "../chat.js";
import type { Tokenizer } from "../tokenizer.js";

/** What tokenizing needs of a document. */
export interface SourceText extends Pick<Document, "text" | "messages"> {
  /** Whether it is held out for validation. */
  held: boolean;
  /** Where it is from; kept where the shards say so. */
  source?: DocumentSource;
}

/** How documents become tokens. */
export interface EncodeSettings {
  /** Only rows with messages, with a loss mask. */
  chat: boolean;
  bos: number;
  eos: number;
}

/** Documents as tokens, one after another in flat arrays. Rows without anything to learn are left out. */
export interface EncodedDocuments {
  tokens: Uint16Array<ArrayBuffer> | Uint32Array<ArrayBuffer>;
  /** Tokens of each document. */
  lengths: Uint32Array<ArrayBuffer>;
  /** UTF-8 bytes of each document's text. */
  textBytes: Float64Array<ArrayBuffer>;
  /** 1 where a document is held out for validation. */
  held: Uint8Array<ArrayBuffer>;
  /** For each token whether it counts in the loss; empty without masks. */
  mask: Uint8Array<ArrayBuffer>;
  /** Which of the given documents they are, by their number. */
  kept: Uint32Array<ArrayBuffer>;
  /** Where each is from; absent where the shards don't say so. */
  sources?: readonly DocumentSource[];
}

interface Encoded {
  ids: ArrayLike<number>;
  mask?: Uint8Array;
  textBytes: number;
}

/** Tokenizes documents: each as `<s>text</s>`, a chat as `encodeChat` writes it. */
export function encodeDocuments(tokenizer: Tokenizer, documents: readonly SourceText[], settings: EncodeSettings): EncodedDocuments {
  const { chat, bos, eos } = settings;
  const encoded: Encoded[] = [];
  const held: number[] = [];
  const kept: number[] = [];
  let total = 0;
  for (const [index, document] of documents.entries()) {
    const one = chat ? forChat(tokenizer, document) : forText(tokenizer, document, bos, eos);
    if (!one) continue;
    encoded.push(one);
    kept.push(index);
    held.push(document.held ? 1 : 0);
    total += one.ids.length;
  }
  const tokens = tokenizer.vocabSize <= 0x10000 ? new Uint16Array(total) : new Uint32Array(total);
  const mask = new Uint8Array(chat ? total : 0);
  let at = 0;
  for (const { ids, mask: ones } of encoded) {
    tokens.set(ids, at);
    if (ones && chat) mask.set(ones, at);
    at += ids.length;
  }
  return { tokens, lengths: Uint32Array.from(encoded, ({ ids }) => ids.length), textBytes: Float64Array.from(encoded, ({ textBytes }) => textBytes), held: Uint8Array.from(held), mask, kept: Uint32Array.from(kept) };
}

/** A document as `<s> … </s>`; a chat as a chat, without a mask. Undefined where there is no text. */
function forText(tokenizer: Tokenizer, document: SourceText, bos: number, eos: number): Encoded | undefined {
  if (document.messages) return { ids: encodeChat(tokenizer, document.messages).ids, textBytes: contentBytes(document) };
  if (document.text === "") return undefined;
  const { ids } = tokenizer.encode(document.text);
  const tokens = new Uint32Array(ids.length + 2);
  tokens[0] = bos;
  tokens.set(ids, 1);
  tokens[ids.length + 1] = eos;
  return { ids: tokens, textBytes: Buffer.byteLength(document.text) };
}

/** A chat with its loss mask; undefined for what is no chat, or has nothing to learn. */
function forChat(tokenizer: Tokenizer, document: SourceText): Encoded | undefined {
  if (!document.messages) return undefined;
  const { ids, mask } = encodeChat(tokenizer, document.messages);
  return mask.includes(1) ? { ids, mask, textBytes: contentBytes(document) } : undefined;
}

const contentBytes = (document: SourceText): number => document.messages!.reduce((sum, message) => sum + Buffer.byteLength(message.content), 0);
