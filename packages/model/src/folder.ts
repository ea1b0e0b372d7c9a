import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { LlamaConfig } from "./config.js";
import { ModelError } from "./errors.js";
import { readSafetensors, writeFileAtomic, writeSafetensors } from "./files.js";
import { fromHuggingFaceConfig, toGenerationConfig, toHuggingFaceConfig } from "./huggingface.js";
import { type Parameters, parameterShapes } from "./parameters.js";
import { checkShapes, parametersFrom } from "./weights.js";

export interface LoadedModel {
  config: LlamaConfig;
  params: Parameters;
}

const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

/**
 * Writes a model as the folder that Hugging Face transformers opens: config.json, generation_config.json and
 * model.safetensors (float32). Makes the folder if needed; each file appears complete or not at all, the weights last.
 *
 * @throws {ModelError} `weights` if the weights don't fit the configuration, `file` if a file can't be written.
 */
export async function saveModel(folder: string, config: LlamaConfig, params: Parameters): Promise<void> {
  checkShapes(config, new Map([...params].map(([name, { shape }]) => [name, shape])));
  try {
    await mkdir(folder, { recursive: true });
  } catch (error) {
    throw new ModelError("file", `The folder ${folder} can't be made: ${(error as Error).message}`, { cause: error });
  }
  await writeFileAtomic(join(folder, "config.json"), json(toHuggingFaceConfig(config)));
  await writeFileAtomic(join(folder, "generation_config.json"), json(toGenerationConfig(config)));
  const tensors = new Map([...parameterShapes(config)].map(([name, shape]) => [name, { shape, data: async () => (await params.get(name)!.data()) as Float32Array }]));
  await writeSafetensors(join(folder, "model.safetensors"), tensors);
}

/**
 * Reads the configuration of a model folder.
 *
 * @throws {ModelError} `file` if config.json can't be read, `config` if it can't be used.
 */
export async function loadConfig(folder: string): Promise<LlamaConfig> {
  const path = join(folder, "config.json");
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    throw new ModelError("file", `${folder} is no model folder: ${path} can't be read: ${(error as Error).message}`, { cause: error });
  }
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch (error) {
    throw new ModelError("config", `${path} is no valid JSON: ${(error as Error).message}`, { cause: error });
  }
  try {
    return fromHuggingFaceConfig(content);
  } catch (error) {
    if (error instanceof ModelError) throw new ModelError(error.code, `${path}: ${error.message}`, { cause: error });
    throw error;
  }
}

/**
 * Reads a model folder, ours or any plain Llama's whose weights are in one model.safetensors, onto the present engine.
 *
 * @throws {ModelError} `file`, `config`, `safetensors` or `weights`, naming the file and what is wrong with it.
 */
export async function loadModel(folder: string): Promise<LoadedModel> {
  const config = await loadConfig(folder);
  const { tensors } = await readSafetensors(join(folder, "model.safetensors"), (shapes) => checkShapes(config, shapes));
  return { config, params: parametersFrom(config, tensors) };
}
