import type { LlamaConfig } from "@llm/model";
import { parametersFrom, parameterShapes, type Parameters } from "@llm/model";

// The same numbers as in tools/goldens/model_llama.py, so that goldens need not hold weights and tokens.

/** `count` pseudo-random 32-bit integers: a multiplicative hash of (seed, index). */
export function bits(seed: number, count: number): Uint32Array {
  const start = Math.imul(seed, 40503);
  return Uint32Array.from({ length: count }, (_, i) => {
    let x = (Math.imul(i, 2654435761) + start) | 0;
    for (let round = 0; round < 2; round++) x = Math.imul(x ^ (x >>> 16), 0x45d9f3b);
    return x ^ (x >>> 16);
  });
}

/** Weight number `index` of a model: norms around 1, matrices around 0. */
export function formulaWeight(index: number, shape: readonly number[]): Float32Array {
  const uniform = bits(index, shape.reduce((a, b) => a * b, 1));
  return Float32Array.from(uniform, (x) => {
    const u = Math.fround(x / 2 ** 32 - 0.5);
    return shape.length === 1 ? 1 + 0.5 * u : 0.75 * u;
  });
}

/** All weights of a model; `order` gives each name's number, default the storage order. */
export function formulaParameters(config: LlamaConfig, order: readonly string[] = [...parameterShapes(config).keys()]): Parameters {
  return parametersFrom(config, new Map([...parameterShapes(config)].map(([name, shape]) => [name, { shape, data: formulaWeight(order.indexOf(name), shape) }])));
}

/** Rows of tokens, each `length + 1` long. */
export function formulaTokens(vocabSize: number, batch: number, length: number): number[][] {
  const all = bits(1000, batch * (length + 1));
  return Array.from({ length: batch }, (_, row) => Array.from(all.subarray(row * (length + 1), (row + 1) * (length + 1)), (x) => x % vocabSize));
}

export const formulaMask = (batch: number, length: number): Float32Array => Float32Array.from(bits(2000, batch * length), (x) => (x % 4 === 0 ? 0 : 1));
