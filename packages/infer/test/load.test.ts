import { cpSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { trainBpe } from "@llm/bpe";
import { complete, DEFAULTS, encodePrompt, InferError, loadRun } from "@llm/infer";
import * as tf from "@tensorflow/tfjs-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { temporaryFolder, writeRun } from "./folder.js";
import { cpuEngine, tinyRun } from "./tiny-run.js";

const work = temporaryFolder();
afterAll(work.remove);
beforeAll(() => writeRun(work.at("run")));

/** A copy of the run with one thing changed. */
let copies = 0;
function broken(change: (at: (name: string) => string) => void): string {
  const folder = work.at(`copy-${copies++}`);
  cpSync(work.at("run"), folder, { recursive: true });
  change((name) => `${folder}/${name}`);
  return folder;
}
const edit = (path: string, change: (json: Record<string, unknown>) => void): void => {
  const json = JSON.parse(readFileSync(path, "utf8"));
  change(json);
  writeFileSync(path, JSON.stringify(json));
};
const load = async (folder: string) => loadRun(folder, { engine: await cpuEngine() });

describe("a run of the trainer", () => {
  it("gives what the same weights in memory give", async () => {
    const run = await load(work.at("run"));
    const memory = await tinyRun();
    const options = { maxTokens: 12, seed: 4 };
    expect(await complete(run, "The fox", options)).toMatchObject({ ids: (await complete(memory, "The fox", options)).ids });
    expect(run).toMatchObject({ name: "run", hasChat: true, prefix: [0], eos: new Set([2]) });
    run.dispose();
    memory.dispose();
  });

  it("frees its weights", async () => {
    const before = tf.memory().numTensors;
    const run = await load(work.at("run"));
    expect(tf.memory().numTensors).toBeGreaterThan(before);
    run.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });

  it("takes its defaults from generation_config.json", async () => {
    const folder = broken((at) => edit(at("generation_config.json"), (json) => Object.assign(json, { temperature: 0.1, top_k: 7, max_new_tokens: 3, min_p: null, eos_token_id: [2, 9] })));
    const run = await load(folder);
    expect(run.defaults).toEqual({ temperature: 0.1, topK: 7, maxTokens: 3 });
    expect([...run.eos]).toEqual([2, 9]);
    expect((await complete(run, "The", { seed: 1 })).ids.length).toBeLessThanOrEqual(3);
    run.dispose();
    const greedy = await load(broken((at) => edit(at("generation_config.json"), (json) => Object.assign(json, { do_sample: false }))));
    expect(greedy.defaults).toEqual({ temperature: 0 });
    greedy.dispose();
    expect(DEFAULTS).toMatchObject({ temperature: 0, topP: 0.9, repetitionPenalty: 1 });
  });
});

describe("tokenizer and model that don't belong together", () => {
  const fails = async (folder: string, ...words: (string | RegExp)[]): Promise<void> => {
    const before = tf.memory().numTensors;
    const error = await load(folder).then(() => undefined, (reason: unknown) => reason as Error);
    expect(error, "an error").toBeInstanceOf(Error);
    expect((error as unknown as { [key: symbol]: unknown })[Symbol.for("@llm/error")]).toBe(true);
    for (const word of words) expect(error!.message).toMatch(word);
    expect(tf.memory().numTensors).toBe(before);
  };

  it("another tokenizer of the same size: by the hash that the trainer recorded", async () => {
    const other = await trainBpe(["completely other words about nothing much at all, never seen elsewhere in this file"], { vocabSize: 320, minFrequency: 1 });
    await fails(broken((at) => writeFileSync(at("tokenizer.json"), other.toJSON())), /tokenizer\.json has SHA-256/, /was trained with/, /step-00000003/);
  });

  it("another size, with no trainer's word for it", async () => {
    const larger = await trainBpe(["The quick brown fox jumps over the lazy dog and on and on, as it always did before, and will for ever"], { vocabSize: 322, minFrequency: 1 });
    const withOther = (folder: string): string => {
      rmSync(`${folder}/trainer`, { recursive: true });
      writeFileSync(`${folder}/tokenizer.json`, larger.toJSON());
      return folder;
    };
    expect(larger.vocabSize).toBe(322);
    await fails(withOther(broken(() => {})), /tokenizer has 322 tokens, the model's vocab_size is 320/);
    await writeRun(work.at("odd"), { vocabSize: 333 });
    await fails(withOther(work.at("odd")), /tokenizer has 322 tokens, the model's vocab_size is 333/);
  });

  it("other special tokens", async () => {
    await fails(broken((at) => edit(at("config.json"), (json) => (json["eos_token_id"] = 7))), /eos_token_id/);
    await fails(broken((at) => edit(at("tokenizer_config.json"), (json) => (json["bos_token"] = "</s>"))), /bos_token_id 0 \(<s>\)/, /names <\/s>, which is token 2/);
    await fails(broken((at) => edit(at("tokenizer_config.json"), (json) => (json["pad_token"] = { content: "<nothing>" }))), /names <nothing>, which is not in tokenizer\.json/);
  });

  it("files that are missing, cut off or no JSON", async () => {
    await fails(work.at("nowhere"), /no run folder/, /config\.json/);
    await fails(broken((at) => rmSync(at("tokenizer.json"))), /there is no tokenizer\.json/);
    await fails(broken((at) => writeFileSync(at("tokenizer.json"), readFileSync(at("tokenizer.json"), "utf8").slice(0, 500))), /tokenizer/);
    await fails(broken((at) => writeFileSync(at("config.json"), "{")), /config\.json is no valid JSON/);
    await fails(broken((at) => writeFileSync(at("generation_config.json"), "[]")), /generation_config\.json must hold a JSON object/);
    await fails(broken((at) => edit(at("generation_config.json"), (json) => (json["top_p"] = 3))), /top_p/);
    await fails(broken((at) => rmSync(at("model.safetensors"))), /model\.safetensors/);
    await fails(broken((at) => truncateSync(at("model.safetensors"), 5000)), /model\.safetensors/);
  });

  it("are errors of this package, with a code", async () => {
    await expect(load(work.at("nowhere"))).rejects.toSatisfy((error) => error instanceof InferError && error.code === "run");
  });
});

describe("a folder of transformers", () => {
  const folder = fileURLToPath(new URL("goldens/hf-llama", import.meta.url));
  interface Expected {
    prompt: string;
    promptIds: number[];
    maxTokens: number;
    repetitionPenalty: number;
    ids: number[];
  }
  const expected = JSON.parse(readFileSync(`${folder}/expected.json`, "utf8")) as Expected[];

  it.each(expected)("gives transformers' own greedy text for $prompt, $maxTokens tokens, penalty $repetitionPenalty", async ({ prompt, promptIds, maxTokens, repetitionPenalty, ids }) => {
    const run = await load(folder);
    expect(encodePrompt(run, prompt)).toEqual(promptIds);
    expect((await complete(run, prompt, { maxTokens, repetitionPenalty })).ids).toEqual(ids);
    expect(run).toMatchObject({ hasChat: false, defaults: { temperature: 0 }, eos: new Set([1, 2]) });
    run.dispose();
  });
});
