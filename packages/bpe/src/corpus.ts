export { tokenizeCorpus, type TokenizeOptions, type TokenizeProgress } from "./corpus/tokenize.js";
export { collectTokenized, planTokenize, runTokenizeRank, type PlanTokenizeOptions, type TokenizePlan } from "./corpus/ranks.js";
export { loadTokenizer, saveTokenizer } from "./corpus/files.js";
export { countLinesOnThreads, countWordsOnThreads, type CountOptions } from "./corpus/count.js";
export { loadWordCounts, saveWordCounts } from "./corpus/word-file.js";
export { fileLines } from "./corpus/lines.js";
export { trainingTexts } from "./corpus/texts.js";
export { createEncoderPool, type EncodeCall, type EncoderPool, type EncoderPoolOptions } from "./pool/encoder-pool.js";
