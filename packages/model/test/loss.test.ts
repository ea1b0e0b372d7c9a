import { crossEntropyLoss, disposeParameters, forward, hiddenStates, initParameters, presetConfig } from "@llm/model";
import * as tf from "@tensorflow/tfjs-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openTestEngine } from "./support/engine.js";
import { bits, formulaMask, formulaParameters, formulaTokens } from "./support/formula.js";
import { relativeError } from "./support/goldens.js";

const config = presetConfig("test", { vocabSize: 29, maxPositions: 32 });
const [batch, length] = [3, 7];
const tokens = formulaTokens(config.vocabSize, batch, length);
const maskValues = formulaMask(batch, length);

let params: ReturnType<typeof initParameters>;
let ids: tf.Tensor2D;
let targets: tf.Tensor2D;
let mask: tf.Tensor2D;

beforeAll(async () => {
  await openTestEngine();
  params = formulaParameters(config);
  ids = tf.tensor2d(tokens.map((row) => row.slice(0, -1)), [batch, length], "int32");
  targets = tf.tensor2d(tokens.map((row) => row.slice(1)), [batch, length], "int32");
  mask = tf.tensor2d(maskValues, [batch, length]);
});
afterAll(() => disposeParameters(params));

/** The same in plain JavaScript, from logits. */
function plainLoss(logits: Float32Array, weights: ArrayLike<number>): number {
  const v = config.vocabSize;
  return tokens.flatMap((row) => row.slice(1)).reduce((sum, target, i) => {
    const row = Array.from(logits.subarray(i * v, (i + 1) * v));
    const top = Math.max(...row);
    return sum + weights[i]! * (top + Math.log(row.reduce((s, x) => s + Math.exp(x - top), 0)) - row[target]!);
  }, 0);
}

test("equals the plain formula over the logits, whatever the weights", async () => {
  const logits = (await forward(config, params, ids).data()) as Float32Array;
  for (const weights of [maskValues, Float32Array.from(bits(5, batch * length), (x) => x / 2 ** 31), new Float32Array(batch * length)]) {
    const { lossSum, count } = crossEntropyLoss(config, params, ids, targets, tf.tensor2d(weights, [batch, length]));
    expect((await lossSum.data())[0]).toBeCloseTo(plainLoss(logits, weights), 3);
    expect((await count.data())[0]).toBeCloseTo(weights.reduce((a, b) => a + b, 0), 4);
  }
});

test("logits are the hidden states times the embedding", async () => {
  const hidden = hiddenStates(config, params, ids);
  expect(hidden.shape).toEqual([batch, length, config.hiddenSize]);
  const product = tf.matMul(tf.reshape(hidden, [batch * length, config.hiddenSize]), params.get("model.embed_tokens.weight") as tf.Tensor2D, false, true);
  expect(relativeError(await forward(config, params, ids).data(), await product.data())).toBeLessThan(1e-6);
});

describe("chunks and blocks", () => {
  const gradients = (options: object) => tf.variableGrads(() => crossEntropyLoss(config, params, ids, targets, mask, options).lossSum, [...params.values()]);

  test("of every size give the same loss and gradients", async () => {
    const whole = gradients({});
    for (const options of [{ chunkElements: 1 }, { chunkElements: 29 * 2 }, { chunkElements: 29 * 20 }, { attentionBlock: 1 }, { attentionBlock: 3, chunkElements: 200 }, { attentionBlock: 6 }]) {
      const { value, grads } = gradients(options);
      expect(relativeError(await value.data(), await whole.value.data())).toBeLessThan(1e-6);
      for (const { name } of params.values()) expect(relativeError(await grads[name]!.data(), await whole.grads[name]!.data())).toBeLessThan(1e-5);
    }
  });

  test("layers computed again in the backward pass give the same loss and gradients, to the bit", async () => {
    const whole = gradients({ attentionBlock: 3 });
    const again = gradients({ attentionBlock: 3, recompute: true });
    expect(await again.value.data()).toEqual(await whole.value.data());
    for (const { name } of params.values()) expect(await again.grads[name]!.data(), name).toEqual(await whole.grads[name]!.data());
  });

  test.each([{}, { recompute: true }])("leave no tensor behind, with gradients or without (%j)", (options) => {
    const before = tf.memory().numTensors;
    const { value, grads } = gradients({ chunkElements: 60, attentionBlock: 3, ...options });
    expect(tf.memory().numTensors).toBe(before + 1 + params.size);
    tf.dispose([value, grads]);
    const loss = crossEntropyLoss(config, params, ids, targets, mask, { chunkElements: 60 });
    expect(tf.memory().numTensors).toBe(before + 2);
    tf.dispose([loss.lossSum, loss.count]);
    forward(config, params, ids, { attentionBlock: 3 }).dispose();
    expect(tf.memory().numTensors).toBe(before);
  });
});

test("a masked target changes nothing, and a position sees nothing after it", async () => {
  const hidden = Array.from({ length: batch }, (_, b) => Array.from({ length }, (_, t) => (maskValues[b * length + t] === 0 ? 0 : tokens[b]![t + 1]!)));
  const { lossSum } = crossEntropyLoss(config, params, ids, tf.tensor2d(hidden, [batch, length], "int32"), mask);
  expect(await lossSum.data()).toEqual(await crossEntropyLoss(config, params, ids, targets, mask).lossSum.data());

  const changed = tf.tensor2d(tokens.map((row) => [...row.slice(0, 4), 0, 0, 0]), [batch, length], "int32");
  const early = (x: tf.Tensor2D) => tf.slice(forward(config, params, x), [0, 0, 0], [batch, 4, config.vocabSize]).data();
  expect(await early(changed)).toEqual(await early(ids));
});

test("training on one batch learns it by heart", async () => {
  const small = initParameters(config, { seed: 1 });
  const step = () => {
    const { value, grads } = tf.variableGrads(() => crossEntropyLoss(config, small, ids, targets, mask).lossSum, [...small.values()]);
    tf.tidy(() => {
      for (const variable of small.values()) variable.assign(tf.sub(variable, tf.mul(grads[variable.name]!, 0.03)));
    });
    tf.dispose(grads);
    return value;
  };
  const count = maskValues.reduce((a, b) => a + b, 0);
  const first = (await step().data())[0]! / count;
  expect(first).toBeCloseTo(Math.log(config.vocabSize), 1);
  let last = first;
  for (let i = 0; i < 60; i++) last = (await step().data())[0]! / count;
  expect(last).toBeLessThan(0.5);
  disposeParameters(small);
});

test("wrong input is named", () => {
  const row = tf.tensor2d([[1, 2]], [1, 2], "int32");
  expect(() => forward(config, params, tf.tensor2d([[1, 2]], [1, 2], "float32"))).toThrow(/int32 tensor of shape \[batch, length\]; got float32 \[1, 2\]/);
  expect(() => forward(config, params, tf.zeros([1, 33], "int32"))).toThrow(/33 tokens, but the model's context is 32/);
  expect(() => forward(config, params, tf.zeros([1, 0], "int32"))).toThrow(/empty/);
  expect(() => crossEntropyLoss(config, params, row, row, mask)).toThrow(/mask must have the shape of the ids, \[1, 2\]; got \[3, 7\]/);
  expect(() => forward(config, params, row, { attentionBlock: 0 })).toThrow(/attentionBlock must be a positive integer; got 0/);
  expect(() => crossEntropyLoss(config, params, row, row, row, { chunkElements: NaN })).toThrow(/chunkElements must be a positive number; got NaN/);
  const { "model.norm.weight": _, ...rest } = Object.fromEntries(params);
  expect(() => forward(config, new Map(Object.entries(rest)), row)).toThrow(/no weight "model.norm.weight"/);
});
