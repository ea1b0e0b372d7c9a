import { countParameters, parameterShapes } from "@llm/model";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, test } from "vitest";
import { openTestEngine } from "./support/engine.js";
import { goldenErrors, readGolden } from "./support/goldens.js";

beforeAll(async () => {
  await openTestEngine();
});

const worst = (errors: Record<string, number>) => Object.entries(errors).reduce((a, b) => (b[1] <= a[1] ? a : b));

describe("logits, loss and every gradient are those of transformers", () => {
  test.each(["mha-16", "gqa-16", "mqa-untied-16", "mha-1024", "gqa-1024"])("%s", async (name) => {
    const before = tf.memory().numTensors;
    const errors = await goldenErrors(name);
    const [key, error] = worst(errors);
    expect(error, `${key} differs`).toBeLessThan(1e-4);
    const { config, tensors } = await readGolden(name);
    expect(Object.keys(errors).filter((name) => name.startsWith("grad.")).length).toBe(parameterShapes(config).size);
    // The golden holds a gradient for every number of the model, no more and no less.
    const stored = [...tensors].filter(([name]) => name.startsWith("grad.")).reduce((sum, [, { data }]) => sum + data.length, 0);
    expect(stored).toBe(countParameters(config));
    expect(tf.memory().numTensors, "tensors left over").toBe(before);
  });

  test.each([
    [5, 40],
    [3, 1],
    [16, 37],
  ])("in attention blocks of %i and loss chunks of %i numbers", async (attentionBlock, chunkElements) => {
    const [key, error] = worst(await goldenErrors("gqa-16", { attentionBlock, chunkElements }));
    expect(error, `${key} differs`).toBeLessThan(1e-4);
  });
});
