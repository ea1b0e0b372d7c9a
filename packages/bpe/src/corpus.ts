export { tokenizeCorpus, type TokenizeOptions, type TokenizeProgress } from "./corpus/tokenize.js";
export { loadTokenizer, saveTokenizer } from "./corpus/files.js";
export { fileLines } from "./corpus/lines.js";
export { trainingTexts } from "./corpus/texts.js";
