export { sampleCorpus } from "./corpus.js";
export type { SampleCorpus, SampleCorpusOptions } from "./corpus.js";
export type { HeldOut, HeldOutChat, HeldOutPrompt } from "./held-out.js";
export { meetsExpectation } from "./chat/turn.js";
export type { Expectation } from "./chat/turn.js";
