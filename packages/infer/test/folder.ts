import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { createHash } from "node:crypto";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { specialTokensMap, tokenizerConfig } from "@llm/bpe";
import { initParameters, type LlamaConfig, presetConfig } from "@llm/model";
import { saveModel } from "@llm/model/node";
import { cpuEngine, tinyTokenizer } from "./tiny-run.js";

/** A new empty folder, and what removes it. */
export function temporaryFolder(): { path: string; at: (...names: string[]) => string; remove: () => void } {
  const path = mkdtempSync(join(tmpdir(), "llm-infer-"));
  return { path, at: (...names) => join(path, ...names), remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** Writes a run as the trainer leaves it: a model folder and, in trainer/, the hash of the tokenizer it saw. */
export async function writeRun(folder: string, fields: Partial<LlamaConfig> = {}): Promise<void> {
  await cpuEngine();
  const tokenizer = await tinyTokenizer();
  const config = presetConfig("test", { vocabSize: tokenizer.vocabSize, ...fields });
  await saveModel(folder, config, initParameters(config, { seed: 3, std: 0.3 }));
  const json = tokenizer.toJSON();
  writeFileSync(join(folder, "tokenizer.json"), json);
  writeFileSync(join(folder, "tokenizer_config.json"), JSON.stringify(tokenizerConfig(tokenizer)));
  writeFileSync(join(folder, "special_tokens_map.json"), JSON.stringify(specialTokensMap(tokenizer)));
  const state = { format: "llm-run", lineage: { tokenizer: createHash("sha256").update(json).digest("hex") } };
  const checkpoint = join(folder, "trainer", "checkpoints", "step-00000003");
  await mkdir(checkpoint, { recursive: true });
  writeFileSync(join(checkpoint, "state.json"), JSON.stringify(state));
}
