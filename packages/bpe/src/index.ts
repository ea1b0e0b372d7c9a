export { trainBpe, type TextBatch, type TrainOptions, type TrainProgress } from "./train/train.js";
export { Tokenizer, type EncodeOptions, type Encoding } from "./tokenizer.js";
export type { BatchEncoding, BatchOptions } from "./batch.js";
export type { DecodeStream } from "./decoder.js";
export type { AddedToken } from "./added-tokens.js";
export { encodeChat, CHAT_TEMPLATE, type ChatMessage, type EncodedChat } from "./chat.js";
export { tokenizerConfig, specialTokensMap } from "./hf-config.js";
export { DEFAULT_SPECIAL_TOKENS, type SpecialIds } from "./special-tokens.js";
export { BpeError } from "./errors.js";
