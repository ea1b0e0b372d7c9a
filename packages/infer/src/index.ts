export { loadRun, type LoadOptions } from "./load.js";
export { createRun, type Run, type RunParts } from "./run.js";
export { complete, encodePrompt, finish, generate, type GeneratedToken, type GenerationResult, type GenerationStats } from "./generate.js";
export { chat, type ChatMessage, type ChatOptions, type ChatResult, ChatSession, encodeMessages } from "./chat.js";
export { DEFAULTS, type GenerateOptions, type RunDefaults } from "./options.js";
export { applyPenalties, argmax, type Candidates, draw, filterLogits, sampleToken, type SamplingOptions, selectTop } from "./sample.js";
export { createHandler, type Handler, type HandlerOptions } from "./server/handler.js";
export { type RunningServer, serve, type ServeOptions } from "./server/serve.js";
export { InferError, type InferErrorCode } from "./errors.js";
