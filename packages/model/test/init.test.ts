import { createHash } from "node:crypto";
import { disposeParameters, initialValues, initParameters, parameterShapes, presetConfig } from "@llm/model";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, expect, test } from "vitest";
import { openTestEngine } from "./support/engine.js";

const config = presetConfig("sample", { vocabSize: 1000 });

beforeAll(async () => {
  await openTestEngine();
});

const moments = (values: Float32Array) => {
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  const moment = (k: number) => values.reduce((sum, x) => sum + (x - mean) ** k, 0) / values.length;
  return { mean, std: Math.sqrt(moment(2)), kurtosis: moment(4) / moment(2) ** 2 };
};

test("matrices are normal with the right spread, norms are 1", () => {
  const embedding = moments(initialValues(config, "model.embed_tokens.weight", [1000, 128]));
  expect(embedding.mean).toBeCloseTo(0, 3);
  expect(embedding.std).toBeCloseTo(config.hiddenSize ** -0.5, 3);
  expect(embedding.kurtosis).toBeGreaterThan(2.9);
  expect(embedding.kurtosis).toBeLessThan(3.1);
  for (const name of ["self_attn.o_proj", "mlp.down_proj"]) {
    const { std } = moments(initialValues(config, `model.layers.1.${name}.weight`, [128, 352]));
    expect(std).toBeCloseTo(config.hiddenSize ** -0.5 / Math.sqrt(2 * config.layers), 3);
  }
  expect(moments(initialValues(config, "model.layers.1.mlp.up_proj.weight", [352, 128], { std: 0.1 })).std).toBeCloseTo(0.1, 2);
  expect(new Set(initialValues(config, "model.norm.weight", [128]))).toEqual(new Set([1]));
});

test("a seed means the same bytes, for ever", () => {
  const hash = createHash("sha256");
  for (const [name, shape] of parameterShapes(config)) hash.update(initialValues(config, name, shape, { seed: 42 }));
  expect(hash.digest("hex")).toBe("057db192ba0154f8a4a02916957449a968d84584bc31de2f6efa1b7544c12614");
});

test("another seed or another name means other numbers", () => {
  const first = (name: string, seed: number) => initialValues(config, name, [2, 8], { seed }).join();
  const q = "model.layers.0.self_attn.q_proj.weight";
  const all = [first(q, 0), first(q, 1), first(q, -1), first("model.layers.0.self_attn.k_proj.weight", 0), first("model.layers.1.self_attn.q_proj.weight", 0)];
  expect(new Set(all).size).toBe(all.length);
  expect(first(q, 0)).toBe(initialValues(config, q, [2, 8]).join());
});

test("the variables hold these numbers under Hugging Face's names, and two models can live side by side", async () => {
  const small = presetConfig("test", { vocabSize: 20 });
  const before = tf.memory().numTensors;
  const a = initParameters(small, { seed: 3 });
  const b = initParameters(small, { seed: 3 });
  expect([...a.keys()]).toEqual([...parameterShapes(small).keys()]);
  for (const [name, variable] of a) {
    expect(variable.trainable).toBe(true);
    expect(await variable.data()).toEqual(initialValues(small, name, variable.shape, { seed: 3 }));
    expect(await b.get(name)!.data()).toEqual(await variable.data());
  }
  disposeParameters(a);
  disposeParameters(b);
  expect(tf.memory().numTensors).toBe(before);
});
