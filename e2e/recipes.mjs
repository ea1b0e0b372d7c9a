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
    {
      name: "prepare",
      bin: "llm-dataset",
      // How often a greeting comes is part of what a chat model has to learn, so repeated chats stay.
      args: ["prepare", at("sample"), "--keep-duplicates", "--out", at("prepared")],
      out: at("prepared"),
      after: ["sample"],
    },
    { name: "tokenizer", bin: "llm-bpe", args: ["train", at("prepared"), "--vocab-size", String(numbers.vocabulary), "--out", at("tokenizer.json")], out: at("tokenizer.json"), after: ["prepare"] },
    { name: "tokenize", bin: "llm-bpe", args: ["tokenize", at("prepared"), "--tokenizer", at("tokenizer.json"), "--out", at("shards"), "--val", "0.01"], out: at("shards"), after: ["prepare", "tokenizer"] },
    { name: "tokenize-chat", bin: "llm-bpe", args: ["tokenize", at("prepared"), "--tokenizer", at("tokenizer.json"), "--out", at("chat-shards"), "--val", "0.01", "--chat"], out: at("chat-shards"), after: ["prepare", "tokenizer"] },
    { name: "pretrain", bin: "llm-trainer", args: ["pretrain", "--shards", at("shards"), "--out", at("base"), ...numbers.pretrain, ...seed], out: at("base"), after: ["tokenize"], resume: ["--resume"] },
    { name: "sft", bin: "llm-trainer", args: ["sft", "--shards", at("chat-shards"), "--from", at("base"), "--out", at("chat"), ...numbers.sft, ...seed], out: at("chat"), after: ["tokenize-chat", "pretrain"], resume: ["--resume"] },
  ],
});

// Small rows and many optimizer steps: what takes time to learn is to carry the question's words into the answer, and that
// depends on the number of steps. Muon needs about a third of AdamW's steps for the same loss here.
const PRETRAIN = ["--preset", "sample", "--lr", "1e-2", "--schedule", "wsd", "--batch-size", "8", "--sequence-length", "128", "--eval-every", "500", "--checkpoint-minutes", "1"];
const SFT = ["--lr", "4e-3", "--batch-size", "6", "--sequence-length", "192", "--eval-every", "500", "--checkpoint-minutes", "1"];
const CORPUS = { documents: 25_000, chats: 60_000, vocabulary: 4_096 };

/** @type {Record<string, ReturnType<typeof recipe>>} */
export const RECIPES = {
  // TensorFlow: by time, so that all of it ends within 15 minutes on two cores.
  tensorflow: recipe({ ...CORPUS, pretrain: [...PRETRAIN, "--minutes", "7"], sft: [...SFT, "--minutes", "5.5"] }),
  // Without TensorFlow: by steps, since a model that stops learning early is of no use to anyone.
  portable: recipe({
    ...CORPUS,
    pretrain: [...PRETRAIN, "--steps", "3000"],
    sft: [...SFT, "--steps", "1800"],
    note: "Without TensorFlow the same training takes several times longer; the bar shows the time left.",
  }),
  // The whole way in about a minute, for the tests: the replies mean nothing.
  test: recipe({ documents: 400, chats: 400, vocabulary: 512, pretrain: ["--preset", "test", "--steps", "40", "--checkpoint-steps", "10"], sft: ["--steps", "10"] }),
};
