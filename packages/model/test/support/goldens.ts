import { readFile } from "node:fs/promises";
import { crossEntropyLoss, decodeSafetensors, disposeParameters, forward, fromHuggingFaceConfig, type LlamaConfig, type LossOptions, type Parameters, type StoredTensor } from "@llm/model";
import * as tf from "@tensorflow/tfjs-core";
import { formulaMask, formulaParameters, formulaTokens } from "./formula.js";

export interface Golden {
  config: LlamaConfig;
  tensors: Map<string, StoredTensor>;
  batch: number;
  length: number;
  /** The positions whose logits are stored. */
  positions: number[];
  order: string[];
}

/** A golden file of transformers; see tools/goldens/model_llama.py. */
export async function readGolden(name: string): Promise<Golden> {
  const { tensors, metadata } = decodeSafetensors(await readFile(new URL(`../goldens/${name}.safetensors`, import.meta.url)));
  const { config, ...rest } = JSON.parse(metadata["case"]!) as Omit<Golden, "config" | "tensors"> & { config: unknown };
  return { config: fromHuggingFaceConfig(config), tensors, ...rest };
}

export interface GoldenInput {
  params: Parameters;
  ids: tf.Tensor2D;
  targets: tf.Tensor2D;
  mask: tf.Tensor2D;
}

/** The weights, tokens and mask of a golden, as tensors. */
export function goldenInput({ config, batch, length, order }: Golden): GoldenInput {
  const tokens = formulaTokens(config.vocabSize, batch, length);
  return {
    params: formulaParameters(config, order),
    ids: tf.tensor2d(tokens.map((row) => row.slice(0, -1)), [batch, length], "int32"),
    targets: tf.tensor2d(tokens.map((row) => row.slice(1)), [batch, length], "int32"),
    mask: tf.tensor2d(formulaMask(batch, length), [batch, length]),
  };
}

/** max |ours - theirs| / max |theirs|. */
export function relativeError(ours: ArrayLike<number>, theirs: ArrayLike<number>): number {
  if (ours.length !== theirs.length) return Infinity;
  let difference = 0;
  let size = 0;
  for (let i = 0; i < theirs.length; i++) {
    const d = Math.abs(ours[i]! - theirs[i]!);
    if (!(d < Infinity)) return Infinity;
    difference = Math.max(difference, d);
    size = Math.max(size, Math.abs(theirs[i]!));
  }
  return difference / size;
}

/**
 * Runs a golden on the present engine: the relative error of the logits, the loss and every gradient.
 * The end-to-end tests use this too, on TensorFlow.
 */
export async function goldenErrors(name: string, options: LossOptions = {}): Promise<Record<string, number>> {
  const golden = await readGolden(name);
  const { config, tensors, positions } = golden;
  const { params, ids, targets, mask } = goldenInput(golden);
  const logits = tf.tidy(() => tf.gather(forward(config, params, ids, options), tf.tensor1d(positions, "int32"), 1));
  const { value, grads } = tf.variableGrads(() => crossEntropyLoss(config, params, ids, targets, mask, options).lossSum, [...params.values()]);
  const count = tf.sum(mask);
  const errors: Record<string, number> = {};
  const compare = async (key: string, tensor: tf.Tensor) => {
    errors[key] = relativeError(await tensor.data(), tensors.get(key)!.data);
  };
  await compare("logits", logits);
  await compare("loss_sum", value);
  await compare("count", count);
  for (const [key, variable] of params) await compare(`grad.${key}`, grads[variable.name]!);
  tf.dispose([logits, value, grads, count, ids, targets, mask]);
  disposeParameters(params);
  return errors;
}
