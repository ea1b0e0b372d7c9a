import { execFileSync, spawnSync } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { countParameters, disposeParameters, forward, ModelError, parameterValues, presetConfig } from "@llm/model";
import { loadConfig, loadModel, readSafetensors, saveModel, writeSafetensors } from "@llm/model/node";
import * as tf from "@tensorflow/tfjs-core";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { openTestEngine } from "./support/engine.js";
import { formulaParameters } from "./support/formula.js";
import { goldenInput, readGolden, relativeError } from "./support/goldens.js";

const config = presetConfig("test", { vocabSize: 31 });
let root: string;
let folder: string;
let count = 0;

beforeAll(async () => {
  await openTestEngine();
  root = await mkdtemp(join(tmpdir(), "llm-model-"));
});
afterAll(() => rm(root, { recursive: true, force: true }));
beforeEach(() => {
  folder = join(root, `model-${count++}`, "deep");
});

test("a saved model loads as it was, and computes transformers' logits", async () => {
  const golden = await readGolden("gqa-16");
  const { params, ids } = goldenInput(golden);
  await saveModel(folder, golden.config, params);
  expect((await readdir(folder)).sort()).toEqual(["config.json", "generation_config.json", "model.safetensors"]);
  const loaded = await loadModel(folder);
  expect(loaded.config).toEqual(golden.config);
  expect(await parameterValues(loaded.params)).toEqual(await parameterValues(params));
  expect(relativeError(await forward(loaded.config, loaded.params, ids).data(), golden.tensors.get("logits")!.data)).toBeLessThan(1e-4);
  disposeParameters(params);
  disposeParameters(loaded.params);
});

test("saving twice gives the same bytes and replaces the old files", async () => {
  const params = formulaParameters(config);
  await saveModel(folder, config, params);
  const read = async () => Promise.all((await readdir(folder)).sort().map((name) => readFile(join(folder, name))));
  const first = await read();
  await saveModel(folder, config, params);
  expect(await read()).toEqual(first);
  disposeParameters(params);
});

// Needs a Python with transformers: python3, or the one that LLM_PYTHON names.
const python = process.env["LLM_PYTHON"] ?? "python3";
const hasTransformers = spawnSync(python, ["-c", "import importlib.util as u, sys; sys.exit(not (u.find_spec('transformers') and u.find_spec('torch')))"]).status === 0;

test.skipIf(!hasTransformers)("transformers opens saved folders without complaint, computes the same logits and continues with the same tokens", async () => {
  const configs = [config, { ...config, tieEmbeddings: false, headDim: 10, ropeTheta: 700 }];
  const models = configs.map((config) => ({ config, params: formulaParameters(config) }));
  const folders = await Promise.all(models.map(async ({ config, params }, i) => saveModel(`${folder}-${i}`, config, params).then(() => `${folder}-${i}`)));
  const prompt = [3, 17, 8, 0, 25];
  const script = fileURLToPath(new URL("../../../tools/goldens/model_open_folder.py", import.meta.url));
  const lines = execFileSync(python, [script, JSON.stringify(prompt), "40", ...folders], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim().split("\n");
  expect(lines.length).toBe(configs.length);
  for (const [i, { config, params }] of models.entries()) {
    const theirs = JSON.parse(lines[i]!) as { logits: number[][]; tokens: number[] };
    expect(theirs).toMatchObject({ class: "LlamaForCausalLM", parameters: countParameters(config), problems: {}, tied: config.tieEmbeddings, special: [0, 2, 1] });
    const logits = async (tokens: number[]) => (await forward(config, params, tf.tensor2d([tokens], [1, tokens.length], "int32")).data()) as Float32Array;
    expect(relativeError(await logits(prompt), theirs.logits.flat())).toBeLessThan(1e-4);
    const tokens = [...prompt];
    while (tokens.length < 45) {
      const last = (await logits(tokens)).slice(-config.vocabSize);
      last[config.eos] = -Infinity; // as min_new_tokens does it there
      tokens.push(last.reduce((best, x, i) => (x > last[best]! ? i : best), 0));
    }
    expect(theirs.tokens).toEqual(tokens);
    disposeParameters(params);
  }
}, 180_000);

describe("a folder that can't be loaded says why", () => {
  const refused = async (code: string, message: RegExp) => {
    const before = tf.memory().numTensors;
    const error: unknown = await loadModel(folder).catch((error: unknown) => error);
    expect(error).toBeInstanceOf(ModelError);
    expect(error).toMatchObject({ code, message: expect.stringMatching(message) as string });
    expect((error as Error).message).toContain(folder);
    expect(tf.memory().numTensors).toBe(before);
  };
  const change = async (name: string, edit: (json: Record<string, unknown>) => unknown) => {
    const path = join(folder, name);
    await writeFile(path, JSON.stringify(edit(JSON.parse(await readFile(path, "utf8")) as Record<string, unknown>)));
  };
  beforeEach(async () => {
    const params = formulaParameters(config);
    await saveModel(folder, config, params);
    disposeParameters(params);
  });
  const weights = () => join(folder, "model.safetensors");

  test("no folder", async () => {
    await rm(folder, { recursive: true });
    await refused("file", /is no model folder: .*config.json can't be read/);
  });
  test("no weights", async () => {
    await rm(weights());
    await refused("file", /model.safetensors can't be read/);
  });
  test("config.json is no JSON", async () => {
    await writeFile(join(folder, "config.json"), "{");
    await refused("config", /config.json is no valid JSON/);
  });
  test("config.json of another architecture", async () => {
    await change("config.json", (json) => ({ ...json, model_type: "gpt2" }));
    await refused("config", /config.json: .*"gpt2"/);
  });
  test("weights cut off, in the header and in the data", async () => {
    await truncate(weights(), 30_000);
    await refused("safetensors", /cut off or damaged/);
    await truncate(weights(), 100);
    await refused("safetensors", /cut off/);
    await truncate(weights(), 3);
    await refused("safetensors", /has 3 bytes/);
  });
  test("a model of another size", async () => {
    await change("config.json", (json) => ({ ...json, vocab_size: 32 }));
    await refused("weights", /of another shape: model.embed_tokens.weight \[31, 32\] instead of \[32, 32\]/);
  });
  test("missing and unexpected tensors", async () => {
    const { tensors } = await readSafetensors(weights());
    tensors.delete("model.norm.weight");
    tensors.set("model.layers.0.self_attn.q_proj.bias", { shape: [1], data: new Float32Array(1) });
    await writeSafetensors(weights(), tensors);
    await refused("weights", /missing: model.norm.weight; unexpected: model.layers.0.self_attn.q_proj.bias/);
  });
  test("tied embeddings may come with a copy under the head's name", async () => {
    const { tensors } = await readSafetensors(weights());
    tensors.set("lm_head.weight", tensors.get("model.embed_tokens.weight")!);
    await writeSafetensors(weights(), tensors);
    const { params } = await loadModel(folder);
    expect(params.has("lm_head.weight")).toBe(false);
    disposeParameters(params);
  });
});

test("a write that fails leaves the old file and no temporary one", async () => {
  const params = formulaParameters(config);
  await saveModel(folder, config, params);
  const path = join(folder, "model.safetensors");
  const before = await readFile(path);
  const broken = new Map([
    ["a", { shape: [2], data: new Float32Array(2) }],
    ["b", { shape: [2], data: () => Promise.reject(new Error("the engine is gone")) }],
  ]);
  await expect(writeSafetensors(path, broken)).rejects.toThrow(/model.safetensors could not be written: the engine is gone/);
  await expect(writeSafetensors(path, new Map([["a", { shape: [3], data: () => new Float32Array(2) }]]))).rejects.toThrow(/has 2 numbers/);
  expect(await readFile(path)).toEqual(before);
  expect((await readdir(folder)).length).toBe(3);
  await expect(saveModel(join(path, "below"), config, params)).rejects.toThrow(/can't be made/);
  params.delete("model.norm.weight");
  await expect(saveModel(folder, config, params)).rejects.toThrow(/missing: model.norm.weight/);
  expect(await loadConfig(folder)).toEqual(config);
});
