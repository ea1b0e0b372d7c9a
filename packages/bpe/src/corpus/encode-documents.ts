import { hash } from "node:crypto";
import type { Document, DocumentSource } from "@llm/dataset";
import { encodeChat } from "../chat.js";
import type { FlatEncoder } from "../flat-encoder.js";
import { forEachPacked, isPacked, type PackedTexts } from "../pool/packed-texts.js";
import type { Tokenizer } from "../tokenizer.js";

/** What tokenizing needs of a document. */
export interface SourceText extends Pick<Document, "text" | "messages"> {
  /** Where it is from; kept where the shards say so. */
  source?: DocumentSource;
}

/** How documents become tokens. */
export interface EncodeSettings {
  /** Only rows with messages, with a loss mask. */
  chat: boolean;
  /** Share of the documents that is held out for validation, chosen by a hash of each text. */
  val: number;
  bos: number;
  eos: number;
}

/** Documents to tokenize; as texts alone where none is a chat and the tokenizer reads UTF-8. */
export type DocumentTask = readonly SourceText[] | PackedTexts;

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

/**
 * A document's hash as a number from 0 (included) to 1 (excluded), which decides on its split: that of `hashFraction(documentHash(text))` of
 * `@llm/dataset`, which a thread would have to load as a whole for it.
 *
 * @param text As a string, or its UTF-8.
 */
export const splitFraction = (text: string | Uint8Array): number => hash("sha256", text, "buffer").readUInt32BE(0) / 0x1_0000_0000;

/** Tokenizes documents: each as `<s>text</s>`, a chat as `encodeChat` writes it. */
export class DocumentEncoder {
  private readonly encoder: FlatEncoder;

  constructor(
    private readonly tokenizer: Tokenizer,
    private readonly settings: EncodeSettings,
  ) {
    this.encoder = tokenizer.flatEncoder();
  }

  encode(task: DocumentTask): EncodedDocuments {
    const { settings, encoder, tokenizer } = this;
    const { chat, val, bos, eos } = settings;
    const ids = encoder.ids.cleared();
    const lengths: number[] = [];
    const textBytes: number[] = [];
    const held: number[] = [];
    const kept: number[] = [];
    const masks: Uint8Array[] = [];
    let end = 0;
    const add = (index: number, bytes: number, text: string | Uint8Array): void => {
      lengths.push(ids.length - end);
      end = ids.length;
      textBytes.push(bytes);
      held.push(splitFraction(text) < val ? 1 : 0);
      kept.push(index);
    };
    if (isPacked(task)) {
      forEachPacked(task, (bytes, from, to, index) => {
        if (from === to) return;
        ids.push(bos);
        encoder.utf8!(bytes, from, to);
        ids.push(eos);
        add(index, to - from, bytes.subarray(from, to));
      });
    } else {
      for (const [index, { text, messages }] of task.entries()) {
        if (messages) {
          const { ids: tokens, mask } = encodeChat(tokenizer, messages);
          if (chat && !mask.includes(1)) continue;
          if (chat) masks.push(mask);
          for (const id of tokens) ids.push(id);
          add(index, messages.reduce((sum, { content }) => sum + Buffer.byteLength(content), 0), text);
        } else if (!chat && text !== "") {
          ids.push(bos);
          encoder.text(text);
          ids.push(eos);
          add(index, Buffer.byteLength(text), text);
        }
      }
    }
    const tokens = tokenizer.vocabSize <= 0x10000 ? new Uint16Array(ids.ids.subarray(0, end)) : ids.toArray();
    const mask = new Uint8Array(chat ? end : 0);
    let at = 0;
    for (const ones of masks) {
      mask.set(ones, at);
      at += ones.length;
    }
    return { tokens, lengths: Uint32Array.from(lengths), textBytes: Float64Array.from(textBytes), held: Uint8Array.from(held), mask, kept: Uint32Array.from(kept) };
  }
}
