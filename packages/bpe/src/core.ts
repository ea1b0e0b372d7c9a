export { CoreTokenizer as Tokenizer, type EncodeOptions, type Encoding } from "./core-tokenizer.js";
export type { BatchEncoding, BatchOptions, BatchText } from "./batch.js";
export type { StreamEncoder } from "./segments.js";
export type { DecodeStream } from "./decoder.js";
export type { AddedToken } from "./added-tokens.js";
export { encodeChat, CHAT_TEMPLATE, type ChatMessage, type EncodedChat } from "./chat.js";
export { DEFAULT_SPECIAL_TOKENS, type SpecialIds } from "./special-tokens.js";
export { BpeError } from "./errors.js";
