import { countParameters, flopsPerToken, fromHuggingFaceConfig, type LlamaConfig, ModelError, parameterShapes, PRESETS, presetConfig, toGenerationConfig, toHuggingFaceConfig, validateConfig } from "@llm/model";
import { describe, expect, test } from "vitest";

const tiny = presetConfig("test", { vocabSize: 50 });

describe("presets", () => {
  test.each(Object.keys(PRESETS))("%s can be built for a small vocabulary and stays under a billion parameters", (name) => {
    const config = presetConfig(name, { vocabSize: 32_768 });
    expect(config.heads * config.headDim).toBe(config.hiddenSize);
    expect(config.maxPositions).toBe(1024);
    expect(countParameters(config)).toBeLessThan(1e9);
  });

  test("have the published parameter counts of SmolLM2 with its vocabulary", () => {
    // The totals that the Hub shows for HuggingFaceTB/SmolLM2-135M and SmolLM2-360M.
    expect(countParameters(presetConfig("135m", { vocabSize: 49_152 }))).toBe(134_515_008);
    expect(countParameters(presetConfig("360m", { vocabSize: 49_152 }))).toBe(361_821_120);
  });

  test("grow from one to the next", () => {
    const counts = Object.keys(PRESETS).map((name) => countParameters(presetConfig(name, { vocabSize: 8192 })));
    expect(counts).toEqual([...counts].sort((a, b) => a - b));
    expect(counts.at(-1)).toBeGreaterThan(0.85e9);
  });

  test("give way to the fields of the caller, but not to undefined ones", () => {
    const config = presetConfig("test", { vocabSize: 50, layers: 7, heads: 8, kvHeads: undefined });
    expect(config).toMatchObject({ layers: 7, heads: 8, kvHeads: 2, headDim: 4 });
  });

  test.each(["huge", "toString", ""])("there is none named %j", (name) => {
    expect(() => presetConfig(name, { vocabSize: 50 })).toThrow(/no preset .*Presets: test, sample/);
  });
});

describe("counts", () => {
  test("parameters are those of the shapes; a tied embedding counts once", () => {
    const byHand = 50 * 32 + 2 * (32 + 32 * 32 + 2 * 16 * 32 + 32 * 32 + 32 + 3 * 64 * 32) + 32;
    expect(countParameters(tiny)).toBe(byHand);
    expect(countParameters({ ...tiny, tieEmbeddings: false })).toBe(byHand + 50 * 32);
    expect(parameterShapes(tiny).size).toBe(2 * 9 + 2);
  });

  test("FLOPs are 6 per multiplied weight and 12 · layers · width · T, the embedding's lookup being free", () => {
    expect(flopsPerToken(tiny, 100)).toBe(6 * countParameters(tiny) + 12 * 2 * 32 * 100);
    expect(flopsPerToken({ ...tiny, tieEmbeddings: false }, 100)).toBe(flopsPerToken(tiny, 100));
  });
});

describe("a configuration is refused with a reason", () => {
  test.each<[Partial<LlamaConfig>, RegExp]>([
    [{ heads: 6, kvHeads: 4 }, /heads \(6\) must be a multiple of kvHeads \(4\)/],
    [{ headDim: 7 }, /headDim must be even.*it is 7/],
    [{ layers: 0 }, /layers must be a positive integer, it is 0/],
    [{ vocabSize: 2.5 }, /vocabSize must be a positive integer, it is 2.5/],
    [{ eos: 50 }, /eos must be a token id below vocabSize 50, it is 50/],
    [{ normEps: 0 }, /normEps must be a positive number, it is 0/],
    [{ ropeTheta: NaN }, /ropeTheta must be a positive number, it is NaN/],
    [{ layers: -1, hiddenSize: Infinity }, /hiddenSize .* layers /],
  ])("%j", (fields, message) => {
    expect(() => validateConfig({ ...tiny, ...fields })).toThrow(message);
    expect(() => validateConfig({ ...tiny, ...fields })).toThrow(ModelError);
  });
});

describe("config.json", () => {
  test.each(Object.keys(PRESETS))("%s comes back as it was", (name) => {
    const config = presetConfig(name, { vocabSize: 1000, ropeTheta: 12_345, bos: 7, eos: 8, pad: 9 });
    expect(fromHuggingFaceConfig(JSON.parse(JSON.stringify(toHuggingFaceConfig(config))))).toEqual(config);
    expect(toGenerationConfig(config)).toEqual({ bos_token_id: 7, eos_token_id: 8, pad_token_id: 9 });
  });

  test("of transformers 4 has the rotary base at the top and may leave head_dim and the pad token out", () => {
    const { rope_parameters: _, head_dim: __, pad_token_id: ___, ...old } = toHuggingFaceConfig({ ...tiny, ropeTheta: 500 });
    expect(fromHuggingFaceConfig({ ...old, eos_token_id: [2, 3], rope_scaling: null })).toEqual({ ...tiny, ropeTheta: 500, pad: 2 });
  });

  test.each<[Record<string, unknown>, RegExp]>([
    [{ model_type: "gpt2" }, /type "gpt2"; only "llama"/],
    [{ hidden_act: "gelu" }, /hidden_act is "gelu"/],
    [{ attention_bias: true }, /attention_bias is true/],
    [{ rope_parameters: { rope_type: "llama3", rope_theta: 5e5 } }, /rope_parameters .* "llama3"/],
    [{ rope_scaling: { type: "linear", factor: 2 } }, /rope_scaling .* "linear"/],
    [{ vocab_size: "50" }, /vocab_size must be a number, it is "50"/],
    [{ num_key_value_heads: 3 }, /multiple of kvHeads/],
  ])("with %j is refused", (fields, message) => {
    expect(() => fromHuggingFaceConfig({ ...toHuggingFaceConfig(tiny), ...fields })).toThrow(message);
  });

  test.each([null, [], "x"])("that is %j is refused", (json) => {
    expect(() => fromHuggingFaceConfig(json)).toThrow(ModelError);
  });
});
