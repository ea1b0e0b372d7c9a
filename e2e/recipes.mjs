// @ts-check
// The numbers of the main job, by engine. What each was chosen for is in docs/benchmarks.md.

/** @typedef {import("./stages.mjs").Stage} Stage */
/** @typedef {{ documents: number, chats: number, vocabulary: number, pretrain: string[], sft: string[], note?: string }} Numbers */

/**
 * @param {Numbers} numbers
 * @returns {{ note?: string, stages: (at: (name: string) => string, seed: string[]) => Stage[] }}
 */
const recipe = (numbers) => ({
  ...(numbers.note ? { note: numbers.note } : {}),
  stages: (at, seed) => [
    { name: "sample", bin: "llm-dataset", args: ["sample", "--out", at("sample"), "--documents", String(numbers.documents), "--chats", String(numbers.chats), ...seed], out: at("sample") },
    { name: "prepare", bin: "llm-dataset", args: ["prepare", at("sample"), "--out", at("prepared")], out: at("prepared"), after: ["sample"] },
    { name: "tokenizer", bin: "llm-bpe", args: ["train", at("prepared"), "--vocab-size", String(numbers.vocabulary), "--out", at("tokenizer.json")], out: at("tokenizer.json"), after: ["prepare"] },
    { name: "tokenize", bin: "llm-bpe", args: ["tokenize", at("prepared"), "--tokenizer", at("tokenizer.json"), "--out", at("shards"), "--val", "0.01"], out: at("shards"), after: ["prepare", "tokenizer"] },
    { name: "tokenize-chat", bin: "llm-bpe", args: ["tokenize", at("prepared"), "--tokenizer", at("tokenizer.json"), "--out", at("chat-shards"), "--val", "0.01", "--chat"], out: at("chat-shards"), after: ["prepare", "tokenizer"] },
    { name: "pretrain", bin: "llm-trainer", args: ["pretrain", "--shards", at("shards"), "--out", at("base"), ...numbers.pretrain, ...seed], out: at("base"), after: ["tokenize"], resume: ["--resume"] },
    { name: "sft", bin: "llm-trainer", args: ["sft", "--shards", at("chat-shards"), "--from", at("base"), "--out", at("chat"), ...numbers.sft, ...seed], out: at("chat"), after: ["tokenize-chat", "pretrain"], resume: ["--resume"] },
  ],
});

/** @type {Record<string, ReturnType<typeof recipe>>} */
export const RECIPES = {
  // TensorFlow: by time, so that it ends within 15 minutes on two cores.
  tensorflow: recipe({ documents: 30_000, chats: 50_000, vocabulary: 4_096, pretrain: ["--preset", "sample", "--minutes", "7.5"], sft: ["--minutes", "2"] }),
  // Without TensorFlow: by steps, since a model that stops learning early is of no use to anyone.
  portable: recipe({
    documents: 30_000,
    chats: 50_000,
    vocabulary: 4_096,
    pretrain: ["--preset", "sample", "--steps", "2400"],
    sft: ["--steps", "600"],
    note: "Without TensorFlow the same training takes several times longer; the bar shows the time left.",
  }),
  // The whole way in about a minute, for the tests: the replies mean nothing.
  test: recipe({ documents: 400, chats: 400, vocabulary: 512, pretrain: ["--preset", "test", "--steps", "30"], sft: ["--steps", "10"] }),
};
