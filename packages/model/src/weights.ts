import type { LlamaConfig } from "./config.js";
import { ModelError } from "./errors.js";
import { makeVariable } from "./init.js";
import { HEAD, type Parameters, parameterShapes } from "./parameters.js";
import type { StoredTensor } from "./safetensors.js";

const LISTED = 5;
const list = (names: readonly string[]): string => names.slice(0, LISTED).join(", ") + (names.length > LISTED ? ` and ${names.length - LISTED} more` : "");

/**
 * Checks that a file's tensors are exactly those of the configuration. What holds no weight of its own is allowed: a copy of
 * tied embeddings under the head's name, and the rotary frequencies of old exports.
 *
 * @throws {ModelError} `weights`, naming missing, unexpected and misshapen tensors.
 */
export function checkShapes(config: LlamaConfig, shapes: ReadonlyMap<string, readonly number[]>): void {
  const expected = parameterShapes(config);
  const problems: string[] = [];
  const missing = [...expected.keys()].filter((name) => !shapes.has(name));
  if (missing.length > 0) problems.push(`missing: ${list(missing)}`);
  const surplus = [...shapes.keys()].filter((name) => !expected.has(name) && name !== HEAD && !name.endsWith(".rotary_emb.inv_freq"));
  if (surplus.length > 0) problems.push(`unexpected: ${list(surplus)}`);
  const misshapen = [...expected].filter(([name, shape]) => shapes.has(name) && shapes.get(name)!.join() !== shape.join());
  if (misshapen.length > 0) problems.push(`of another shape: ${list(misshapen.map(([name, shape]) => `${name} [${shapes.get(name)!.join(", ")}] instead of [${shape.join(", ")}]`))}`);
  if (problems.length > 0) throw new ModelError("weights", `The weights don't fit the configuration; ${problems.join("; ")}. Use the config.json that belongs to these weights.`);
}

/**
 * Variables on the present engine from stored tensors, such as those of `decodeSafetensors`.
 *
 * @throws {ModelError} `weights` if tensors are missing, unexpected or of another shape.
 */
export function parametersFrom(config: LlamaConfig, tensors: ReadonlyMap<string, StoredTensor>): Parameters {
  checkShapes(config, new Map([...tensors].map(([name, { shape }]) => [name, shape])));
  const params: Parameters = new Map();
  for (const [name, shape] of parameterShapes(config)) params.set(name, makeVariable(tensors.get(name)!.data, shape));
  return params;
}

/** The weights as numbers, in storage order: what `encodeSafetensors` takes. Reads every variable from the engine. */
export async function parameterValues(params: Parameters): Promise<Map<string, StoredTensor>> {
  const tensors = new Map<string, StoredTensor>();
  for (const [name, variable] of params) tensors.set(name, { shape: variable.shape, data: (await variable.data()) as Float32Array });
  return tensors;
}

